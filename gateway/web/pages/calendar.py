"""The years, months and days of a list."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

from gateway.web.answers import not_found
from gateway.web.pages.calendars import (
    MONTHS,
    WEEKDAYS,
    Month,
    calendar_of,
    day_number,
)
from gateway.web.pages.lines import lines_of, listed_by_place
from gateway.web.pages.numbers import parameter
from gateway.web.pages.trees import drawn, grouped
from gateway.web.pages.walks import of_day, of_days
from gateway.web.routes import route
from gateway.web.templates import page
from storage.days import date_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.web.answers import Answer
    from gateway.web.asks import Ask
    from gateway.web.pages.calendars import Calendar
    from gateway.web.pages.lines import Line
    from gateway.web.reading import Reading
    from storage.model import MailingList

MONTH_MESSAGES: Final = 1000
"""Messages on a month's page; of one with more the first, and the days lead to the others."""

DAY_MESSAGES: Final = 1000
"""Messages on a day's page."""

RANKED: Final = 5000
"""Messages of a year among which the busiest threads are looked for; in one with more they are not."""

BUSIEST: Final = 10
"""Threads that a year's page names."""


class Busy(NamedTuple):
    """A thread by how many messages came to it; ``line`` is the first of these."""

    messages: int
    line: Line
    url: str


@route("/{name}/{year}/")
async def year(reading: Reading, ask: Ask, name: str, year: int) -> Answer:
    """Show the months of a year, and its busiest threads."""
    record = reading.mailing_list(name)
    calendar = await calendar_of(reading, record)
    counts = calendar.year(year)
    if not any(counts):
        raise not_found(f"No message came to {name} in {year:04}.")
    return page(
        "year.html",
        reading,
        ask,
        f"{name} in {year:04}",
        name=name,
        month_names=MONTHS,
        year=year,
        counts=counts,
        around=calendar.around_year(year),
        busiest=await _busiest(reading, record, calendar, year),
    )


@route("/{name}/{year}/{month}/")
async def month(reading: Reading, ask: Ask, name: str, year: int, month: int) -> Answer:
    """Show a month's calendar, and its messages by thread."""
    record = reading.mailing_list(name)
    calendar = await calendar_of(reading, record)
    shown = Month(year, month)
    total = calendar.months.get(shown, 0)
    if not total:
        raise not_found(f"No message came to {name} in that month.")
    days = calendar.of_month(shown)
    steps = await of_days(reading, record, calendar, days, MONTH_MESSAGES)
    lines = await lines_of(reading, name, sorted(step.number for step in steps))
    in_order = [lines[step.number] for step in steps if step.number in lines]
    return page(
        "month.html",
        reading,
        ask,
        f"{name} in {shown.text}",
        name=name,
        month_names=MONTHS,
        weekday_names=WEEKDAYS,
        month=shown,
        weeks=calendar.weeks(shown),
        around=calendar.around_month(shown),
        total=total,
        last=steps[-1] if len(steps) < total else None,
        threads=[drawn(thread) for thread in grouped(in_order)],
    )


@route("/{name}/{year}/{month}/{day}/")
async def day(reading: Reading, ask: Ask, *, name: str, year: int, month: int, day: int) -> Answer:
    """Show the messages of a day, in the order of their places."""
    record = reading.mailing_list(name)
    calendar = await calendar_of(reading, record)
    shown = day_number(year, month, day)
    if shown is None or shown not in calendar.counts:
        raise not_found(f"No message came to {name} on that day.")
    first = parameter(ask, "from") or 1
    steps = await of_day(reading, record, calendar, shown, first=first, most=DAY_MESSAGES + 1)
    if not steps:
        raise not_found("No message of that day stands there.")
    lines = await lines_of(reading, name, sorted(step.number for step in steps))
    placed = [
        (step.place, lines[step.number]) for step in steps[:DAY_MESSAGES] if step.number in lines
    ]
    return page(
        "day.html",
        reading,
        ask,
        f"{name} on {date_of(shown)}",
        name=name,
        month_names=MONTHS,
        month=Month(year, month),
        day=shown,
        around=calendar.around_day(shown),
        total=calendar.counts[shown],
        rows=listed_by_place(reading.urls.day(name, shown), placed),
        following=steps[DAY_MESSAGES] if len(steps) > DAY_MESSAGES else None,
        is_indexed=first == 1,
    )


async def _busiest(
    reading: Reading, record: MailingList, calendar: Calendar, year: int
) -> Sequence[Busy]:
    """Return the threads to which most messages came in a year; none if it has more than can be looked at."""
    days = calendar.of_year(year)
    steps = await of_days(reading, record, calendar, days, RANKED + 1)
    if len(steps) > RANKED:
        return ()
    counts: Counter[bytes] = Counter()
    firsts: dict[bytes, Line] = {}
    lines = await lines_of(reading, record.name, sorted(step.number for step in steps))
    for step in steps:
        if step.number in lines:
            line = lines[step.number]
            counts[line.thread] += 1
            firsts.setdefault(line.thread, line)
    return [
        Busy(count, firsts[thread], reading.urls.thread(record.name, firsts[thread].message_id))
        for thread, count in counts.most_common(BUSIEST)
        if count > 1
    ]
