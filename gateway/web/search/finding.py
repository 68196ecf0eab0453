"""Finds the messages that people look for: the newest first, over one list or over all, for no longer than is bearable.

Within a list the newest are those with the highest numbers; of several lists, that which was received last comes first
of those that each list has to offer. Hidden messages are not found. What is searched is the mail as it is, not as pages
show it: who knows an address finds its messages, also where pages shorten it.
"""

from __future__ import annotations

import heapq
import math
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from gateway.web.answers import Refusal
from gateway.web.search.cursor import decode_cursor, encode_cursor
from gateway.web.search.query import query_of
from gateway.web.search.tree import Named, leaves
from storage.errors import NoSuchMessage
from storage.model import MAX_NUMBER, Location
from storage.query import Or
from storage.relevancy import relevancy
from storage.search import newest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from gateway.web.reading import Reading
    from gateway.web.search.tree import Tree
    from storage.query import Query
    from storage.search import Looked

__all__ = [
    "MAX_LISTS",
    "MAX_RANKED",
    "WORK_SECONDS",
    "Budget",
    "Found",
    "best",
    "found",
    "look",
    "scope",
]

WORK_SECONDS: Final = 1.5
"""How long is worked for one page, others' turns not counted."""

MAX_LISTS: Final = 500
"""Lists that are searched together."""

MAX_RANKED: Final = 2000
"""The best are sought among so many of the newest."""


class Budget:
    """How long may be worked; ``pause`` lets others have their turn, which is not counted."""

    def __init__(
        self, seconds: float = WORK_SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._left = seconds
        self._clock = clock
        self._began = clock()

    async def pause(self, reading: Reading) -> bool:
        """Pause; return whether there is time left."""
        self._left -= self._clock() - self._began
        await reading.breathe()
        self._began = self._clock()
        return self._left > 0


@dataclass(frozen=True, slots=True)
class Found:
    """Some messages, the newest or the best first.

    ``before`` is the cursor for more, empty where there is no more. Where time ran out, ``since`` is when the last message
    was received of which it is known whether it matches, in each list, and all later ones.
    """

    places: Sequence[Location]
    before: str = ""
    since: int | None = None
    is_cut: bool = False
    is_full: bool = False


@dataclass(slots=True)
class _Source:
    """A list that is searched: what comes next of what was found, and how far was looked."""

    name: str
    steps: AsyncIterator[Looked]
    below: int
    is_begun: bool = False
    is_done: bool = False
    head: int | None = None
    waiting: deque[int] = field(default_factory=deque)

    async def step(self) -> None:
        """Look at some more."""
        looked = await anext(self.steps, None)
        self.is_begun = True
        if looked is None:
            self.is_done = True
        else:
            self.waiting.extend(looked.numbers)
            self.below = looked.down_to

    @property
    def position(self) -> int:
        """The number below which is to be gone on, as cursors have it."""
        if self.head is not None:
            return self.head + 1
        if self.waiting:
            return self.waiting[0] + 1
        if self.is_done:
            return 1
        return self.below if self.is_begun else 0


def scope(reading: Reading, name: str = "") -> Sequence[str]:
    """Return the names of the lists that are searched: one, or all that may be read.

    Raises:
        Refusal: there is no such list, or there are too many.
    """
    if name:
        return [reading.mailing_list(name).name]
    names = [record.name for record in reading.lists()]
    if len(names) > MAX_LISTS:
        raise Refusal(400, f"These are more than {MAX_LISTS} lists: search one of them.")
    return names


async def found(reading: Reading, tree: Tree, name: str = "") -> AsyncIterator[Location]:
    """Yield every message that matches, in a list or in all, the newest first, as long as somebody asks.

    Raises:
        Refusal: there is no such list, or there are too many (raised by the iteration).
    """
    merge = await _merged(reading, tree, scope(reading, name))
    patience = Budget(math.inf)
    while await merge.fill(patience) and (place := merge.take()) is not None:
        yield place


async def look(
    reading: Reading,
    tree: Tree,
    name: str = "",
    *,
    most: int,
    before: str = "",
    budget: Budget | None = None,
) -> Found:
    """Return the newest messages that match, ``most`` at most, from a cursor on; from the start if that is none.

    Raises:
        Refusal: there is no such list, or there are too many.
    """
    names = scope(reading, name)
    merge = await _merged(reading, tree, names, decode_cursor(names, before) or ())
    budget = budget or Budget()
    places: list[Location] = []
    while await merge.fill(budget):
        if len(places) == most and not merge.is_empty:
            return Found(places, merge.cursor(), is_full=True)
        place = merge.take()
        if place is None:
            return Found(places)
        places.append(place)
    places += await merge.rest(most - len(places))
    return Found(places, merge.cursor(), await merge.since(), is_cut=True)


async def best(
    reading: Reading, tree: Tree, name: str = "", *, budget: Budget | None = None
) -> Found:
    """Return the messages that match best, of the newest ``MAX_RANKED``; those that fit as well, the newest first.

    Raises:
        Refusal: there is no such list, or there are too many.
    """
    budget = budget or Budget()
    newest_ones = await look(reading, tree, name, most=MAX_RANKED, budget=budget)
    by_list: dict[str, list[int]] = {}
    for place in newest_ones.places:
        by_list.setdefault(place.name, []).append(place.number)
    ids = await _ids(reading, tree)
    scores: dict[Location, int] = {}
    for each, numbers in by_list.items():
        query = query_of(tree, each, ids)
        assert query is not None
        numbers.sort()
        told: list[int] = []
        async for some in relevancy(reading.archive, each, query, numbers):
            told += some
            await budget.pause(reading)
        scores.update(
            (Location(each, number), score) for number, score in zip(numbers, told, strict=True)
        )
    ordered = sorted(newest_ones.places, key=lambda place: -scores[place])
    return Found(
        ordered, since=newest_ones.since, is_cut=newest_ones.is_cut, is_full=newest_ones.is_full
    )


class _Merge:
    """Several lists that are searched together; ``heads`` are what each has to offer, what was received last first."""

    def __init__(self, reading: Reading, sources: Sequence[_Source]) -> None:
        self._reading = reading
        self._sources = sources
        self._hungry = list(range(len(sources)))
        self._heads: list[tuple[int, int]] = []

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to take."""
        return not self._heads

    async def fill(self, budget: Budget) -> bool:
        """Find what each list has to offer; return whether there was time for it."""
        while self._hungry:
            source = self._sources[self._hungry[-1]]
            while not source.waiting and not source.is_done:
                await source.step()
                if not await budget.pause(self._reading):
                    return False
            await self._offer(self._hungry.pop())
        return True

    def take(self) -> Location | None:
        """Take what comes next; None if there is nothing more."""
        if not self._heads:
            return None
        _, at = heapq.heappop(self._heads)
        source = self._sources[at]
        number, source.head = source.head, None
        assert number is not None
        self._hungry.append(at)
        return Location(source.name, number)

    async def rest(self, most: int) -> Sequence[Location]:
        """Take at most so many of those that are found already."""
        places: list[Location] = []
        while len(places) < most:
            hungry, self._hungry = self._hungry, []
            for at in hungry:
                await self._offer(at)
            place = self.take()
            if place is None:
                break
            places.append(place)
        return places

    def cursor(self) -> str:
        """Return the cursor for what is not yet taken."""
        sources = self._sources
        return encode_cursor([each.name for each in sources], [each.position for each in sources])

    async def since(self) -> int | None:
        """Return when the last message was received that was looked at in every list; None if one was not begun."""
        times = []
        for source in self._sources:
            if source.is_done:
                continue
            record = self._reading.archive.mailing_list(source.name)
            number = record.next_present(source.position - 1) if source.is_begun else None
            received = (
                None if number is None else await _received(self._reading, source.name, number)
            )
            if received is None:
                return None
            times.append(received)
        return max(times, default=None)

    async def _offer(self, at: int) -> None:
        """Let a list offer the next of what was found in it that is still there."""
        source = self._sources[at]
        while source.waiting:
            number = source.waiting.popleft()
            received = await _received(self._reading, source.name, number)
            if received is not None:
                source.head = number
                heapq.heappush(self._heads, (-received, at))
                return


async def _merged(
    reading: Reading, tree: Tree, names: Sequence[str], below: Sequence[int] = ()
) -> _Merge:
    """Return the search of some lists, in each below a number, or from the end where that is 0."""
    ids = await _ids(reading, tree)
    sources = []
    for at, name in enumerate(names):
        record = reading.archive.mailing_list(name)
        query = query_of(tree, name, ids, record.hidden)
        start = below[at] if below else 0
        source = _Source(name, _steps(reading, name, query, start), start, is_begun=start > 0)
        source.is_done = query is None or start == 1
        sources.append(source)
    return _Merge(reading, sources)


def _steps(reading: Reading, name: str, query: Query | None, below: int) -> AsyncIterator[Looked]:
    last = below - 1 if below else MAX_NUMBER
    return newest(reading.archive, name, Or(()) if query is None else query, 1, last)


async def _ids(reading: Reading, tree: Tree) -> Mapping[bytes, Mapping[str, int]]:
    """Return where the messages lie whose Message-IDs are asked for."""
    wanted = {leaf.message_id for leaf in leaves(tree) if isinstance(leaf, Named)}
    return {
        message_id: {place.name: place.number for place in await reading.archive.find(message_id)}
        for message_id in wanted
    }


async def _received(reading: Reading, name: str, number: int) -> int | None:
    """Return when a list received a message; None if it was removed."""
    try:
        return (await reading.archive.entry(name, number)).received
    except NoSuchMessage:
        return None
