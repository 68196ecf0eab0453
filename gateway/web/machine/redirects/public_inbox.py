"""public-inbox, as lore.kernel.org has it: ``/LIST/ID/T/``, ``/all/ID/``, ``/r/ID``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.web.machine.redirects.forms import WITH_AT, form
from gateway.web.machine.redirects.names import list_called, message_at

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.web.asks import Ask
    from gateway.web.reading import Reading

__all__ = ["searched"]

_BENEATH: Final = {
    "": (),
    "raw": ("raw",),
    "R": ("raw",),
    "T": ("flat",),
    "t": ("thread",),
    "t.mbox.gz": ("thread.mbox.gz",),
    "t.atom": ("thread.atom",),
}
"""What stands behind an id there, without a slash at the end, and what it is called here."""

_BEHIND: Final = r"(?:/(?P<behind>raw|R|[Tt]|t\.mbox\.gz|t\.atom|))?/?"
_SEARCHES: Final = {"A": "search.atom", "m": "search.mbox.gz"}
_PAGES: Final = {
    "new.atom": "list.atom",
    "new.html": "recent",
    "topics_new.html": "threads",
    "topics_active.html": "threads",
}


def searched(reading: Reading, ask: Ask, name: str) -> str | None:
    """Return where it is searched for what a list's page is asked to search for, as ``/LIST/?q=…&x=A``; or None."""
    query = ask.query.get("q")
    if query is None:
        return None
    return reading.urls.search(name, _SEARCHES.get(ask.query.get("x", ""), "search"), q=query)


@form(
    r"(?:/lore)?/(?P<list>[^/]+)/(?P<page>new\.atom|new\.html|topics_new\.html|topics_active\.html)"
)
async def page(reading: Reading, ask: Ask, at: Mapping[str, str]) -> str | None:
    """Lead to a page of a list, or to its feed; ``all`` are all lists."""
    record = list_called(reading, at["list"])
    if record is not None:
        return reading.urls.at(record.name, _PAGES[at["page"]])
    if at["list"] == "all" and at["page"] == "new.atom":
        return reading.urls.at("", "lists.atom")
    return None


@form(r"/all/?")
async def everywhere(reading: Reading, ask: Ask, at: Mapping[str, str]) -> str | None:
    """Lead to what is searched for in all lists, or to all lists."""
    query = ask.query.get("q", "")
    return reading.urls.search(q=query) if query else reading.urls.home()


@form(rf"(?:/lore)?/(?P<list>[^/]+)/{WITH_AT}{_BEHIND}")
async def message(reading: Reading, ask: Ask, at: Mapping[str, str]) -> str | None:
    """Lead to a message, or to something beneath it; in another list, where this one has not got it."""
    record = list_called(reading, at["list"])
    return await message_at(reading, at["id"], record, *_BENEATH[at["behind"]])
