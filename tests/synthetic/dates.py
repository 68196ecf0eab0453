"""Times as mail writes them."""

from __future__ import annotations

import time
from functools import lru_cache
from typing import Final, NamedTuple

__all__ = ["PACIFIC", "TWO_DIGITS", "ZONES", "Day", "Moment", "moment"]

TWO_DIGITS: Final = [b"%02d" % number for number in range(100)]

ZONES: Final = (0, 60, 120, -480, -420, -300, 480, 540, 330, 180, -180, 600, 0, 60, -300, 345)
"""Minutes east of Greenwich, as often as people live there."""

PACIFIC: Final = -420
"""Where the hosts are that add Received fields."""

_MONTHS: Final = b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_WEEKDAYS: Final = b"Mon Tue Wed Thu Fri Sat Sun".split()
_DAY: Final = 86400
_OFFSETS: Final = {
    zone: b" %c%02d%02d" % (b"-" if zone < 0 else b"+", abs(zone) // 60, abs(zone) % 60)
    for zone in {*ZONES, PACIFIC}
}


class Day(NamedTuple):
    """A day as Date has it, as a separator has it (before and after the time), and as digits."""

    date: bytes
    separator: bytes
    year: bytes
    digits: bytes


class Moment(NamedTuple):
    """A time on a day in a zone."""

    day: Day
    clock: bytes
    offset: bytes

    @property
    def date(self) -> bytes:
        """The content of a Date field."""
        return self.day.date + self.clock + self.offset


def moment(seconds: int, zone: int) -> Moment:
    """Return a time shown in a zone."""
    day, rest = divmod(seconds + zone * 60, _DAY)
    hour, rest = divmod(rest, 3600)
    minute, second = divmod(rest, 60)
    clock = b"%b:%b:%b" % (TWO_DIGITS[hour], TWO_DIGITS[minute], TWO_DIGITS[second])
    return Moment(_day(day), clock, _OFFSETS[zone])


@lru_cache(maxsize=4000)
def _day(day: int) -> Day:
    shown = time.gmtime(day * _DAY)
    weekday, month = _WEEKDAYS[shown.tm_wday], _MONTHS[shown.tm_mon - 1]
    return Day(
        b"%b, %d %b %d " % (weekday, shown.tm_mday, month, shown.tm_year),
        b"%b %b %2d " % (weekday, month, shown.tm_mday),
        b" %d" % shown.tm_year,
        b"%d%02d%02d" % (shown.tm_year, shown.tm_mon, shown.tm_mday),
    )
