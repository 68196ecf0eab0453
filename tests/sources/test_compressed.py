"""Octets: every compression, whole, in pieces, one behind the other, cut and damaged."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import tracemalloc
from typing import TYPE_CHECKING

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from storage.sources.compressed import Octets, is_compressed
from tests.sources.mboxes import chunked

if TYPE_CHECKING:
    from collections.abc import Callable


COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda octets: lzma.compress(octets, format=lzma.FORMAT_ALONE),
    "zstd": zstandard.ZstdCompressor(write_checksum=True).compress,
}
NOISE = random.Random(1).randbytes(300_000)
TEXT = b"".join(b"line %d\n" % number for number in range(20_000)) + NOISE


def everything(octets: Octets, size: int = 10_000) -> bytes:
    return b"".join(iter(lambda: octets.read(size), b""))


@pytest.fixture(params=COMPRESSIONS)
def compress(request: pytest.FixtureRequest) -> Callable[[bytes], bytes]:
    return COMPRESSIONS[request.param]


def test_compressed_octets(compress: Callable[[bytes], bytes]) -> None:
    packed = compress(TEXT)
    assert is_compressed(packed)
    octets = Octets(io.BytesIO(packed).read)
    assert everything(octets) == TEXT
    assert (octets.consumed, octets.damage) == (len(packed), "")


def test_compressed_nothing(compress: Callable[[bytes], bytes]) -> None:
    octets = Octets(io.BytesIO(compress(b"")).read)
    assert (octets.read(9), octets.damage) == (b"", "")


def test_pieces_do_not_matter(compress: Callable[[bytes], bytes]) -> None:
    octets = Octets(chunked(compress(TEXT), [1] * 20 + [3, 1000] * 1000))
    assert everything(octets, 777) == TEXT


@pytest.mark.parametrize("name", ["gzip", "bzip2", "xz", "zstd"])
@pytest.mark.parametrize("padding", [b"", bytes(512), bytes(100_000)])
def test_one_behind_the_other(name: str, padding: bytes) -> None:
    compress = COMPRESSIONS[name]
    octets = Octets(io.BytesIO(compress(b"one") + padding + compress(b"two") + padding).read)
    assert (everything(octets), octets.damage) == (b"onetwo", "")


def test_zstd_skippable_frame() -> None:
    frame = b"\x50\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"hello"
    octets = Octets(io.BytesIO(frame + zstandard.compress(b"text")).read)
    assert (everything(octets), octets.damage) == (b"text", "")


def test_cut_short_gives_what_it_had(compress: Callable[[bytes], bytes]) -> None:
    packed = compress(TEXT)[:-100_000]
    octets = Octets(io.BytesIO(packed).read)
    given_at_all = everything(octets)
    assert TEXT.startswith(given_at_all)
    assert octets.damage == f"the compressed data ends too early, at octet {len(packed)}"


@pytest.mark.parametrize("name", ["gzip", "bzip2", "xz", "zstd"])
def test_damage_gives_what_it_had(name: str) -> None:
    packed = bytearray(COMPRESSIONS[name](TEXT))
    packed[200_000:200_064] = bytes(64)
    octets = Octets(io.BytesIO(packed).read)
    everything(octets)
    assert octets.damage.startswith("the compressed data is damaged before octet ")


def test_what_follows_and_is_not_compressed_is_damage() -> None:
    octets = Octets(io.BytesIO(gzip.compress(b"text") + b"more").read)
    assert everything(octets) == b"text"
    assert octets.damage.startswith("the compressed data is damaged")


@pytest.mark.parametrize("plain", [b"", b"x", b"BZh9 is not enough", b"\x1f\x8b", TEXT])
def test_plain_octets(plain: bytes) -> None:
    assert not is_compressed(plain)
    octets = Octets(chunked(plain, [1, 2, 3]))
    assert everything(octets) == plain
    assert (octets.consumed, octets.damage) == (len(plain), "")


@given(st.binary(max_size=200), st.lists(st.tuples(st.booleans(), st.integers(0, 50)), max_size=20))
def test_peeking_takes_nothing_away(plain: bytes, steps: list[tuple[bool, int]]) -> None:
    octets = Octets(chunked(plain, [7] * 40))
    at = 0
    for peeks, size in steps:
        if peeks:
            assert octets.peek(size) == plain[at : at + size]
        else:
            assert octets.read_fully(size) == plain[at : at + size]
            at = min(at + size, len(plain))
    assert octets.read_fully(999) == plain[at:]


def test_peeking_across_pieces() -> None:
    octets = Octets(io.BytesIO(gzip.compress(bytes(3_000_000) + b"end")).read)
    octets.read(10)
    assert len(octets.peek(2_500_000)) == 2_500_000
    assert len(everything(octets)) == 3_000_003 - 10


def test_few_octets_that_stand_for_many_cost_no_memory(compress: Callable[[bytes], bytes]) -> None:
    packed = compress(bytes(100_000_000))
    tracemalloc.start()
    octets = Octets(io.BytesIO(packed).read)
    count = sum(len(piece) for piece in iter(lambda: octets.read(1 << 20), b""))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 100_000_000
    assert peak < 50_000_000


@given(
    st.sampled_from([compress(b"some text" * 50) for compress in COMPRESSIONS.values()]), st.data()
)
def test_any_damage_ends_quietly(packed: bytes, data: st.DataObject) -> None:
    spoiled = bytearray(packed)
    for at, octet in data.draw(
        st.lists(st.tuples(st.integers(10, len(packed) - 1), st.integers(0, 255)), max_size=5)
    ):
        spoiled[at] = octet
    everything(Octets(io.BytesIO(spoiled).read))
