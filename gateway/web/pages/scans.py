"""What is counted over all threads of a list: long work, done in steps, and kept."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gateway.web.reading import Reading
    from storage.archive import Archive
    from storage.model import MailingList

__all__ = ["SIZES", "Scan", "scan_of"]

SIZES: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
"""The largest sizes of threads that are counted together; larger ones are as well."""

BUSIEST: Final = 15
"""Threads that are named."""

ALWAYS: Final = 20_000
"""Messages of a list that are counted anew whenever it has changed; others at most once in ``EVERY`` seconds."""

EVERY: Final = 3600

_AT_ONCE: Final = 4000


@dataclass(frozen=True, slots=True)
class Scan:
    """What the threads of a list were when it was counted.

    ``sizes`` tells how many threads have at most that many messages and more than the size before; ``busiest`` has how
    many messages the largest ones have that are shown, and the number of the first of them.
    """

    record: MailingList
    at: int
    sizes: Mapping[int, int]
    busiest: Sequence[tuple[int, int]]

    @property
    def threads(self) -> int:
        """How many threads there are."""
        return sum(self.sizes.values())


@dataclass(slots=True)
class _Scans:
    """Of one archive: what is known, and of which lists it is being found out."""

    known: dict[str, Scan] = field(default_factory=dict)
    begun: set[str] = field(default_factory=set)


_kept: Final[WeakKeyDictionary[Archive, _Scans]] = WeakKeyDictionary()


async def scan_of(reading: Reading, record: MailingList) -> Scan | None:
    """Return what is known of a list's threads, counted now if need be; None while that is first done for another.

    It may be of before the list's last changes.
    """
    scans = _kept.setdefault(reading.archive, _Scans())
    name = record.name
    known = scans.known.get(name)
    if name in scans.begun or (known is not None and _is_new(known, record, reading.now)):
        return known
    scans.begun.add(name)
    try:
        known = scans.known[name] = await _scanned(reading, record)
    finally:
        scans.begun.discard(name)
    return known


def _is_new(scan: Scan, record: MailingList, now: int) -> bool:
    if scan.record is record:
        return True
    return record.count > ALWAYS and now - scan.at < EVERY


async def _scanned(reading: Reading, record: MailingList) -> Scan:
    counts: Counter[bytes] = Counter()
    hidden = frozenset(record.hidden)
    async for links in reading.archive.links(record.name):
        counts.update(
            link.thread for link in links if link.number is not None and link.number not in hidden
        )
        await reading.breathe()
    sizes: Counter[int] = Counter()
    busiest: list[tuple[bytes, int]] = []
    items = iter(counts.items())
    while some := list(islice(items, _AT_ONCE)):
        sizes.update(count for _, count in some)
        busiest = sorted([*busiest, *some], key=lambda each: -each[1])[:BUSIEST]
        await reading.breathe()
    named = [(count, await _first(reading, record, thread)) for thread, count in busiest]
    grouped = {
        size: sum(count for each, count in sizes.items() if below < each <= size)
        for below, size in zip((0, *SIZES), (*SIZES, record.count), strict=True)
        if size > below
    }
    return Scan(record, reading.now, grouped, [each for each in named if each[1]])


async def _first(reading: Reading, record: MailingList, thread: bytes) -> int:
    """Return the number of the first message of a thread that is shown; 0 where there is none."""
    await reading.breathe()
    numbers = await reading.archive.in_thread(record.name, thread)
    return next((number for number in numbers if not record.is_hidden(number)), 0)
