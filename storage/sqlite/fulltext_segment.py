"""A segment of the full-text index: which terms occur in which messages of a run of numbers, in header and in body.

A run is ``RUN_NUMBERS`` numbers, of which a segment covers some; within it a message is its place in the run. The terms
of a section lie one after the other with a space between: so what is sought anywhere in a term, at its start or at its
end, is found by one scan for octets, which takes no dictionary and is as fast as memory. They are ordered by how many
messages have them, most first: so where the places of each lie is known from how many terms there are of each count,
and what nearly every message has is found before its many rare likes.
"""

from __future__ import annotations

import struct
import sys
from array import array
from bisect import bisect_right
from collections import defaultdict
from itertools import accumulate, pairwise, repeat
from operator import add
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from storage.runs import numbers_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from storage.message.terms import Piece

__all__ = [
    "RUN_BITS",
    "RUN_NUMBERS",
    "Places",
    "Section",
    "Terms",
    "bits_of",
    "joined",
    "octets_of",
    "places_in",
]

RUN_BITS: Final = 12
RUN_NUMBERS: Final = 1 << RUN_BITS

MAX_LISTED: Final = RUN_NUMBERS // 16
"""Of a term that more messages have, a bitmap is stored, not their places."""

SAMPLE: Final = 256
"""Every so many terms it is noted where one begins."""

NEAR: Final = 4096
"""Octets across which terms are rather counted than looked up."""

CHECK: Final = 64
"""After so many terms it is looked whether all messages that are asked for are found."""

_BITMAP: Final = RUN_NUMBERS // 8
_PLACE_OCTETS: Final = array("H").itemsize
_HEAD: Final = struct.Struct("<III")

Terms: TypeAlias = dict[bytes, bytes]
"""The places of the messages that have each term, as ``octets_of`` packs them.

A hundred thousand are alive at once: most terms are in one message, and those of one message share what is packed.
"""

_ONE: Final = tuple(array("H", (place,)).tobytes() for place in range(RUN_NUMBERS))


class Section(NamedTuple):
    """A section as it is stored: the octets of the terms, and what tells whose they are."""

    terms: bytes
    places: bytes

    @classmethod
    def of(cls, terms: Terms) -> Section:
        """Return the stored form; the inverse of ``decode``.

        The places are: three counts; how many messages the listed terms have, and how many terms have that many; where
        every 256th term begins; the bitmaps of the first terms; the places of the listed ones.
        """
        by_length: dict[int, list[bytes]] = defaultdict(list)
        for term, places in terms.items():
            by_length[len(places)].append(term)
        ordered: list[bytes] = []
        bitmaps: list[bytes] = []
        lists: list[bytes] = []
        listed, sizes = [], []
        for length in sorted(by_length, reverse=True):
            same = sorted(by_length[length])
            ordered += same
            count = length // _PLACE_OCTETS
            if count > MAX_LISTED:
                of_term = [bits_of(array("H", terms[term])) for term in same]
                bitmaps += [bits.to_bytes(_BITMAP, "little") for bits in of_term]
            else:
                lists += map(terms.__getitem__, same)
                listed.append(count)
                sizes.append(len(same))
        ends = list(accumulate(map(len, ordered), initial=0))  # less the spaces
        samples = [ends[at] + at + 1 for at in range(0, len(ordered), SAMPLE)]
        head = _HEAD.pack(len(bitmaps), len(listed), len(samples))
        table = _octets(array("I", [*listed, *sizes, *samples]))
        data = _octets(array("H", b"".join(lists)))
        return cls(b" %b " % b" ".join(ordered), b"".join([head, table, *bitmaps, data]))

    def decode(self) -> Terms:
        """Return the terms."""
        return dict(zip(self.terms.split(), Places(self.places).packed(), strict=True))


class Places:
    """Whose the terms of a section are, by the terms' positions in their order."""

    __slots__ = ("_bitmaps", "_counts", "_firsts", "_lists", "_offsets", "dense", "samples")

    def __init__(self, octets: bytes) -> None:
        self.dense, groups, samples = _HEAD.unpack_from(octets)
        end = _HEAD.size + 4 * (2 * groups + samples)
        table = _integers("I", octets[_HEAD.size : end])
        self._counts, sizes = table[:groups], table[groups : 2 * groups]
        self.samples: Sequence[int] = table[2 * groups :]
        self._firsts = list(accumulate(sizes, initial=self.dense))
        lengths = [count * size for count, size in zip(self._counts, sizes, strict=True)]
        self._offsets = list(accumulate(lengths, initial=0))
        lists = end + self.dense * _BITMAP
        self._bitmaps = octets[end:lists]
        self._lists = _integers("H", octets[lists:])

    def bits(self, at: int) -> int:
        """Return the messages that have a term among the first ``dense`` ones, as bits."""
        return int.from_bytes(self._bitmaps[at * _BITMAP : (at + 1) * _BITMAP], "little")

    def listed(self, at: int) -> array[int]:
        """Return the places of the messages that have a term behind those, ascending."""
        group = bisect_right(self._firsts, at) - 1
        count = self._counts[group]
        start = self._offsets[group] + (at - self._firsts[group]) * count
        return self._lists[start : start + count]

    def packed(self) -> list[bytes]:
        """Return the places of the messages that have each term."""
        found = [array("H", places_in(self.bits(at))).tobytes() for at in range(self.dense)]
        octets = self._lists.tobytes()
        for count, (start, end) in zip(self._counts, pairwise(self._offsets), strict=True):
            if count == 1:
                found += map(_ONE.__getitem__, self._lists[start:end])
            else:
                length = count * _PLACE_OCTETS
                starts = range(start * _PLACE_OCTETS, end * _PLACE_OCTETS, length)
                found += [octets[at : at + length] for at in starts]
        return found

    def with_piece(self, terms: bytes, piece: Piece, wanted: int) -> int:
        """Return which of the messages ``wanted`` have a term with a piece of a needle, as bits."""
        found, places = 0, set[int]()
        for turn, at in enumerate(self._having(terms, piece)):
            if at < self.dense:
                found |= self.bits(at)
            else:
                places.update(self.listed(at))
            if turn % CHECK == 0:
                found |= bits_of(places)
                places.clear()
                if not wanted & ~found:
                    break
        return (found | bits_of(places)) & wanted

    def _having(self, terms: bytes, piece: Piece) -> Iterator[int]:
        """Yield the positions of the terms that have a piece where it has to be."""
        sought = b"%b%b%b" % (b" " * piece.at_start, piece.octets, b" " * piece.at_end)
        at, counted = -1, 0
        place = terms.find(sought)
        while place >= 0:
            inside = place + piece.at_start
            if inside - counted > NEAR:
                sample = bisect_right(self.samples, inside) - 1
                at, counted = sample * SAMPLE, self.samples[sample]
            at += terms.count(b" ", counted, inside)
            counted = inside
            yield at
            if piece.at_start and piece.at_end:
                return
            place = terms.find(sought, terms.index(b" ", inside))


def octets_of(place: int) -> bytes:
    """Return a place, packed; those of several messages are these, one after the other."""
    return _ONE[place]


def joined(terms: Terms, others: Terms) -> Terms:
    """Return the terms of the messages of two sections; either may be changed for it."""
    more, fewer = (terms, others) if len(terms) > len(others) else (others, terms)
    places = map(add, map(more.get, fewer, repeat(b"")), fewer.values())
    more.update(zip(fewer, places, strict=True))
    return more


def bits_of(places: Iterable[int]) -> int:
    """Return places as bits."""
    octets = bytearray(_BITMAP)
    for place in places:
        octets[place >> 3] |= 1 << (place & 7)
    return int.from_bytes(octets, "little")


def _octets(values: array[int]) -> bytes:
    if sys.byteorder == "big":
        values.byteswap()
    return values.tobytes()


def _integers(code: str, octets: bytes) -> array[int]:
    values = array(code, octets)
    if sys.byteorder == "big":
        values.byteswap()
    return values


def places_in(bits: int) -> list[int]:
    """Return bits as places, ascending."""
    return list(numbers_of(bits, 0))
