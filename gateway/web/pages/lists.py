"""The index of lists: by name, and by when they were last written to."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from gateway.web.answers import EVERY_LIST, not_found
from gateway.web.newest import received_at, shown_below
from gateway.web.routes import route
from gateway.web.templates import page, short

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.web.answers import Answer
    from gateway.web.asks import Ask
    from gateway.web.reading import Reading
    from storage.model import MailingList

__all__ = ["LISTS_AT_ONCE", "Level", "Listed", "active", "levels_of", "lists"]

LISTS_AT_ONCE: Final = 500
"""Lists on a page."""

MAX_DEPTH: Final = 3
"""How deep levels may be."""

MAX_LEVELS: Final = 300
"""Levels of the hierarchy that are named, where there are more lists than a page has."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A list, how many of its messages are shown, and when the newest of these was received; 0 where it has none."""

    record: MailingList
    count: int
    received: int

    @property
    def date(self) -> str:
        """The day when its newest message was received."""
        return short(self.received)[:10] if self.received else ""


@dataclass(frozen=True, slots=True)
class Level:
    """What the names of some lists begin with, how many lists that are, and the first of them."""

    name: str
    count: int
    first: str


@route("/")
async def lists(reading: Reading, ask: Ask) -> Answer:
    """Show the lists by name, those from ``from`` on where there are many."""
    records = reading.lists()
    start = ask.query.get("from", "")
    at = bisect_left(records, start, key=lambda record: record.name)
    shown = records[at : at + LISTS_AT_ONCE]
    if start and not shown:
        raise not_found("There are no lists from there on.")
    is_whole = len(shown) == len(records)
    end = at + len(shown)
    levels = () if is_whole else levels_of(records)
    await reading.breathe()
    return page(
        "lists.html",
        reading,
        ask,
        reading.settings.title,
        lists=frozenset({EVERY_LIST}),
        listed=await _all_listed(reading, shown),
        total=len(records),
        levels=levels,
        following=records[end].name if end < len(records) else "",
        is_by_name=True,
    )


@route("/active")
async def active(reading: Reading, ask: Ask) -> Answer:
    """Show the lists that were written to last, the latest first."""
    records = reading.lists()
    listed = await _all_listed(reading, records)
    listed.sort(key=lambda each: -each.received)
    await reading.breathe()
    return page(
        "lists.html",
        reading,
        ask,
        "Lists by activity",
        lists=frozenset({EVERY_LIST}),
        listed=listed[:LISTS_AT_ONCE],
        total=len(records),
        levels=(),
        following="",
        is_by_name=False,
    )


def levels_of(records: Sequence[MailingList]) -> Sequence[Level]:
    """Return the topmost levels of the hierarchy of lists, which are ordered by name; deeper where that is but one."""
    counts: dict[str, int] = {}
    firsts: dict[str, str] = {}
    for depth in range(1, MAX_DEPTH + 1):
        counts, firsts = {}, {}
        for record in records:
            name = ".".join(record.name.split(".", depth)[:depth])
            firsts.setdefault(name, record.name)
            counts[name] = counts.get(name, 0) + 1
        if len(counts) > 1:
            break
    return [Level(name, count, firsts[name]) for name, count in islice(counts.items(), MAX_LEVELS)]


async def _all_listed(reading: Reading, records: Sequence[MailingList]) -> list[Listed]:
    found = []
    for record in records:
        last = shown_below(record, record.high + 1)
        received = await received_at(reading, record, last) or 0
        found.append(Listed(record, record.count - len(record.hidden), received))
        await reading.breathe()
    return found
