"""The conditions of a search: what each takes to tell which messages of a run match.

Cheap ones read columns of stored rows. The costly ones ask the index first, if the archive has one, and then read the
octets of what that leaves open.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import compress
from typing import TYPE_CHECKING, Final, Protocol
from weakref import WeakKeyDictionary

from storage.bitmap import CHUNK_BITS, OFFSET, lowest
from storage.errors import NoSuchMessage
from storage.facts import decode_facts, facts_row
from storage.listing import has_attachments, has_patches, listing_row
from storage.material import Material
from storage.message.fields import parse_header
from storage.message.keys import (
    FIELD_COLUMNS,
    Column,
    column,
    containing,
    keys_row,
    written_between,
)
from storage.message.phrase import Phrase
from storage.message.terms import clue_to_field, clue_to_text
from storage.message.text import contains, field_texts, fold, fold_needle
from storage.model import MAX_NUMBER, Rendition
from storage.pages import PAGE_BITS
from storage.query import (
    All,
    Attached,
    Body,
    Digest,
    Field,
    Larger,
    Marked,
    Numbers,
    Patched,
    Received,
    Sent,
    Smaller,
    Text,
    Words,
)
from storage.runs import bits_of, numbers_of, shown

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Sequence

    from storage.bitmap import Bitmap
    from storage.facts import Facts
    from storage.message.terms import Clue
    from storage.model import Page
    from storage.query import Query
    from storage.runs import Run

__all__ = ["COLUMN", "Condition", "condition"]

LARGE: Final = 1 << 18
"""Octets from which on a message is looked through in steps, where that can be."""

_PAGE: Final = 1 << PAGE_BITS
_WHOLE_PAGE: Final = (1 << _PAGE) - 1

_BEYOND: Final = 1 << 63
_DIGITS: Final = b"01" + bytes(254)

_EVERY: Final = Numbers(((1, MAX_NUMBER),))

_columns: Final[WeakKeyDictionary[Page, dict[Column, Sequence[bytes]]]] = WeakKeyDictionary()

# What it costs to tell of one message, compared.
_NUMBER, COLUMN, _ENTRY, _OCTETS = range(4)


class Condition(Protocol):
    """Something that messages match or do not."""

    @property
    def cost(self) -> int:
        """How costly it is to tell, compared with others."""
        ...

    def test(self, run: Run) -> AsyncIterator[None]:
        """Take from the run's bits those of messages that do not match; yield where a pause is due."""
        ...


@dataclass(frozen=True, slots=True)
class _Among:
    """Messages of certain numbers."""

    numbers: Numbers
    cost: int = _NUMBER

    async def test(self, run: Run) -> AsyncIterator[None]:
        run.bits &= shown(self.numbers.within(run.start, run.last), run.start)
        if run.pace.is_due():
            yield
            run.pace.rest()


@dataclass(frozen=True, slots=True)
class _InBitmap:
    """Messages whose numbers are in a bitmap; a run lies in one of its chunks."""

    numbers: Bitmap
    cost: int = _NUMBER

    async def test(self, run: Run) -> AsyncIterator[None]:
        run.bits &= self.numbers.chunks.get(run.start >> CHUNK_BITS, 0) >> (run.start & OFFSET)
        if run.pace.is_due():
            yield
            run.pace.rest()


@dataclass(frozen=True, slots=True)
class _Row:
    """Messages whose row of a rendition says so; ``matches`` tells it of each of some rows, or texts of their ``column``.

    ``clue`` tells the index which rows need not be looked at.
    """

    kind: Rendition
    matches: Callable[[Sequence[bytes]], list[bool]]
    column: Column | None = None
    clue: Clue | None = None
    cost: int = COLUMN

    async def test(self, run: Run) -> AsyncIterator[None]:
        if self.clue is not None:
            async for _ in run.narrow(self.clue):
                yield
            told = run.told[self.clue]
            run.bits &= told.certain | told.possible
            if not run.bits:
                return
        found, unseen = 0, run.bits
        first, last = run.start + lowest(run.bits), run.start + run.bits.bit_length() - 1
        async for page in run.archive.pages(self.kind, run.name, first, last):
            numbers = page.numbers
            if run.bits >> (numbers[0] & -_PAGE) - run.start & _WHOLE_PAGE:
                rows = page.rows if self.column is None else _kept_column(page, self.column)
                found |= _marked_bits(numbers, self.matches(rows), run.start)
                unseen &= ~bits_of(numbers, run.start)
            if run.pace.is_due():
                yield
                run.pace.rest()
        for at in numbers_of(unseen, 0):
            row = await self._made(run, run.start + at)
            if row is not None and self.matches([row]) == [True]:
                found |= 1 << at
            if run.pace.is_due():
                yield
                run.pace.rest()
        run.bits &= found

    async def _made(self, run: Run, number: int) -> bytes | None:
        """Return the row of a message of which none is stored yet, or the text of its column."""
        try:
            entry = await run.archive.entry(run.name, number)
            served = await run.archive.served(run.name, number)
        except NoSuchMessage:
            return None
        material = Material.of(served, entry.sent, entry.received)
        if self.column is not None:
            return column([keys_row(material.header)], self.column)[0]
        return facts_row(material) if self.kind is Rendition.FACTS else listing_row(material)


@dataclass(frozen=True, slots=True)
class _OfDigest:
    """Messages with a certain digest."""

    digest: bytes
    cost: int = _ENTRY

    async def test(self, run: Run) -> AsyncIterator[None]:
        found = 0
        first, last = run.start + lowest(run.bits), run.start + run.bits.bit_length() - 1
        async for batch in run.archive.entries(run.name, first, last):
            matching = [entry.number for entry in batch if entry.digest == self.digest]
            found |= bits_of(matching, run.start)
            if run.pace.is_due():
                yield
                run.pace.rest()
        run.bits &= found


@dataclass(frozen=True, slots=True)
class _InOctets:
    """Messages whose octets, in their served form, say so; ``clue`` tells the index which may.

    Where there is a way to tell it ``in_steps``, large ones are looked at so.
    """

    clue: Clue | None
    matches: Callable[[bytes], bool]
    in_steps: Callable[[bytes], Iterable[bool]] | None = None
    cost: int = _OCTETS

    async def test(self, run: Run) -> AsyncIterator[None]:
        found, open_ = 0, run.bits
        if self.clue is not None:
            async for _ in run.narrow(self.clue):
                yield
            told = run.told[self.clue]
            found, open_ = run.bits & told.certain, run.bits & told.possible & ~told.certain
        for at in numbers_of(open_, 0):
            if run.pace.is_due():
                yield
                run.pace.rest()
            try:
                served = await run.archive.served(run.name, run.start + at)
            except NoSuchMessage:
                continue
            for is_found in self._looks(served.octets):
                if is_found:
                    found |= 1 << at
                    break
                if run.pace.is_due():
                    yield
                    run.pace.rest()
        run.bits = found

    def _looks(self, octets: bytes) -> Iterable[bool]:
        """Return, or make step by step, whether a message matches."""
        if self.in_steps is not None and len(octets) > LARGE:
            return self.in_steps(octets)
        return (self.matches(octets),)


def condition(query: Query) -> Condition:
    """Return what tests a query that joins no others."""
    match query:
        case All():
            return _Among(_EVERY)
        case Numbers():
            return _Among(query)
        case Marked(numbers):
            return _InBitmap(numbers)
        case Digest(octets):
            return _OfDigest(octets)
        case Field(name, needle):
            return _field(name.lower(), fold_needle(needle, in_header=True))
        case Text(needle) | Body(needle):
            return _text(needle, in_header=isinstance(query, Text))
        case Words():
            return _words(query)
    return _of_row(query)


def _of_row(query: Query) -> Condition:
    """Return what tests a query on one fact that is stored of a message."""
    match query:
        case Sent(since, before):
            return _Row(
                Rendition.KEYS, lambda days: written_between(days, since, before), Column.WRITTEN
            )
        case Received(since, before):
            return _facts(lambda facts: facts.received, since, before)
        case Larger(size):
            return _facts(lambda facts: facts.size, size + 1, None)
        case Smaller(size):
            return _facts(lambda facts: facts.size, None, size)
        case Attached():
            return _Row(Rendition.LISTING, has_attachments)
        case Patched():
            return _Row(Rendition.LISTING, has_patches)
    raise TypeError(query)


def _marked_bits(numbers: Sequence[int], marks: list[bool], start: int) -> int:
    """Return the bits of those of ascending numbers that are marked, the lowest for ``start``."""
    if numbers[-1] - numbers[0] == len(numbers) - 1:
        return int(bytes(marks).translate(_DIGITS)[::-1], 2) << numbers[0] - start
    return bits_of(list(compress(numbers, marks)), start)


def _kept_column(page: Page, which: Column) -> Sequence[bytes]:
    """Return a column of a page's rows, which is kept for as long as the page: many search in the same ones."""
    kept = _columns.setdefault(page, {})
    texts = kept.get(which)
    if texts is None:
        texts = kept[which] = column(page.rows, which)
    return texts


def _facts(fact: Callable[[Facts], Sequence[int]], since: int | None, before: int | None) -> _Row:
    """Return the test for a fact in ``since <= fact < before``."""
    low = -_BEYOND if since is None else since
    above = _BEYOND if before is None else before

    def matches(rows: Sequence[bytes]) -> list[bool]:
        return [low <= value < above for value in fact(decode_facts(rows))]

    return _Row(Rendition.FACTS, matches)


def _field(name: bytes, needle: str) -> Condition:
    """Return the test for a field so named (lower case) with a folded needle in it."""
    which = FIELD_COLUMNS.get(name)
    if which is not None:
        octets = needle.encode("utf-8", "surrogatepass")
        return _Row(Rendition.KEYS, lambda texts: containing(texts, octets), which)

    def matches(served: bytes) -> bool:
        return any(needle in text for text in field_texts(parse_header(served), name))

    return _InOctets(clue_to_field(fold(name.decode("latin-1")), needle), matches)


def _words(query: Words) -> Condition:
    """Return the test for words in a field or in the body."""
    phrase = Phrase(query.text, at_start=query.at_start, at_end=query.at_end)
    if not phrase:
        return _Among(_EVERY)
    clue = phrase.clue(in_head=bool(query.name))
    if not query.name:
        return _InOctets(clue, phrase.is_in_body, phrase.look_through)
    which = FIELD_COLUMNS[query.name.lower()]
    return _Row(Rendition.KEYS, lambda texts: list(map(phrase.is_in, texts)), which, clue)


def _text(needle: str, *, in_header: bool) -> Condition:
    """Return the test for a needle in the header or body, or in the body only."""
    of_body = fold_needle(needle, in_header=False)
    of_head = fold_needle(needle, in_header=True) if in_header else of_body
    if not of_body:
        return _Among(_EVERY)
    in_body = of_body.encode("utf-8", "surrogatepass")
    in_head = of_head.encode("utf-8", "surrogatepass") if in_header else None

    def matches(served: bytes) -> bool:
        return contains(served, in_head, in_body)

    # Where header and body are looked through for different things, both are read.
    clue = clue_to_text(of_body, in_head=in_header) if of_head == of_body else None
    return _InOctets(clue, matches)
