"""Verdicts: what they take is bounded, whatever is searched for, and nothing is kept of what changed meanwhile."""

from __future__ import annotations

import asyncio
import tracemalloc
from dataclasses import dataclass
from typing import TYPE_CHECKING

from storage import verdicts
from storage.conditions import COLUMN
from storage.model import Fidelity
from storage.query import Field, Text
from storage.runs import Pace, Run
from storage.search import search
from storage.sources.base import Incoming
from storage.verdicts import Remembering
from tests.mail import Items, MemoryEngine, fill, mail, take

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from storage.archive import Archive

LIST = "l"
LENGTH = 65_000  # as long as a literal of IMAP may be
SEARCHES = 100
QUERY = Text("word")
ONE = 1 << 1


@dataclass(frozen=True, slots=True)
class Pausing:
    """A condition that pauses once, and then finds all messages or none."""

    matches: bool
    cost: int = COLUMN

    async def test(self, run: Run) -> AsyncIterator[None]:
        yield
        run.bits &= -self.matches


def test_long_needles_count() -> None:
    engine = MemoryEngine()
    fill(engine.writer(), LIST, [mail("1")])
    archive = engine.archive()
    tracemalloc.start()
    try:
        asyncio.run(_search(archive))
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 1.1 * verdicts.KEPT_OCTETS


def test_what_was_told_of_an_earlier_text_is_not_kept() -> None:
    engine = MemoryEngine()
    poor = Incoming(mail("1", body="Poor.\n"), None, "page", b"1", 1, Fidelity.PAGE)
    better = Incoming(mail("1", body="Good.\n"), None, "mail", b"1", 1)
    take(engine.writer(), LIST, Items([poor], "poor"))
    archive = engine.archive()

    async def told() -> list[int]:
        earlier = Run(archive, LIST, 0, Pace(), ONE)
        begun = Remembering(Pausing(matches=True), QUERY).test(earlier)
        async for _ in begun:
            break
        take(engine.writer(), LIST, Items([better], "better"))
        archive.refresh()
        later = await _tested(archive, matches=False)
        async for _ in begun:
            pass
        return [earlier.bits, later, await _tested(archive, matches=True)]

    assert asyncio.run(told()) == [ONE, 0, 0]


async def _tested(archive: Archive, *, matches: bool) -> int:
    run = Run(archive, LIST, 0, Pace(), ONE)
    async for _ in Remembering(Pausing(matches), QUERY).test(run):
        pass
    return run.bits


async def _search(archive: Archive) -> None:
    for at in range(SEARCHES):
        needle = f"{at}{'x' * LENGTH}\N{GRINNING FACE}"  # so that each character takes four octets
        async for _ in search(archive, LIST, Field(b"subject", needle), 1, 1):
            pass
