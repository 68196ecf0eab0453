"""The calendar of a list: how many messages that are shown came on each day, month and year, by UTC."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, bisect_right
from calendar import monthrange
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple
from weakref import WeakKeyDictionary

from storage.days import date_of, day_on

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gateway.web.reading import Reading
    from storage.archive import Archive
    from storage.days import DayCount
    from storage.model import MailingList

__all__ = [
    "DAY_AT_ONCE",
    "MONTHS",
    "WEEKDAYS",
    "Calendar",
    "Month",
    "calendar_of",
    "day_number",
]

MONTHS: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip  # a list of words

WEEKDAYS: Final = (
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
)

DAY_AT_ONCE: Final = 2000
"""A day with more messages is looked at place by place."""

KEPT_CALENDARS: Final = 64
"""Lists whose calendar is kept for each archive: one of thirty years takes a megabyte."""


class Month(NamedTuple):
    """A month of a year; they order by time."""

    year: int
    month: int

    @property
    def text(self) -> str:
        """What it is called."""
        return f"{MONTHS[self.month - 1]} {self.year}"

    @property
    def first(self) -> int:
        """Its first day."""
        return day_on(dt.date(self.year, self.month, 1))

    @property
    def last(self) -> int:
        """Its last day."""
        return self.first + monthrange(self.year, self.month)[1] - 1


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days that have messages which are shown, ascending, and how many; ``months`` has their sums, ascending.

    ``crowded`` are days with so many messages, be they shown or not, that these are not to be looked at all at once.
    """

    days: Sequence[int]
    counts: Mapping[int, int]
    months: Mapping[Month, int]
    crowded: frozenset[int] = frozenset()

    @classmethod
    def of(cls, counted: Sequence[DayCount]) -> Calendar:
        """Return that of the days of a list, which ascend."""
        counts = {
            each.day: each.count - each.hidden for each in counted if each.count > each.hidden
        }
        months: dict[Month, int] = {}
        month, behind = Month(1970, 1), 0
        for day, count in counts.items():
            if day >= behind:
                date = date_of(day)
                month = Month(date.year, date.month)
                behind = month.last + 1
            months[month] = months.get(month, 0) + count
        crowded = frozenset(each.day for each in counted if each.count > DAY_AT_ONCE)
        return cls(tuple(counts), counts, months, crowded)

    @property
    def years(self) -> Sequence[int]:
        """The years that have messages, descending."""
        return sorted({month.year for month in self.months}, reverse=True)

    def year(self, year: int) -> Sequence[int]:
        """Return how many messages each month of a year has."""
        return [self.months.get(Month(year, month), 0) for month in range(1, 13)]

    def of_month(self, month: Month) -> Sequence[int]:
        """Return the days of a month that have messages."""
        return self._within(month.first, month.last)

    def of_year(self, year: int) -> Sequence[int]:
        """Return the days of a year that have messages."""
        return self._within(Month(year, 1).first, Month(year, 12).last)

    def _within(self, first: int, last: int) -> Sequence[int]:
        return self.days[bisect_left(self.days, first) : bisect_right(self.days, last)]

    def weeks(self, month: Month) -> Sequence[Sequence[tuple[int, int] | None]]:
        """Return the weeks of a month, from Monday: each day and how many messages it has; None before and after it."""
        cells: list[tuple[int, int] | None] = [None] * ((month.first + 3) % 7)
        cells += [(day, self.counts.get(day, 0)) for day in range(month.first, month.last + 1)]
        cells += [None] * (-len(cells) % 7)
        return [cells[at : at + 7] for at in range(0, len(cells), 7)]

    def around_day(self, day: int) -> tuple[int | None, int | None]:
        """Return the days that have messages next before and after a day."""
        before, after = bisect_left(self.days, day), bisect_right(self.days, day)
        return (
            self.days[before - 1] if before else None,
            self.days[after] if after < len(self.days) else None,
        )

    def around_month(self, month: Month) -> tuple[Month | None, Month | None]:
        """Return the months that have messages next before and after a month."""
        before, _ = self.around_day(month.first)
        _, after = self.around_day(month.last)
        return _month_of(before), _month_of(after)

    def around_year(self, year: int) -> tuple[int | None, int | None]:
        """Return the years that have messages next before and after a year."""
        before, _ = self.around_month(Month(year, 1))
        _, after = self.around_month(Month(year, 12))
        return (before.year if before else None, after.year if after else None)


_kept: Final[WeakKeyDictionary[Archive, OrderedDict[str, tuple[MailingList, Calendar]]]] = (
    WeakKeyDictionary()
)


async def calendar_of(reading: Reading, record: MailingList) -> Calendar:
    """Return a list's calendar; it is kept while the list does not change."""
    kept = _kept.setdefault(reading.archive, OrderedDict())
    known = kept.get(record.name)
    if known is None or known[0] is not record:
        calendar = Calendar.of(await reading.archive.days(record.name))
        known = kept[record.name] = record, calendar
        if len(kept) > KEPT_CALENDARS:
            kept.popitem(last=False)
    kept.move_to_end(record.name)
    return known[1]


def day_number(year: int, month: int, day: int) -> int | None:
    """Return the day of a date, or None where there is no such date."""
    try:
        return day_on(dt.date(year, month, day))
    except ValueError:
        return None


def _month_of(day: int | None) -> Month | None:
    if day is None:
        return None
    date = date_of(day)
    return Month(date.year, date.month)
