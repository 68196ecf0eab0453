"""Feeds of what was written last: to a list, in a thread, to any list. RFC 4287, with the threads of RFC 4685."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import NAMESPACE_URL, uuid5

from markupsafe import escape

from gateway.web.answers import EVERY_LIST, Answer
from gateway.web.machine.documents import bare, moment, veiled
from gateway.web.machine.entries import ORIGIN, entries, xml_text
from gateway.web.machine.gathering import thread_of
from gateway.web.machine.lists import LATEST
from gateway.web.newest import latest_numbers, received_at, shown_below
from gateway.web.reading import NO_SUBJECT
from gateway.web.routes import route
from gateway.web.templates import render

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.web.asks import Ask
    from gateway.web.machine.entries import FeedEntry
    from gateway.web.reading import Reading
    from storage.model import MailingList

__all__ = ["ATOM", "Feed", "feed", "feed_id"]

ATOM: Final = "application/atom+xml; charset=utf-8"

_NAMESPACE: Final = uuid5(NAMESPACE_URL, "https://listgate.invalid/feeds")
_END: Final = b"</feed>\n"


@dataclass(frozen=True, slots=True)
class Feed:
    """What is said of a feed before its entries; ``own`` and ``shown`` are addresses of it and of the web page it is of."""

    id: str
    title: str
    own: str
    shown: str
    subtitle: str = ""
    updated: str = ""


@route("/{name}/list.atom")
async def of_list(reading: Reading, ask: Ask, name: str) -> Answer:
    """Send what was written to a list last."""
    record = reading.mailing_list(name)
    about = Feed(
        feed_id("list", name),
        name,
        reading.urls.at(name, "list.atom"),
        reading.urls.mailing_list(name),
        record.description,
    )
    found = await entries(reading, name, latest_numbers(record, LATEST))
    return feed(reading, ask, about, found, frozenset({name}), created=record.created)


@route("/{name}/m/{id}/thread.atom")
async def of_thread(reading: Reading, ask: Ask, name: str, id: bytes) -> Answer:
    """Send what was written in a thread last."""
    thread = await thread_of(reading, name, id)
    rows = await reading.rows(name, [thread.first_number])
    subject = "".join(row.subject for row in rows.values())
    about = Feed(
        feed_id("thread", name, bare(thread.first)),
        f"{veiled(reading, name, subject) or NO_SUBJECT} - {name}",
        reading.urls.message(name, id, "thread.atom"),
        reading.urls.thread(name, thread.first),
    )
    found = await entries(reading, name, heapq.nlargest(LATEST, thread.at))
    return feed(reading, ask, about, found, frozenset({name}))


@route("/lists.atom")
async def of_every_list(reading: Reading, ask: Ask) -> Answer:
    """Send what was written last to any list."""
    about = Feed(
        feed_id("lists"),
        reading.settings.title,
        reading.urls.at("", "lists.atom"),
        reading.urls.home(),
    )
    found = [
        entry
        for name, number in await _latest(reading)
        for entry in await entries(reading, name, [number])
    ]
    return feed(reading, ask, about, found, frozenset({EVERY_LIST}))


def feed(
    reading: Reading,
    ask: Ask,
    about: Feed,
    found: Sequence[FeedEntry],
    lists: frozenset[str],
    *,
    created: int = 0,
) -> Answer:
    """Return an answer with a feed of entries, in their order, of each message one.

    ``created`` is when it was last changed if there are none.
    """
    updated = max((entry.received for entry in found), default=created)
    origin = reading.settings.origin or ask.origin
    head = render(
        "atom.xml",
        feed=Feed(
            about.id,
            xml_text(about.title),
            origin + about.own,
            origin + about.shown,
            xml_text(about.subtitle),
            moment(updated),
        ),
    )
    written = b"".join({entry.message_id: entry.written for entry in found}.values())
    body = head + b"\n" + written.replace(ORIGIN.encode(), str(escape(origin)).encode()) + _END
    return Answer(body, ATOM, lists=lists, is_indexed=False)


async def _latest(reading: Reading) -> Sequence[tuple[str, int]]:
    """Return the messages that lists received last, the newest first, by list and number."""
    queue: list[tuple[int, str, int]] = []
    for record in reading.lists():
        await _push(reading, queue, record, record.high + 1)
        await reading.breathe()
    found: list[tuple[str, int]] = []
    while queue and len(found) < LATEST:
        _, name, number = heapq.heappop(queue)
        found.append((name, number))
        await _push(reading, queue, reading.mailing_list(name), number)
    return found


async def _push(
    reading: Reading, queue: list[tuple[int, str, int]], record: MailingList, below: int
) -> None:
    """Put into a queue the last message of a list below a number; one that has gone ends its list."""
    number = shown_below(record, below)
    received = await received_at(reading, record, number)
    if number is not None and received is not None:
        heapq.heappush(queue, (-received, record.name, number))


def feed_id(*what: str) -> str:
    """Return what a feed is called, whatever its address."""
    return uuid5(_NAMESPACE, "\n".join(what)).urn
