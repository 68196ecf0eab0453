"""SORT and UID SORT, also by display names, and with result options. RFC 5256; RFC 5957; RFC 5267 s. 3 (ESORT)."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Final

from gateway.imap.finding import answer, begin, find, rows_of, saving
from gateway.imap.kept import kept_orders
from gateway.imap.ordering import Column, order
from gateway.imap.registry import SORT_KEYS, SortKey, State, capability, command
from gateway.imap.responses import Bad
from gateway.imap.results import BATCH, read_returns
from gateway.imap.searching import read_charset
from storage.message.keys import Column as Keys
from storage.message.keys import column
from storage.model import Rendition

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from gateway.imap.finding import Search
    from gateway.imap.grammar import Parser
    from gateway.imap.registry import Request
    from gateway.imap.results import Results, Returns
    from gateway.imap.rows import Rows
    from gateway.imap.session import Session
    from storage.facts import Facts

MAX_SORT_KEYS: Final = 20
"""Criteria in one command."""

MOST_PASSED: Final = 8
"""A known order of the whole list is used if no more than so many messages are passed for each that was found."""

capability(b"SORT")
capability(b"SORT=DISPLAY")
capability(b"ESORT")


def _text(which: Keys) -> SortKey:
    def take(rows: Rows, _: Results, into: Column) -> None:
        into.extend_texts(column(rows.texts[Rendition.KEYS], which))

    return SortKey(take, Rendition.KEYS)


def _fact(values: Callable[[Facts], Sequence[int]]) -> SortKey:
    return SortKey(lambda rows, _, into: into.extend(values(rows.facts)), Rendition.FACTS)


SORT_KEYS[b"ARRIVAL"] = _fact(lambda facts: facts.received)
SORT_KEYS[b"CC"] = _text(Keys.SORT_CC)
SORT_KEYS[b"DATE"] = _fact(lambda facts: facts.sent)
SORT_KEYS[b"FROM"] = _text(Keys.SORT_FROM)
SORT_KEYS[b"SIZE"] = _fact(lambda facts: facts.size)
SORT_KEYS[b"SUBJECT"] = _text(Keys.BASE)
SORT_KEYS[b"TO"] = _text(Keys.SORT_TO)
SORT_KEYS[b"DISPLAYFROM"] = _text(Keys.DISPLAY_FROM)
SORT_KEYS[b"DISPLAYTO"] = _text(Keys.DISPLAY_TO)


@command(b"SORT", State.SELECTED, with_uid=True, keeps_msns=True)
async def sort(session: Session, request: Request) -> AsyncIterator[bytes]:
    """Tell which messages match, in an order. RFC 5256 s. 3."""
    request.parser.space()
    returns = read_returns(request.parser)
    async for piece in saving(session, returns, _sort(session, request, returns)):
        yield piece


async def _sort(
    session: Session, request: Request, returns: Returns | None
) -> AsyncIterator[bytes]:
    parser = request.parser
    criteria = parser.listed(lambda: _criterion(parser))
    if not 0 < len(criteria) <= MAX_SORT_KEYS:
        raise Bad(f"1 to {MAX_SORT_KEYS} sort criteria")
    parser.space()
    charset = read_charset(parser)
    parser.space()
    search = begin(session, request, returns, charset)
    if any(key.scores for key, _ in criteria):
        search.score()
    async for piece in find(search):
        yield piece
    kept = kept_orders(session.archive).get(search.results.view.record, tuple(criteria))
    if kept is None or len(kept) > MOST_PASSED * len(search.results.found):
        arranged = _put_in_order(search, criteria)
    else:
        arranged = _pick_in_order(search, kept)
    async for piece in arranged:
        yield piece
    async for piece in answer(search, request):
        yield piece


def _criterion(parser: Parser) -> tuple[SortKey, bool]:
    """Read a key to sort by, and whether it is in descending order."""
    is_reversed = parser.takes(b"REVERSE ")
    key = SORT_KEYS.get(parser.word())
    if key is None:
        raise Bad("unknown sort key")
    return key, is_reversed


async def _put_in_order(
    search: Search, criteria: Sequence[tuple[SortKey, bool]]
) -> AsyncIterator[bytes]:
    """Put what was found in order; yield pauses."""
    columns = [Column(is_reversed=is_reversed) for _, is_reversed in criteria]
    kinds = list(dict.fromkeys(key.kind for key, _ in criteria if key.kind))
    numbers = array("I")
    async for rows in rows_of(search, search.results.found, kinds):
        numbers.extend(rows.numbers)
        for (key, _), each in zip(criteria, columns, strict=True):
            key.take(rows, search.results, each)
        yield search.progress.pause()
    found = array("I")
    for places in order(columns):
        found.extend([numbers[place] for place in places])
        yield search.progress.pause()
    search.results.head = search.results.tail = found
    record = search.results.view.record
    if len(found) == record.count and not any(key.scores for key, _ in criteria):
        kept_orders(search.session.archive).put(record, tuple(criteria), found)


async def _pick_in_order(search: Search, whole: Sequence[int]) -> AsyncIterator[bytes]:
    """Put what was found in the order that is known of the whole list; yield pauses."""
    results = search.results
    if len(results.found) == len(whole):
        results.head = results.tail = whole
        return
    low = results.view.record.low
    is_found = bytearray(results.view.record.high - low + 1)
    for start in range(0, len(results.found), BATCH):
        for number in results.found[start : start + BATCH]:
            is_found[number - low] = 1
        yield search.progress.pause()
    picked = array("I")
    for start in range(0, len(whole), BATCH):
        picked.extend([each for each in whole[start : start + BATCH] if is_found[each - low]])
        yield search.progress.pause()
    results.head = results.tail = picked
