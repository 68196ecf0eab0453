"""Sets of message numbers as IMAP writes them: ``1:3,5,9:*``. RFC 9051 s. 9, sequence-set and uid-set.

What is resolved is a sequence of ranges, ascending, disjoint, never touching, step 1: one form for one set of numbers.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from itertools import chain, compress, count
from operator import attrgetter, ne, sub
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "LARGEST_NUMBER",
    "SET_OCTETS",
    "NumberSet",
    "contains",
    "intersect",
    "merge",
    "render",
    "runs",
    "total",
]

LARGEST_NUMBER: Final = 2**32 - 1
"""RFC 9051 s. 9, nz-number."""

SET_OCTETS: Final = 65_536
"""The longest set that is read: over 6,000 ranges of the largest numbers."""

_NUMBER: Final = rb"[1-9][0-9]{0,9}+"
_ONE: Final = re.compile(rb"[1-9][0-9]{0,8}")
_SET: Final = re.compile(
    rb"(?:%b|\*)(?::(?:%b|\*))?+(?:,(?:%b|\*)(?::(?:%b|\*))?+)*+" % ((_NUMBER,) * 4)
)
_NONE: Final = range(0)

_start: Final = attrgetter("start")


@dataclass(frozen=True, slots=True)
class NumberSet:
    """A set as it was written, ``*`` not yet resolved.

    ``ranges`` is what does not depend on ``*``. ``has_star`` tells whether it occurs; ``partners`` spans the numbers
    that are one end of a range with ``*`` as the other, and is empty if there are none.
    """

    ranges: Sequence[range]
    has_star: bool = False
    partners: range = _NONE

    @classmethod
    def parse(cls, text: bytes) -> NumberSet:
        """Read a set. RFC 9051 s. 9, sequence-set (without ``$``, which stands for another set).

        Raises:
            ValueError: it is none, or it is longer than ``SET_OCTETS``.
        """
        if _ONE.fullmatch(text):  # what clients ask for most
            return cls((range(int(text), int(text) + 1),))
        if len(text) > SET_OCTETS:
            raise ValueError("the set is too long")
        if not _SET.fullmatch(text):
            raise ValueError("no set of numbers")
        fixed: list[range] = []
        starred: list[int] = []
        for item in text.split(b","):
            first, _, last = item.partition(b":")
            ends = [int(end) for end in (first, last or first) if end != b"*"]
            if len(ends) == 2:
                fixed.append(range(min(ends), max(ends) + 1))
            else:
                starred += ends
        partners = range(min(starred), max(starred) + 1) if starred else _NONE
        made = cls(merge(fixed), b"*" in text, partners)
        if made._highest > LARGEST_NUMBER:
            raise ValueError("a number is too large")
        return made

    @property
    def _highest(self) -> int:
        return max((span.stop - 1 for span in (*self.ranges[-1:], self.partners)), default=0)

    def resolve(self, star: int) -> Sequence[range]:
        """Return the numbers, with ``star`` as the largest in use. RFC 9051 s. 9, seq-number, seq-range.

        ``3:*`` is ``2:3`` where the largest is 2. Where none is in use, ``star`` is 0, and what depends on it is
        nothing.
        """
        if not (self.has_star and star):
            return self.ranges
        if not self.partners:
            return merge([*self.ranges, range(star, star + 1)])
        last = max(self.partners.stop, star + 1)
        return merge([*self.ranges, range(min(self.partners.start, star), last)])


def merge(ranges: Iterable[range]) -> Sequence[range]:
    """Return ranges in any order, none empty, as ranges in the one form."""
    merged: list[range] = []
    start = stop = 0
    for span in sorted(ranges, key=_start):
        if span.start <= stop and stop:
            stop = max(stop, span.stop)
            continue
        if stop:
            merged.append(range(start, stop))
        start, stop = span.start, span.stop
    if stop:
        merged.append(range(start, stop))
    return tuple(merged)


def runs(numbers: Sequence[int]) -> Sequence[range]:
    """Return ascending numbers as ranges."""
    return [range(first, last + 1) for first, last in _ends(numbers)]


def render(numbers: Sequence[int] | Sequence[range]) -> bytes:
    """Return ascending numbers, or ranges, as a set, as short as it can be; nothing for none. RFC 9051 s. 9."""
    if numbers and isinstance(numbers[0], range):
        ends: Iterable[tuple[int, int]] = ((span[0], span[-1]) for span in numbers)  # type: ignore[index]
    else:
        ends = _ends(numbers)  # type: ignore[arg-type] # the first is no range
    items = [f"{first}" if first == last else f"{first}:{last}" for first, last in ends]
    return ",".join(items).encode()


def _ends(numbers: Sequence[int]) -> Iterable[tuple[int, int]]:
    """Return the first and the last number of each run."""
    if isinstance(numbers, range) and numbers.step == 1:
        return [(numbers[0], numbers[-1])] if numbers else []
    distances = list(map(sub, numbers, count()))  # the same throughout a run
    cuts = list(map(ne, distances, distances[1:]))
    firsts = chain(numbers[:1], compress(numbers[1:], cuts))
    return zip(firsts, chain(compress(numbers, cuts), numbers[-1:]), strict=True)


def contains(ranges: Sequence[range], number: int) -> bool:
    """Tell whether a number is in one of the ranges."""
    at = bisect_right(ranges, number, key=_start)
    return at > 0 and number < ranges[at - 1].stop


def intersect(one: Sequence[range], other: Sequence[range]) -> Sequence[range]:
    """Return the numbers that are in both."""
    common = []
    i = j = 0
    while i < len(one) and j < len(other):
        start = max(one[i].start, other[j].start)
        stop = min(one[i].stop, other[j].stop)
        if start < stop:
            common.append(range(start, stop))
        if one[i].stop == stop:
            i += 1
        else:
            j += 1
    return common


def total(ranges: Iterable[range]) -> int:
    """Return how many numbers there are."""
    return sum(map(len, ranges))
