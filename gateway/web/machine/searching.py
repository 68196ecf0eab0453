"""What a search finds, for programs: as a document, as a feed, as a mailbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from gateway.web.answers import EVERY_LIST, Answer, Refusal
from gateway.web.machine.atom import Feed, feed, feed_id
from gateway.web.machine.documents import document, moment, row_document
from gateway.web.machine.entries import entries
from gateway.web.machine.lists import LATEST
from gateway.web.machine.mbox import mailbox
from gateway.web.routes import route
from gateway.web.search.finding import best, found, look, scope
from gateway.web.search.grammar import QueryFault, parse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from gateway.web.asks import Ask
    from gateway.web.reading import Reading
    from gateway.web.search.finding import Found
    from gateway.web.search.tree import Tree
    from storage.model import Location

__all__: Sequence[str] = []

MAX_RESULTS: Final = 100
"""Messages of one document; ``next`` is where to find more."""

MAX_MAILBOX: Final = 10_000
"""Messages of a mailbox, the newest ones."""

_SORTS: Final = ("newest", "best")


@route("/search.json", "/{name}/search.json")
async def as_document(reading: Reading, ask: Ask, name: str = "") -> Answer:
    """Tell of the messages that a search finds, and where there are more."""
    tree, query = _tree(reading, ask, name)
    sort = ask.query.get("sort", _SORTS[0])
    if sort not in _SORTS:
        raise Refusal(400, f"Results can be sorted by {' or '.join(_SORTS)}.")
    if sort == "best":
        result = await best(reading, tree, name)
    else:
        result = await look(
            reading, tree, name, most=MAX_RESULTS, before=ask.query.get("before", "")
        )
    shown = result.places[:MAX_RESULTS]
    more = ""
    if result.before:
        more = reading.urls.search(name, "search.json", q=query, before=result.before)
    return document(
        {
            "query": query,
            "sort": sort,
            "is_complete": not (result.is_cut or result.is_full or len(shown) < len(result.places)),
            "searched_since": None if result.since is None else moment(result.since),
            "next": more or None,
            "url": reading.urls.search(name, q=query),
            "mailbox": reading.urls.search(name, "search.mbox.gz", q=query),
            "feed": reading.urls.search(name, "search.atom", q=query),
            "messages": await _rows(reading, shown),
        },
        _lists(name),
    )


@route("/search.atom", "/{name}/search.atom")
async def as_feed(reading: Reading, ask: Ask, name: str = "") -> Answer:
    """Send the newest of what a search finds."""
    tree, query = _tree(reading, ask, name)
    result: Found = await look(reading, tree, name, most=LATEST)
    about = Feed(
        feed_id("search", name, query),
        f"{query} - {name or reading.settings.title}",
        reading.urls.search(name, "search.atom", q=query),
        reading.urls.search(name, q=query),
    )
    made = [
        entry
        for each in result.places
        for entry in await entries(reading, each.name, [each.number])
    ]
    return feed(reading, ask, about, made, _lists(name))


@route("/search.mbox.gz", "/{name}/search.mbox.gz")
async def as_mailbox(reading: Reading, ask: Ask, name: str = "") -> Answer:
    """Send the messages that a search finds, the newest first."""
    tree, _ = _tree(reading, ask, name)
    names = scope(reading, name)
    called = f"{name}-search" if name else "search"
    messages = _bounded(found(reading, tree, name))
    return await mailbox(reading, messages, names=names, called=called, lists=_lists(name))


def _tree(reading: Reading, ask: Ask, name: str) -> tuple[Tree, str]:
    """Return what is looked for, and how it was written.

    Raises:
        Refusal: there is no such list, or nothing is looked for that is understood.
    """
    if name:
        reading.mailing_list(name)
    query = ask.query.get("q", "")
    try:
        return parse(query), query
    except QueryFault as fault:
        raise Refusal(400, str(fault)) from None


async def _bounded(places: AsyncIterator[Location]) -> AsyncIterator[tuple[str, int]]:
    count = 0
    async for place in places:
        yield place.name, place.number
        count += 1
        if count == MAX_MAILBOX:
            return


async def _rows(reading: Reading, places: Sequence[Location]) -> list[dict[str, Any]]:
    """Return what a document says of messages, in their order; one that has gone is left out."""
    by_list: dict[str, list[int]] = {}
    for place in places:
        by_list.setdefault(place.name, []).append(place.number)
    rows = {name: await reading.rows(name, numbers) for name, numbers in by_list.items()}
    return [
        {
            "list": place.name,
            **row_document(reading, place.name, rows[place.name][place.number]),
        }
        for place in places
        if place.number in rows[place.name]
    ]


def _lists(name: str) -> frozenset[str]:
    return frozenset({name or EVERY_LIST})
