"""The full-text index, written: in the batch that brings or removes the messages.

What a batch brings of a run becomes a segment. Segments are ranked by the powers of eight: one takes in those of lower
rank, and of its own rank when there are eight, which makes it one of a higher. So there are few, and a message is
written once in each rank, however small the batches are.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from contextlib import suppress
from itertools import groupby, repeat
from operator import add
from typing import TYPE_CHECKING, Final

import zstandard

from storage.bitmap import decode_chunk, encode_chunk
from storage.errors import ArchiveUnavailable
from storage.message.terms import TERMS_VERSION
from storage.pages import page_of
from storage.sqlite.fulltext import SEGMENTS
from storage.sqlite.fulltext_segment import (
    RUN_BITS,
    RUN_NUMBERS,
    Section,
    joined,
    octets_of,
    places_in,
)
from storage.sqlite.packing import LEVEL, LEVEL_FOR_NOW, pack, unpack

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping, Sequence

    from storage.message.terms import TextTerms
    from storage.sqlite.fulltext_segment import Terms

__all__ = ["IndexWriter", "lacking", "unindexed"]

_READ: Final = (
    "SELECT covers, head_terms, head_places, body_terms, body_places FROM segment WHERE id = ?"
)
_PUT: Final = (
    "INSERT INTO segment (list, run, version, covers, head_terms, head_places, body_terms, body_places) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_DROP: Final = "DELETE FROM segment WHERE id = ?"
_DROP_OTHERS: Final = "DELETE FROM segment WHERE list = ? AND run = ? AND version <> ?"
_IDS: Final = "SELECT id FROM segment WHERE list = ? ORDER BY id"
_LISTS: Final = "SELECT id FROM list ORDER BY id"
_MARKS: Final = "SELECT low, high FROM list WHERE id = ?"
_COVERS: Final = "SELECT run, covers FROM segment WHERE list = ? AND version = ?"
_GONE: Final = "SELECT number FROM tombstone WHERE list = ? AND number BETWEEN ? AND ?"
_NUMBERS: Final = (
    "SELECT number FROM message WHERE list = ? AND number BETWEEN ? AND ? ORDER BY number"
)

FANOUT_BITS: Final = 3
TOP_RANK: Final = 3
"""A segment of 512 messages is not joined with its likes any more: it would cost more than it saves."""

_PLACE: Final = RUN_NUMBERS - 1


class _Segment:
    """A segment as it is made: the messages that it covers, and their terms in header and body."""

    def __init__(self) -> None:
        self.covers = 0
        self.sections: tuple[Terms, Terms] = {}, {}

    def add(self, place: int, text: TextTerms) -> None:
        """Add a message."""
        self.covers |= 1 << place
        own = octets_of(place)
        for section, part in zip(self.sections, text, strict=True):
            found = part.split(b" ") if part else []
            places = map(add, map(section.get, found, repeat(b"")), repeat(own))
            section.update(zip(found, places))  # noqa: B905 - one of them never ends

    def join(self, covers: int, sections: tuple[Terms, Terms]) -> None:
        """Add the messages of another segment."""
        self.covers |= covers
        head, body = map(joined, self.sections, sections)
        self.sections = head, body

    def take_out(self, gone: int) -> None:
        """Take messages out, given as bits."""
        self.covers &= ~gone
        places_gone = set(places_in(gone))
        for section in self.sections:
            for term, packed in list(section.items()):
                places = array("H", packed)
                if not places_gone.isdisjoint(places):
                    left = [octets_of(at) for at in places if at not in places_gone]
                    if left:
                        section[term] = b"".join(left)
                    else:
                        del section[term]


class IndexWriter:
    """Changes the index of one list within a batch. What it is told is written by ``write``."""

    def __init__(self, connection: sqlite3.Connection, key: int) -> None:
        self._connection = connection
        self._key = key
        self._there: dict[int, int] = {}
        self._new: dict[int, _Segment] = {}
        self._gone: dict[int, int] = {}
        self._improved: dict[int, _Segment] = {}

    def has(self, number: int) -> bool:
        """Tell whether a message is indexed: its text never changes, but with the version of what reads it."""
        segment, there = self._segment(number >> RUN_BITS)
        return bool((there | segment.covers) >> (number & _PLACE) & 1)

    def put(self, number: int, text: TextTerms) -> None:
        """Index a message, unless it is."""
        if not self.has(number):
            segment, _ = self._segment(number >> RUN_BITS)
            segment.add(number & _PLACE, text)

    def replace(self, number: int, text: TextTerms) -> None:
        """Index a message whose text is another now."""
        run, place = number >> RUN_BITS, number & _PLACE
        self._gone[run] = self._gone.get(run, 0) | 1 << place
        segment = self._improved.setdefault(run, _Segment())
        if segment.covers >> place & 1:
            segment.take_out(1 << place)
        segment.add(place, text)

    def drop(self, number: int) -> None:
        """Take a message out of the index."""
        run, bit = number >> RUN_BITS, 1 << (number & _PLACE)
        self._gone[run] = self._gone.get(run, 0) | bit
        if run in self._improved:
            self._improved[run].take_out(bit)

    def write(self) -> None:
        """Write what changed."""
        for run in self._new.keys() | self._gone.keys():
            # Segments of other versions are to be made anew, and may hold what is removed.
            self._connection.execute(_DROP_OTHERS, (self._key, run, TERMS_VERSION))
            self._write_run(run, self._new.get(run, _Segment()), self._gone.get(run, 0))
        for changes in (self._new, self._gone, self._improved):
            changes.clear()

    def faults(self, *, repair: bool) -> Iterator[str]:
        """Yield what segments cannot be read; forget them, if ``repair``."""
        for (segment,) in self._connection.execute(_IDS, (self._key,)).fetchall():
            try:
                self._read(segment)
            except (ValueError, zstandard.ZstdError) as error:
                yield f"a segment of the full-text index is damaged: {error}"
                if repair:
                    self._connection.execute(_DROP, (segment,))

    def _segment(self, run: int) -> tuple[_Segment, int]:
        """Return the segment that a batch makes of a run, and what those cover that are there."""
        segment = self._new.get(run)
        if segment is None:
            segment = self._new[run] = _Segment()
            self._there[run] = 0
            for _, covers in self._segments(run):
                self._there[run] |= covers
        return segment, self._there[run]

    def _write_run(self, run: int, new: _Segment, gone: int) -> None:
        """Write what a batch brings of a run, joined with what it takes in and with what loses messages."""
        segments = dict(self._segments(run))
        taken = [segment for segment, covers in segments.items() if covers & gone]
        while taken := taken or _joining(new.covers.bit_count(), segments):
            for segment in taken:
                new.join(*self._read(segment))
                self._connection.execute(_DROP, (segment,))
                del segments[segment]
            taken = []
        if gone:
            new.take_out(gone)
        if run in self._improved:
            new.join(self._improved[run].covers, self._improved[run].sections)
        if new.covers:
            level = LEVEL if _rank(new.covers.bit_count()) == TOP_RANK else LEVEL_FOR_NOW
            parts = [pack(part, level) for section in new.sections for part in Section.of(section)]
            values = self._key, run, TERMS_VERSION, encode_chunk(new.covers), *parts
            self._connection.execute(_PUT, values)

    def _segments(self, run: int) -> list[tuple[int, int]]:
        """Return the ids of a run's segments, and what they cover."""
        rows = self._connection.execute(SEGMENTS, (self._key, run, TERMS_VERSION))
        try:
            return [(segment, decode_chunk(covers)) for segment, covers in rows]
        except ValueError as error:
            raise ArchiveUnavailable(
                f"the full-text index is damaged: {error}; run 'listgate check --repair'"
            ) from error

    def _read(self, segment: int) -> tuple[int, tuple[Terms, Terms]]:
        covers, *parts = self._connection.execute(_READ, (segment,)).fetchone()
        head, head_places, body, body_places = map(unpack, parts)
        sections = Section(head, head_places).decode(), Section(body, body_places).decode()
        return decode_chunk(covers), sections


def _rank(count: int) -> int:
    return min((count.bit_length() - 1) // FANOUT_BITS, TOP_RANK)


def _joining(count: int, segments: Mapping[int, int]) -> list[int]:
    """Return which segments one of so many messages takes in."""
    rank = _rank(count)
    ranks = {segment: _rank(covers.bit_count()) for segment, covers in segments.items()}
    is_full = rank < TOP_RANK and list(ranks.values()).count(rank) + 1 >= 1 << FANOUT_BITS
    return [segment for segment, other in ranks.items() if other < rank + is_full]


def unindexed(connection: sqlite3.Connection) -> Iterator[tuple[int, Sequence[int]]]:
    """Yield the numbers of messages that the index lacks, by the key of their list and a page at a time."""
    for (key,) in connection.execute(_LISTS).fetchall():
        for numbers in lacking(connection, key):
            yield key, numbers


def lacking(connection: sqlite3.Connection, key: int) -> Iterator[Sequence[int]]:
    """Yield the numbers of a list's messages that the index lacks, a page at a time."""
    low, high = connection.execute(_MARKS, (key,)).fetchone()
    covered: dict[int, int] = defaultdict(int)
    for run, covers in connection.execute(_COVERS, (key, TERMS_VERSION)):
        with suppress(ValueError):  # a damaged one covers nothing
            covered[run] |= decode_chunk(covers)
    for (number,) in connection.execute(_GONE, (key, low, high)):
        covered[number >> RUN_BITS] |= 1 << (number & _PLACE)
    for run in range(low >> RUN_BITS, (high >> RUN_BITS) + 1):
        first = run << RUN_BITS
        start, end = max(low - first, 0), min(high + 1 - first, RUN_NUMBERS)
        missing = [first + at for at in places_in((1 << end) - (1 << start) & ~covered[run])]
        for _, page in groupby(missing, page_of):
            of_page = set(page)
            there = connection.execute(_NUMBERS, (key, min(of_page), max(of_page))).fetchall()
            numbers = [number for (number,) in there if number in of_page]
            if numbers:  # else they are lost
                yield numbers
