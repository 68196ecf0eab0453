"""Archive: the one door through which every face reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from storage.days import DayCount, Placed
    from storage.making import Form
    from storage.message.terms import Clue
    from storage.model import (
        Entry,
        Link,
        Location,
        MailingList,
        Page,
        Rendition,
        Served,
        ThreadNode,
    )
    from storage.query import Narrowed
    from storage.replica import Change, DayPlace, Mark, Replica, Rooted, Tombstone

__all__ = ["Archive"]


class Archive(Protocol):
    """Reads lists and messages.

    ``lists``, ``mailing_list`` and ``refresh`` answer from a catalogue in memory and never wait; the water marks of
    the catalogue bound what a reader sees, so that a list never seems to shrink while one reads. The others may
    suspend where the store is remote; the embedded engines never do.

    Every method raises ``ArchiveUnavailable`` when the store cannot be read.
    """

    def lists(self) -> Sequence[MailingList]:
        """Return all lists, ordered by name."""
        ...

    def mailing_list(self, name: str) -> MailingList:
        """Return the list called ``name``.

        Raises:
            NoSuchList: no list is called so.
        """
        ...

    def refresh(self) -> bool:
        """Bring the catalogue up to date; return whether anything changed. Cheap when nothing did."""
        ...

    async def entry(self, name: str, number: int) -> Entry:
        """Return what is known of a message.

        Raises:
            NoSuchList: no list is called ``name``.
            NoSuchMessage: it has no message ``number``.
        """
        ...

    def entries(self, name: str, first: int, last: int) -> AsyncIterator[Sequence[Entry]]:
        """Yield what is known of the messages of ``first <= number <= last``, ascending, in batches; none is empty.

        Raises:
            NoSuchList: no list is called ``name`` (raised by the call, not by the iteration).
        """
        ...

    async def changed(self, name: str, revision: int) -> Sequence[int]:
        """Return the numbers of the messages present that came or changed after a revision of the list, ascending.

        Those are told that have since the catalogue was read when the catalogue is read again.

        Raises:
            NoSuchList: no list is called ``name``.
        """
        ...

    async def removed(self, name: str, revision: int) -> Sequence[int]:
        """Return the numbers of the messages that were removed after a revision of the list, ascending.

        Those are told that were since the catalogue was read when the catalogue is read again.

        Raises:
            NoSuchList: no list is called ``name``.
        """
        ...

    async def served(self, name: str, number: int) -> Served:
        """Return a message in its served form.

        Raises:
            NoSuchList: no list is called ``name``.
            NoSuchMessage: it has no message ``number``.
        """
        ...

    async def raw(self, name: str, number: int) -> bytes:
        """Return a message's original octets, exactly as they came in.

        Raises:
            NoSuchList: no list is called ``name``.
            NoSuchMessage: it has no message ``number``.
        """
        ...

    async def find(self, message_id: bytes) -> Sequence[Location]:
        """Return where the messages with this Message-ID lie, ordered by list name; empty when nowhere."""
        ...

    def pages(self, kind: Rendition, name: str, first: int, last: int) -> AsyncIterator[Page]:
        """Yield the pages that hold rows of ``first <= number <= last``, ascending.

        A page may hold rows outside the range as well: take ``page.rows[page.span(first, last)]``. No page yielded
        is without a row in the range; an empty range yields none.

        Raises:
            NoSuchList: no list is called ``name`` (raised by the call, not by the iteration).
        """
        ...

    async def made(
        self, form: Form, name: str, page: int, make: Callable[[], Awaitable[bytes]]
    ) -> bytes:
        """Return what ``make`` makes of a whole page, which is kept for as long as the page stays as it is.

        Found again, it costs no reading of the page, in any process. Of a page that has room for more messages, or that
        is not yet as the catalogue tells, nothing is kept, and nothing is returned without trying; nothing is returned
        as well where ``make`` returns nothing.

        Raises:
            NoSuchList: no list is called ``name``.
        """
        ...

    def narrow(self, name: str, first: int, last: int, clue: Clue) -> AsyncIterator[Narrowed]:
        """Yield which messages of ``first <= number <= last`` a full-text index takes for what a clue is of.

        What is yielded is true together: each is of other messages. Without an index, any message is possible.

        Raises:
            NoSuchList: no list is called ``name`` (raised by the call, not by the iteration).
        """
        ...

    async def first_arrived(self, name: str, since: int) -> int:
        """Return the lowest number in the list that arrived at ``since`` or later, or ``high + 1``.

        Arrival times never fall as numbers rise.

        Raises:
            NoSuchList: no list is called ``name``.
        """
        ...

    async def thread(self, name: str, number: int) -> Sequence[ThreadNode]:
        """Return the whole thread of a message, depth first, siblings by the time they were sent.

        Raises:
            ArchiveDamaged: its messages answer each other in a loop.
            NoSuchList: no list is called ``name``.
            NoSuchMessage: it has no message ``number``.
        """
        ...

    async def in_thread(self, name: str, thread: bytes) -> Sequence[int]:
        """Return the numbers of the messages whose ``Entry.thread`` this is, ascending.

        Raises:
            NoSuchList: no list is called ``name``.
        """
        ...

    async def days(self, name: str) -> Sequence[DayCount]:
        """Return the days on which the list received messages that are present, ascending.

        Raises:
            NoSuchList: no list is called ``name``.
        """
        ...

    async def on_day(self, name: str, day: int) -> Sequence[Placed]:
        """Return the messages of a day that are present, by their places. The hidden ones are among them.

        Raises:
            NoSuchList: no list is called ``name``.
        """
        ...

    async def at_place(self, name: str, day: int, place: int) -> int:
        """Return the number of the message that has a place of a day.

        Raises:
            NoSuchList: no list is called ``name``.
            NoSuchMessage: no message has come to that place; ``Removed`` where it was removed.
        """
        ...

    async def was_removed(self, name: str, message_id: bytes) -> bool:
        """Tell whether the list had a message with this Message-ID that was removed.

        Raises:
            NoSuchList: no list is called ``name``.
        """
        ...

    async def hashed(self, name: str, sha1: bytes) -> Sequence[int]:
        """Return the numbers of the messages whose Message-ID has this SHA-1 (``storage.days``), ascending.

        Raises:
            NoSuchList: no list is called ``name``.
        """
        ...

    def links(self, name: str) -> AsyncIterator[Sequence[Link]]:
        """Yield every node of a list's forest once, ghosts included, in any order and in batches; none is empty.

        A message that the catalogue does not know yet is told of as a ghost. Where the list changes while this is
        iterated, a link may be told as it was or as it is: then together they may even close a loop.

        Raises:
            NoSuchList: no list is called ``name`` (raised by the call, not by the iteration).
        """
        ...

    def close(self) -> None:
        """Let go of files and connections; the archive cannot be used after."""
        ...

    def replicas(self, name: str, first: int, last: int) -> AsyncIterator[Replica | Tombstone]:
        """Yield what a twin takes over of each number from ``first`` to ``last`` and up to ``high``, ascending.

        None is left out: one that was lost, or whose octets are, comes as such a tombstone.

        Raises:
            NoSuchList: no list is called ``name`` (raised by the call, not by the iteration).
        """
        ...

    async def changes(
        self, name: str, after: Mark, until: int, most: int
    ) -> Sequence[Change | Tombstone]:
        """Return at most ``most`` of the messages that came or changed, or were removed, by revision and number.

        ``after`` has a revision and a number, behind which they begin; ``until`` is the last revision told of. Those
        since the catalogue was read are told when it is read again.

        Raises:
            NoSuchList: no list is called ``name``.
        """
        ...

    async def places(self, name: str, first: int, most: int) -> Sequence[DayPlace]:
        """Return at most ``most`` numbers from ``first`` on that have a place of a day, ascending, removed ones too.

        Raises:
            NoSuchList: no list is called ``name``.
        """
        ...

    async def rooted(self, name: str, after: Mark, until: int, most: int) -> Sequence[Rooted]:
        """Return at most ``most`` nodes of a list's forest by the revision at which they last changed, and their key.

        What begins, ends and bounds them is as in ``changes``. A message that the catalogue does not know yet is told
        of as a ghost.

        Raises:
            NoSuchList: no list is called ``name``.
        """
        ...
