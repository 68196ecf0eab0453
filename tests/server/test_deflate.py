from __future__ import annotations

import zlib
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway import deflate
from gateway.deflate import BadDeflate, DeflateLayer, deflated
from gateway.wire import Deflated

TEXTS = st.one_of(
    st.binary(max_size=500),
    st.lists(st.sampled_from([b"Re: a patch", b"\t<1@x.example>", b"\r\n"]), max_size=40).map(
        b"".join
    ),
    st.integers(0, 90_000).map(bytes),
)
PIECES = st.lists(st.tuples(TEXTS.filter(bool), st.booleans()), max_size=6)
"""Texts, and whether each was compressed ahead."""


@pytest.fixture(params=["zlib", "ISA-L"])
def _compressor(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "ISA-L":
        pytest.importorskip("isal", reason="ISA-L is not made for this machine")
    monkeypatch.setattr(deflate, "_has_isal", request.param == "ISA-L")


@pytest.mark.usefixtures("_compressor")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(replies=st.lists(PIECES, max_size=6), cuts=st.lists(st.integers(0, 5000), max_size=8))
def test_any_inflater_reads_what_was_compressed_ahead_between_the_rest(
    replies: list[list[tuple[bytes, bool]]], cuts: list[int]
) -> None:
    layer, inflater = DeflateLayer(), zlib.decompressobj(-15)
    stream = b""
    for reply in replies:
        sent = layer.sent(*(Deflated(deflated(text)) if ahead else text for text, ahead in reply))
        got = inflater.decompress(sent)
        assert got == b"".join(text for text, _ in reply), "readable at once"
        stream += sent
    again, got = zlib.decompressobj(-15), b""
    bounds = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    for start, end in pairwise(bounds):
        got += again.decompress(stream[start:end])
    assert got == b"".join(text for reply in replies for text, _ in reply)
    assert not again.eof


@pytest.mark.usefixtures("_compressor")
def test_what_was_compressed_ahead_is_sent_as_it_is_and_not_referred_to() -> None:
    text = bytes(range(256)) * 4
    ready = Deflated(deflated(text))
    layer = DeflateLayer()
    assert layer.sent(ready) == ready
    once = layer.sent(text)
    assert len(layer.sent(text)) < len(once) // 4, "what follows refers back"
    sent = layer.sent(ready, text)
    assert sent.find(ready) >= 0
    assert len(sent) >= len(ready) + len(once) // 2, "but not over what was compressed ahead"


def test_nothing_is_nothing() -> None:
    assert DeflateLayer().sent() == b""


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
