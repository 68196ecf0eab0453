"""A message's body as it stands on a page, with what it mentions looked up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.web.body import parsing, render
from gateway.web.machine.archived import archived_id
from storage.message.structure import structure

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from markupsafe import Markup

    from gateway.web.body import Parsed
    from gateway.web.reading import Reading
    from storage.message.fields import Header
    from storage.model import Location, Served

__all__ = ["Body", "body"]


@dataclass(frozen=True, slots=True)
class Body:
    """A message's header, what was made of its body, and that as HTML."""

    header: Header
    parsed: Parsed
    html: Markup


async def body(reading: Reading, name: str, served: Served, anchor: str = "") -> Body:
    """Return what a page shows of a message; ``anchor`` is put before the names of anchors in it."""
    root = structure(served.octets)
    steps = parsing(
        served.octets,
        obfuscate=reading.settings.is_obfuscated(name),
        anchor=anchor,
        archived_id=archived_id,
        root=root,
    )
    parsed = await _done(reading, steps)
    known = await _known(reading, name, parsed.mentioned)
    made = render(parsed, known, lambda at: reading.urls.attachment(name, served.message_id, at))
    return Body(root.header, parsed, made)


async def _done(reading: Reading, steps: Generator[None, None, Parsed]) -> Parsed:
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            parsed: Parsed = stop.value
            return parsed
        await reading.breathe()


async def _known(reading: Reading, name: str, ids: Sequence[bytes]) -> Mapping[bytes, str]:
    """Return the addresses of those messages that may be read here, in this list if they are in it."""
    known = {}
    for message_id in ids:
        found = await reading.archive.find(message_id)
        place = _nearest(reading, name, found)
        if place is not None:
            known[message_id] = reading.urls.message(place.name, message_id)
    return known


def _nearest(reading: Reading, name: str, places: Sequence[Location]) -> Location | None:
    shown = [
        place
        for place in places
        if reading.access.readable(place.name)
        and not reading.archive.mailing_list(place.name).is_hidden(place.number)
    ]
    return next((place for place in shown if place.name == name), shown[0] if shown else None)
