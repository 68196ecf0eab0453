"""Documents about messages: one, a thread, a month."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from gateway.web.answers import EVERY_LIST, Answer, not_found
from gateway.web.machine.documents import (
    bare,
    document,
    long_document,
    moment,
    row_document,
    stamp,
    veiled,
)
from gateway.web.machine.gathering import of_month, parsed, thread_of
from gateway.web.pages.drawings import drawing
from gateway.web.pages.located import by_id
from gateway.web.pages.thread import thread_links
from gateway.web.routes import route
from storage.days import date_of
from storage.message.fields import parse_header
from storage.message.ids import references
from storage.message.words import decode

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from gateway.web.asks import Ask
    from gateway.web.pages.drawings import Node
    from gateway.web.pages.walks import Step
    from gateway.web.reading import Reading
    from storage.message.fields import Header
    from storage.model import Entry, Location

__all__: Sequence[str] = []

MAX_FIELDS: Final = 1000
"""Header fields that a document shows; the raw message has the others."""

MAX_ELSEWHERE: Final = 100
"""Other lists in which it tells that a message lies."""

_AT_ONCE: Final = 256


@route("/{name}/m/{id}/message.json")
async def message(reading: Reading, ask: Ask, name: str, id: bytes) -> Answer:
    """Tell all of a message but its octets."""
    number = await by_id(reading, name, id)
    row = (await reading.rows(name, [number])).get(number)
    if row is None:
        raise not_found("There is no such message in this list.")
    entry = await reading.entry(name, number)
    served = await reading.served(name, number)
    said = await parsed(reading, name, served.octets)
    header = parse_header(served.head)
    return document(
        {
            "list": name,
            **row_document(reading, name, row),
            **_times(entry),
            "size": entry.size,
            "lines": entry.lines,
            "fidelity": entry.fidelity.name.lower(),
            "references": _references(header),
            "thread": await _place(reading, name, number),
            "headers": [
                {
                    "name": veiled(reading, name, field.name.decode("ascii", "replace")),
                    "value": veiled(reading, name, decode(field.value)),
                }
                for field in header.fields[:MAX_FIELDS]
            ],
            "text": said.plain,
            "left_out": said.left_out,
            "attached": [
                {
                    "name": each.name,
                    "type": each.media_type,
                    "size": each.size,
                    "url": reading.urls.attachment(name, id, each.at),
                }
                for each in said.attachments
            ],
            "elsewhere": [
                {
                    "list": place.name,
                    "number": place.number,
                    "url": reading.urls.message(place.name, id),
                }
                for place in (await _elsewhere(reading, name, id))[:MAX_ELSEWHERE]
            ],
            "raw": reading.urls.message(name, id, "raw"),
            "placed": reading.urls.placed(name, entry.day, entry.place),
        },
        frozenset({EVERY_LIST}),
    )


@route("/{name}/m/{id}/thread.json")
async def thread(reading: Reading, ask: Ask, name: str, id: bytes) -> Answer:
    """Tell of the messages of a thread, depth first; those that never came are among them."""
    drawn = await thread_of(reading, name, id)
    begin = {
        "list": name,
        "count": len(drawn.at),
        "root": bare(drawn.nodes[0].message_id) or None,
        "url": reading.urls.thread(name, drawn.first),
        "mailbox": reading.urls.message(name, id, "thread.mbox.gz"),
        "feed": reading.urls.message(name, id, "thread.atom"),
    }
    etag = stamp(reading, [name], drawn.at, bare(id))
    rows = _thread_rows(reading, name, drawn.nodes)
    return await long_document(begin, "messages", rows, frozenset({name}), etag)


@route("/{name}/{year}/{month}/month.json")
async def month(reading: Reading, ask: Ask, name: str, year: int, month: int) -> Answer:
    """Tell of the messages that a list received in a month, by day and place."""
    steps = await of_month(reading, name, year, month)
    begin = {
        "list": name,
        "month": f"{year:04}-{month:02}",
        "count": len(steps),
        "url": reading.urls.month(name, year, month),
        "mailbox": reading.urls.month(name, year, month, "month.mbox.gz"),
    }
    etag = stamp(reading, [name], [step.number for step in steps])
    rows = _month_rows(reading, name, steps)
    return await long_document(begin, "messages", rows, frozenset({name}), etag)


async def _thread_rows(
    reading: Reading, name: str, nodes: Sequence[Node]
) -> AsyncIterator[Sequence[object]]:
    for start in range(0, len(nodes), _AT_ONCE):
        batch = nodes[start : start + _AT_ONCE]
        rows = await reading.rows(name, [node.number for node in batch if node.number])
        yield [
            {
                "depth": node.depth,
                "message_id": bare(node.message_id) or None,
                "message": row_document(reading, name, rows[node.number])
                if node.number in rows
                else None,
            }
            for node in batch
        ]
        await reading.breathe()


async def _month_rows(
    reading: Reading, name: str, steps: Sequence[Step]
) -> AsyncIterator[Sequence[object]]:
    for start in range(0, len(steps), _AT_ONCE):
        batch = steps[start : start + _AT_ONCE]
        rows = await reading.rows(name, [each.number for each in batch])
        yield [
            {
                **row_document(reading, name, rows[each.number]),
                "day": date_of(each.day).isoformat(),
                "place": each.place,
            }
            for each in batch
            if each.number in rows
        ]
        await reading.breathe()


def _times(entry: Entry) -> dict[str, Any]:
    return {
        "received": moment(entry.received),
        "arrived": moment(entry.arrived),
        "day": date_of(entry.day).isoformat(),
        "place": entry.place,
    }


def _references(header: Header) -> list[str]:
    """Return the ids that the served form refers to, the parent's last."""
    return [bare(each) for each in references(b" ".join(header.every(b"references")))]


async def _place(reading: Reading, name: str, number: int) -> dict[str, Any]:
    """Return where a message stands in its thread."""
    drawn = await drawing(reading, name, number)
    nodes, at = drawn.nodes, drawn.at[number]
    depth = nodes[at].depth
    above = next((place for place in range(at - 1, -1, -1) if nodes[place].depth < depth), None)
    url, _ = thread_links(reading.urls, name, drawn, number)
    return {
        "root": bare(nodes[0].message_id) or None,
        "parent": None if above is None else bare(nodes[above].message_id) or None,
        "depth": depth,
        "position": at + 1,
        "count": len(nodes),
        "url": url,
        "document": reading.urls.message(name, nodes[at].message_id, "thread.json"),
    }


async def _elsewhere(reading: Reading, name: str, message_id: bytes) -> Sequence[Location]:
    """Return where else a message is shown."""
    return [
        place
        for place in await reading.elsewhere(name, message_id)
        if not reading.mailing_list(place.name).is_hidden(place.number)
    ]
