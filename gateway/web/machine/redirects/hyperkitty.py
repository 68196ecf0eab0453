"""Mailman 3: ``/hyperkitty/list/LIST@DOMAIN/message/HASH/``."""

from __future__ import annotations

import base64
import datetime as dt
from typing import TYPE_CHECKING, Final

from gateway.web.machine.redirects.forms import form
from gateway.web.machine.redirects.names import list_called, message_at
from storage.days import SHA1_OCTETS
from storage.errors import NoSuchMessage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.web.asks import Ask
    from gateway.web.reading import Reading
    from storage.model import MailingList

_ROOT: Final = r"(?:/mailman3)?(?:/hyperkitty|/archives|/lists)?"
_LIST: Final = rf"{_ROOT}(?:/api)?/list/(?P<list>[^/]+)"
_DOCUMENTS: Final = {"message": "", "email": "", "thread": "thread"}


@form(rf"{_LIST}/?(?:overview|latest|recent-threads|popular-threads|threads/?)?")
async def whole(reading: Reading, ask: Ask, at: Mapping[str, str]) -> str | None:
    """Lead to a list."""
    record = list_called(reading, at["list"])
    return reading.urls.mailing_list(record.name) if record else None


@form(rf"{_LIST}/feed/?")
async def feed(reading: Reading, ask: Ask, at: Mapping[str, str]) -> str | None:
    """Lead to a list's feed."""
    record = list_called(reading, at["list"])
    return reading.urls.at(record.name, "list.atom") if record else None


@form(rf"{_LIST}/(?P<year>[12]\d{{3}})/(?P<month>1[0-2]|0?[1-9])/?")
async def month(reading: Reading, ask: Ask, at: Mapping[str, str]) -> str | None:
    """Lead to a month."""
    record = list_called(reading, at["list"])
    return reading.urls.month(record.name, int(at["year"]), int(at["month"])) if record else None


@form(rf"{_LIST}/(?P<year>[12]\d{{3}})/(?P<month>1[0-2]|0?[1-9])/(?P<day>3[01]|[12]\d|0?[1-9])/?")
async def day(reading: Reading, ask: Ask, at: Mapping[str, str]) -> str | None:
    """Lead to a day."""
    record = list_called(reading, at["list"])
    if record is None:
        return None
    return (
        f"{reading.urls.month(record.name, int(at['year']), int(at['month']))}{int(at['day']):02}/"
    )


@form(rf"{_LIST}/(?P<kind>message|email|thread)/(?P<hash>[A-Z2-7]{{32}})(?:/.*+)?")
async def message(reading: Reading, ask: Ask, at: Mapping[str, str]) -> str | None:
    """Lead to a message, or to the thread of one, by the hash of its id."""
    record = list_called(reading, at["list"])
    if record is None:
        return None
    last = _DOCUMENTS[at["kind"]]
    return await _hashed(reading, record, at["hash"], *([last] if last else []))


@form(rf"{_LIST}/export/(?:.*+)")
async def export(reading: Reading, ask: Ask, at: Mapping[str, str]) -> str | None:
    """Lead to the mailbox of a thread, or of a month."""
    record = list_called(reading, at["list"])
    if record is None:
        return None
    if "thread" in ask.query:
        return await _hashed(reading, record, ask.query["thread"], "thread.mbox.gz")
    try:
        start = dt.date.fromisoformat(ask.query.get("start", ""))
        end = dt.date.fromisoformat(ask.query.get("end", ""))
    except ValueError:
        return None
    if start.day != 1 or not start < end <= start + dt.timedelta(days=31):
        return None
    return reading.urls.month(record.name, start.year, start.month, "month.mbox.gz")


@form(rf"{_ROOT}/search/?")
async def search(reading: Reading, ask: Ask, at: Mapping[str, str]) -> str | None:
    """Lead to a search."""
    record = list_called(reading, ask.query.get("mlist", ""))
    return reading.urls.search(record.name if record else "", q=ask.query.get("q", ""))


async def _hashed(reading: Reading, record: MailingList, text: str, *last: str) -> str | None:
    """Return the address of what is beneath the message whose id has a SHA-1 (``storage.days``), given in base32."""
    try:
        digest = base64.b32decode(text)
    except ValueError:
        return None
    if len(digest) != SHA1_OCTETS:
        return None
    for number in await reading.archive.hashed(record.name, digest):
        try:
            entry = await reading.archive.entry(record.name, number)
        except NoSuchMessage:
            continue
        return await message_at(reading, entry.message_id.decode("ascii"), record, *last)
    return None
