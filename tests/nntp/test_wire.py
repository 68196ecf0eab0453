from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.access import ANONYMOUS, Access, Policy, Reader
from gateway.wire import CHUNK_OCTETS, EndlessLine, LineBuffer, LineTooLong, chunks

if TYPE_CHECKING:
    pass

LIMIT = 8


def split(pieces: list[bytes]) -> list[bytes | None]:
    """Return the lines found, None for each that was too long."""
    buffer = LineBuffer(LIMIT)
    found: list[bytes | None] = []
    for piece in pieces:
        buffer.feed(piece)
        while True:
            try:
                line = buffer.line()
            except LineTooLong:
                found.append(None)
                continue
            if line is None:
                break
            found.append(line)
    return found


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"", []),
        (b"a\r\nb\r\n", [b"a", b"b"]),
        (b"\r\n\r\n", [b"", b""]),
        (b"a\nb\rc\r\n", [b"a\nb\rc"]),
        (b"123456\r\n", [b"123456"]),
        (b"1234567\r\n", [None]),
        (b"1234567\r", []),
        (b"12345678", []),
        (b"x" * 100 + b"\r\na\r\n", [None, b"a"]),
        (b"x" * 100 + b"\r", []),
        (b"\r\r\n", [b"\r"]),
    ],
)
def test_lines(data: bytes, lines: list[bytes | None]) -> None:
    assert split([data]) == lines


@given(st.lists(st.sampled_from([b"a", b"bcdef", b"\r", b"\n", b"\r\n", b"x" * 9]), max_size=30))
def test_lines_do_not_depend_on_how_they_arrive(pieces: list[bytes]) -> None:
    whole = b"".join(pieces)
    expected = [line if len(line) + 2 <= LIMIT else None for line in whole.split(b"\r\n")[:-1]]
    assert split([whole]) == expected
    assert split(pieces) == expected
    assert split([whole[at : at + 1] for at in range(len(whole))]) == expected


def test_a_line_without_end_holds_no_memory_and_is_given_up() -> None:
    buffer = LineBuffer(LIMIT)
    for _ in range(2**20 // 1024):
        buffer.feed(b"x" * 1024)
        assert buffer.line() is None
        assert len(buffer) < LIMIT
    buffer.feed(b"x" * 1024)
    with pytest.raises(EndlessLine):
        buffer.line()
    buffer.clear()
    buffer.feed(b"a\r\n")
    assert buffer.line() == b"a"


@given(st.binary(max_size=9), st.integers(0, 3 * CHUNK_OCTETS))
def test_chunks_are_bounded_and_whole(end: bytes, size: int) -> None:
    piece = bytes(size) + end
    found = list(chunks(piece))
    assert b"".join(found) == piece
    assert all(0 < len(chunk) <= CHUNK_OCTETS for chunk in found)


def test_who_may_read_what() -> None:
    policy = Policy({"secret": ["ann", "bob"], "board": ["ann"]})
    ann, bob, anybody = (policy.access(Reader(user)) for user in ("ann", "bob", None))
    assert [ann.readable(name) for name in ("secret", "board", "open")] == [True, True, True]
    assert [bob.readable(name) for name in ("secret", "board", "open")] == [True, False, True]
    assert [anybody.readable(name) for name in ("secret", "board", "open")] == [False, False, True]
    assert policy.access(Reader("eve")) == anybody
    assert not anybody.login_needed
    assert Policy().access(ANONYMOUS) == Access()
    assert Policy(login_needed=True).access(ANONYMOUS).login_needed
    assert not Policy(login_needed=True).access(Reader("ann")).login_needed


def test_a_restricted_name_is_restricted_in_any_case_and_from_now_on() -> None:
    policy = Policy({"Lists.Secret": ["ann"]})
    assert not policy.access(ANONYMOUS).readable("lists.secret")
    policy.replace({"board": ["ann"]}, login_needed=False)
    assert policy.access(ANONYMOUS).readable("lists.secret")
    assert not policy.access(ANONYMOUS).readable("board")
