"""ArchiveWriter: the one door through which an archive changes; one transaction for each batch.

A batch assigns numbers, so one at a time is open on an archive; other writers wait for it to end. A writer is
synchronous: ingest runs in a process of its own, never on a reactor.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from storage.model import Fidelity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from storage.message.terms import TextTerms
    from storage.message.text import Searchable
    from storage.model import Entry, MailingList, Rendition, Served
    from storage.replica import DayPlace, ListState, Replica, Rooted, Tombstone
    from storage.threads import Forest

__all__ = ["ArchiveWriter", "Batch", "Incumbent", "Kept", "NewMessage", "Twin"]


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message ready to be stored.

    ``raw`` is the original octets; ``head`` is the served form's header where it is not simply the original's with
    CRLF line ends, else None. ``plain`` tells that its line ends are all that is changed to serve the rest,
    ``dotted`` that a line of the served form begins with a dot. ``rows`` holds the row of each rendition. ``terms`` is
    what is searched of it, for an index; without, it is found by its octets. The rest is as in ``Entry``.
    """

    message_id: bytes
    raw: bytes
    digest: bytes
    head: bytes | None
    plain: bool
    dotted: bool
    sent: int | None
    received: int
    size: int
    lines: int
    rows: Mapping[Rendition, bytes] = field(default_factory=dict)
    terms: TextTerms | None = None
    fidelity: Fidelity = Fidelity.FULL


@dataclass(frozen=True, slots=True)
class Incumbent:
    """Who holds a Message-ID in a list: a message, or a tombstone (``removed``) that keeps it from returning.

    One that is ``withdrawn`` is of a copy that its source took back, and keeps only that very copy away.
    """

    number: int
    digest: bytes
    fidelity: Fidelity
    removed: bool
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """Which copy of a message a list has, and since which revision."""

    revision: int
    digest: bytes
    fidelity: Fidelity


class Twin(Protocol):
    """A list within a batch as it is brought to where its origin is.

    What lies above the list's ``high`` waits there: no reader sees it before ``settle`` raises that. Numbers are given
    in their order and none is left out; all else may be given again.
    """

    @property
    def next_number(self) -> int:
        """The number behind the last one that was given."""
        ...

    def kept(self, number: int) -> Kept | None:
        """Return which copy of a message is there, or None where there is no message."""
        ...

    def adopt(self, replica: Replica, message: NewMessage) -> None:
        """Store a message under the next number, with its node, its place, and when and at which revision it came.

        Without a place, or with one that was given already, it gets the next one of its day.

        Where the number is present already, the octets and what follows from them take the place of those before, and
        the rest stays as it was.
        """
        ...

    def bury(self, stone: Tombstone) -> None:
        """Leave a tombstone under the next number, or in the place of the message that is there.

        Its day and place are those which that had.
        """
        ...

    def restamp(self, number: int, revision: int) -> None:
        """Note at which revision a message changed, if it is there."""
        ...

    def plant(self, rooted: Rooted) -> None:
        """Set a node of the forest: whatever it was before, it is so now, but for what message it is."""
        ...

    def put_places(self, places: Iterable[DayPlace]) -> None:
        """Take over the days and places of all numbers, in place of those that the twin gave by itself.

        What has been removed and is not among them has none.
        """
        ...

    def settle(self, state: ListState) -> None:
        """Show what was given, up to the state's ``high``, at its revision.

        Raises:
            ValueError: not all numbers up to there were given.
        """
        ...


class Batch(Protocol):
    """One transaction. What it wrote is seen by its own methods at once and by readers after it ends.

    What adds to, removes from or mends a list raises ``IsTwin`` where it is one; ``twin`` is the way for those.
    """

    def mailing_list(self, name: str) -> MailingList:
        """Return the list, made if there was none.

        Raises:
            BadListName: the name cannot name a list.
        """
        ...

    def describe(
        self, name: str, *, description: str | None = None, address: str | None = None
    ) -> None:
        """Set a list's description and posting address; None leaves as it is."""
        ...

    def incumbent(
        self, name: str, message_id: bytes, digest: bytes | None = None
    ) -> Incumbent | None:
        """Return who holds this Message-ID in the list, or None.

        Of a copy that was removed, told by its digest, it is the tombstone, whatever has come in its place since.
        """
        ...

    def next_number(self, name: str) -> int:
        """Return the number the next message added to the list gets."""
        ...

    def entry(self, name: str, number: int) -> Entry:
        """Return what is known of a message, also of one that this batch added.

        Raises:
            NoSuchMessage: the list has no message ``number``.
        """
        ...

    def raw(self, name: str, number: int) -> bytes:
        """Return the original octets of a message, also of one that this batch added.

        Raises:
            NoSuchMessage: the list has no message ``number``.
            ArchiveUnavailable: they are damaged or lost.
        """
        ...

    def served(self, name: str, number: int) -> Served:
        """Return the served form of a message, also of one that this batch added.

        Raises:
            NoSuchMessage: the list has no message ``number``.
            ArchiveUnavailable: the octets that it is made from are damaged or lost.
        """
        ...

    def forest(self, name: str) -> Forest:
        """Return the list's threads, to be changed in place."""
        ...

    def add(self, name: str, message: NewMessage) -> int:
        """Store a message; return its number, the list's ``high + 1``."""
        ...

    def replace(self, name: str, number: int, message: NewMessage) -> None:
        """Put a better copy of a message in its place: its number and Message-ID stay, all else is the copy's.

        When it arrived, its day and place, and what its thread is called stay as well.

        Raises:
            NoSuchMessage: the list has no message ``number``.
        """
        ...

    def rerender(
        self,
        name: str,
        number: int,
        size: int,
        lines: int,
        rows: Mapping[Rendition, bytes],
        *,
        text: Searchable | None = None,
    ) -> None:
        """Replace the counts of a message, and its rows by those this writer's renderers made; index its text.

        The served form itself is decided once, on arrival, and never changes under a number.

        Raises:
            NoSuchMessage: the list has no message ``number``.
        """
        ...

    def forgo(self, name: str, number: int) -> None:
        """Drop those rows of a message that other versions made, where its octets cannot be read to make them anew.

        What this writer's renderers made of it before that stays.
        """
        ...

    def remove(self, name: str, number: int, *, withdrawn: bytes | None = None) -> None:
        """Leave a tombstone in a message's place: its octets go, its number and Message-ID are never used again.

        Where its source took it back, ``withdrawn`` is the digest of the copy that the source had: that one and the
        list's own stay away, and another copy may come under the Message-ID, with a number of its own.

        Raises:
            NoSuchMessage: the list has no message ``number``.
        """
        ...

    def twin(self, name: str, origin: str) -> Twin:
        """Return a list as the twin of another, made if there was none.

        Raises:
            BadListName: the name cannot name a list.
            IsTwin: it is the twin of another list than ``origin``.
            NotEmpty: it has messages of its own.
        """
        ...

    def release(self, name: str) -> None:
        """Make a twin a list of its own, with all that it was given so far. Any other list stays as it is."""
        ...

    def recount(self, name: str, *, repair: bool) -> Sequence[str]:
        """Return what is wrong with the list's water marks, holes and counts, for people; put it right if ``repair``.

        A number below ``high`` that is neither a message's nor a tombstone's gets a tombstone.
        """
        ...

    def hide(self, name: str, numbers: Iterable[int]) -> None:
        """Keep messages from being shown by the web archive, also those of a twin. To no other reader they change.

        Raises:
            NoSuchMessage: the list has no message with one of these numbers.
        """
        ...

    def unhide(self, name: str, numbers: Iterable[int]) -> None:
        """Have the web archive show messages again; those that are not hidden stay as they are."""
        ...

    def set_cursor(self, name: str, source: str, cursor: bytes) -> None:
        """Note where this batch from the source ends."""
        ...


class ArchiveWriter(Protocol):
    """Writes an archive."""

    def batch(self, clock: Callable[[], float] = ...) -> AbstractContextManager[Batch]:
        """Open a transaction: kept as a whole when the block ends, undone as a whole when it raises.

        By ``clock``, messages arrive when they are written, at the transaction's end; a time before the last one's
        is raised to that.

        Raises:
            ArchiveUnavailable: the store is full, damaged or gone; nothing of the batch is kept.
        """
        ...

    def has(self, name: str) -> bool:
        """Tell whether there is a list called ``name``."""
        ...

    def cursor(self, name: str, source: str) -> bytes:
        """Return where the last batch from a source ended; empty when there is no such list or cursor."""
        ...

    def outdated(self) -> Iterator[tuple[str, Sequence[int]]]:
        """Yield runs of numbers, by list, that have a rendition of another version than this writer's, or none.

        So do those that an index lacks. No run is empty.
        """
        ...

    def damage(self) -> Iterator[str]:
        """Yield what is wrong with the store itself, for people; it cannot be repaired, only restored.

        So it is with the places of messages: they are never given anew.
        """
        ...

    def close(self) -> None:
        """Let go of files and locks."""
        ...
