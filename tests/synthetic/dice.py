"""Chance, always the same for the same seed."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["TABLE_BITS", "Dice"]

T = TypeVar("T")

TABLE_BITS: Final = 13
"""Sizes are drawn from tables of 2**13 values, intervals from tables of twice as many."""


class Dice:
    """A source of chance; ``source`` is for what is set up once, the methods are quick."""

    def __init__(self, seed: int) -> None:
        self.source = random.Random(seed)
        self.chance = self.source.random
        self.bits = self.source.getrandbits
        self.octets = self.source.randbytes

    def pick(self, values: Sequence[T]) -> T:
        """Return one of some values."""
        return values[int(self.chance() * len(values))]

    def below(self, limit: int) -> int:
        """Return a number, 0 … ``limit`` - 1."""
        return int(self.chance() * limit)

    def hex(self, digits: int) -> bytes:
        """Return so many hexadecimal digits."""
        return b"%0*x" % (digits, self.bits(4 * digits))

    def sizes(self, median: float, spread: float, most: int) -> list[int]:
        """Return a table of sizes, 1 … ``most``, that are mostly small and now and then large."""
        drawn = (
            round(math.exp(self.source.gauss(math.log(median), spread)))
            for _ in range(1 << TABLE_BITS)
        )
        return [max(1, min(most, size)) for size in drawn]

    def intervals(self) -> list[float]:
        """Return a table of intervals between events that know nothing of each other; their mean is 1."""
        return [-math.log(1 - self.chance()) for _ in range(2 << TABLE_BITS)]

    def delays(self) -> list[float]:
        """Return a table of the seconds until an answer comes: about three hours, often less, at times weeks."""
        return [math.exp(self.source.gauss(9.2, 1.9)) for _ in range(2 << TABLE_BITS)]
