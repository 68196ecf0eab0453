"""Bitmap: a set of message numbers, kept as chunks of bits.

Invariants:

- A bitmap never changes: what is added to or taken from one makes another, which shares the chunks that are the same.
  Whoever holds one may go on reading it while others change what it was taken from.
- A chunk is an ``int`` of 8192 bits; there is none without a bit, and all full ones are one object.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from storage.model import MAX_NUMBER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = [
    "CHUNK_BITS",
    "CHUNK_OCTETS",
    "EMPTY",
    "OFFSET",
    "Bitmap",
    "bit_runs",
    "count_runs",
    "decode_chunk",
    "encode_chunk",
    "split",
    "window",
]

CHUNK_BITS: Final = 13
CHUNK: Final = 1 << CHUNK_BITS
FULL: Final = (1 << CHUNK) - 1

OFFSET: Final = CHUNK - 1
"""Those bits of a number that tell its place in its chunk."""

CHUNK_OCTETS: Final = CHUNK // 8
_AS_BITS: Final = b"\0"
_AS_RUNS: Final = b"\1"
_ONE: Final = ord("1")
_BINARY: Final = bytes.maketrans(b"01", b"\0\1")

_VARINT_BITS: Final = 63
"""How much a stored integer may hold; a stamp needs no more (RFC 7162 s. 3.1.1)."""


@dataclass(frozen=True, slots=True)
class Bitmap:
    """A set of message numbers.

    ``chunks[n >> 13]`` has bit ``n & 8191`` for each number ``n`` in the set.
    """

    chunks: Mapping[int, int] = field(default_factory=dict)

    @classmethod
    def of(cls, ranges: Iterable[range]) -> Bitmap:
        """Return the numbers of ranges, which may come in any order and overlap.

        Raises:
            ValueError: one has a step, or goes below 1 or beyond the largest number.
        """
        chunks: dict[int, int] = {}
        for each in ranges:
            if not each:
                continue
            first, last = each[0], each[-1]
            if each.step != 1 or first < 1 or last > MAX_NUMBER:
                raise ValueError(f"{each} are not message numbers")
            low, high = first >> CHUNK_BITS, last >> CHUNK_BITS
            for at in (low, high) if low < high else (low,):
                chunks[at] = _shared(chunks.get(at, 0) | _mask(at, first, last))
            if high - low > 1:
                chunks.update(dict.fromkeys(range(low + 1, high), FULL))
        return cls(chunks)

    @classmethod
    def holding(cls, numbers: Sequence[int]) -> Bitmap:
        """Return the set of some ascending numbers, of which there may be many."""
        chunks = {}
        for at, part in split(numbers):
            first, last = part[0], part[-1]
            if last - first + 1 == len(part):
                chunks[at] = _shared(_mask(at, first, last))
            else:
                digits = bytearray(b"0") * (last - first + 1)
                for number in part:
                    digits[last - number] = _ONE
                chunks[at] = int(digits, 2) << (first & OFFSET)
        return cls(chunks)

    def __bool__(self) -> bool:
        return bool(self.chunks)

    def __len__(self) -> int:
        return sum(bits.bit_count() for bits in self.chunks.values())

    def __contains__(self, number: int) -> bool:
        return bool(self.chunks.get(number >> CHUNK_BITS, 0) >> (number & OFFSET) & 1)

    def __or__(self, other: Bitmap) -> Bitmap:
        few, many = sorted((self.chunks, other.chunks), key=len)
        chunks = dict(many)
        for at, bits in few.items():
            chunks[at] = _shared(bits | chunks.get(at, 0))
        return Bitmap(chunks)

    def __and__(self, other: Bitmap) -> Bitmap:
        few, many = sorted((self.chunks, other.chunks), key=len)
        return Bitmap({at: both for at, bits in few.items() if (both := bits & many.get(at, 0))})

    def __sub__(self, other: Bitmap) -> Bitmap:
        chunks = dict(self.chunks)
        for at in chunks.keys() & other.chunks.keys():
            if left := chunks[at] & ~other.chunks[at]:
                chunks[at] = left
            else:
                del chunks[at]
        return Bitmap(chunks)

    def ranges(self) -> Iterator[range]:
        """Yield the numbers as ranges, ascending; none touches the next."""
        start = end = 0
        for at in sorted(self.chunks):
            base, bits = at << CHUNK_BITS, self.chunks[at]
            for low, high in ((0, CHUNK),) if bits == FULL else bit_runs(bits):
                if base + low != end:
                    if start < end:
                        yield range(start, end)
                    start = base + low
                end = base + high
        if start < end:
            yield range(start, end)

    def count(self, first: int, last: int) -> int:
        """Return how many of ``first <= number <= last`` are in the set."""
        low, high = first >> CHUNK_BITS, last >> CHUNK_BITS
        inner = range(low + 1, high)
        within = (
            (self.chunks.get(at, 0) for at in inner)
            if len(inner) < len(self.chunks)
            else (bits for at, bits in self.chunks.items() if at in inner)
        )
        ends = {low, high} if low <= high else set()
        return sum(bits.bit_count() for bits in within) + sum(
            (self.chunks.get(at, 0) & _mask(at, first, last)).bit_count() for at in ends
        )

    def first_absent(self, present: Iterable[range]) -> int | None:
        """Return the first number of ascending ranges that is not in the set, or None."""
        for each in present:
            first, last = each.start, each.stop - 1
            for at in range(first >> CHUNK_BITS, (last >> CHUNK_BITS) + 1):
                bits = self.chunks.get(at, 0)
                if bits != FULL and (absent := _mask(at, first, last) & ~bits):
                    return at << CHUNK_BITS | lowest(absent)
        return None


EMPTY: Final = Bitmap()


def lowest(bits: int) -> int:
    """Return the place of the lowest bit that is set."""
    return (bits & -bits).bit_length() - 1


def bit_runs(bits: int) -> Iterator[tuple[int, int]]:
    """Yield where each run of set bits starts and ends, ascending."""
    text = f"{bits:b}"[::-1]
    end = 0
    while (start := text.find("1", end)) >= 0:
        end = text.find("0", start)
        if end < 0:
            end = len(text)
        yield start, end


def count_runs(bits: int) -> int:
    """Return how many runs of set bits there are."""
    return (bits & ~(bits >> 1)).bit_count()


def split(numbers: Sequence[int]) -> Iterator[tuple[int, Sequence[int]]]:
    """Yield ascending numbers by chunk: which one, and those of its numbers, which are never none."""
    start = 0
    while start < len(numbers):
        at = numbers[start] >> CHUNK_BITS
        if numbers[-1] >> CHUNK_BITS == at:
            yield at, numbers[start:] if start else numbers
            return
        end = bisect_right(numbers, at << CHUNK_BITS | OFFSET, start)
        yield at, numbers[start:end]
        start = end


def window(bits: int, first: int, width: int) -> bytes:
    """Return an octet, 1 or 0, for each of ``width`` numbers from the first on, all in the chunk of these bits."""
    shown = bits >> (first & OFFSET) & ((1 << width) - 1)
    return f"{shown:0{width}b}".encode().translate(_BINARY)[::-1]


def encode_chunk(bits: int) -> bytes:
    """Return the stored form of a chunk: its runs or its bits, whichever is the shorter; 1025 octets at most."""
    if 2 * count_runs(bits) < CHUNK_OCTETS:
        lengths: list[int] = []
        before = 0
        for start, end in bit_runs(bits):
            lengths += (start - before, end - start)
            before = end
        data = _AS_RUNS + _varints(lengths)
        if len(data) <= CHUNK_OCTETS:
            return data
    return _AS_BITS + bits.to_bytes(CHUNK_OCTETS, "little")


def decode_chunk(data: bytes) -> int:
    """Return a chunk; the inverse of ``encode_chunk``.

    Raises:
        ValueError: the data is not a chunk.
    """
    if len(data) > 1 + CHUNK_OCTETS:
        raise ValueError("a chunk that is too long")
    if data[:1] == _AS_BITS and len(data) == 1 + CHUNK_OCTETS:
        return _shared(int.from_bytes(data[1:], "little"))
    if data[:1] != _AS_RUNS:
        raise ValueError("not a chunk")
    lengths = _read_varints(data[1:])
    if len(lengths) % 2 or sum(lengths) > CHUNK:
        raise ValueError("a chunk with runs that do not fit")
    bits = place = 0
    for gap, length in zip(lengths[::2], lengths[1::2], strict=True):
        bits |= ((1 << length) - 1) << (place + gap)
        place += gap + length
    return _shared(bits)


def _varints(values: Iterable[int]) -> bytes:
    """Return integers from 0 on in seven bits an octet, the lowest first; the high bit tells that more follow."""
    data = bytearray()
    for value in values:
        rest = value
        while rest > 0x7F:
            data.append(rest & 0x7F | 0x80)
            rest >>= 7
        data.append(rest)
    return bytes(data)


def _read_varints(data: bytes) -> list[int]:
    """Return the integers; the inverse of ``_varints``.

    Raises:
        ValueError: one has no end, or more than 63 bits.
    """
    values: list[int] = []
    value = shift = 0
    for octet in data:
        value |= (octet & 0x7F) << shift
        if octet & 0x80:
            shift += 7
            if shift >= _VARINT_BITS:
                raise ValueError("an integer that is too large")
        else:
            values.append(value)
            value = shift = 0
    if shift:
        raise ValueError("an integer that is cut off")
    return values


def _shared(bits: int) -> int:
    """Return the bits of a chunk: the one object, where it is full."""
    return FULL if bits == FULL else bits


def _mask(at: int, first: int, last: int) -> int:
    """Return the bits of a chunk that stand for ``first <= number <= last``."""
    base = at << CHUNK_BITS
    low, high = max(first - base, 0), min(last - base, OFFSET)
    return (1 << (high + 1)) - (1 << low) if low <= high else 0
