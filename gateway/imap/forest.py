"""Who answers whom, in columns: a list's forest, and what of it concerns some of its messages. RFC 5256 s. 3, steps 1 to 3.

Messages are told by their *rank*: their place by the time they were sent, then by number, from 0 on. From the number of
messages on, ranks belong to *dummies*: each stands for the topmost of the ghosts that several messages hang under.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from storage.model import Link

__all__ = ["NONE", "Forest", "steps"]

NONE: Final = -1
"""No rank or place: a root has no parent."""

_UNKNOWN: Final = -2
_PASSED: Final = -3

_STEP: Final = 4096
"""Messages looked at between two pauses."""


class Forest:
    """Who answers whom in a list: the ``numbers`` of its nodes, 0 for ghosts, and the places of their ``parents``.

    It is filled once, and is then the same for every search.
    """

    def __init__(self) -> None:
        self.numbers = array("I")
        self.parents = array("i")
        self._places: dict[int, int] = {}
        self._above = array("q")

    def __len__(self) -> int:
        return len(self.numbers)

    def add(self, links: Sequence[Link]) -> None:
        """Take some nodes."""
        first = len(self)
        self._places.update([(link[0], at) for at, link in enumerate(links, first)])
        self._above.extend([NONE if link[1] is None else link[1] for link in links])
        self.numbers.extend([link[2] or 0 for link in links])

    def settle(self) -> Iterator[bytes]:
        """Find the parents, once all nodes are there; yield pauses. A parent that is not there is none."""
        places = self._places
        for start, stop in steps(len(self)):
            above = self._above[start:stop]
            self.parents.extend([places.get(node, NONE) for node in above])
            yield b""
        self._above = array("q")
        for start, stop in steps(len(places)):
            for _ in range(start, stop):  # to let go of a million at once takes long
                places.popitem()
            yield b""

    def hang(
        self, ranks: Sequence[int], first: int, above: array[int]
    ) -> Generator[bytes, None, int]:
        """Find for each searched message the nearest one above it, or else the topmost ghost; yield pauses.

        ``ranks`` are those of the numbers from ``first`` on, ``NONE`` of those not searched. What is found is put in
        ``above``, by rank; a ghost gets the next rank that is free. Returns how many ghosts did.
        """
        known = array("i")
        last = first + len(ranks) - 1
        for start, stop in steps(len(self)):
            part = self.numbers[start:stop]
            known.extend([ranks[each - first] if first <= each <= last else NONE for each in part])
            yield b""
        climb = _Climb(self.parents, known, len(above))
        for start, stop in steps(len(self)):
            for rank, parent in zip(known[start:stop], self.parents[start:stop], strict=True):
                if rank >= 0 and parent >= 0:
                    up = known[parent]
                    above[rank] = up if up >= 0 else climb.top(parent)
            yield b""
        return climb.free - len(above)


class _Climb:
    """Finds what is above ghosts, each of which is passed once. ``free`` is the next rank that is free."""

    def __init__(self, parents: Sequence[int], known: Sequence[int], free: int) -> None:
        self.free = free
        self._parents = parents
        self._known = known
        self._tops = array("i", [_UNKNOWN]) * len(parents)

    def top(self, place: int) -> int:
        """Return the rank of the nearest searched message above a ghost, or that of the topmost ghost.

        Where ghosts go round in a loop, told of in the middle of a change, one of them is the topmost.
        """
        path = []
        while True:
            top = self._known[place]
            if top < 0:
                top = self._tops[place]
            if top >= 0:
                break
            path.append(place)
            parent = self._parents[place]
            if top == _PASSED or parent < 0:
                top = self.free
                self.free += 1
                break
            self._tops[place] = _PASSED
            place = parent
        for passed in path:
            self._tops[passed] = top
        return top


def steps(count: int) -> Iterator[tuple[int, int]]:
    """Yield where each step of so many things starts and stops."""
    for start in range(0, count, _STEP):
        yield start, min(start + _STEP, count)
