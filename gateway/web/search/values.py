"""The values that stand behind a name and a colon in what is searched for: dates, sizes, names of lists, Message-IDs."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Final

from gateway.web.search.tree import EPOCH, Dated, Feature, Has, Listed, Named, Sized

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gateway.web.search.tree import Tree

__all__ = ["VALUES", "QueryFault"]

_DATE: Final = re.compile(r"([0-9]{4})(?:([-/.]?)([0-9]{2})(?:\2([0-9]{2}))?)?")
_SIZE: Final = re.compile(r"([0-9]{1,12})([kKmM]?)(?:i?[bB])?")
_UNITS: Final = {"": 1, "k": 1 << 10, "m": 1 << 20}
_LIST: Final = re.compile(r"[A-Za-z0-9+_-]+(?:\.[A-Za-z0-9+_-]+)*(?:\.?\*)?|\*")
_MAX_LIST: Final = 200
_MAX_ID: Final = 500
_FIRST_YEAR: Final = 1
_LAST: Final = dt.date(9999, 12, 31).toordinal() - EPOCH
_FEATURES: Final = {
    "patch": Feature.PATCH,
    "patches": Feature.PATCH,
    "diff": Feature.PATCH,
    "attachment": Feature.ATTACHMENT,
    "attachments": Feature.ATTACHMENT,
}


class QueryFault(ValueError):
    """What is typed is not understood: a sentence for whoever typed it."""


def _before(text: str) -> Tree:
    first, _ = _days(text)
    return Dated(None, first)


def _after(text: str) -> Tree:
    first, _ = _days(text)
    return Dated(first, None)


def _date(text: str) -> Tree:
    start, dots, end = text.partition("..")
    if not dots:
        return Dated(*_days(text))
    since = _days(start)[0] if start else None
    before = _days(end)[1] if end else None
    if since is None and before is None:
        raise _no_date(text)
    if since is not None and before is not None and before <= since:
        raise QueryFault(f"“{text}” ends before it begins.")
    if before is not None and since is None and before > _LAST:
        since = -EPOCH + 1  # all there is: no day can be written behind the last
    return Dated(since, before)


def _days(text: str) -> tuple[int, int]:
    """Return the first day of a year, a month or a day, and the first behind it."""
    found = _DATE.fullmatch(text)
    if not found or int(found[1]) < _FIRST_YEAR:
        raise _no_date(text)
    year, month, day = int(found[1]), int(found[3] or 1), int(found[4] or 1)
    try:
        first = dt.date(year, month, day).toordinal() - EPOCH
    except ValueError:
        raise _no_date(text) from None
    if found[4]:
        return first, first + 1
    month += 1 if found[3] else 12
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    return first, _LAST + 1 if year > 9999 else dt.date(year, month, 1).toordinal() - EPOCH


def _no_date(text: str) -> QueryFault:
    return QueryFault(
        f"“{text}” is no date. Write a day as 2024-07-28, a month as 2024-07, a year as 2024, "
        f"or from one to another as date:2024-07..2024-09."
    )


def _larger(text: str) -> Tree:
    return Sized(_octets(text), is_larger=True)


def _smaller(text: str) -> Tree:
    return Sized(_octets(text), is_larger=False)


def _octets(text: str) -> int:
    found = _SIZE.fullmatch(text)
    if not found:
        raise QueryFault(f"“{text}” is no size. Write a number of octets as 5000, 20k or 1M.")
    return int(found[1]) * _UNITS[found[2].lower()]


def _list(text: str) -> Tree:
    if len(text) > _MAX_LIST or not _LIST.fullmatch(text):
        raise QueryFault(
            f"“{text}” is no name of a list. Write it whole, or its last part, or its beginning as in list:lists.*"
        )
    return Listed(text.lower())


def _has(text: str) -> Tree:
    feature = _FEATURES.get(text.lower())
    if feature is None:
        raise QueryFault(f"“has:{text}” is not understood: there are has:patch and has:attachment.")
    return Has(feature)


def _id(text: str) -> Tree:
    bare = "".join(text.split()).removeprefix("<").partition(">")[0]
    if not bare or "<" in bare or len(bare) > _MAX_ID:
        raise QueryFault("Behind id: comes a Message-ID, as in id:20240728.1234@example.org")
    return Named(f"<{bare}>".encode())


VALUES: Final[Mapping[str, Callable[[str], Tree]]] = {
    "before": _before,
    "after": _after,
    "since": _after,
    "date": _date,
    "d": _date,
    "dt": _date,
    "rt": _date,
    "larger": _larger,
    "smaller": _smaller,
    "list": _list,
    "l": _list,
    "has": _has,
    "id": _id,
    "m": _id,
    "mid": _id,
    "msgid": _id,
}
"""What reads the value behind a name; each raises ``QueryFault`` where that is none."""
