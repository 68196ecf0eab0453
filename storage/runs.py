"""Runs: a list is searched by runs of ``RUN_NUMBERS`` numbers, in which a set of messages is a bitmap.

Bit 0 stands for the run's first number.
"""

from __future__ import annotations

import time
from array import array
from dataclasses import dataclass, field
from itertools import compress
from typing import TYPE_CHECKING, Final

from storage.bitmap import bit_runs, count_runs
from storage.query import Narrowed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence

    from storage.archive import Archive
    from storage.message.terms import Clue

__all__ = ["RUN_NUMBERS", "Pace", "Run", "bits_of", "numbers_of", "shown"]

RUN_NUMBERS: Final = 1 << 12
"""How many numbers are searched as one: a whole number of pages, and as many as a segment of the index covers."""

_FEW_RUNS: Final = RUN_NUMBERS // 64
"""Of more runs of bits, it is faster to look at each bit."""

_AS_MARKS: Final = bytes.maketrans(b"01", b"\0\1")

PAUSE_SECONDS: Final = 0.005
"""How long is searched without a pause, give or take one page, message or segment of the index."""


class Pace:
    """Tells when it is time for a pause."""

    def __init__(self) -> None:
        self.rest()

    def rest(self) -> None:
        """Note that there was one."""
        self._until = time.monotonic() + PAUSE_SECONDS

    def is_due(self) -> bool:
        """Tell whether one is due."""
        return time.monotonic() >= self._until


@dataclass(slots=True)
class Run:
    """A run of numbers that is searched; ``bits`` are those in question, the lowest for ``start``."""

    archive: Archive
    name: str
    start: int
    pace: Pace
    bits: int = 0
    told: dict[Clue, Narrowed] = field(default_factory=dict)
    """What the index has told of this run."""

    @property
    def last(self) -> int:
        """The run's last number."""
        return self.start + RUN_NUMBERS - 1

    async def narrow(self, clue: Clue) -> AsyncIterator[None]:
        """Ask the index which messages of the run may be what a clue is of; yield where a pause is due."""
        if clue in self.told:
            return
        certain = possible = 0
        async for narrowed in self.archive.narrow(self.name, self.start, self.last, clue):
            certain |= narrowed.certain
            possible |= narrowed.possible
            if self.pace.is_due():
                yield
                self.pace.rest()
        self.told[clue] = Narrowed(certain, possible)


def shown(ranges: Iterable[range], start: int) -> int:
    """Return the bits of numbers, the lowest for ``start``."""
    bits = 0
    for each in ranges:
        bits |= (1 << len(each)) - 1 << each.start - start
    return bits


def numbers_of(bits: int, start: int) -> array[int]:
    """Return the numbers whose bits are set, ascending; the lowest bit is that of ``start``."""
    if count_runs(bits) > _FEW_RUNS:
        marks = f"{bits:b}".encode().translate(_AS_MARKS)[::-1]
        return array("I", compress(range(start, start + len(marks)), marks))
    found = array("I")
    for first, end in bit_runs(bits):
        found.extend(range(start + first, start + end))
    return found


def bits_of(numbers: Sequence[int], start: int) -> int:
    """Return the bits of ascending numbers, the lowest for ``start``."""
    if numbers and numbers[-1] - numbers[0] == len(numbers) - 1:
        return (1 << len(numbers)) - 1 << numbers[0] - start
    octets = bytearray(RUN_NUMBERS // 8)
    for number in numbers:
        at = number - start
        octets[at >> 3] |= 1 << (at & 7)
    return int.from_bytes(octets, "little")
