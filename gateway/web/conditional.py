"""Conditional requests: entity tags, dates, and what follows from them. RFC 9110 s. 8.8 and 13."""

from __future__ import annotations

import calendar
import re
import time
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["http_date", "parse_http_date", "precondition"]

_TAG: Final = re.compile(rb'(W/)?("[\x21\x23-\x7e\x80-\xff]*+")')
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = (
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
)

_CLOCK: Final = rb"(?P<hour>[01][0-9]|2[0-3]):(?P<minute>[0-5][0-9]):(?P<second>[0-5][0-9]|60)"
_MONTH: Final = rb"(?P<month>%b)" % "|".join(_MONTHS).encode()
_DATES: Final = (
    re.compile(
        rb"[A-Z][a-z]{2}, (?P<day>[0-9]{2}) %b (?P<year>[0-9]{4}) %b GMT" % (_MONTH, _CLOCK)
    ),
    re.compile(
        rb"[A-Z][a-z]{5,8}, (?P<day>[0-9]{2})-%b-(?P<year>[0-9]{2}) %b GMT" % (_MONTH, _CLOCK)
    ),
    re.compile(rb"[A-Z][a-z]{2} %b (?P<day>[ 0-9][0-9]) %b (?P<year>[0-9]{4})" % (_MONTH, _CLOCK)),
)
"""IMF-fixdate, and the two obsolete forms: RFC 9110 s. 5.6.7."""


@lru_cache(64)
def http_date(seconds: int) -> bytes:
    """Return a time as IMF-fixdate. RFC 9110 s. 5.6.7."""
    at = time.gmtime(seconds)
    return b"%b, %02d %b %04d %02d:%02d:%02d GMT" % (
        _DAYS[at.tm_wday].encode(),
        at.tm_mday,
        _MONTHS[at.tm_mon - 1].encode(),
        at.tm_year,
        at.tm_hour,
        at.tm_min,
        at.tm_sec,
    )


def parse_http_date(octets: bytes) -> int | None:
    """Return the time that a date of any of the three forms tells, or None if it is none."""
    for form in _DATES:
        found = form.fullmatch(octets)
        if found:
            year, day = int(found["year"]), int(found["day"])
            if len(found["year"]) == 2:
                year += 2000 if year < 70 else 1900
            month = _MONTHS.index(found["month"].decode()) + 1
            if not year or not 1 <= day <= calendar.monthrange(year, month)[1]:
                return None
            clock = (int(found["hour"]), int(found["minute"]), int(found["second"]))
            return calendar.timegm((year, month, day, *clock))
    return None


def precondition(fields: Mapping[bytes, bytes], tag: bytes, changed: int | None) -> int | None:
    """Return 304 or 412 where the conditions of a GET or HEAD ask for it, or None. RFC 9110 s. 13.2.2.

    ``tag`` is the strong entity tag of what would be sent, empty where it has none.
    """
    match = fields.get(b"if-match")
    if match is not None:
        if not _holds(match, tag, weak=False):
            return 412
    elif changed is not None:
        since = parse_http_date(fields.get(b"if-unmodified-since", b""))
        if since is not None and changed > since:
            return 412
    match = fields.get(b"if-none-match")
    if match is not None:
        return 304 if _holds(match, tag, weak=True) else None
    if changed is not None:
        since = parse_http_date(fields.get(b"if-modified-since", b""))
        if since is not None and changed <= since:
            return 304
    return None


def _holds(value: bytes, tag: bytes, *, weak: bool) -> bool:
    """Tell whether a field lists a tag; with ``weak`` also as a weak one. RFC 9110 s. 8.8.3.2."""
    if value == b"*":
        return True
    return any(opaque == tag and (weak or not prefix) for prefix, opaque in _TAG.findall(value))
