"""Stamps: when the mark of each number last changed, bounded in what it keeps.

For each chunk of 8192 numbers there are at most 32 layers, each a stamp and the numbers that last changed with it, and
together these take some 6 KiB. Beyond that, two neighbours in time become one, with the later stamp. A number's stamp may
so be later than the truth, never earlier, and never later than the chunk's latest: who asks what changed since is told
too much at times, never too little. A number that never changed has no stamp, whatever else did.

Which two become one is chosen so that whoever asks is told the least too much in proportion to what is new to it: recent
changes stay exact, old ones are kept coarsely.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from storage.bitmap import (
    CHUNK_BITS,
    CHUNK_OCTETS,
    OFFSET,
    Bitmap,
    count_runs,
    decode_chunk,
    encode_chunk,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["MAX_LAYERS", "MAX_OCTETS", "Layer", "Stamps", "decode_layers", "encode_layers"]

MAX_LAYERS: Final = 32
"""Different stamps kept in a chunk of 8192 numbers."""

_HEAD: Final = struct.Struct("<QH")

MAX_OCTETS: Final = 6144
"""Octets of the stored layers of a chunk, as ``_octets`` estimates them; 10 KiB are never reached."""

Layer = tuple[int, int]
"""A stamp, and the bits of the numbers in a chunk that last changed with it."""


@dataclass(frozen=True, slots=True)
class Stamps:
    """The stamp of each number that ever changed. Never changes itself.

    ``chunks`` has the layers of a chunk, the latest first; none is without a bit, and no two share one.
    """

    chunks: Mapping[int, Sequence[Layer]] = field(default_factory=dict)

    def given(self, numbers: Bitmap, stamp: int) -> Stamps:
        """Return the stamps after these numbers changed; ``stamp`` is later than every one before."""
        chunks = dict(self.chunks)
        for at, bits in numbers.chunks.items():
            layers = [(stamp, bits)]
            for before, others in chunks.get(at, ()):
                if left := others & ~bits:
                    layers.append((before, left))
            chunks[at] = tuple(_thinned(layers))
        return Stamps(chunks)

    def of(self, number: int) -> int:
        """Return a number's stamp, 0 if it never changed."""
        for stamp, bits in self.chunks.get(number >> CHUNK_BITS, ()):
            if bits >> (number & OFFSET) & 1:
                return stamp
        return 0

    def later(self, since: int) -> Bitmap:
        """Return the numbers whose stamp is later than ``since``."""
        chunks = {}
        for at, layers in self.chunks.items():
            bits = 0
            for stamp, others in layers:
                if stamp <= since:
                    break
                bits |= others
            if bits:
                chunks[at] = bits
        return Bitmap(chunks)


def encode_layers(layers: Sequence[Layer], marked: int) -> bytes:
    """Return the stored form of a chunk's layers; ``marked`` are the bits they are kept beside.

    Their count, for each its stamp and the length of its chunk, then these chunks. One that is the same as ``marked``,
    as most are, is left out, with 0 for its length.
    """
    chunks = [b"" if bits == marked else encode_chunk(bits) for _, bits in layers]
    heads = [
        _HEAD.pack(stamp, len(chunk)) for (stamp, _), chunk in zip(layers, chunks, strict=True)
    ]
    return b"".join([bytes([len(layers)]), *heads, *chunks])


def decode_layers(data: bytes, marked: int) -> Sequence[Layer]:
    """Return a chunk's layers; the inverse of ``encode_layers``.

    Raises:
        ValueError: the data is not a chunk's layers.
    """
    count = data[0] if data else 0
    place = 1 + count * _HEAD.size
    if not 0 < count <= MAX_LAYERS or len(data) < place:
        raise ValueError("not the layers of a chunk")
    layers: list[Layer] = []
    every = 0
    for stamp, length in _HEAD.iter_unpack(data[1:place]):
        bits = decode_chunk(data[place : place + length]) if length else marked
        place += length
        if not bits or bits & every or (layers and stamp >= layers[-1][0]):
            raise ValueError("layers out of order")
        layers.append((stamp, bits))
        every |= bits
    if place != len(data):
        raise ValueError("layers of the wrong length")
    return tuple(layers)


def _thinned(layers: list[Layer]) -> list[Layer]:
    """Return layers, latest first, no more than are kept."""
    while len(layers) > MAX_LAYERS or (len(layers) > 1 and _octets(layers) > MAX_OCTETS):
        best, least, newer = 1, float("inf"), 0
        for at in range(1, len(layers)):
            own = layers[at - 1][1].bit_count()
            error = (own + layers[at][1].bit_count()) / (newer + 1)
            if error < least:
                best, least = at, error
            newer += own
        stamp, bits = layers[best - 1]
        layers[best - 1 : best + 1] = [(stamp, bits | layers[best][1])]
    return layers


def _octets(layers: list[Layer]) -> int:
    """Return about how many octets the stored form of layers has: a run has two, three or four if it is long."""
    return sum(min(CHUNK_OCTETS, 2 * count_runs(bits)) for _, bits in layers)
