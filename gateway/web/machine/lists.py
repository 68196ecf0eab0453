"""Documents about lists: all of them, one of them, and what a mirror reads to see what is new."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from gateway.web.answers import EVERY_LIST, Answer
from gateway.web.machine.documents import (
    date_of,
    document,
    long_document,
    moment,
    row_document,
    stamp,
    veiled,
)
from gateway.web.routes import route
from storage.errors import NoSuchMessage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from gateway.web.asks import Ask
    from gateway.web.reading import Reading
    from storage.archive import Archive
    from storage.days import DayCount
    from storage.model import MailingList

__all__ = ["LATEST", "latest_numbers", "received_at", "shown_below"]

LATEST: Final = 25
"""Messages that a document or a feed of a list shows."""

_MAX_PASSED_OVER: Final = 1000  # hidden messages behind which no others are looked for

_AT_ONCE: Final = 100  # lists between two turns of others

_ALL: Final = frozenset({EVERY_LIST})

_kept: Final[WeakKeyDictionary[Archive, dict[str, tuple[MailingList, int, int]]]] = (
    WeakKeyDictionary()
)


@route("/lists.json")
async def lists(reading: Reading, ask: Ask) -> Answer:
    """Tell of every list."""
    begin = {"title": reading.settings.title}
    return await long_document(begin, "lists", _summaries(reading), _ALL, _etag(reading))


@route("/{name}/list.json")
async def mailing_list(reading: Reading, ask: Ask, name: str) -> Answer:
    """Tell of a list: when it was written to, and what came last."""
    record = reading.mailing_list(name)
    months = _months(reading, name, await reading.archive.days(name))
    numbers = latest_numbers(record, LATEST)
    rows = await reading.rows(name, numbers)
    return document(
        {
            **_summary(reading, record),
            "created": moment(record.created),
            "months": months,
            "latest": [
                row_document(reading, name, rows[number]) for number in numbers if number in rows
            ],
        },
        frozenset({name}),
    )


@route("/manifest.json")
async def manifest(reading: Reading, ask: Ask) -> Answer:
    """Tell mirrors of every list: which numbers it has, and whether anything changed.

    ``revision`` grows with every change of a list, and while ``validity`` stays, numbers mean what they meant.
    """
    return await long_document({}, "lists", _marks(reading), _ALL, _etag(reading))


def latest_numbers(record: MailingList, most: int) -> Sequence[int]:
    """Return the numbers of the last messages that are not hidden, the newest first."""
    found: list[int] = []
    number = shown_below(record, record.high + 1)
    while number is not None and len(found) < most:
        found.append(number)
        number = shown_below(record, number)
    return found


def shown_below(record: MailingList, number: int) -> int | None:
    """Return the highest number below one of which a message is present and not hidden, or None."""
    found = record.previous_present(number)
    for _ in range(_MAX_PASSED_OVER):
        if found is None or not record.is_hidden(found):
            return found
        found = record.previous_present(found)
    return None


def _batches(reading: Reading) -> Iterator[Sequence[MailingList]]:
    records = reading.lists()
    for start in range(0, len(records), _AT_ONCE):
        yield records[start : start + _AT_ONCE]


async def _summaries(reading: Reading) -> AsyncIterator[Sequence[object]]:
    for records in _batches(reading):
        yield [_summary(reading, record) for record in records]
        await reading.breathe()


async def _marks(reading: Reading) -> AsyncIterator[Sequence[object]]:
    for records in _batches(reading):
        yield [await _mark(reading, record) for record in records]
        await reading.breathe()


async def _mark(reading: Reading, record: MailingList) -> dict[str, Any]:
    """Return what a mirror reads of a list."""
    last = record.previous_present(record.high + 1)
    received = None if last is None else await received_at(reading, record, last)
    return {
        "name": record.name,
        "description": record.description,
        "address": veiled(reading, record.name, record.address),
        "count": record.count,
        "low": record.low,
        "high": record.high,
        "validity": record.validity,
        "revision": record.revision,
        "octets": record.octets,
        "created": moment(record.created),
        "last_activity": None if received is None else moment(received),
        "twin_of": record.origin or None,
        "url": reading.urls.mailing_list(record.name),
    }


async def received_at(reading: Reading, record: MailingList, number: int) -> int | None:
    """Return when a list received a message, or None where that has gone; for each list the last one asked for is kept."""
    kept = _kept.setdefault(reading.archive, {})
    known = kept.get(record.name)
    if known is None or known[0] is not record or known[1] != number:
        try:
            entry = await reading.archive.entry(record.name, number)
        except NoSuchMessage:
            return None
        known = kept[record.name] = record, number, entry.received
    return known[2]


def _etag(reading: Reading) -> str:
    return stamp(reading, [record.name for record in reading.lists()])


def _summary(reading: Reading, record: MailingList) -> dict[str, Any]:
    name, urls = record.name, reading.urls
    return {
        "name": name,
        "description": record.description,
        "address": veiled(reading, name, record.address),
        "count": record.count - len(record.hidden),
        "low": record.low,
        "high": record.high,
        "validity": record.validity,
        "revision": record.revision,
        "url": urls.mailing_list(name),
        "document": urls.at(name, "list.json"),
        "feed": urls.at(name, "list.atom"),
        "search": urls.search(name, "search.json"),
    }


def _months(reading: Reading, name: str, days: Sequence[DayCount]) -> list[dict[str, Any]]:
    """Return the months that have messages to show, the newest first."""
    found = []
    for (year, month), counts in groupby(days, lambda each: _month_of(each.day)):
        count = sum(each.count - each.hidden for each in counts)
        if count:
            found.append(
                {
                    "month": f"{year:04}-{month:02}",
                    "count": count,
                    "url": reading.urls.month(name, year, month),
                    "document": reading.urls.month(name, year, month, "month.json"),
                    "mailbox": reading.urls.month(name, year, month, "month.mbox.gz"),
                }
            )
    return found[::-1]


def _month_of(day: int) -> tuple[int, int]:
    date = date_of(day)
    return date.year, date.month
