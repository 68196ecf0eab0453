"""Dates as mail writes them: RFC 5322, its obsolete forms, and what real programs made of them.

Times are seconds since 1970-01-01T00:00:00Z. A date is *sane* if mail could have been sent then: not before the first
network mail, and not after what the caller allows.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from storage.message.fields import unfold

if TYPE_CHECKING:
    from storage.message.fields import Header

__all__ = [
    "EARLIEST",
    "LATEST",
    "MAX_SKEW",
    "from_line",
    "parse_date",
    "received",
    "sent",
    "written_day",
    "written_zone",
]

EARLIEST: Final = 31_536_000
"""1971-01-01: network mail begins; clocks that were never set tell 1970."""

LATEST: Final = 2**31 - 1
"""2038-01-19: the latest that every client can show. Where the present is known, pass that and ``MAX_SKEW``."""

MAX_SKEW: Final = 86_400
"""Seconds by which a sender's clock may be fast: a day, as news agents grant (RFC 5537 s. 3.5)."""

_MAX_DATE: Final = 300  # octets; nothing that is longer is a date
_MAX_FROM_LINE: Final = 1000
_KEPT: Final = 64  # dates: of one message, three ask for the same in a row
_DAY: Final = 86_400
_UNIX_EPOCH: Final = date(1970, 1, 1).toordinal()
_FARTHEST_ZONE: Final = 14 * 60  # minutes: Kiribati
_MAILING_PATCH: Final = b"Mon Sep 17 00:00:00 2001"  # what `git format-patch` puts for a date

_MONTHS: Final = {
    name: number
    for number, name in enumerate(
        (
            b"jan",
            b"feb",
            b"mar",
            b"apr",
            b"may",
            b"jun",
            b"jul",
            b"aug",
            b"sep",
            b"oct",
            b"nov",
            b"dec",
        ),
        1,
    )
}
_ZONES: Final = {  # hours east of Greenwich: RFC 5322 s. 4.3, and those of Europe and Japan, which are not ambiguous
    name: hours
    for hours, names in (
        (-8, b"PST"), (-7, b"PDT MST"), (-6, b"MDT CST"), (-5, b"CDT EST"), (-4, b"EDT"), (0, b"UT UTC GMT Z WET"),
        (1, b"CET MET MEZ WEST"), (2, b"CEST MEST MESZ EET"), (3, b"EEST MSK"), (9, b"JST"),
    )
    for name in names.split()
}  # fmt: skip  # one row a zone reads better

_TIME: Final = (
    rb"(?P<hour>\d{1,2})[:.](?P<minute>\d{1,2})(?:[:.](?P<second>\d{1,2})(?:\.\d{1,9})?)?"
)
_ZONE: Final = rb"(?P<zone>[+-]{1,2}\d{1,2}:?\d{0,2}(?!\d)|[A-Za-z]{1,5}(?![A-Za-z]))"
_BY_DAY: Final = re.compile(  # Tue, 2 Jan 2024 10:00:00 +0000; also 5-Nov-86
    rb"(?P<day>\d{1,2})[ -]{1,3}(?P<month>[A-Za-z]{3,9})[.,]?[ -]{1,3}(?P<year>\d{2,5})(?!\d),? {1,3}%b(?: {0,3}%b)?"
    % (_TIME, _ZONE)
)
_BY_MONTH: Final = re.compile(  # Tue Jan  2 10:00:00 2024, with a zone before or after the year
    rb"(?P<month>[A-Za-z]{3,9})\.? {1,3}(?P<day>\d{1,2}),? {1,3}%b(?: {1,3}%b)? {1,3}(?P<year>\d{4})(?!\d)(?: {1,3}%b)?"
    % (_TIME, _ZONE, _ZONE.replace(b"zone", b"zone_after"))
)
_BY_YEAR: Final = re.compile(  # 2024-01-02T10:00:00Z
    rb"(?<!\d)(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)[T ] ?%b(?: ?%b)?" % (_TIME, _ZONE)
)
_COMMON: Final = re.compile(
    rb"\s*(?:[A-Z][a-z][a-z], ?)?(\d{1,2}) ([A-Z][a-z][a-z]) (\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)(?!\d)"
)
_COMMENT_EDGE: Final = re.compile(rb"[()]")
_WEEKDAY: Final = re.compile(rb"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)(?:,| )")


def sent(header: Header, latest: int = LATEST) -> int | None:
    """Return the time of the Date field, or None where there is none or it is not sane."""
    value = header.first(b"date")
    return None if value is None else _sane(parse_date(value), latest)


def received(header: Header, latest: int = LATEST) -> int | None:
    """Return the topmost sane time among the Received fields, which is that of the last hop; None if there is none."""
    for value in header.written(b"received"):
        _, semicolon, stamp = unfold(value).rpartition(b";")
        time = _sane(parse_date(stamp), latest) if semicolon else None
        if time is not None:
            return time
    return None


def from_line(line: bytes, latest: int = LATEST) -> int | None:
    """Return the time in an mbox separator such as ``From ann@example.org Tue Jan  2 10:00:00 2024``.

    The sender may be anything, ``user at host`` included; a zone or ``remote from host`` may follow. A time without
    zone is read as UTC. None where no sane date is found.
    """
    line = line[:_MAX_FROM_LINE]
    if _MAILING_PATCH in line:
        return None
    start = max((match.start() for match in _WEEKDAY.finditer(line)), default=len(line))
    return _sane(parse_date(line[start:]), latest)


def parse_date(value: bytes) -> int | None:
    """Return the time that a date means, or None where it means none, or no day of the calendar.

    RFC 5322 s. 3.3 and s. 4.3, the form of ``ctime``, and RFC 3339. A zone that is missing, unknown or more than 14
    hours off counts as UTC. Years of two and three digits are read as RFC 5322 s. 4.3 says.
    """
    found = _parsed(value)
    return None if found is None else found[0] - 60 * found[1]


def written_day(value: bytes) -> int | None:
    """Return the day that a date names, by the clock and calendar of who wrote it, counted from 1970-01-01.

    None where ``parse_date`` finds no date.
    """
    found = _parsed(value)
    return None if found is None else found[0] // _DAY


def written_zone(value: bytes) -> int | None:
    """Return the minutes by which the clock of who wrote a date was east of Greenwich.

    None where ``parse_date`` finds no date.
    """
    found = _parsed(value)
    return None if found is None else found[1]


def _parsed(value: bytes) -> tuple[int, int] | None:
    """Return the seconds that a date's clock shows, and the minutes by which that is east of Greenwich."""
    return _parsed_lately(value) if len(value) <= _MAX_DATE else _parsed_anew(value)


def _parsed_anew(value: bytes) -> tuple[int, int] | None:
    match = _COMMON.match(value)
    if match:
        day, month, year, hour, minute, second, sign, hours, minutes = match.groups()
        clock = (int(hour), int(minute), int(second))
        seconds = _seconds(int(year), _month(month), int(day), clock)
        return None if seconds is None else (seconds, _offset(sign, hours, minutes))
    text = b" ".join(_without_comments(value[:_MAX_DATE]).split())
    for form in (_BY_DAY, _BY_MONTH, _BY_YEAR):
        match = form.search(text)
        if match:
            return _from_match(match)
    return None


_parsed_lately: Final = lru_cache(maxsize=_KEPT)(_parsed_anew)


def _sane(time: int | None, latest: int) -> int | None:
    return time if time is not None and EARLIEST <= time <= latest else None


def _from_match(match: re.Match[bytes]) -> tuple[int, int] | None:
    found = match.groupdict()
    year = int(found["year"])
    if len(found["year"]) == 2:
        year += 2000 if year < 50 else 1900
    elif len(found["year"]) == 3:
        year += 1900
    clock = (int(found["hour"]), int(found["minute"]), int(found["second"] or 0))
    seconds = _seconds(year, _month(found["month"]), int(found["day"]), clock)
    zone = _zone(found["zone"] or found.get("zone_after") or b"")
    return None if seconds is None else (seconds, zone)


def _seconds(year: int, month: int, day: int, clock: tuple[int, int, int]) -> int | None:
    """Return the seconds that a clock shows; None if there is no such day or hour."""
    hour, minute, second = clock
    if hour > 23 or minute > 59 or second > 60:  # 60: a leap second
        return None
    try:
        days = date(year, month, day).toordinal() - _UNIX_EPOCH
    except ValueError:
        return None
    return days * _DAY + hour * 3600 + minute * 60 + second


def _month(name: bytes) -> int:
    """Return the month's number, 0 for an unknown one."""
    return int(name) if name.isdigit() else _MONTHS.get(name[:3].lower(), 0)


def _zone(text: bytes) -> int:
    """Return a zone's minutes east of Greenwich: ``+0100``, ``+1``, ``-700``, ``--500``, ``+01:00``, ``EDT``."""
    if text[:1].isalpha() or not text:
        return _ZONES.get(text.upper(), 0) * 60
    digits = text.lstrip(b"+-").replace(b":", b"")
    hours, minutes = (digits, b"0") if len(digits) <= 2 else (digits[:-2], digits[-2:])
    return _offset(text[:1], hours, minutes)


def _offset(sign: bytes, hours: bytes, minutes: bytes) -> int:
    total = int(hours) * 60 + int(
        minutes
    )  # real zones of ``-0060`` and ``+0480`` mean what they say
    if total > _FARTHEST_ZONE:
        return 0
    return -total if sign == b"-" else total


def _without_comments(value: bytes) -> bytes:
    """Return ``value`` with its comments, which may nest (RFC 5322 s. 3.2.2), each replaced by a space."""
    if b"(" not in value:
        return value
    pieces = []
    depth = start = 0
    for edge in _COMMENT_EDGE.finditer(value):
        if edge[0] == b"(":
            if not depth:
                pieces.append(value[start : edge.start()])
            depth += 1
        elif depth:
            depth -= 1
            start = edge.end()
    if not depth:
        pieces.append(value[start:])
    return b" ".join(pieces)
