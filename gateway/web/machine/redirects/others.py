"""Other archives that name messages by their ids, and the short names of lists that lists.openwall.net uses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote_from_bytes, urlencode

from gateway.web.machine.redirects.forms import WITH_AT, form
from gateway.web.machine.redirects.names import list_called, message_at
from gateway.web.urls import SAFE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.web.asks import Ask
    from gateway.web.reading import Reading

_ID: Final = r"(?P<id>[^/]+)"
_BENEATH: Final = {"flat/": ("flat",), "raw/": ("raw",), "/raw": ("raw",)}


@form(rf"/(?:mid|msgid|id|m|d/msgid/(?P<list>[^/]+)|msgid-search)/{_ID}/?")
@form(rf"/(?:message-id|m)/(?P<beneath>flat/|raw/){_ID}/?")
@form(rf"/message-id/{_ID}/?")
@form(rf"/mod_mbox/(?P<list>[^/]+)/\d{{6}}\.mbox/(?P<beneath>raw/)?{_ID}/?")
@form(rf"/~[^/]+/(?P<list>[^/]+)/{_ID}(?P<beneath>/raw)?")
@form(rf"/{WITH_AT}/?")
async def message(reading: Reading, ask: Ask, at: Mapping[str, str]) -> str | None:
    """Lead to a message by its id: as PostgreSQL, Debian, Google, Apache, SourceHut and mid.gmane.org had it."""
    record = list_called(reading, at.get("list", ""))
    return await message_at(reading, at["id"], record, *_BENEATH.get(at.get("beneath", ""), ()))


@form(r"/find-root\.php")
async def asked(reading: Reading, ask: Ask, at: Mapping[str, str]) -> str | None:
    """Lead to a message by the id that is asked for, as news.gmane.org had it."""
    return await message_at(reading, ask.query.get("message_id", ""))


@form(
    r"/mod_mbox/(?P<list>[^/]+)/(?P<year>[12]\d{3})(?P<month>0[1-9]|1[0-2])\.mbox/(?:thread|date|author|browser)?"
)
async def month(reading: Reading, ask: Ask, at: Mapping[str, str]) -> str | None:
    """Lead to a month, as Apache has it."""
    record = list_called(reading, at["list"])
    return reading.urls.month(record.name, int(at["year"]), int(at["month"])) if record else None


@form(r"/(?:mod_mbox|g|group|arch/browse)/(?P<list>[^/]+)/?")
@form(r"/(?P<list>(?=[^/]*(?:@|%40))[^/]++)/(?:(?:maillist|threads|index)\.html)?")
async def whole(reading: Reading, ask: Ask, at: Mapping[str, str]) -> str | None:
    """Lead to a list, as Apache, Google, the IETF and mail-archive.com have them."""
    record = list_called(reading, at["list"])
    return reading.urls.mailing_list(record.name) if record else None


@form(r"(?P<before>/lists)?/(?P<list>[^/]+)(?:/.*+)?")
async def renamed(reading: Reading, ask: Ask, at: Mapping[str, str]) -> str | None:
    """Lead to the same address with the name that a list has here, as lists.openwall.net has short ones."""
    record = list_called(reading, at["list"])
    if record is None or (record.name == at["list"] and not at["before"]):
        return None
    rest = ask.segments[2 if at["before"] else 1 :]
    if not rest:
        return reading.urls.mailing_list(record.name)
    url = "/".join(
        [reading.urls.at(record.name), *(quote_from_bytes(each, safe=SAFE) for each in rest)]
    )
    return url + (f"?{urlencode(ask.query)}" if ask.query else "")
