"""A whole thread on one page: nested, or flat by time. One that is very long comes in parts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from gateway.web.answers import EVERY_LIST, Refusal, redirect
from gateway.web.pages.bodies import body
from gateway.web.pages.drawings import drawing
from gateway.web.pages.fields import veil
from gateway.web.pages.located import by_id
from gateway.web.pages.numbers import parameter
from gateway.web.pages.outline import bare_subject, lines, listed
from gateway.web.pages.outline import nested as nested_list
from gateway.web.routes import route
from gateway.web.templates import page, render

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from gateway.web.answers import Answer
    from gateway.web.asks import Ask
    from gateway.web.pages.drawings import Drawing, Node
    from gateway.web.reading import Reading, Row
    from gateway.web.urls import Urls

__all__ = [
    "INDENTS",
    "OVERVIEW_LEAST",
    "PART_NODES",
    "PART_OCTETS",
    "WHOLE_OCTETS",
    "flat",
    "nested",
    "thread_links",
]

PART_NODES: Final = 1000
"""Messages of one page; a thread that has more comes in parts of so many."""

PART_OCTETS: Final = 8 << 20
"""Octets of the messages of one page: what is beyond them is to be seen on the messages' own pages."""

WHOLE_OCTETS: Final = 1 << 20
"""Octets of a page that is made as a whole; a larger one is sent as it is made."""

OVERVIEW_LEAST: Final = 4
"""Messages of one page that have an overview above them."""

INDENTS: Final = 8
"""How far answers are indented: what is deeper is shown as deep as this."""

_HERE: Final = b"<!-- messages -->"


@dataclass(frozen=True, slots=True)
class _Shown:
    """What of a thread a page shows: ``nodes`` are those of its part, in their order; ``since`` None marks none as new."""

    name: str
    nodes: Sequence[Node]
    rows: Mapping[int, Row]
    is_flat: bool
    since: int | None
    veiled: Callable[[str], str]


def thread_links(urls: Urls, name: str, thread: Drawing, number: int) -> tuple[str, str]:
    """Return the addresses of a message in its thread, nested and flat.

    In which part of a flat thread it is takes sorting: where there are parts, the address is one that sends there.
    """
    part = _part(thread.at[number])
    nested_url = urls.thread(name, thread.first, number=number, part=part)
    if len(thread.at) <= PART_NODES:
        return nested_url, urls.thread(name, thread.first, flat=True, number=number)
    return nested_url, urls.thread(name, thread.nodes[thread.at[number]].message_id, flat=True)


@route("/{name}/m/{id}/thread")
async def nested(reading: Reading, ask: Ask, name: str, id: bytes) -> Answer:
    """Show a thread, each message below what it answers."""
    number = await by_id(reading, name, id)
    thread = await drawing(reading, name, number)
    return await _thread(reading, ask, name, number, thread.nodes, is_flat=False)


@route("/{name}/m/{id}/flat")
async def flat(reading: Reading, ask: Ask, name: str, id: bytes) -> Answer:
    """Show a thread by the times at which its messages were sent."""
    number = await by_id(reading, name, id)
    thread = await drawing(reading, name, number)
    if not thread.by_time:
        rows = await reading.rows(name, [*thread.at])
        thread.by_time[:] = sorted(rows, key=lambda each: (rows[each].sent, each))
    nodes = [thread.nodes[thread.at[each]] for each in thread.by_time]
    return await _thread(reading, ask, name, number, nodes, is_flat=True)


async def _thread(
    reading: Reading, ask: Ask, name: str, number: int, nodes: Sequence[Node], *, is_flat: bool
) -> Answer:
    thread = await drawing(reading, name, number)
    since = parameter(ask, "since")
    if number != thread.first_number:
        part = next((_part(at) for at, node in enumerate(nodes) if node.number == number), 1)
        url = reading.urls.thread(
            name, thread.first, flat=is_flat, number=number, part=part, since=since
        )
        return redirect(url, frozenset({name}))
    parts = _part(len(nodes) - 1)
    part = max(1, min(parameter(ask, "part") or 1, parts))
    here = nodes[(part - 1) * PART_NODES : part * PART_NODES]
    if is_flat:
        here = [node._replace(depth=0) for node in here]
    new = [] if since is None else [at for at, node in enumerate(nodes) if _is_new(node, since)]
    numbers = [node.number for node in here if node.number is not None]
    rows = await reading.rows(name, [*{*numbers, number}])
    known = await lines(reading, name, thread, numbers)
    veiled = veil(reading, name)
    whole = page(
        "thread.html",
        reading,
        ask,
        (veiled(rows[number].subject) if number in rows else "") or "(no subject)",
        name=name,
        lists=frozenset({EVERY_LIST}),  # what its bodies link to may lie in any
        is_indexed=since is None and not is_flat,
        thread=thread,
        is_flat=is_flat,
        part=part,
        parts=parts,
        since=since,
        overview=nested_list(listed(here, known, is_here=True))
        if len(numbers) >= OVERVIEW_LEAST
        else "",
        new=len(new),
        first_new=nodes[new[0]].number if new else 0,
        first_new_part=_part(new[0]) if new else 1,
    )
    assert isinstance(whole.body, bytes)
    head, _, tail = whole.body.partition(_HERE)
    shown = _Shown(name, here, rows, is_flat, since, veiled)
    return replace(whole, body=await _together(_pieces(reading, shown, head, tail)))


async def _pieces(
    reading: Reading, shown: _Shown, head: bytes, tail: bytes
) -> AsyncIterator[bytes]:
    """Yield a page: what comes before the messages, each of them, and what comes after."""
    yield head
    room = PART_OCTETS
    before = ""
    for node in shown.nodes:
        row = None if node.number is None else shown.rows.get(node.number)
        made = None
        if row is not None:
            try:
                entry = await reading.entry(shown.name, row.number)
                if entry.size <= room:
                    room -= entry.size
                    made = await body(reading, shown.name, entry)
            except Refusal:  # it was removed just now
                row = None
        subject = bare_subject(row.subject) if row is not None else before
        yield render(
            "thread_message.html",
            urls=reading.urls,
            name=shown.name,
            node=node,
            depth=min(node.depth, INDENTS),
            is_new=_is_new(node, shown.since),
            row=row,
            author=shown.veiled(row.author) if row is not None else "",
            subject=shown.veiled(row.subject) if row is not None and subject != before else "",
            body=made,
        )
        before = subject
        await reading.breathe()
    yield tail


async def _together(pieces: AsyncIterator[bytes]) -> bytes | AsyncIterator[bytes]:
    """Return pieces as a whole, if they are not too much for that."""
    made, size = [], 0
    async for piece in pieces:
        made.append(piece)
        size += len(piece)
        if size > WHOLE_OCTETS:
            return _rest(b"".join(made), pieces)
    return b"".join(made)


async def _rest(made: bytes, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield made
    async for piece in pieces:
        yield piece


def _part(at: int) -> int:
    """Return which part of a thread a place is in."""
    return 1 + at // PART_NODES


def _is_new(node: Node, since: int | None) -> bool:
    return since is not None and node.number is not None and node.number > since
