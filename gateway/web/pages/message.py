"""A message's page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.web.routes import route
from gateway.web.templates import page

if TYPE_CHECKING:
    from gateway.web.answers import Answer
    from gateway.web.asks import Ask
    from gateway.web.reading import Reading


@route("/{name}/m/{id}")
async def message(reading: Reading, ask: Ask, name: str, id: bytes) -> Answer:
    """Show a message."""
    number = await reading.number(name, id)
    served = await reading.served(name, number)
    row = (await reading.rows(name, [number]))[number]
    return page(
        "message.html",
        reading,
        ask,
        row.subject or "(no subject)",
        name=name,
        message_id=id,
        text=served.octets.decode("utf-8", "replace"),
    )
