from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.deflate import BadDeflate, DeflateLayer


@given(st.lists(st.binary(max_size=500), max_size=5), st.integers(1, 300))
def test_two_layers_understand_each_other(messages: list[bytes], limit: int) -> None:
    here, there = DeflateLayer(), DeflateLayer()
    for message in messages:
        there.feed(here.sent(message))
        got = b""
        while there.pending:
            piece = there.received(limit)
            assert len(piece) <= limit
            got += piece
        assert got == message


@given(st.binary(max_size=200))
def test_no_octets_do_worse_than_be_refused(octets: bytes) -> None:
    layer = DeflateLayer()
    layer.feed(octets)
    try:
        while layer.pending:
            assert len(layer.received(100)) <= 100
    except BadDeflate:
        pass


def test_nothing_follows_the_end_of_the_stream() -> None:
    layer = DeflateLayer()
    layer.feed(zlib.compress(b"last", wbits=-15) + b"more")
    assert layer.received(100) == b"last"
    assert layer.pending
    with pytest.raises(BadDeflate, match="ended"):
        layer.received(100)


def test_what_waits_is_counted_compressed() -> None:
    layer = DeflateLayer()
    bomb = DeflateLayer().sent(bytes(1_000_000))
    layer.feed(bomb)
    assert len(layer) == len(bomb)
    assert len(layer.received(1000)) == 1000
    assert 0 < len(layer) < len(bomb)
