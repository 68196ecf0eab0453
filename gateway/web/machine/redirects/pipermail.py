"""Mailman 2: ``/pipermail/LIST/2024-July/012345.html``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from gateway.web.machine.redirects.forms import form
from gateway.web.machine.redirects.names import list_called
from gateway.web.pages.calendars import MONTHS
from storage.days import date_of
from storage.errors import NoSuchMessage
from storage.model import MAX_NUMBER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.web.asks import Ask
    from gateway.web.reading import Reading
    from storage.model import MailingList

_LIST: Final = r"/(?:pipermail|mailman/(?:private|archives)|archives?)/(?P<list>[^/]+)"
_MONTHLY: Final = rf"(?P<year>[12]\d{{3}})-(?P<month>{'|'.join(MONTHS)})"
_PERIOD: Final = re.compile(
    rf"{_MONTHLY}"
    r"|(?P<quarters>[12]\d{3})q(?P<quarter>[1-4])"
    r"|(?:Week-of-Mon-)?(?P<days>[12]\d{3})(?P<days_month>0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
)


@form(rf"{_LIST}/?(?:index\.html|maillist\.html|threads\.html)?")
@form(r"/(?:cgi-bin/)?mailman/(?:listinfo|options|subscribe)(?:\.cgi)?/(?P<list>[^/]+)/?")
async def whole(reading: Reading, ask: Ask, at: Mapping[str, str]) -> str | None:
    """Lead to a list."""
    record = list_called(reading, at["list"])
    return reading.urls.mailing_list(record.name) if record else None


@form(rf"{_LIST}/(?P<year>[12]\d{{3}})(?:/(?:(?:thread|date|subject|author|index)\.html)?)?")
async def year(reading: Reading, ask: Ask, at: Mapping[str, str]) -> str | None:
    """Lead to a year."""
    record = list_called(reading, at["list"])
    return reading.urls.year(record.name, int(at["year"])) if record else None


@form(
    rf"{_LIST}/(?P<period>[^/.]{{5,24}})(?P<text>\.txt(?:\.gz)?|/(?:(?:thread|date|subject|author|index)\.html)?|)"
)
async def month(reading: Reading, ask: Ask, at: Mapping[str, str]) -> str | None:
    """Lead to a month, or to its mailbox; of a quarter, to its first month."""
    record, found = list_called(reading, at["list"]), _month(at["period"])
    if record is None or found is None:
        return None
    last = "month.mbox.gz" if at["text"].startswith(".txt") else ""
    return reading.urls.month(record.name, *found, last)


@form(rf"{_LIST}/(?P<period>[^/.]{{5,24}})/(?P<at>\d{{1,9}})\.html")
async def message(reading: Reading, ask: Ask, at: Mapping[str, str]) -> str | None:
    """Lead to a message by its number, where the message with it came in that month; otherwise to the month.

    Pipermail counts a list's messages from 0, in the order in which they came.
    """
    record, found = list_called(reading, at["list"]), _month(at["period"])
    if record is None or found is None:
        return None
    for number in (int(at["at"]) + 1, int(at["at"])):
        url = await _within(reading, record, number, found)
        if url is not None:
            return url
    return reading.urls.month(record.name, *found)


@form(rf"{_LIST}/attachments/(?P<period>\d{{8}})/.*+")
async def scrubbed(reading: Reading, ask: Ask, at: Mapping[str, str]) -> str | None:
    """Lead from an attachment that was taken out to the messages of its day."""
    record, found = list_called(reading, at["list"]), _month(at["period"])
    if record is None or found is None:
        return None
    return f"{reading.urls.month(record.name, *found)}{at['period'][6:]}/"


def _month(period: str) -> tuple[int, int] | None:
    """Return the month of a period, or the first of several."""
    found = _PERIOD.fullmatch(period)
    if found is None:
        return None
    if found["month"]:
        return int(found["year"]), MONTHS.index(found["month"]) + 1
    if found["quarter"]:
        return int(found["quarters"]), 3 * int(found["quarter"]) - 2
    return int(found["days"]), int(found["days_month"])


async def _within(
    reading: Reading, record: MailingList, number: int, month: tuple[int, int]
) -> str | None:
    """Return the address of a message, if it came in a month and is shown."""
    if not 0 < number <= MAX_NUMBER or record.is_hidden(number):
        return None
    try:
        entry = await reading.archive.entry(record.name, number)
    except NoSuchMessage:
        return None
    date = date_of(entry.day)
    if (date.year, date.month) != month:
        return None
    return reading.urls.message(record.name, entry.message_id)
