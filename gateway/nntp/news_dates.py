"""Dates as a news server reads them: whether it finds one, and which.

It looks for ``day month year hour:minute[:second]`` behind whatever stands for a weekday, in that order and no other, and
forgives what follows. This is what INN does, which most news servers are; what it cannot read it refuses.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Final

__all__ = ["news_date"]

_MONTHS: Final = (
    b"January", b"February", b"March", b"April", b"May", b"June", b"July", b"August", b"September", b"October",
    b"November", b"December",
)  # fmt: skip  # a list of words
_MONTH_NUMBERS: Final = {
    name.lower(): number
    for number, month in enumerate(_MONTHS, 1)
    for name in (month, month[:3], month[:3] + b".")
}
_ZONES: Final = {  # minutes east of Greenwich
    name: minutes
    for minutes, names in (
        (-600, b"HAST HST"), (-540, b"AKST HADT YST"), (-480, b"PST AKDT YDT"), (-420, b"MST PDT"),
        (-360, b"CST MDT"), (-300, b"EST CDT"), (-240, b"EDT AST"), (-210, b"NST"), (-180, b"ADT"), (-150, b"NDT"),
        (60, b"BST MEZ CET MET"), (120, b"CES CEST MEZT EET"), (180, b"MSK"), (240, b"MSD"),
        (480, b"WAST HKT CCT"), (540, b"WADT JST KST KDT"), (570, b"CAST"), (600, b"EAST"), (630, b"CADT"),
        (660, b"EADT"), (720, b"NZST"),
    )
    for name in names.split()
}  # fmt: skip  # one row an offset reads better; what is not here counts as Greenwich, as it does there

_CUT_SHORT: Final = frozenset(  # INN takes each for the whole name, and reads on behind where the date ends
    name[:length]
    for name in (b"GMT", b"EDT", b"EST", b"CDT", b"CST", b"MDT", b"MST", b"PDT", b"PST", b"UT")
    for length in range(1, len(name))
)
_MAX_DATE: Final = 998  # octets: a line (RFC 5536 s. 2.2)
_COMMENT_EDGE: Final = re.compile(rb"[()\\]")
_START: Final = re.compile(rb"[\d,]")
_BLANKS: Final = b" \t\r\n"
_DATE: Final = re.compile(
    rb"(\d{1,2}+)_([A-Za-z]++\.?+)_(\d{2,4}+)_(\d{1,2}+)_:_(\d{1,2}+)_(?::_(\d{1,2}+)_)?+(?!:)".replace(
        b"_", rb"[ \t\r\n]*+"
    )
)
_NUMERIC_ZONE: Final = re.compile(rb"([+-])(\d{1,5}+)[ \t\r\n]*+")
_NAMED_ZONE: Final = re.compile(rb"([A-Za-z]++)[ \t\r\n]*+")
_UNIX_EPOCH: Final = date(1970, 1, 1).toordinal()


def news_date(value: bytes) -> int | None:
    """Return the time that a news server takes a Date or Injection-Date for, or None where it refuses it.

    A zone that is missing or unknown counts as UTC. RFC 5322 s. 3.3 and s. 4.3, and more.
    """
    if len(value) > _MAX_DATE:
        return None
    text = _without_leading_comments(value)
    start = _START.search(text)
    if start is None:
        return None
    at = start.end() if start[0] == b"," else start.start()
    text = _without_comments(text[at:]).lstrip(_BLANKS)
    match = _DATE.match(text)
    seconds = None if match is None else _seconds(match)
    if match is None or seconds is None:
        return None
    offset = _offset(text[match.end() :])
    time = None if offset is None else seconds - 60 * offset
    return None if time == -1 else time  # which in C means none


def _seconds(match: re.Match[bytes]) -> int | None:
    """Return what the clock shows; None where there is no such day or hour, or it is before 1970."""
    day, year, hour, minute, second = (int(match[group] or 0) for group in (1, 3, 4, 5, 6))
    month = _MONTH_NUMBERS.get(match[2].lower(), 0)
    if year < 50:
        year += 2000
    elif year < 1000:
        year += 1900
    if hour > 23 or minute > 59 or second > 60 or year < 1970:
        return None
    try:
        days = date(year, month, day).toordinal() - _UNIX_EPOCH
    except ValueError:
        return None
    return days * 86_400 + hour * 3600 + minute * 60 + second


def _offset(text: bytes) -> int | None:
    """Return the minutes east of Greenwich that the last zone says.

    None where a sign is followed by no number, or where it cannot be said what is read.
    """
    offset = at = 0
    while at < len(text):
        if text[at] in b"+-":
            zone = _NUMERIC_ZONE.match(text, at)
            if zone is None:
                return None
            hours, minutes = divmod(int(zone[2]), 100) if len(zone[2]) > 2 else (int(zone[2]), 0)
            offset = (hours * 60 + minutes) * (1 if zone[1] == b"+" else -1)
        else:
            zone = _NAMED_ZONE.match(text, at)
            if zone is None:
                return 0
            name = zone[1].upper()
            if name in _CUT_SHORT:
                return None
            offset = _ZONES.get(name, 0)
        at = zone.end()
    return offset


def _without_leading_comments(value: bytes) -> bytes:
    value = value.lstrip(_BLANKS)
    while value.startswith(b"("):
        value = value[_comment_end(value, 0) :].lstrip(_BLANKS)
    return value


def _without_comments(value: bytes) -> bytes:
    """Return ``value`` with each comment replaced by a space; one that never ends takes the rest."""
    pieces = []
    at = 0
    while (start := value.find(b"(", at)) >= 0:
        pieces.append(value[at:start])
        at = _comment_end(value, start)
    return b" ".join([*pieces, value[at:]])


def _comment_end(value: bytes, start: int) -> int:
    """Return where the comment that starts at ``start`` is over; comments nest (RFC 5322 s. 3.2.2)."""
    depth, at = 0, start
    while edge := _COMMENT_EDGE.search(value, at):
        at = edge.end()
        if edge[0] == b"\\":
            at += 1
        else:
            depth += 1 if edge[0] == b"(" else -1
            if not depth:
                return at
    return len(value)
