"""A message's original octets, and its attachments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.web.answers import Answer, not_found
from gateway.web.body import fetching, obfuscating
from gateway.web.pages.bodies import finished
from gateway.web.pages.located import by_id, by_place
from gateway.web.routes import route
from storage.errors import NoSuchMessage
from storage.model import Fidelity

if TYPE_CHECKING:
    from gateway.web.asks import Ask
    from gateway.web.reading import Reading

HOUR: Final = 3600
"""Seconds for which a message may be kept that does not change but may be hidden, removed or have its addresses shortened."""


@route("/{name}/m/{id}/raw")
async def raw(reading: Reading, ask: Ask, name: str, id: bytes) -> Answer:
    """Give a message as it came, as text; where addresses are shortened, in its served form with that done."""
    number = await by_id(reading, name, id)
    if reading.settings.is_obfuscated(name):
        octets = await _obfuscated(reading, (await reading.served(name, number)).octets)
    else:
        octets = await _original(reading, name, number)
    return Answer(
        octets,
        "text/plain; charset=utf-8",
        lists=frozenset({name}),
        max_age=HOUR,
        changed=await _changed(reading, name, number),
        is_indexed=False,
    )


async def _obfuscated(reading: Reading, octets: bytes) -> bytes:
    pieces = []
    for piece in obfuscating(octets):
        pieces.append(piece)
        await reading.breathe()
    return b"".join(pieces)


async def _original(reading: Reading, name: str, number: int) -> bytes:
    try:
        return await reading.archive.raw(name, number)
    except NoSuchMessage:
        raise not_found("There is no such message in this list.") from None


@route("/{name}/m/{id}/{part}")
async def attachment(reading: Reading, ask: Ask, name: str, id: bytes, part: int) -> Answer:
    """Give an attachment of the message with a Message-ID."""
    return await _attachment(reading, name, await by_id(reading, name, id), part)


@route("/{name}/{year}/{month}/{day}/{place}/{part}")
async def placed_attachment(
    reading: Reading, ask: Ask, *, name: str, year: int, month: int, day: int, place: int, part: int
) -> Answer:
    """Give an attachment of the message that has a place of a day."""
    number = await by_place(reading, name, year=year, month=month, day=day, place=place)
    return await _attachment(reading, name, number, part)


async def _attachment(reading: Reading, name: str, number: int, at: int) -> Answer:
    octets = (await reading.served(name, number)).octets
    steps = fetching(octets, at, obfuscate=reading.settings.is_obfuscated(name))
    given = await finished(reading, steps)
    if given is None:
        raise not_found("The message has no such attachment.")
    return Answer(
        given.data,
        given.content_type,
        lists=frozenset({name}),
        max_age=HOUR,
        changed=await _changed(reading, name, number),
        headers={"Content-Disposition": given.disposition},
    )


async def _changed(reading: Reading, name: str, number: int) -> int | None:
    """Return since when a message is what it is; None where a better copy may take its place."""
    entry = await reading.entry(name, number)
    return entry.arrived if entry.fidelity is Fidelity.FULL else None
