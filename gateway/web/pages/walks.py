"""Ways through a list by when its messages came: what is shown of a day, and everything from the newest back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from gateway.web.pages.calendars import DAY_AT_ONCE
from storage.errors import NoSuchMessage, Removed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from gateway.web.pages.calendars import Calendar
    from gateway.web.reading import Reading
    from storage.model import MailingList

__all__ = ["Step", "backwards", "of_day", "of_days"]

MAX_GAP: Final = 20_000
"""Places in a row that are passed over, for their messages were removed or are hidden."""

MAX_PLACE: Final = 1 << 31


class Step(NamedTuple):
    """A message by when it came."""

    day: int
    place: int
    number: int


async def of_day(
    reading: Reading, record: MailingList, calendar: Calendar, day: int, *, first: int, most: int
) -> Sequence[Step]:
    """Return at most ``most`` of the messages of a day that are shown, from the place ``first`` on."""
    if day not in calendar.crowded:
        placed = await reading.archive.on_day(record.name, day)
        if record.hidden:
            placed = [each for each in placed if not record.is_hidden(each.number)]
        found = [Step(day, place, number) for place, number in placed if place >= first]
        return found[:most]
    found = []
    for place in range(first, first + most + MAX_GAP):
        if len(found) == most:
            break
        number = await _at(reading, record, day, place)
        if number < 0:
            break
        if number and not record.is_hidden(number):
            found.append(Step(day, place, number))
        await reading.breathe()
    return found


async def of_days(
    reading: Reading, record: MailingList, calendar: Calendar, days: Sequence[int], most: int
) -> Sequence[Step]:
    """Return at most ``most`` of the messages of some days that are shown, in the order in which they came."""
    found: list[Step] = []
    for day in days:
        found += await of_day(reading, record, calendar, day, first=1, most=most - len(found))
        if len(found) == most:
            break
        await reading.breathe()
    return found


async def backwards(
    reading: Reading, record: MailingList, calendar: Calendar, before: Step | None = None
) -> AsyncIterator[Step]:
    """Yield the messages that are shown from the newest back, or from what came before a message."""
    for day in reversed(calendar.days):
        if before is not None and day > before.day:
            continue
        end = before.place if before is not None and day == before.day else MAX_PLACE
        if day in calendar.crowded:
            async for step in _places_back(reading, record, day, end):
                yield step
            continue
        for step in reversed(
            await of_day(reading, record, calendar, day, first=1, most=DAY_AT_ONCE)
        ):
            if step.place < end:
                yield step


async def _places_back(
    reading: Reading, record: MailingList, day: int, end: int
) -> AsyncIterator[Step]:
    if end == MAX_PLACE:
        end = await _behind_last(reading, record, day)
    for place in range(end - 1, 0, -1):
        number = await _at(reading, record, day, place)
        if number > 0 and not record.is_hidden(number):
            yield Step(day, place, number)
        await reading.breathe()


async def _behind_last(reading: Reading, record: MailingList, day: int) -> int:
    """Return the first place of a day to which no message has come."""
    low, high = 1, 2
    while await _at(reading, record, day, high) >= 0:
        low, high = high, 2 * high
    while low < high:
        middle = (low + high) // 2
        if await _at(reading, record, day, middle) < 0:
            high = middle
        else:
            low = middle + 1
    return low


async def _at(reading: Reading, record: MailingList, day: int, place: int) -> int:
    """Return the number of the message at a place; 0 where it was removed, -1 where none has come to it."""
    try:
        return await reading.archive.at_place(record.name, day, place)
    except Removed:
        return 0
    except NoSuchMessage:
        return -1
