"""Documents about lists: all of them, one of them, and what a mirror reads to see what is new."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from gateway.web.answers import EVERY_LIST, Answer
from gateway.web.machine.documents import (
    document,
    long_document,
    moment,
    row_document,
    stamp,
)
from gateway.web.newest import latest_numbers, received_at
from gateway.web.pages.calendars import calendar_of
from gateway.web.routes import route

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from gateway.web.asks import Ask
    from gateway.web.pages.calendars import Calendar
    from gateway.web.reading import Reading
    from storage.model import MailingList

__all__ = ["LATEST"]

LATEST: Final = 25
"""Messages that a document or a feed of a list shows."""

_AT_ONCE: Final = 100  # lists between two turns of others

_ALL: Final = frozenset({EVERY_LIST})


@route("/lists.json")
async def lists(reading: Reading, ask: Ask) -> Answer:
    """Tell of every list."""
    begin = {"title": reading.settings.title}
    return await long_document(begin, "lists", _summaries(reading), _ALL, _etag(reading))


@route("/{name}/list.json")
async def mailing_list(reading: Reading, ask: Ask, name: str) -> Answer:
    """Tell of a list: when it was written to, and what came last."""
    record = reading.mailing_list(name)
    months = _months(reading, name, await calendar_of(reading, record))
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
    received = await received_at(reading, record, record.previous_present(record.high + 1))
    return {
        "name": record.name,
        "description": record.description,
        "address": record.address,
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


def _etag(reading: Reading) -> str:
    return stamp(reading, [record.name for record in reading.lists()])


def _summary(reading: Reading, record: MailingList) -> dict[str, Any]:
    name, urls = record.name, reading.urls
    return {
        "name": name,
        "description": record.description,
        "address": record.address,
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


def _months(reading: Reading, name: str, calendar: Calendar) -> list[dict[str, Any]]:
    """Return the months that have messages to show, the newest first."""
    month = reading.urls.month
    return [
        {
            "month": f"{year:04}-{at:02}",
            "count": count,
            "url": month(name, year, at),
            "document": month(name, year, at, "month.json"),
            "mailbox": month(name, year, at, "month.mbox.gz"),
        }
        for (year, at), count in reversed([*calendar.months.items()])
    ]
