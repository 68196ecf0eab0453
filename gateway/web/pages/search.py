"""Search: what was found, the newest or the best first, each with the lines that show it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from gateway.web.answers import EVERY_LIST, redirect
from gateway.web.pages.lines import lines_of
from gateway.web.routes import route
from gateway.web.search.excerpts import excerpt
from gateway.web.search.finding import MAX_RANKED, Budget, best, look
from gateway.web.search.grammar import QueryFault, parse
from gateway.web.search.marking import marks_of
from gateway.web.search.tree import Named
from gateway.web.templates import page
from storage.errors import NoSuchMessage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.web.answers import Answer
    from gateway.web.asks import Ask
    from gateway.web.pages.lines import Line
    from gateway.web.reading import Reading
    from gateway.web.search.finding import Found
    from gateway.web.search.marking import Marks, Piece
    from gateway.web.search.tree import Tree
    from storage.model import Location

__all__ = ["RESULTS", "Result", "search"]

RESULTS: Final = 50
"""Messages on a web page."""

_MAX_TITLE: Final = 60  # characters of what is looked for
_LAST_PAGE: Final = MAX_RANKED // RESULTS


@dataclass(frozen=True, slots=True)
class Result:
    """A message that was found: in which list, under which address, and what is shown of it, in marked pieces."""

    name: str
    url: str
    subject: Sequence[Piece]
    author: Sequence[Piece]
    date: str
    time: str
    lines: Sequence[Sequence[Piece]]


@route("/search", "/{name}/search")
async def search(reading: Reading, ask: Ask, name: str = "") -> Answer:
    """Show what is found in a list, or in all."""
    if name:
        reading.mailing_list(name)
    query = ask.query.get("q", "")
    if not query.strip():
        return _shown(reading, ask, name, "Search", state="empty")
    try:
        tree = parse(query)
    except QueryFault as fault:
        shown = _shown(reading, ask, name, "Search", state="fault", text=str(fault))
        return replace(shown, status=400)
    if isinstance(tree, Named):
        url = await _named(reading, tree, name)
        if url:
            return redirect(url, _lists(name))
    title = f"Search: {' '.join(query.split())[:_MAX_TITLE]}"
    if ask.query.get("sort") == "best":
        return await _best(reading, ask, name, tree, title)
    before = ask.query.get("before", "")
    found = await look(reading, tree, name, most=RESULTS, before=before)
    more = reading.urls.search(name, q=query, before=found.before) if found.before else ""
    return _shown(
        reading,
        ask,
        name,
        title,
        state="newest",
        found=found,
        results=await _results(reading, found.places, marks_of(tree)),
        more=more,
        is_first=not before,
    )


async def _best(reading: Reading, ask: Ask, name: str, tree: Tree, title: str) -> Answer:
    """Show what fits best."""
    text = ask.query.get("page", "")
    is_page = text.isascii() and text.isdigit() and len(text) <= len(str(_LAST_PAGE))
    at = max(1, min(int(text), _LAST_PAGE)) if is_page else 1
    found = await best(reading, tree, name)
    places = found.places[(at - 1) * RESULTS : at * RESULTS]
    more = ""
    if len(found.places) > at * RESULTS:
        more = reading.urls.search(name, q=ask.query["q"], sort="best", page=str(at + 1))
    return _shown(
        reading,
        ask,
        name,
        title,
        state="best",
        found=found,
        results=await _results(reading, places, marks_of(tree)),
        more=more,
        is_first=at == 1,
    )


def _shown(
    reading: Reading,
    ask: Ask,
    name: str,
    title: str,
    *,
    state: str,
    text: str = "",
    found: Found | None = None,
    results: Sequence[Result] = (),
    more: str = "",
    is_first: bool = True,
) -> Answer:
    query = ask.query.get("q", "")
    shown = page(
        "search.html",
        reading,
        ask,
        title,
        name=name,
        lists=_lists(name),
        is_indexed=False,
        state=state,
        text=text,
        query=query,
        found=found,
        results=results,
        more=more,
        is_first=is_first,
        most_ranked=MAX_RANKED,
    )
    if found is not None and found.is_cut:  # another time there may be more time for it
        return replace(shown, max_age=0, lists=frozenset())
    return shown


async def _named(reading: Reading, tree: Named, name: str) -> str:
    """Return the address of the message that is asked for by its Message-ID; empty if there is none that is shown."""
    places = [
        place
        for place in await reading.archive.find(tree.message_id)
        if reading.access.readable(place.name)
        and not reading.mailing_list(place.name).is_hidden(place.number)
    ]
    places.sort(key=lambda place: place.name != name)
    return reading.urls.message(places[0].name, tree.message_id) if places else ""


async def _results(reading: Reading, places: Sequence[Location], marks: Marks) -> Sequence[Result]:
    """Return what is shown of messages, in their order; one that has gone is left out."""
    by_list: dict[str, list[int]] = {}
    for place in places:
        by_list.setdefault(place.name, []).append(place.number)
    lines = {
        name: await lines_of(reading, name, sorted(numbers)) for name, numbers in by_list.items()
    }
    results = []
    budget = Budget()
    for place in places:
        line = lines[place.name].get(place.number)
        if line is not None:
            shows_lines = await budget.pause(reading)
            results.append(await _result(reading, place, line, marks, shows_lines=shows_lines))
    return results


async def _result(
    reading: Reading, place: Location, line: Line, marks: Marks, *, shows_lines: bool
) -> Result:
    name = place.name
    lines: Sequence[Sequence[Piece]] = ()
    if shows_lines:
        try:
            octets = (await reading.archive.served(name, place.number)).octets
        except NoSuchMessage:
            octets = b""
        lines = excerpt(octets, marks.text, obfuscate=reading.settings.is_obfuscated(name))
    return Result(
        name,
        reading.urls.message(name, line.message_id),
        marks.subject.marked(line.subject),
        marks.author.marked(line.author),
        line.date,
        line.time,
        lines,
    )


def _lists(name: str) -> frozenset[str]:
    return frozenset({name or EVERY_LIST})
