"""A list's own page: what it is, how to read it, when it was written to, what is going on there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from gateway.web.answers import Answer, moved, redirect
from gateway.web.machine.redirects.public_inbox import searched
from gateway.web.pages.calendars import MONTHS, calendar_of
from gateway.web.pages.lines import lines_of
from gateway.web.pages.list_fields import list_links
from gateway.web.pages.numbers import parameter
from gateway.web.pages.recent import numbers_since
from gateway.web.pages.threads import latest_threads, thread_rows
from gateway.web.pages.trees import drawn, grouped
from gateway.web.routes import route
from gateway.web.templates import page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.web.asks import Ask
    from gateway.web.reading import Reading

LATEST: Final = 20
"""Threads on the page."""


@route("/{name}/")
async def mailing_list(reading: Reading, ask: Ask, name: str) -> Answer:
    """Show what a list is, and when it was written to; or what has come after the number that ``since`` gives."""
    after = parameter(ask, "since")
    if after is not None:
        return await _since(reading, ask, name, after)
    record = reading.mailing_list(name)
    search = searched(reading, ask, name)
    if search is not None:
        return redirect(search)
    calendar = await calendar_of(reading, record)
    latest = await latest_threads(reading, record, calendar, LATEST)
    return page(
        "mailing_list.html",
        reading,
        ask,
        name,
        name=name,
        record=record,
        calendar=calendar,
        month_names=MONTHS,
        total=record.count - len(record.hidden),
        links=await list_links(reading, record),
        ways=_ways(reading, name),
        threads=await thread_rows(reading, name, latest.threads),
    )


@route("/{name}")
async def without_slash(reading: Reading, ask: Ask, name: str) -> Answer:
    """Send to where the list is."""
    return moved(reading.urls.mailing_list(reading.mailing_list(name).name))


async def _since(reading: Reading, ask: Ask, name: str, after: int) -> Answer:
    record = reading.mailing_list(name)
    numbers, is_whole = await numbers_since(reading, record, after)
    lines = await lines_of(reading, name, numbers)
    return page(
        "since.html",
        reading,
        ask,
        f"New in {name}",
        name=name,
        is_indexed=False,
        after=after,
        high=record.high if is_whole else numbers[-1],
        is_whole=is_whole,
        count=len(lines),
        threads=[drawn(thread) for thread in grouped(list(lines.values()))],
    )


def _ways(reading: Reading, name: str) -> Sequence[tuple[str, str]]:
    """Return the addresses under which other programs read the list, and what these are."""
    news, mail = reading.settings.news_url, reading.settings.mail_url
    ways = [("newsgroup", f"{news}/{quote(name)}")] if news else []
    return [*ways, ("IMAP folder", f"{mail}/{quote(name)}")] if mail else ways
