"""Query: the search tree that every face translates its own search language into; plain records, nothing evaluated.

Times are seconds since 1970-01-01T00:00:00Z. A range of them is half open: ``since <= time < before``, and None leaves
an end open. Needles are text: where they match is told in ``storage.message.text``.

How deep a tree may be is for the face to bound; nothing here or in ``storage.search`` recurses.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from storage.bitmap import Bitmap

__all__ = [
    "All",
    "And",
    "Arrived",
    "Attached",
    "Body",
    "Digest",
    "Field",
    "Larger",
    "Marked",
    "Narrowed",
    "Not",
    "Numbers",
    "Or",
    "Patched",
    "Query",
    "Received",
    "Sent",
    "Smaller",
    "Text",
    "Words",
]


@dataclass(frozen=True, slots=True)
class All:
    """Every message."""


@dataclass(frozen=True, slots=True)
class And:
    """The messages that match all parts; every message if there is none."""

    parts: Sequence[Query]


@dataclass(frozen=True, slots=True)
class Or:
    """The messages that match a part; none if there is none."""

    parts: Sequence[Query]


@dataclass(frozen=True, slots=True)
class Not:
    """The messages that do not match."""

    part: Query


@dataclass(frozen=True, slots=True)
class Numbers:
    """The messages whose number lies in one of the runs, which ascend, with both ends, and do not touch."""

    runs: Sequence[tuple[int, int]] = ()

    @classmethod
    def of(cls, numbers: Iterable[int]) -> Numbers:
        """Return the messages of these ascending numbers."""
        runs: list[tuple[int, int]] = []
        first = last = -1
        for number in numbers:
            if number == last + 1 and runs:
                last = number
                runs[-1] = first, last
            else:
                first = last = number
                runs.append((first, last))
        return cls(tuple(runs))

    def within(self, first: int, last: int) -> Iterator[range]:
        """Yield those of ``first <= number <= last`` as ranges, ascending; none is empty."""
        at = bisect_left(self.runs, first, key=itemgetter(1))
        while at < len(self.runs) and self.runs[at][0] <= last:
            low, high = self.runs[at]
            yield range(max(low, first), min(high, last) + 1)
            at += 1


@dataclass(frozen=True, slots=True)
class Marked:
    """The messages whose number is in a bitmap, as users' marks are."""

    numbers: Bitmap


@dataclass(frozen=True, slots=True)
class Sent:
    """The messages whose Date field names a day in the range, as it is written there.

    Time and zone are disregarded (RFC 9051 s. 6.4.4): ``since`` and ``before`` are midnights of UTC that stand for
    their day. Without a Date that can be read, a message matches no range.
    """

    since: int | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """The messages that the list received in the range (IMAP: INTERNALDATE)."""

    since: int | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True)
class Arrived:
    """The messages that the archive took in the range (IMAP: SAVEDATE)."""

    since: int | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True)
class Larger:
    """The messages of more octets than ``size``."""

    size: int


@dataclass(frozen=True, slots=True)
class Smaller:
    """The messages of fewer octets than ``size``."""

    size: int


@dataclass(frozen=True, slots=True)
class Field:
    """The messages with a header field called ``name`` that contains the needle; with any, if the needle is empty."""

    name: bytes
    needle: str


@dataclass(frozen=True, slots=True)
class Text:
    """The messages that contain the needle in their header or body."""

    needle: str


@dataclass(frozen=True, slots=True)
class Body:
    """The messages that contain the needle in their body."""

    needle: str


@dataclass(frozen=True, slots=True)
class Words:
    """The messages in which some words stand one behind the other, as ``storage.message.phrase`` says.

    That is in a field called ``name``, which is one of those that ``FIELD_COLUMNS`` has, or in the body, where there is no
    ``name``. Every message, if the text has no words.
    """

    text: str
    name: bytes = b""
    at_start: bool = True
    at_end: bool = False


@dataclass(frozen=True, slots=True)
class Attached:
    """The messages with an attachment, as listings count them."""


@dataclass(frozen=True, slots=True)
class Patched:
    """The messages with a patch in their text."""


@dataclass(frozen=True, slots=True)
class Digest:
    """The messages whose original octets have this digest."""

    octets: bytes


class Narrowed(NamedTuple):
    """What an index knows of a run of numbers, as bits: bit 0 stands for the run's first number.

    ``certain`` are messages that match, ``possible`` others that may; what is in neither does not.
    """

    certain: int
    possible: int


Query: TypeAlias = (
    All
    | And
    | Or
    | Not
    | Numbers
    | Marked
    | Sent
    | Received
    | Arrived
    | Larger
    | Smaller
    | Field
    | Text
    | Body
    | Words
    | Attached
    | Patched
    | Digest
)
"""A tree of conditions."""
