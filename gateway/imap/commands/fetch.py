"""FETCH and UID FETCH. RFC 9051 s. 6.4.5, 6.4.9."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from gateway.imap.commands.items import FLAGS, UID
from gateway.imap.grammar import Parser
from gateway.imap.marking import mark_seen
from gateway.imap.modseq import MODSEQ
from gateway.imap.opened import Opened
from gateway.imap.registry import FETCH_ITEMS, FETCH_MODIFIERS, Fetch, State, command
from gateway.imap.responses import Bad, No
from gateway.imap.rows import lacks_rows, not_ready, page_runs, read_rows
from gateway.imap.view import msn
from gateway.ready import ready_text
from storage.errors import NoSuchMessage
from storage.making import Form, digest_of
from storage.model import Rendition
from storage.pages import PAGE_BITS, page_of, page_range

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence

    from gateway.imap.registry import Item, Modify, Request
    from gateway.imap.rows import Rows
    from gateway.imap.session import Session

_MACROS: Final = {
    b"ALL": b"(FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)",
    b"FAST": b"(FLAGS INTERNALDATE RFC822.SIZE)",
    b"FULL": b"(FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODY)",
}

MAX_ITEMS: Final = 100
"""Items in one command."""

MAX_COPIES: Final = 4
"""How many times its own length may be sent of a message in one response, with sections that overlap."""

ANY_OCTETS: Final = 1 << 20
"""What may be sent of any message."""

MAX_KEPT_OCTETS: Final = 1000
"""Octets of the longest list of items that is remembered."""

TEXT_VERSION: Final = 1
"""To be raised when what is sent of rows changes, so that what is kept of it is made again."""

PIECE_OCTETS: Final = 8 * 1024
"""How much of several messages is handed on at once: between two pieces another client may get its turn."""

SEEN_BITS: Final = 4
"""So many messages, as a power of two, become seen at once when they are read: also if the client then hangs up."""


@command(b"FETCH", State.SELECTED, with_uid=True, keeps_msns=True)
def fetch(session: Session, request: Request) -> AsyncIterator[bytes]:
    """Send what is asked for of each message of a set. RFC 9051 s. 6.4.5."""
    parser = request.parser
    parser.space()
    chosen = parser.numbers()
    parser.space()
    items = list(_items(parser))
    modifiers: dict[bytes, Modify] = {}
    if not parser.at_end():
        parser.space()
        modifiers = dict(parser.listed(lambda: _modifier(session, parser)))
    parser.end()
    if request.by_uid and UID not in items:
        items.insert(0, UID)
    view = session.selected()
    plan = Fetch(items, view.chosen(chosen, by_uid=request.by_uid))
    if modifiers:
        plan.asked = plan.runs if chosen is None else chosen.resolve(view.record.high)
        return _modified(session, request, plan, modifiers)
    return fetch_responses(session, plan)


async def _modified(
    session: Session, request: Request, plan: Fetch, modifiers: Mapping[bytes, Modify]
) -> AsyncIterator[bytes]:
    """Yield the responses to a plan that is changed by modifiers."""
    for name in FETCH_MODIFIERS:  # the order in which they build on each other
        if name in modifiers:
            await modifiers[name](session, request, plan)
    yield b"".join(plan.before)
    async for piece in fetch_responses(session, plan):
        yield piece


def fetch_responses(session: Session, plan: Fetch) -> AsyncIterator[bytes]:
    """Yield the FETCH response of each message of a plan, a page's at a time, or one's where they are large.

    Raises:
        No: some messages have not been rendered yet, and were left out (raised at the end).
    """
    items = plan.items
    session.enabled.update([item.switching_on for item in items if item.switching_on])
    sees = session.selected().writable and any(item.sees for item in items)
    if sees:
        told = [FLAGS, MODSEQ] if b"CONDSTORE" in session.enabled else [FLAGS]
        items = [*items, *(item for item in told if item not in items)]
    reading = _Reading(session, plan.runs, _needs(tuple(items)), sees)
    return _one_by_one(reading) if reading.needs.parts else _page_by_page(reading)


@dataclass(slots=True)
class _Reading:
    """Messages that are being read to answer with some items; with ``sees`` they become seen."""

    session: Session
    runs: Sequence[range]
    needs: _Needs
    sees: bool
    _misses: bool = False

    def shares(self) -> Iterator[list[range]]:
        """Yield the runs of numbers that are to be read at once."""
        return page_runs(self.runs, SEEN_BITS if self.sees else PAGE_BITS)

    async def text(self, runs: Sequence[range]) -> bytes:
        """Return the responses of the messages of one share, all of whose values come from rows."""
        stretch = self.needs.stretches[0]
        form = self._form(runs)
        if form is None:
            return b"".join(_texts(await self.rows(runs), stretch))
        may_be_kept = False

        async def text() -> bytes:
            nonlocal may_be_kept
            rows = await self.rows(runs)
            may_be_kept = not (self._misses or any(rows.flags))  # which may be new
            return b"".join(_texts(rows, stretch))

        archive, name = self.session.archive, self.session.selected().name
        page = page_of(runs[0][0])
        return await ready_text(archive, form, name, page, text, is_true=lambda: may_be_kept)

    def _form(self, runs: Sequence[range]) -> Form | None:
        """Return what is made of a whole page for all who ask for the same over DEFLATE; None where it is of one's own."""
        session, view = self.session, self.session.selected()
        record, kept_as = view.record, self.needs.kept_as
        if not session.compressed or kept_as is None or session.current() is not record:
            return None
        page = page_range(page_of(runs[0][0]))
        if runs != [*record.present(page[0], page[-1])]:
            return None
        if view.marks is not None and any(view.marks.column([n for run in runs for n in run])):
            return None
        numbers = b" ".join([b"%d:%d" % (run[0], run[-1]) for run in runs])
        return replace(kept_as, besides=b"%d %b" % (msn(record, runs[0][0]), numbers))

    async def rows(self, runs: Sequence[range]) -> Rows:
        """Return the rows of the messages that are still there."""
        session, needs = self.session, self.needs
        current = session.current()
        rows = await read_rows(
            session.archive,
            session.selected(),
            current,
            runs,
            needs.kinds,
            with_entries=needs.with_entries,
        )
        if self.sees:
            mark_seen(session, rows.numbers)
        if needs.kinds and await lacks_rows(session.archive, rows, current, runs):
            self._misses = True
        return rows

    def end(self) -> None:
        """Make sure that no message was left out that is there.

        Raises:
            No: one was.
        """
        if self._misses:
            raise not_ready()


async def _page_by_page(reading: _Reading) -> AsyncIterator[bytes]:
    """Yield the responses whose values all come from rows."""
    for runs in reading.shares():
        yield await reading.text(runs)
    reading.end()


async def _one_by_one(reading: _Reading) -> AsyncIterator[bytes]:
    """Yield the responses some of whose values are made from the messages' octets.

    What stands between those values is made for many rows at once; the octets are copied only as they are joined.
    """
    served, name = reading.session.archive.served, reading.session.selected().name
    pieces: list[bytes] = []
    octets = whole = 0
    for runs in reading.shares():
        rows = await reading.rows(runs)
        *between, last = [_texts(rows, stretch) for stretch in reading.needs.stretches]
        for at, number in enumerate(rows.numbers):
            try:
                opened = Opened(await served(name, number))
            except NoSuchMessage:  # removed a moment ago
                continue
            allowed = octets + MAX_COPIES * len(opened.octets) + ANY_OCTETS
            try:
                for texts, part in zip(between, reading.needs.parts, strict=True):
                    value = part(opened)
                    pieces += (texts[at], *value)
                    octets += len(value[-1])
                    if octets > allowed:
                        raise No("too much of one message at once", b"LIMIT")
            except No:
                yield b"".join(pieces[:whole])
                raise
            pieces.append(last[at])
            whole = len(pieces)
            if octets >= PIECE_OCTETS:
                yield b"".join(pieces)
                pieces, octets, whole = [], 0, 0
        if whole:  # before a pause, and before more messages become seen
            yield b"".join(pieces)
            pieces, octets, whole = [], 0, 0
    reading.end()


class _Stretch(NamedTuple):
    """Items that stand together in a response, their values from rows: the form of their text, with what is around them."""

    form: bytes
    columns: Sequence[Callable[[Rows], Iterable[object]]]


class _Needs(NamedTuple):
    """What it takes to answer with some items.

    ``stretches`` stand around the values that ``parts`` make from a message's octets: there is one more of them. ``kept_as``
    is what is made of a page, where that is the same for all who have no flags there.
    """

    kinds: Sequence[Rendition]
    with_entries: bool
    stretches: Sequence[_Stretch]
    parts: Sequence[Callable[[Opened], Sequence[bytes]]]
    kept_as: Form | None


def _texts(rows: Rows, stretch: _Stretch) -> Sequence[bytes]:
    """Return the text of a stretch for each of the rows: one form, applied to a column a value."""
    form, columns = stretch
    if not rows.numbers:  # of which some columns cannot be made
        return ()
    if not columns:
        return [form % ()] * len(rows.numbers)
    return list(map(form.__mod__, zip(*[column(rows) for column in columns], strict=True)))


@lru_cache(maxsize=1024)
def _needs(items: tuple[Item, ...]) -> _Needs:
    kinds = list(dict.fromkeys(kind for item in items for kind in item.kinds))
    stretches: list[_Stretch] = []
    parts = []
    columns: list[Callable[[Rows], Iterable[object]]] = [_msns]
    form = b"* %d FETCH ("
    for at, item in enumerate(items):
        form += (b" " if at else b"") + item.form
        if item.column is not None:
            columns.append(item.column)
        else:
            assert item.part is not None
            stretches.append(_Stretch(form.removesuffix(b"%b"), columns))
            parts.append(item.part)
            form, columns = b"", []
    stretches.append(_Stretch(form + b")\r\n", columns))
    with_entries = any(item.with_entries for item in items)
    return _Needs(kinds, with_entries, stretches, parts, _kept_as(items, kinds))


def _kept_as(items: Sequence[Item], kinds: Sequence[Rendition]) -> Form | None:
    """Return what of a page is made of some items, if the same may be sent again."""
    names = [item.kept_as for item in items if not item.sees]
    if len(names) < len(items) or not all(names):
        return None
    # Which messages there are can be told by any rendition.
    return Form(tuple(kinds) or (Rendition.FACTS,), digest_of((b"fetch %d" % TEXT_VERSION, *names)))


def _msns(rows: Rows) -> Iterable[object]:
    return rows.msns


def _items(parser: Parser) -> Sequence[Item]:
    """Read a macro, an item, or items in parentheses. Clients ask for the same ones again and again."""
    text = parser.octets[parser.position :]
    if len(text) > MAX_KEPT_OCTETS:
        items, length = _read_items(text, parser.utf8)
    else:
        items, length = _kept_items(text, parser.utf8)
    parser.position += length
    return items


def _read_items(text: bytes, utf8: bool) -> tuple[Sequence[Item], int]:
    """Return the items that a text begins with, each once, and the length of what was read."""
    parser = Parser(text, utf8=utf8)
    macro = None if parser.sees(b"(") else _MACROS.get(parser.word())
    if macro is not None:
        inner = Parser(macro)
        return inner.listed(lambda: _item(inner)), parser.position
    parser.position = 0
    items = parser.one_or_listed(lambda: _item(parser))
    if len(items) > MAX_ITEMS:
        raise Bad("too many items")
    chosen: dict[bytes, Item] = {}
    for item in items:
        if item.sees or item.form not in chosen:
            chosen[item.form] = item
    return list(chosen.values()), parser.position


_kept_items: Final = lru_cache(maxsize=1024)(_read_items)


def _item(parser: Parser) -> Item:
    read = FETCH_ITEMS.get(parser.word())
    if read is None:
        raise Bad("unknown item")
    return read(parser)


def _modifier(session: Session, parser: Parser) -> tuple[bytes, Modify]:
    name = parser.word()
    read = FETCH_MODIFIERS.get(name)
    if read is None:
        raise Bad("unknown modifier")
    return name, read(session, parser)
