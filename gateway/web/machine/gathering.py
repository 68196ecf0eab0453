"""Which messages a document is of: those of a thread, those of a month. What is hidden is of none."""

from __future__ import annotations

import datetime as dt
from calendar import monthrange
from typing import TYPE_CHECKING, NamedTuple

from gateway.web.answers import not_found
from gateway.web.body.rendering import parsing
from gateway.web.machine.archived import archived_id

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from gateway.web.body.rendering import Parsed
    from gateway.web.reading import Reading
    from storage.model import ThreadNode

__all__ = ["Dated", "in_thread", "month_numbers", "parsed", "shown_number", "thread_nodes"]

_EPOCH = dt.date(1970, 1, 1)


class Dated(NamedTuple):
    """A message by its number, and by its place in its day."""

    number: int
    day: int
    place: int


async def shown_number(reading: Reading, name: str, message_id: bytes) -> int:
    """Return the number of a message that is not hidden.

    Raises:
        Refusal: the list has none with this Message-ID.
    """
    number = await reading.number(name, message_id)
    if reading.mailing_list(name).is_hidden(number):
        raise not_found("There is no such message in this list.")
    return number


async def thread_nodes(reading: Reading, name: str, message_id: bytes) -> Sequence[ThreadNode]:
    """Return the thread of a message, depth first, with hidden messages as such that never came.

    Raises:
        Refusal: the list has no message with this Message-ID.
    """
    return await in_thread(reading, name, await shown_number(reading, name, message_id))


async def in_thread(reading: Reading, name: str, number: int) -> Sequence[ThreadNode]:
    """Return the thread of the message with a number, as ``thread_nodes`` does."""
    record = reading.mailing_list(name)
    nodes = await reading.archive.thread(name, number)
    if not record.hidden:
        return nodes
    return [
        type(node)(node.depth, node.message_id, None)
        if node.number is not None and record.is_hidden(node.number)
        else node
        for node in nodes
    ]


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
