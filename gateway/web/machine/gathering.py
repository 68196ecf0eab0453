"""Which messages a document is of: those of a thread, those of a month. What is hidden is of none."""

from __future__ import annotations

import datetime as dt
from calendar import monthrange
from typing import TYPE_CHECKING, NamedTuple

from gateway.web.answers import not_found
from gateway.web.body.rendering import parsing
from gateway.web.machine.archived import archived_id
from gateway.web.pages.drawings import drawing
from gateway.web.pages.located import by_id

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from gateway.web.body.rendering import Parsed
    from gateway.web.pages.drawings import Drawing
    from gateway.web.reading import Reading

__all__ = ["Dated", "month_numbers", "parsed", "thread_of"]

_EPOCH = dt.date(1970, 1, 1)


class Dated(NamedTuple):
    """A message by its number, and by its place in its day."""

    number: int
    day: int
    place: int


async def thread_of(reading: Reading, name: str, message_id: bytes) -> Drawing:
    """Return the thread of a message.

    Raises:
        Refusal: the list does not show a message with this Message-ID.
    """
    return await drawing(reading, name, await by_id(reading, name, message_id))


async def month_numbers(reading: Reading, name: str, year: int, month: int) -> AsyncIterator[Dated]:
    """Yield the messages that a list received in a month, by day and place.

    Raises:
        Refusal: there is no such list, or no such month.
    """
    record = reading.mailing_list(name)
    if year < _EPOCH.year:
        raise not_found("There are no messages of this month.")
    first = (dt.date(year, month, 1) - _EPOCH).days
    for counted in await reading.archive.days(name):
        if first <= counted.day < first + monthrange(year, month)[1]:
            for place, number in await reading.archive.on_day(name, counted.day):
                if not record.is_hidden(number):
                    yield Dated(number, counted.day, place)
            await reading.breathe()


async def parsed(reading: Reading, name: str, octets: bytes) -> Parsed:
    """Return what a message of a list says; others have their turns meanwhile."""
    steps = parsing(octets, obfuscate=reading.settings.is_obfuscated(name), archived_id=archived_id)
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            found: Parsed = stop.value
            return found
        await reading.breathe()
