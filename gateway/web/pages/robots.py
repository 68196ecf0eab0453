"""What crawlers are told: what they need not ask for, and where every message is. RFC 9309, sitemaps.org's protocol."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from gateway.web.answers import EVERY_LIST, Answer, not_found
from gateway.web.routes import route
from gateway.web.templates import date, render
from storage.days import day_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from gateway.web.asks import Ask
    from gateway.web.reading import Reading
    from storage.model import Entry, MailingList

__all__ = ["MAX_PARTS", "PART", "favicon", "robots", "sitemap", "sitemap_part"]

PART: Final = 10_000
"""Numbers of messages that one part of the sitemap tells of; the protocol allows 50 000 addresses and 50 MB."""

MAX_PARTS: Final = 50_000
"""Parts that the index names, as many as the protocol allows."""

_BATCH: Final = 200

_XML: Final = "application/xml; charset=utf-8"
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8"?>\n<{} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'

_DAY: Final = 86_400


@route("/robots.txt")
async def robots(reading: Reading, ask: Ask) -> Answer:
    """Tell crawlers to leave out searches and what is meant for programs, and where the sitemap is."""
    body = render("robots.txt", root=reading.urls.root, origin=ask.origin)
    return Answer(body, "text/plain; charset=utf-8", max_age=_DAY)


@route("/favicon.svg", "/favicon.ico")
async def favicon(reading: Reading, ask: Ask) -> Answer:
    """Show the sign of the archive."""
    return Answer(render("favicon.svg"), "image/svg+xml", max_age=_DAY)


@route("/sitemap.xml")
async def sitemap(reading: Reading, ask: Ask) -> Answer:
    """Tell crawlers where the parts of the sitemap are."""
    records = reading.lists()
    state = blake2b(digest_size=12)
    for record in records:
        state.update(f"{_state(record)} ".encode())
    return Answer(
        _index(reading, ask, records),
        _XML,
        lists=frozenset({EVERY_LIST}),
        etag=state.hexdigest(),
    )


@route("/{name}/{sitemap}")
async def sitemap_part(reading: Reading, ask: Ask, name: str, sitemap: int) -> Answer:
    """Tell crawlers where some messages of a list are, and the list itself."""
    record = reading.mailing_list(name)
    if sitemap not in _parts(record):
        raise not_found("The sitemap has no such part.")
    state = blake2b(_state(record).encode(), digest_size=12).hexdigest()
    return Answer(
        _messages(reading, ask, record, sitemap), _XML, lists=frozenset({name}), etag=state
    )


async def _index(
    reading: Reading, ask: Ask, records: Sequence[MailingList]
) -> AsyncIterator[bytes]:
    yield _HEAD.format("sitemapindex").encode()
    found: list[tuple[str, str]] = []
    named = 0
    for record in records:
        for part in _parts(record):
            if named == MAX_PARTS:
                break
            found.append((ask.origin + reading.urls.sitemap(record.name, part), ""))
            named += 1
            if len(found) == _BATCH:
                yield render("sitemap.xml", tag="sitemap", places=found)
                found = []
                await reading.breathe()
    yield render("sitemap.xml", tag="sitemap", places=found)
    yield b"</sitemapindex>\n"


async def _messages(
    reading: Reading, ask: Ask, record: MailingList, part: int
) -> AsyncIterator[bytes]:
    yield _HEAD.format("urlset").encode()
    if part == _parts(record)[0]:
        url = ask.origin + reading.urls.mailing_list(record.name)
        yield render("sitemap.xml", tag="url", places=[(url, "")])
    first = (part - 1) * PART + 1
    async for entries in reading.archive.entries(record.name, first, first + PART - 1):
        for at in range(0, len(entries), _BATCH):
            some = _places(reading, ask, record, entries[at : at + _BATCH])
            yield render("sitemap.xml", tag="url", places=some)
            await reading.breathe()
    yield b"</urlset>\n"


def _places(
    reading: Reading, ask: Ask, record: MailingList, entries: Sequence[Entry]
) -> Sequence[tuple[str, str]]:
    return [
        (
            ask.origin + reading.urls.message(record.name, entry.message_id),
            date(day_of(entry.arrived)),
        )
        for entry in entries
        if not record.is_hidden(entry.number)
    ]


def _parts(record: MailingList) -> range:
    """Return which parts a list's messages make: those before its first message are left out, but for an empty list."""
    first = (min(record.low, max(record.high, 1)) - 1) // PART + 1
    return range(first, (max(record.high, 1) - 1) // PART + 2)


def _state(record: MailingList) -> str:
    """Return what is another whenever something that is shown of a list is."""
    return f"{record.name} {record.validity} {record.revision} {record.high} {record.hidden}"
