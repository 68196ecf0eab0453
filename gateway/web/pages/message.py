"""A message's page, in the order of blists: where to go from it, its header, what it says; then what else there is."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

from gateway.web.answers import EVERY_LIST
from gateway.web.pages.bodies import body
from gateway.web.pages.clients import opened_in, reply
from gateway.web.pages.drawings import drawing
from gateway.web.pages.fields import shown_date, shown_fields, shown_subject, veil
from gateway.web.pages.list_fields import list_links
from gateway.web.pages.located import by_id, by_place
from gateway.web.pages.neighbours import links, neighbours
from gateway.web.pages.outline import outlined
from gateway.web.pages.posting import posting_address
from gateway.web.pages.series import other_versions, parse_patch, search_for
from gateway.web.pages.thread import thread_links
from gateway.web.pages.threads import previews_of
from gateway.web.routes import route
from gateway.web.templates import page
from storage.message.dates import written_zone
from storage.message.fields import parse_header
from storage.model import Fidelity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.web.answers import Answer
    from gateway.web.asks import Ask
    from gateway.web.reading import Reading
    from storage.model import Location

FIDELITIES: Final = {
    Fidelity.PAGE: "This copy was made from another archive's web page: addresses may be shortened, attachments missing, "
    "and its place in the thread guessed.",
    Fidelity.TEXT: "This copy was made from another archive's text: most of the header is missing, and so may be attachments.",
    Fidelity.FULL: "",
}


@route("/{name}/m/{id}")
async def message(reading: Reading, ask: Ask, name: str, id: bytes) -> Answer:
    """Show the message with a Message-ID."""
    return await _message(reading, ask, name, await by_id(reading, name, id))


@route("/{name}/{year}/{month}/{day}/{place}")
async def placed(
    reading: Reading, ask: Ask, *, name: str, year: int, month: int, day: int, place: int
) -> Answer:
    """Show the message that has a place of a day: the same page, which names its permanent address."""
    number = await by_place(reading, name, year=year, month=month, day=day, place=place)
    return await _message(reading, ask, name, number)


async def _message(reading: Reading, ask: Ask, name: str, number: int) -> Answer:
    record = reading.mailing_list(name)
    served = await reading.served(name, number)
    entry = await reading.entry(name, number)
    shown = await body(reading, name, entry, served)
    header = parse_header(served.octets)
    veiled = veil(reading, name)
    subject = veiled(shown_subject(header))
    patch = parse_patch(subject)
    thread = await drawing(reading, name, number)
    near = neighbours(record, number, thread)
    elsewhere = await _elsewhere(reading, name, served.message_id)
    address = await posting_address(reading, record)
    is_veiled = reading.settings.is_obfuscated(name)
    return page(
        "message.html",
        reading,
        ask,
        subject or "(no subject)",
        name=name,
        lists=frozenset({EVERY_LIST}),  # what it links to may lie in any
        message_id=served.message_id,
        number=number,
        entry=entry,
        date=dt.date(1970, 1, 1) + dt.timedelta(entry.day),
        near=await links(reading, name, near, thread),
        written=veiled(shown_date(header)),
        sent=entry.received if entry.sent is None else entry.sent,
        zone=None if entry.sent is None else written_zone(header.first(b"date") or b""),
        fields=shown_fields(header, veiled),
        fidelity=FIDELITIES[entry.fidelity],
        body=shown,
        description=(await previews_of(reading, name, [number])).get(number, ""),
        thread=thread,
        thread_links=thread_links(reading.urls, name, thread, number),
        outline=await outlined(reading, name, thread, number),
        elsewhere=elsewhere,
        is_patch=patch is not None,
        versions=await other_versions(reading, name, number) if patch else (),
        versions_search=reading.urls.search(name, q=search_for(patch)) if patch else "",
        veiled=veiled,
        is_veiled=is_veiled,
        opened_in=opened_in(reading.settings, record, number, served.message_id),
        reply=reply(address, header, served.message_id, subject, is_veiled=is_veiled),
        address=address,
        list_links=await list_links(reading, record),
    )


async def _elsewhere(reading: Reading, name: str, message_id: bytes) -> Sequence[Location]:
    """Return where else the message is shown."""
    return [
        place
        for place in await reading.elsewhere(name, message_id)
        if not reading.mailing_list(place.name).is_hidden(place.number)
    ]
