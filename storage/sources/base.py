"""What every source gives: messages found, refused or withdrawn, each with the cursor to resume from.

A cursor is small (under 400 octets), opaque to all but the source that made it, and safe: what it skips was given
before. A cursor that fits no longer makes the source start over; whoever stores the messages drops those it has.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from storage.errors import SourceError
from storage.model import Fidelity

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "CHUNK",
    "MAX_MESSAGE",
    "SETTLED",
    "Incoming",
    "Item",
    "Record",
    "Rejected",
    "Source",
    "Withdrawn",
    "readable",
    "shown",
]

MAX_MESSAGE: Final = 256 * 1024 * 1024
"""The octets of the largest message taken unless the caller says otherwise."""

CHUNK: Final = 1024 * 1024
"""How many octets are read from a file at a time."""

SETTLED: Final = 2.0
"""After so many seconds without a change a file is no longer taken to be in the middle of being written."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message found.

    ``raw`` is its original octets: mbox quoting undone, line ends kept, without the From_ line and the empty line
    that ends an mbox record. ``received`` is the From_ line's time, if it has one. ``position`` tells people where
    it was. ``progress`` counts the octets of the source consumed, compressed ones where it is compressed. ``fidelity``
    tells how near the octets come to what was sent.
    """

    raw: bytes
    received: int | None
    position: str
    cursor: bytes
    progress: int
    fidelity: Fidelity = Fidelity.FULL


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A message that the source gave before, here or to others, and has taken back; the fields are as in ``Incoming``."""

    raw: bytes
    position: str
    cursor: bytes
    progress: int


@dataclass(frozen=True, slots=True)
class Rejected:
    """What cannot be a message, and why; the other fields are as in ``Incoming``."""

    position: str
    why: str
    cursor: bytes
    progress: int


@dataclass(frozen=True, slots=True)
class Record:
    """One stretch of a file, before its source makes it an ``Incoming`` or, where ``why`` is not empty, a ``Rejected``.

    ``start <= octet < end`` is the stretch in the decompressed file. ``fidelity`` is as in ``Incoming``.
    """

    position: str
    raw: bytes
    received: int | None
    why: str
    start: int
    end: int
    fidelity: Fidelity = Fidelity.FULL

    def found(self, cursor: bytes, progress: int) -> Incoming | Rejected:
        """Return what its source gives for it."""
        if self.why:
            return Rejected(self.position, self.why, cursor, progress)
        return Incoming(self.raw, self.received, self.position, cursor, progress, self.fidelity)


Item: TypeAlias = Incoming | Withdrawn | Rejected
"""What a source yields."""


class Source(Protocol):
    """Where messages come from: a file, a folder, or standard input."""

    @property
    def name(self) -> str:
        """The source's identity, the same on every run: its absolute path, or ``-`` for standard input."""
        ...

    @property
    def size(self) -> int | None:
        """The octets it has in all, in the unit of ``progress``; None where that cannot be known."""
        ...

    def messages(self, after: bytes) -> Iterator[Item]:
        """Yield what lies behind a cursor, in order; everything for an empty cursor or one that fits no longer.

        A last record that seems to be in the middle of being written is not given until it has rested for
        ``SETTLED`` seconds; ``changed`` keeps answering True meanwhile.

        Raises:
            SourceError: the source as a whole cannot be read.
        """
        ...

    def changed(self, after: bytes) -> bool:
        """Tell, cheaply, whether ``messages(after)`` may yield something."""
        ...

    def suggested_name(self) -> str | None:
        """Return a name for a list made from the file's name, or None where that says nothing."""
        ...


@contextmanager
def readable(path: str) -> Iterator[None]:
    """Turn what the system refuses into a ``SourceError`` that names the path and a remedy."""
    try:
        yield
    except OSError as error:
        raise SourceError(
            f"{shown(path)}: cannot be read ({error.strerror or error}): check the name, the permissions and the disk"
        ) from error


def shown(path: str) -> str:
    """Return a path as text that can be printed and stored, whatever octets it has."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
