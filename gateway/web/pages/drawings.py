"""Threads as they are drawn, those asked for last kept until their list changes: all messages of one show the same."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple
from weakref import WeakKeyDictionary

from gateway.web.answers import not_found
from storage.errors import NoSuchMessage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from markupsafe import Markup

    from gateway.web.reading import Reading
    from storage.archive import Archive
    from storage.model import MailingList, ThreadNode

__all__ = ["ABSENT", "HIDDEN", "MAX_KEPT_NODES", "Drawing", "Line", "Node", "drawing", "drawn"]

MAX_KEPT_NODES: Final = 60_000
"""Nodes of threads that are kept for an archive, up to a kilobyte each; a larger thread is kept alone."""

ABSENT: Final = "message not in the archive"
HIDDEN: Final = "hidden"


class Line(NamedTuple):
    """What an outline shows of a message: its address, who wrote it, when, and its subject, ready to stand in HTML.

    ``bare`` is the subject without reply marks, as it is.
    """

    url: Markup
    author: Markup
    when: str
    subject: Markup
    bare: str


class Node(NamedTuple):
    """A place in a thread: a message; or, where ``number`` is None, one that is not shown, and ``why``."""

    depth: int
    message_id: bytes
    number: int | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Drawing:
    """A thread, depth first; ``at`` tells where among its nodes each message is that is shown, in their order.

    ``lines`` are what was made of its messages by number, and ``by_time`` their numbers by when they were sent, for whoever
    asks next.
    """

    nodes: Sequence[Node]
    at: Mapping[int, int]
    lines: dict[int, Line] = field(default_factory=dict)
    by_time: list[int] = field(default_factory=list)

    @property
    def first_number(self) -> int:
        """The number of the first message that is shown."""
        return next(iter(self.at))

    @property
    def first(self) -> bytes:
        """The Message-ID of the first message that is shown, which the thread's address has."""
        return self.nodes[self.at[self.first_number]].message_id

    @property
    def last_number(self) -> int:
        """The highest number of those shown."""
        return max(self.at)


class _Kept:
    """Drawings by their messages' numbers, of each list as it was when it was last asked of."""

    def __init__(self) -> None:
        self._lists: dict[str, tuple[MailingList, dict[int, Drawing]]] = {}
        self._order: OrderedDict[tuple[str, int], Drawing] = OrderedDict()
        self._nodes = 0

    def get(self, record: MailingList, number: int) -> Drawing | None:
        """Return the drawing of a message's thread, if it is kept."""
        found = self._of(record).get(number)
        if found is not None:
            self._order.move_to_end((record.name, found.first_number))
        return found

    def put(self, record: MailingList, made: Drawing) -> None:
        """Keep a drawing in place of those that were not asked for longest."""
        numbers = self._of(record)
        if made.first_number in numbers:
            return
        self._order[record.name, made.first_number] = made
        numbers.update(dict.fromkeys(made.at, made))
        self._nodes += len(made.nodes)
        while self._nodes > MAX_KEPT_NODES and len(self._order) > 1:
            (name, _), old = self._order.popitem(last=False)
            self._nodes -= len(old.nodes)
            for each in old.at:
                self._lists[name][1].pop(
                    each, None
                )  # it may have moved to another thread meanwhile

    def _of(self, record: MailingList) -> dict[int, Drawing]:
        """Return the drawings of a list by number; those made before it changed are let go."""
        known = self._lists.get(record.name)
        if known is None or known[0] != record:
            for name, first in [key for key in self._order if key[0] == record.name]:
                self._nodes -= len(self._order.pop((name, first)).nodes)
            known = self._lists[record.name] = record, {}
        return known[1]


_kept: Final[WeakKeyDictionary[Archive, _Kept]] = WeakKeyDictionary()


async def drawing(reading: Reading, name: str, number: int) -> Drawing:
    """Return the thread of a message that is shown.

    Raises:
        Refusal: there is no such message.
    """
    record = reading.mailing_list(name)
    kept = _kept.setdefault(reading.archive, _Kept())
    found = kept.get(record, number)
    if found is None:
        try:
            found = drawn(record, await reading.archive.thread(name, number))
        except NoSuchMessage:
            raise not_found("There is no such message in this list.") from None
        kept.put(record, found)
    if number not in found.at:  # it was removed just now
        raise not_found("There is no such message in this list.")
    return found


def drawn(record: MailingList, nodes: Sequence[ThreadNode]) -> Drawing:
    """Return a thread with what of it is shown."""
    made = [
        Node(node.depth, node.message_id, None, ABSENT)
        if node.number is None or not record.has(node.number)
        else Node(node.depth, b"", None, HIDDEN)
        if record.is_hidden(node.number)
        else Node(node.depth, node.message_id, node.number)
        for node in nodes
    ]
    at = {node.number: place for place, node in enumerate(made) if node.number is not None}
    return Drawing(made, at)
