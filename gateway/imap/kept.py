"""What was made of a whole list, kept for all sessions until the list changes. It is bounded, and goes with its archive."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from gateway.imap.threading import Threads
    from storage.archive import Archive
    from storage.model import MailingList

__all__ = ["MAX_KEPT_MESSAGES", "KeptThreads", "kept_threads"]

MAX_KEPT_MESSAGES: Final = 1 << 21
"""Messages of which threads are kept for an archive, each some 16 octets."""


class KeptThreads:
    """Threads of whole lists, by algorithm: those of a list's latest revision only, and those used last."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, bytes], tuple[MailingList, Threads]] = OrderedDict()
        self._messages = 0

    def get(self, record: MailingList, algorithm: bytes) -> Threads | None:
        """Return the threads of a list as this record tells of it, if they are kept."""
        key = record.name, algorithm
        kept = self._kept.get(key)
        if kept is None or not _same(kept[0], record):
            return None
        self._kept.move_to_end(key)
        return kept[1]

    def put(self, record: MailingList, algorithm: bytes, threads: Threads) -> None:
        """Keep the threads of all messages of a list, if they are not too many."""
        if threads.count > MAX_KEPT_MESSAGES:
            return
        key = record.name, algorithm
        before = self._kept.pop(key, None)
        if before is not None:
            self._messages -= before[1].count
        threads.forget()
        self._kept[key] = record, threads
        self._messages += threads.count
        while self._messages > MAX_KEPT_MESSAGES:
            _, (_, oldest) = self._kept.popitem(last=False)
            self._messages -= oldest.count


_of_archives: Final[WeakKeyDictionary[Archive, KeptThreads]] = WeakKeyDictionary()


def kept_threads(archive: Archive) -> KeptThreads:
    """Return what is kept for an archive."""
    return _of_archives.setdefault(archive, KeptThreads())


def _same(one: MailingList, other: MailingList) -> bool:
    return (one.validity, one.revision) == (other.validity, other.revision)
