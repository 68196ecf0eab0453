"""Stamps never tell too little, and too much only where there are many."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.bitmap import FULL, Bitmap
from storage.stamps import MAX_LAYERS, MAX_OCTETS, Layer, Stamps, decode_layers, encode_layers
from tests.marks.model import bitmap, numbers_of

STORED = 10 << 10
"""Octets of a stored chunk's layers at most."""


def given_all(changes: list[list[int]]) -> tuple[Stamps, dict[int, int]]:
    stamps = Stamps()
    truth: dict[int, int] = {}
    for stamp, numbers in enumerate(changes, 1):
        stamps = stamps.given(bitmap(numbers), stamp)
        truth |= dict.fromkeys(numbers, stamp)
    return stamps, truth


def check(stamps: Stamps, truth: dict[int, int], last: int) -> None:
    for layers in stamps.chunks.values():
        assert len(layers) <= MAX_LAYERS
        assert sorted({stamp for stamp, _ in layers}, reverse=True) == [s for s, _ in layers]
    kept = {number: stamps.of(number) for number in truth}
    assert all(truth[number] <= kept[number] <= last for number in truth)
    for since in range(0, last + 1, max(1, last // 20)):
        assert numbers_of(stamps.later(since)) == sorted(n for n in truth if kept[n] > since)


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(1, 9000), min_size=1, max_size=5), max_size=MAX_LAYERS))
def test_few_are_exact(changes: list[list[int]]) -> None:
    stamps, truth = given_all(changes)
    check(stamps, truth, len(changes))
    assert {number: stamps.of(number) for number in truth} == truth
    assert stamps.of(9001) == 0


@pytest.mark.parametrize("sort", [False, True])
def test_many_one_by_one_are_kept_the_finer_the_younger(sort: bool) -> None:
    """As a reader goes through a list: the error is small beside what is new in any case."""
    numbers = Random(1).sample(range(1, 8192), 4000)
    stamps, truth = given_all([[n] for n in (sorted(numbers) if sort else numbers)])
    check(stamps, truth, 4000)
    for since in range(0, 4001, 50):
        told, news = len(stamps.later(since)), 4000 - since
        assert news <= told <= 1.7 * news + 1
    assert len(stamps.later(3990)) == 10


def test_who_did_not_change_has_no_stamp_however_many_did() -> None:
    stamps, _ = given_all([[n] for n in range(1, 8192, 3)])
    assert not any(stamps.of(n) for n in range(2, 8192, 3))


def test_what_is_stored_is_bounded() -> None:
    """Every second number in one change, then some anywhere in a hundred others."""
    chance = Random(2)
    most = 0
    stamps = Stamps().given(bitmap(range(2, 8192, 2)), 1)
    truth = dict.fromkeys(range(2, 8192, 2), 1)
    for stamp in range(2, 100):
        numbers = chance.sample(range(1, 8192), 100)
        stamps = stamps.given(bitmap(numbers), stamp)
        truth |= dict.fromkeys(numbers, stamp)
        layers = stamps.chunks[0]
        stored = len(encode_layers(layers, 0))
        most = max(stored, most)
        assert stored <= STORED
    assert most > MAX_OCTETS - 1500
    check(stamps, truth, 99)


def test_a_chunk_that_is_full_costs_next_to_nothing() -> None:
    stamps = Stamps().given(Bitmap.of([range(1, 10**6)]), 5)
    assert len(encode_layers(stamps.chunks[1], FULL)) == 11


@st.composite
def layers(draw: st.DrawFn) -> list[Layer]:
    whose = draw(st.lists(st.integers(0, 4), min_size=1, max_size=60))
    stamps = draw(st.lists(st.integers(1, 2**63 - 1), unique=True, min_size=4, max_size=4))
    bits = [sum(1 << at for at, own in enumerate(whose) if own == n) for n in range(1, 5)]
    ordered = sorted(stamps, reverse=True)
    found = [(stamp, own) for stamp, own in zip(ordered, bits, strict=True) if own]
    return found or [(1, 1)]


@given(layers(), st.booleans())
def test_layers_come_back(given_layers: list[Layer], is_same: bool) -> None:
    marked = given_layers[0][1] if is_same else 1 << 8000
    assert list(decode_layers(encode_layers(given_layers, marked), marked)) == given_layers


def raw(*given_layers: Layer) -> bytes:
    return encode_layers(given_layers, 0)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0",
        b"\x21" + b"\0" * 400,
        raw((5, 1))[:5],
        raw((5, 1))[:-1],
        raw((5, 1)) + b"\0",
        raw((5, 1), (5, 2)),
        raw((5, 1), (6, 2)),
        raw((5, 1), (4, 3)),
        raw((5, 0)),
    ],
)
def test_what_are_no_layers(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"layers|chunk|integer"):
        decode_layers(data, 0)
