from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.lmtp import text as module
from gateway.lmtp.text import EndlessText, IncomingText

OCTETS = st.lists(st.sampled_from([b".", b"..", b"\r\n", b"\n", b"\r", b"a", b"\0"]), max_size=40)


def sent(text: bytes) -> bytes:
    """Return a text as a client sends it, which ends the last line if need be."""
    whole = text if text.endswith(b"\r\n") or not text else text + b"\r\n"
    dotted = b"\r\n".join(
        b"." + line if line.startswith(b".") else line for line in whole.split(b"\r\n")
    )
    return dotted + b".\r\n"


def taken(data: bytes, cuts: list[int], limit: int) -> tuple[IncomingText, bytes]:
    """Feed data in pieces; return the text and what came behind it."""
    incoming = IncomingText(limit)
    for cut in [*cuts, len(data)]:
        rest = incoming.feed(data[:cut])
        data = data[cut:]
        if incoming.is_complete:
            return incoming, rest + data
    raise AssertionError("no end was found")


@given(OCTETS, st.lists(st.integers(0, 7), max_size=30), st.integers(0, 60))
def test_what_is_sent_is_what_is_taken_wherever_it_is_cut(
    pieces: list[bytes], cuts: list[int], limit: int
) -> None:
    text = b"".join(pieces)
    incoming, rest = taken(sent(text) + b"QUIT\r\n", cuts, limit)
    whole = text if text.endswith(b"\r\n") or not text else text + b"\r\n"
    assert rest == b"QUIT\r\n"
    assert incoming.is_too_large == (len(whole) > limit)
    if len(whole) <= limit:
        assert incoming.octets() == whole.replace(b"\r\n", b"\n")


def test_only_a_line_of_its_own_ends_a_text() -> None:
    incoming = IncomingText(100)
    for data in (b"a\n.\nb\r.\rc\r\n.\nd\n.\r\n.", b".\r\n"):
        assert incoming.feed(data) == b""
        assert not incoming.is_complete
    assert incoming.feed(b".\r\n.\r\n") == b".\r\n"
    assert incoming.octets() == b"a\n.\nb\r.\rc\n\nd\n.\n.\n"


def test_of_a_text_that_is_too_large_nothing_is_kept_and_its_end_is_still_found() -> None:
    incoming = IncomingText(10)
    for _ in range(1000):
        assert incoming.feed(b"x" * 1000 + b"\r\n.") == b""
    assert incoming.is_too_large
    assert len(incoming._lines) + len(incoming._rest) < 10
    assert incoming.feed(b"\r\nNOOP\r\n") == b"NOOP\r\n"
    assert incoming.is_complete


def test_a_text_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ENDLESS_OCTETS", 5000)
    incoming = IncomingText(10)
    for _ in range(5):
        incoming.feed(b"x" * 1000)
    with pytest.raises(EndlessText):
        incoming.feed(b"x" * 1000)
