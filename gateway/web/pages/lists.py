"""The index of lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.web.answers import EVERY_LIST
from gateway.web.routes import route
from gateway.web.templates import page

if TYPE_CHECKING:
    from gateway.web.answers import Answer
    from gateway.web.asks import Ask
    from gateway.web.reading import Reading


@route("/")
async def lists(reading: Reading, ask: Ask) -> Answer:
    """Show every list."""
    return page(
        "lists.html",
        reading,
        ask,
        reading.settings.title,
        lists=frozenset({EVERY_LIST}),
        records=reading.lists(),
    )
