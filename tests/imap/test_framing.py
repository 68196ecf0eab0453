"""Commands are cut at the right places, whatever they say, within limits."""

from __future__ import annotations

import pytest

from gateway.imap.framing import (
    COMMAND_OCTETS,
    LINE_OCTETS,
    LITERAL_OCTETS,
    SKIPPED_OCTETS,
    CommandBuffer,
    CommandTooLong,
    GoAhead,
    TooMuchData,
)
from gateway.wire import EndlessLine, LineTooLong

WAITS = "waits"


def cut(data: bytes, *, buffer: CommandBuffer | None = None, step: int = 0) -> list[object]:
    """Return what comes of octets: commands, ``WAITS`` for a client that waits, tags and names of what is too long."""
    buffer = CommandBuffer() if buffer is None else buffer
    found: list[object] = []
    for start in range(0, len(data), step or len(data)):
        buffer.feed(data[start : start + (step or len(data))])
        while True:
            try:
                command = buffer.command()
            except CommandTooLong as error:
                found.append((error.tag, error.name))
                continue
            if command is None:
                break
            found.append(WAITS if isinstance(command, GoAhead) else command)
    return found


@pytest.mark.parametrize("step", [0, 1, 2, 7])
@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"a NOOP\r\nb NOOP\r\n", [b"a NOOP", b"b NOOP"]),
        (b"\r\n\r\n", [b"", b""]),
        (b"a NO\rOP\nb\r\n", [b"a NO\rOP\nb"]),
        (b"a X {3}\r\nabc Y\r\n", [WAITS, b"a X {3}\r\nabc Y"]),
        (b"a X {3+}\r\nabc {2}\r\n\r\n\r\n", [WAITS, b"a X {3+}\r\nabc {2}\r\n\r\n"]),
        (b"a X {0+}\r\n{0}\r\n\r\nb\r\n", [WAITS, b"a X {0+}\r\n{0}\r\n", b"b"]),
        (b"a X ~{2+}\r\n\0\0\r\n", [b"a X ~{2+}\r\n\0\0"]),
        (b"a X {2} \r\nb\r\n", [b"a X {2} ", b"b"]),
        (b"a X {2-}\r\nb\r\n", [b"a X {2-}", b"b"]),
        (b"{2+}\r\nxy\r\n", [b"{2+}\r\nxy"]),
        (b"a X {111111111111111111111}\r\nb\r\n", [b"a X {111111111111111111111}", b"b"]),
        (b"a X {11111111111111111111}\r\nb\r\n", [(b"a", b"X"), b"b"]),
        (b"a uid x {65537}\r\nb\r\n", [(b"a", b"X"), b"b"]),
        (b"(x {65537}\r\nb\r\n", [(b"*", b""), b"b"]),
    ],
)
def test_cutting(data: bytes, found: list[object], step: int) -> None:
    assert cut(data, step=step) == found


def test_a_literal_is_as_long_as_is_allowed_now() -> None:
    buffer = CommandBuffer()
    buffer.literal_octets = 3
    assert cut(b"a X {3}\r\n", buffer=buffer) == [WAITS]
    assert cut(b"abc\r\nb Y {4+}\r\nabcd\r\nc\r\n", buffer=buffer) == [
        b"a X {3}\r\nabc",
        (b"b", b"Y"),
        b"c",
    ]


def test_what_is_refused_is_so_at_its_first_literal() -> None:
    buffer = CommandBuffer(frozenset([b"APPEND"]))
    assert cut(b"a append x {3}\r\n", buffer=buffer) == [(b"a", b"APPEND")]
    assert cut(b"a append x\r\n", buffer=buffer) == [b"a append x"]
    assert cut(b"a APPENDX {3}\r\n", buffer=buffer) == [WAITS]
    assert len(buffer) == len(b"a APPENDX {3}\r\n")
    buffer.clear()
    assert len(buffer) == 0
    assert cut(b"b NOOP\r\n", buffer=buffer) == [b"b NOOP"]


@pytest.mark.parametrize("step", [0, 1000, LINE_OCTETS])
def test_a_line_too_long_is_one_command_with_the_literal_it_announces(step: int) -> None:
    padding = b"x" * LINE_OCTETS
    assert cut(b"a X " + padding + b"\r\nb\r\n", step=step) == [(b"a", b"X"), b"b"]
    assert cut(b"a X " + padding + b" {5+}\r\nb Y\r\n\r\nc\r\n", step=step) == [(b"a", b"X"), b"c"]
    assert cut(b"a X " + padding + b" {5}\r\nc\r\n", step=step) == [(b"a", b"X"), b"c"]
    assert cut(b"a X {1+}\r\ny" + padding + b"\r\nc\r\n", step=step) == [(b"a", b"X"), b"c"]
    assert cut(padding + b"\r\nc\r\n", step=step) == [(b"*", b""), b"c"]


def test_a_command_has_its_limit_with_all_its_literals() -> None:
    literal = b"{%d+}\r\n" % LITERAL_OCTETS + b"l" * LITERAL_OCTETS
    fits = COMMAND_OCTETS // len(literal)
    assert cut(b"a X " + literal * fits + b"\r\n") == [b"a X " + literal * fits]
    assert cut(b"a X " + literal * (fits + 1) + b"\r\nb\r\n") == [(b"a", b"X"), b"b"]


def test_what_is_not_taken_is_not_kept() -> None:
    buffer = CommandBuffer()
    assert cut(b"a X {%d+}\r\n" % (SKIPPED_OCTETS + 1), buffer=buffer) == []
    chunk = b"a NOOP\r\n" * 8192
    for _ in range(SKIPPED_OCTETS // len(chunk)):
        assert cut(chunk, buffer=buffer) == []
        assert len(buffer) == 0
    with pytest.raises(TooMuchData):
        cut(chunk, buffer=buffer)


def test_what_was_skipped_counts_for_one_command() -> None:
    buffer = CommandBuffer()
    octets = SKIPPED_OCTETS // 2 + 1
    for _ in range(3):
        assert cut(b"a X {%d+}\r\n" % octets, buffer=buffer) == []
        assert cut(b"x" * octets + b"\r\n", buffer=buffer) == [(b"a", b"X")]


def test_a_line_without_end_is_given_up() -> None:
    buffer = CommandBuffer()
    for _ in range(2**20 // LINE_OCTETS):
        assert cut(b"x" * LINE_OCTETS, buffer=buffer) == []
        assert len(buffer) < LINE_OCTETS
    with pytest.raises(EndlessLine):
        cut(b"x" * LINE_OCTETS, buffer=buffer)


def test_a_line_that_is_no_command_comes_as_it_is() -> None:
    buffer = CommandBuffer()
    buffer.feed(b"abc {3}")
    assert buffer.line() is None
    buffer.feed(b"\r\n" + b"x" * LINE_OCTETS + b"\r\n")
    assert buffer.line() == b"abc {3}"
    with pytest.raises(LineTooLong) as error:
        buffer.line()
    assert (error.value.start[:1], error.value.end[-1:]) == (b"x", b"x")
