"""When a mirror or feed is due: intervals, quiet hours, and patience with what fails. Pure; times are seconds since 1970."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Final

from gateway.errors import Refused

__all__ = [
    "LONGEST_EVERY",
    "MAX_BACKOFF",
    "NO_QUIET",
    "QuietHours",
    "backoff",
    "parse_every",
    "parse_quiet",
    "shown_span",
]

LONGEST_EVERY: Final = 366 * 86_400
MAX_BACKOFF: Final = 3600
"""Seconds after which what fails is tried again at the latest."""

FIRST_BACKOFF: Final = 60
"""Seconds after which what failed once is tried again, where it does not run more often anyway."""

_MOST_DOUBLINGS: Final = 16

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_EVERY: Final = re.compile(r"([0-9]{1,9})([smhd]?)")
_QUIET: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])")
_DAY: Final = 1440


def parse_every(text: str) -> int:
    """Return the seconds that a text as ``30s``, ``5m``, ``2h`` or ``1d`` stands for; a bare number counts seconds.

    Raises:
        Refused: it is none, or below a second or above a year.
    """
    match = _EVERY.fullmatch(text)
    seconds = int(match[1]) * _UNITS[match[2] or "s"] if match else 0
    if not 1 <= seconds <= LONGEST_EVERY:
        raise Refused(f"--every {text}: not an interval; write one as 30s, 5m, 2h or 1d")
    return seconds


@dataclass(frozen=True, slots=True)
class QuietHours:
    """A stretch of the day in minutes since midnight, local time, across midnight where ``first > end``."""

    first: int
    end: int

    def left(self, at: float) -> int:
        """Return how many seconds of quiet follow a moment; 0 where it is not in the quiet hours."""
        local = time.localtime(at)
        minute = local.tm_hour * 60 + local.tm_min
        if (minute - self.first) % _DAY >= (self.end - self.first) % _DAY:
            return 0
        return (self.end - minute) % _DAY * 60 - local.tm_sec


NO_QUIET: Final = QuietHours(0, 0)


def parse_quiet(text: str) -> QuietHours:
    """Return the hours that a text as ``08:00-18:00`` names; none for an empty one.

    Raises:
        Refused: it names none.
    """
    if not text:
        return NO_QUIET
    match = _QUIET.fullmatch(text)
    if match is None:
        raise Refused(f"--quiet {text}: not hours; write them as 08:00-18:00 or 22:00-06:00")
    first, end = int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])
    if first == end:
        raise Refused(f"--quiet {text}: begins and ends at the same time")
    return QuietHours(first, end)


def backoff(failures: int, every: int, chance: float) -> float:
    """Return after how many seconds to try again what failed so often; ``0 <= chance < 1`` spreads those that failed together."""
    doubled = min(every, FIRST_BACKOFF) * 2 ** min(failures - 1, _MOST_DOUBLINGS)
    return float(min(doubled, MAX_BACKOFF)) * (1 + chance) / 2


def shown_span(seconds: float) -> str:
    """Return a span of time as people read it, in its largest whole unit."""
    whole = int(seconds)
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60)):
        if whole >= 2 * size:
            return f"{whole // size} {unit}"
    return f"{whole} s"
