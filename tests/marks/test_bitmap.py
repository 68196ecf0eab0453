"""Bitmaps are sets of numbers; their stored form is short, bounded and checked."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.bitmap import EMPTY, FULL, Bitmap, bit_runs, count_runs, decode_chunk, encode_chunk
from storage.model import MAX_NUMBER
from tests.marks.model import bitmap, numbers_of

CHUNK = 8192
MOST = 1025
"""Octets of a stored chunk at most."""

near = st.one_of(
    st.integers(1, 40),
    st.integers(CHUNK - 20, CHUNK + 20),
    st.integers(3 * CHUNK - 20, 3 * CHUNK + 20),
    st.integers(MAX_NUMBER - 20, MAX_NUMBER),
)
ranges = st.tuples(near, st.integers(0, 30)).map(
    lambda pair: range(pair[0], min(sum(pair), MAX_NUMBER + 1))
)
wide = st.tuples(st.integers(1, 5 * CHUNK), st.integers(0, 4 * CHUNK)).map(
    lambda pair: range(pair[0], sum(pair))
)
many = st.lists(ranges | wide, max_size=12)
chunks = st.one_of(
    st.integers(0, FULL),
    st.lists(st.integers(0, CHUNK - 1), max_size=400).map(
        lambda places: sum(1 << p for p in set(places))
    ),
    st.tuples(st.integers(0, CHUNK), st.integers(0, CHUNK)).map(
        lambda p: (1 << max(p)) - (1 << min(p))
    ),
)


def members(runs: list[range]) -> set[int]:
    return {number for run in runs for number in run}


@given(many)
def test_numbers(runs: list[range]) -> None:
    made, truth = Bitmap.of(runs), members(runs)
    assert numbers_of(made) == sorted(truth)
    assert len(made) == len(truth)
    assert bool(made) is bool(truth)
    assert Bitmap.holding(sorted(truth)) == made
    got = list(made.ranges())
    assert all(run for run in got)
    assert all(a.stop < b.start for a, b in pairwise(got))
    assert Bitmap.of(got) == made
    assert all(bits for bits in made.chunks.values())
    assert all(number in made for number in truth)
    assert not any(edge in made for run in got for edge in (run.start - 1, run.stop))


@given(many, many)
def test_sets(left: list[range], right: list[range]) -> None:
    a, b, truth, other = Bitmap.of(left), Bitmap.of(right), members(left), members(right)
    for made, expected in ((a | b, truth | other), (a & b, truth & other), (a - b, truth - other)):
        assert numbers_of(made) == sorted(expected)
        assert all(bits for bits in made.chunks.values())
    assert (numbers_of(a), numbers_of(b)) == (sorted(truth), sorted(other))


@given(many, st.integers(1, 9 * CHUNK) | near, st.integers(-3, 5 * CHUNK))
def test_count(runs: list[range], first: int, width: int) -> None:
    made, truth = Bitmap.of(runs), members(runs)
    last = first + width
    assert made.count(first, last) == sum(first <= number <= last for number in truth)


@given(many, many)
def test_first_absent(runs: list[range], present: list[range]) -> None:
    shown = list(Bitmap.of(present).ranges())
    expected = min(members(present) - members(runs), default=None)
    assert Bitmap.of(runs).first_absent(shown) == expected


@pytest.mark.parametrize("wrong", [range(3), range(MAX_NUMBER, MAX_NUMBER + 2), range(1, 9, 2)])
def test_what_are_no_message_numbers(wrong: range) -> None:
    with pytest.raises(ValueError, match="are not message numbers"):
        Bitmap.of([wrong])


def test_full_chunks_are_one_object() -> None:
    half = range(CHUNK, CHUNK + 100)
    made = Bitmap.of([half]) | Bitmap.of([range(CHUNK + 100, 9 * CHUNK)])
    assert len({id(bits) for bits in made.chunks.values()}) == 1
    assert Bitmap.holding(range(CHUNK, 2 * CHUNK)).chunks[1] is FULL
    assert decode_chunk(encode_chunk(FULL)) is FULL
    assert decode_chunk(b"\0" + b"\xff" * 1024) is FULL
    assert len(Bitmap.of([range(1, MAX_NUMBER + 1)]).chunks) == 2**31 // CHUNK


def test_an_empty_range_is_nothing() -> None:
    assert Bitmap.of([range(5, 5)]) == EMPTY
    assert EMPTY.count(1, 100) == 0


@given(chunks)
def test_a_chunk_comes_back(bits: int) -> None:
    data = encode_chunk(bits)
    assert decode_chunk(data) == bits
    assert len(data) <= MOST
    assert sum(1 << place for start, end in bit_runs(bits) for place in range(start, end)) == bits


def test_what_is_much_alike_is_short() -> None:
    assert len(encode_chunk(FULL)) == 4
    assert len(encode_chunk(1)) == 3
    assert len(encode_chunk(sum(1 << at for at in range(0, CHUNK, 100)))) == 165
    assert len(encode_chunk(sum(1 << at for at in range(0, CHUNK, 2)))) == MOST
    assert len(encode_chunk(sum(1 << at for at in range(0, CHUNK, 17)))) <= MOST


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\2\1\3",
        b"\0\1\3",
        b"\1\1\3\x80",
        b"\1\1\3\0",
        b"\1\1\3\x81\x40\1",
        b"\1\1\x80\x40",
        b"\1" + b"\xff" * 9 + b"\1\1",
        bytes(1024),
        bytes(1026),
        b"\1" + bytes(1026),
    ],
)
def test_what_is_no_chunk(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"chunk|integer"):
        decode_chunk(data)


@given(st.binary(max_size=40) | st.binary(max_size=40).map(lambda data: b"\1" + data))
def test_any_octets_are_a_chunk_or_refused(data: bytes) -> None:
    try:
        bits = decode_chunk(data)
    except ValueError:
        return
    assert 0 <= bits <= FULL
    assert decode_chunk(encode_chunk(bits)) == bits


def test_few_runs_may_be_longer_than_bits() -> None:
    gaps = [128] * 55 + [1] * 456
    bits = place = 0
    for gap in gaps:
        place += gap
        bits |= 1 << place
        place += 1
    assert place <= CHUNK
    assert count_runs(bits) == len(gaps) < 512
    assert len(encode_chunk(bits)) == MOST
    assert decode_chunk(encode_chunk(bits)) == bits


def test_one_number_of_each_place() -> None:
    assert numbers_of(bitmap([1, CHUNK - 1, CHUNK, MAX_NUMBER])) == [
        1,
        CHUNK - 1,
        CHUNK,
        MAX_NUMBER,
    ]
