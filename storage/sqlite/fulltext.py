"""The full-text index, read: it tells which messages may contain a needle.

A list's numbers are indexed by runs, and the messages of a run lie in a few segments. A segment never changes: another
one takes its place, under an id that was never used. So what was read of one may be kept, and of a removed message
nothing stays in the file. What no segment of this version covers is possible for any clue: the index may lack anything,
and a search finds it all the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from storage.bitmap import decode_chunk
from storage.kept import Kept
from storage.message.terms import TERMS_VERSION
from storage.query import Narrowed
from storage.sqlite.fulltext_segment import RUN_BITS, RUN_NUMBERS, Places

if TYPE_CHECKING:
    from collections.abc import Iterator

    from storage.message.terms import Clue
    from storage.sqlite.query import Query

__all__ = ["SEGMENTS", "Index"]

KEPT_OCTETS: Final = 48 << 20
"""Terms kept in memory, and as much of places: those of some 50,000 messages."""

SEGMENTS: Final = (
    "SELECT id, covers FROM segment WHERE list = ? AND run = ? AND version = ? ORDER BY id"
)
_TERMS: Final = (
    "SELECT head_terms FROM segment WHERE id = ?",
    "SELECT body_terms FROM segment WHERE id = ?",
)
_PLACES: Final = (
    "SELECT head_places FROM segment WHERE id = ?",
    "SELECT body_places FROM segment WHERE id = ?",
)

_WHOLE_RUN: Final = (1 << RUN_NUMBERS) - 1


class _Replaced(Exception):
    """A segment is there no more: a batch ended between two questions to the file."""


class Index:
    """The index of all lists of an archive, by their keys."""

    def __init__(self, query: Query) -> None:
        self._query = query
        self._terms: Kept[tuple[int, int], bytes] = Kept(KEPT_OCTETS)
        self._places: Kept[tuple[int, int], Places] = Kept(KEPT_OCTETS)

    def narrow(self, key: int, first: int, last: int, clue: Clue) -> Iterator[Narrowed]:
        """Yield which messages of a list's numbers may be what a clue is of, by the segment; see ``Archive.narrow``.

        Raises:
            ArchiveUnavailable: the index is damaged.
        """
        asked = (1 << last + 1 - first) - 1
        for run in range(first >> RUN_BITS, (last >> RUN_BITS) + 1):
            start = (run << RUN_BITS) - first
            told, open_ = 0, _WHOLE_RUN
            try:
                for found, covers in self._in_run(key, run, clue):
                    told |= found
                    open_ &= ~covers
                    bits = _moved(found, start) & asked
                    yield Narrowed(bits, 0) if clue.exact else Narrowed(0, bits)
            except _Replaced:
                open_ = _WHOLE_RUN
            yield Narrowed(0, _moved(open_ & ~told, start) & asked)

    def _in_run(self, key: int, run: int, clue: Clue) -> Iterator[tuple[int, int]]:
        """Yield of each segment the messages that a clue fits, and those that it covers."""
        for segment, covers in self._query.rows(SEGMENTS, key, run, TERMS_VERSION):
            try:
                wanted = decode_chunk(covers)
            except ValueError as error:
                raise self._query.damaged(str(error)) from error
            found = 0
            for section, is_sought in enumerate((clue.in_head, clue.in_body)):
                if is_sought:
                    found |= self._in_section(segment, section, clue, wanted & ~found)
            yield found, wanted

    def _in_section(self, segment: int, section: int, clue: Clue, wanted: int) -> int:
        """Return which of the messages wanted have all pieces of a clue in one section."""
        if not wanted:
            return 0
        terms = self._terms_of(segment, section)
        if any(piece.octets not in terms for piece in clue.pieces):
            return 0  # most often so: whose the others are need not be read
        for piece in clue.pieces:
            wanted &= self._places_of(segment, section).with_piece(terms, piece, wanted)
            if not wanted:
                break
        return wanted

    def _terms_of(self, segment: int, section: int) -> bytes:
        terms = self._terms.get((segment, section))
        if terms is None:
            terms = self._read(_TERMS[section], segment)
            self._terms.put((segment, section), terms, len(terms))
        return terms

    def _places_of(self, segment: int, section: int) -> Places:
        places = self._places.get((segment, section))
        if places is None:
            octets = self._read(_PLACES[section], segment)
            places = Places(octets)
            self._places.put((segment, section), places, len(octets))
        return places

    def _read(self, statement: str, segment: int) -> bytes:
        rows = self._query.rows(statement, segment)
        if not rows:
            raise _Replaced
        return self._query.unpack(rows[0][0])


def _moved(bits: int, start: int) -> int:
    return bits << start if start >= 0 else bits >> -start
