"""What was made of a whole list, kept for all sessions until the list changes. It is bounded, and goes with its archive."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final, Generic, TypeVar
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from gateway.imap.threading import Threads
    from storage.archive import Archive
    from storage.model import MailingList

__all__ = ["MAX_KEPT_MESSAGES", "Kept", "kept_orders", "kept_threads"]

MAX_KEPT_MESSAGES: Final = 1 << 21
"""Messages of which threads, and of which orders, are kept for an archive: up to 24 octets each, and 4."""

T = TypeVar("T")


class Kept(Generic[T]):
    """What was made of whole lists, by what it is: of a list's latest revision only, and what was used last."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, Hashable], tuple[MailingList, T]] = OrderedDict()
        self._messages = 0

    def get(self, record: MailingList, what: Hashable) -> T | None:
        """Return what was made of a list as this record tells of it, if it is kept."""
        key = record.name, what
        kept = self._kept.get(key)
        if kept is None or not _same(kept[0], record):
            return None
        self._kept.move_to_end(key)
        return kept[1]

    def put(self, record: MailingList, what: Hashable, made: T) -> None:
        """Keep what was made of all messages of a list, if they are not too many."""
        if record.count > MAX_KEPT_MESSAGES:
            return
        key = record.name, what
        before = self._kept.pop(key, None)
        if before is not None:
            self._messages -= before[0].count
        self._kept[key] = record, made
        self._messages += record.count
        while self._messages > MAX_KEPT_MESSAGES:
            _, (oldest, _) = self._kept.popitem(last=False)
            self._messages -= oldest.count


_threads: Final[WeakKeyDictionary[Archive, Kept[Threads]]] = WeakKeyDictionary()
_orders: Final[WeakKeyDictionary[Archive, Kept[Sequence[int]]]] = WeakKeyDictionary()


def kept_threads(archive: Archive) -> Kept[Threads]:
    """Return the threads that are kept for an archive, by algorithm."""
    return _threads.setdefault(archive, Kept())


def kept_orders(archive: Archive) -> Kept[Sequence[int]]:
    """Return the numbers of lists in the orders that are kept for an archive, by sort criteria."""
    return _orders.setdefault(archive, Kept())


def _same(one: MailingList, other: MailingList) -> bool:
    return (one.validity, one.revision) == (other.validity, other.revision)
