"""Charts of a list: its life month by month, its weeks, its threads."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from gateway.web.pages.bars import Count, chart
from gateway.web.pages.calendars import WEEKDAYS, Month, calendar_of
from gateway.web.pages.lines import lines_of
from gateway.web.pages.scans import SIZES, scan_of
from gateway.web.routes import route
from gateway.web.templates import page, short

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.web.answers import Answer
    from gateway.web.asks import Ask
    from gateway.web.pages.bars import Chart
    from gateway.web.pages.calendars import Calendar
    from gateway.web.pages.lines import Line
    from gateway.web.pages.scans import Scan
    from gateway.web.reading import Reading
    from storage.model import MailingList

MAX_MONTHS: Final = 720
"""Months that are drawn, the last ones."""

MAX_MARKS: Final = 12
"""Years that are written below the months."""


class Busiest(NamedTuple):
    """A thread; ``share`` is its size in hundredths of the largest one's."""

    messages: int
    share: int
    line: Line
    url: str


@route("/{name}/charts")
async def charts(reading: Reading, ask: Ask, name: str) -> Answer:
    """Show how much was written to a list, and when, and in what threads."""
    record = reading.mailing_list(name)
    calendar = await calendar_of(reading, record)
    scan = await scan_of(reading, record) if calendar.days else None
    drawn: list[Chart] = []
    if calendar.days:
        drawn += [_months(reading, name, calendar), _weekdays(name, calendar)]
    if scan is not None:
        drawn.append(_sizes(scan))
    answer = page(
        "charts.html",
        reading,
        ask,
        f"Charts of {name}",
        name=name,
        charts=drawn,
        scan=scan,
        counted=short(scan.at) if scan is not None and scan.record is not record else "",
        busiest=() if scan is None else await _busiest(reading, record, scan),
    )
    if scan is None or scan.record is not record:  # it will be another without a change of the list
        return replace(answer, lists=frozenset())
    return answer


def _months(reading: Reading, name: str, calendar: Calendar) -> Chart:
    months = list(calendar.months)
    first, last = months[0], months[-1]
    spanned = 12 * (last.year - first.year) + last.month - first.month + 1
    start = 12 * last.year + last.month - 1 - min(spanned, MAX_MONTHS) + 1
    shown = [Month(at // 12, at % 12 + 1) for at in range(start, 12 * last.year + last.month)]
    every = -(-len(shown) // (12 * MAX_MARKS))
    counts = [
        Count(
            month.text,
            calendar.months.get(month, 0),
            reading.urls.month(name, month.year, month.month) if month in calendar.months else "",
            f"{month.year:04}" if month.month == 1 and month.year % every == 0 else "",
        )
        for month in shown
    ]
    busiest = max(counts, key=lambda count: count.number)
    about = (
        f"Messages that {name} received in each month from {shown[0].text} to {shown[-1].text}, in UTC; "
        f"most in {busiest.text}: {busiest.number}."
    )
    return chart("by-month", "Messages by month", about, counts)


def _weekdays(name: str, calendar: Calendar) -> Chart:
    numbers = [0] * 7
    for day, count in calendar.counts.items():
        numbers[(day + 3) % 7] += count  # 1970-01-01 was a Thursday
    counts = [
        Count(text, number, mark=text[:3]) for text, number in zip(WEEKDAYS, numbers, strict=True)
    ]
    about = f"Messages that {name} received on each day of the week, in UTC."
    return chart("by-weekday", "Messages by day of the week", about, counts)


def _sizes(scan: Scan) -> Chart:
    counts = []
    below = 0
    for size, number in scan.sizes.items():
        text = f"{size}" if size == below + 1 else f"{below + 1} to {size}"
        if size not in SIZES:
            text = f"more than {below}"
        counts.append(
            Count(text, number, mark=text.replace(" to ", "-").replace("more than ", ">"))
        )
        below = size
    while counts and not counts[-1].number:
        counts.pop()
    about = f"How many of {scan.threads} threads have how many messages."
    return chart("by-size", "Threads by size", about, counts)


async def _busiest(reading: Reading, record: MailingList, scan: Scan) -> Sequence[Busiest]:
    """Return the largest threads, as far as what they begin with is still shown."""
    found = [(count, first) for count, first in scan.busiest if count > 1]
    firsts = sorted(first for _, first in found if not record.is_hidden(first))
    lines = await lines_of(reading, record.name, firsts)
    return [
        Busiest(
            count,
            max(100 * count // found[0][0], 1),
            lines[first],
            reading.urls.thread(record.name, lines[first].message_id),
        )
        for count, first in found
        if first in lines
    ]
