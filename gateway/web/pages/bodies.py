"""A message's body as it stands on pages, with what it mentions looked up; those shown last are kept.

A message is shown on its own page and in its thread, nested and flat, with the same body: only what it mentions may come
into the archive later.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

from gateway.web.body import parsing, render
from gateway.web.machine.archived import archived_id

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from markupsafe import Markup

    from gateway.web.body import Parsed
    from gateway.web.reading import Reading
    from storage.archive import Archive
    from storage.model import Entry, Location, Served

T = TypeVar("T")

__all__ = ["MAX_KEPT_CHARACTERS", "AttachmentLink", "Body", "body", "finished"]

MAX_KEPT_CHARACTERS: Final = 24 << 20
"""Characters of bodies that are kept for an archive."""

_WEIGHT: Final = 1000  # characters that what is kept of a body takes besides
_Key = tuple[str, str, int, bytes, bool]


class AttachmentLink(NamedTuple):
    """What a page tells of an attachment: its address, name, media type, and size in octets."""

    url: str
    name: str
    media_type: str
    size: int


@dataclass(frozen=True, slots=True)
class Body:
    """What a page shows of a message; ``left_out`` tells how many octets of text are too many to be shown."""

    html: Markup
    attachments: Sequence[AttachmentLink]
    left_out: int


@dataclass(frozen=True, slots=True)
class _Made:
    """A body, and what it was rendered from if it mentions messages: then it is rendered anew."""

    body: Body
    parsed: Parsed | None


class _Kept:
    """Bodies by where the message lies, its digest, and whether addresses in them are shortened."""

    def __init__(self) -> None:
        self._made: OrderedDict[_Key, _Made] = OrderedDict()
        self._weight = 0

    def get(self, key: _Key) -> _Made | None:
        made = self._made.get(key)
        if made is not None:
            self._made.move_to_end(key)
        return made

    def put(self, key: _Key, made: _Made) -> None:
        if key in self._made or _weight(made) > MAX_KEPT_CHARACTERS // 8:
            return
        self._made[key] = made
        self._weight += _weight(made)
        while self._weight > MAX_KEPT_CHARACTERS:
            _, old = self._made.popitem(last=False)
            self._weight -= _weight(old)


_kept: Final[WeakKeyDictionary[Archive, _Kept]] = WeakKeyDictionary()


async def body(reading: Reading, name: str, entry: Entry, served: Served | None = None) -> Body:
    """Return what a page shows of a message, which is read if it is not given and is needed.

    Raises:
        Refusal: the list has no such message.
    """
    hides = reading.settings.is_obfuscated(name)
    kept = _kept.setdefault(reading.archive, _Kept())
    key = reading.urls.root, name, entry.number, entry.digest, hides
    made = kept.get(key)
    if made is None:
        if served is None:
            served = await reading.served(name, entry.number)
        made = await _made(reading, name, entry, served, hides=hides)
        kept.put(key, made)
    elif made.parsed is not None:
        html = await _rendered(reading, name, entry.message_id, made.parsed)
        return replace(made.body, html=html)
    return made.body


async def _made(reading: Reading, name: str, entry: Entry, served: Served, *, hides: bool) -> _Made:
    steps = parsing(
        served.octets, obfuscate=hides, anchor=f"m{entry.number}-", archived_id=archived_id
    )
    parsed = await finished(reading, steps)
    url = reading.urls.attachment
    links = [
        AttachmentLink(url(name, entry.message_id, each.at), each.name, each.media_type, each.size)
        for each in parsed.attachments
    ]
    html = await _rendered(reading, name, entry.message_id, parsed)
    made = Body(html, links, parsed.left_out)
    lean = replace(parsed, attachments=(), texts=())  # what else is kept of it holds the message
    return _Made(made, lean if parsed.mentioned else None)


async def finished(reading: Reading, steps: Generator[None, None, T]) -> T:
    """Return what comes of work in steps, between which others get their turn."""
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            found: T = stop.value
            return found
        await reading.breathe()


async def _rendered(reading: Reading, name: str, message_id: bytes, parsed: Parsed) -> Markup:
    known = await _known(reading, name, parsed.mentioned)
    return render(parsed, known, lambda at: reading.urls.attachment(name, message_id, at))


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


def _weight(made: _Made) -> int:
    size = len(made.body.html) + _WEIGHT * (1 + len(made.body.attachments))
    return size if made.parsed is None else 3 * size
