"""A list's own page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.web.answers import Answer, moved
from gateway.web.routes import route
from gateway.web.templates import page

if TYPE_CHECKING:
    from gateway.web.asks import Ask
    from gateway.web.reading import Reading


@route("/{name}/")
async def mailing_list(reading: Reading, ask: Ask, name: str) -> Answer:
    """Show what a list is, and when it was written to."""
    record = reading.mailing_list(name)
    rows = await reading.rows(name, range(max(record.low, record.high - 20), record.high + 1))
    latest = sorted(rows.values(), key=lambda row: -row.number)
    return page("mailing_list.html", reading, ask, name, name=name, record=record, rows=latest)


@route("/{name}")
async def without_slash(reading: Reading, ask: Ask, name: str) -> Answer:
    """Send to where the list is."""
    return moved(reading.urls.mailing_list(reading.mailing_list(name).name))
