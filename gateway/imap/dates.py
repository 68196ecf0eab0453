"""Dates as IMAP writes them: INTERNALDATE, SAVEDATE, and the days of SEARCH. RFC 9051 s. 9, date-time and date."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["date_time", "date_times", "read_day"]

_MONTHS: Final = b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_MONTH_NUMBERS: Final = {month.lower(): number for number, month in enumerate(_MONTHS, 1)}
_DATE: Final = re.compile(rb'("?)([0-9]{1,2})-([A-Za-z]{3})-([0-9]{4})\1')

_MINUTES: Final = [b"%02d:%02d:" % divmod(minute, 60) for minute in range(1440)]
_SECONDS: Final = [b'%02d +0000"' % second for second in range(60)]

_EPOCH: Final = date(1970, 1, 1).toordinal()
_EARLIEST: Final = (date.min.toordinal() - _EPOCH) * 86_400
_LATEST: Final = (date.max.toordinal() - _EPOCH + 1) * 86_400 - 1


def date_time(seconds: int) -> bytes:
    """Return seconds since 1970 as a date-time in UTC, in quotes. RFC 9051 s. 9.

    Its year has four digits; what lies before the year 1 or after 9999 becomes the nearest that does not.
    """
    minute, second = divmod(min(max(seconds, _EARLIEST), _LATEST), 60)
    day, minute = divmod(minute, 1440)
    return _day(day) + _MINUTES[minute] + _SECONDS[second]


def date_times(seconds: Iterable[int]) -> list[bytes]:
    """Return ``date_time`` of each."""
    return list(map(date_time, seconds))


def read_day(text: bytes) -> int:
    """Return the day, counted from 1970-01-01, that a date names; it may be in quotes. RFC 9051 s. 9, date.

    Raises:
        ValueError: it is no date, or there is no such day.
    """
    match = _DATE.fullmatch(text)
    month = match and _MONTH_NUMBERS.get(match[3].lower())
    if not (match and month):
        raise ValueError("no date")
    return date(int(match[4]), month, int(match[2])).toordinal() - _EPOCH


@lru_cache(maxsize=16_384)
def _day(day: int) -> bytes:
    then = date.fromordinal(day + _EPOCH)
    return b'"%2d-%b-%04d ' % (then.day, _MONTHS[then.month - 1], then.year)
