"""Multi-line blocks that clients send."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.nntp.block import ENDLESS_OCTETS, SIGNIFICANT_OCTETS, Block
from gateway.nntp.responses import dot_stuffed
from gateway.wire import EndlessLine, LineBuffer
from tests.mail import gathered

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LINES = st.lists(
    st.sampled_from([b"", b".", b"..", b".a", b"a", b"\r", b"\n", b"\r.", b"a\n.\n", b"\0\xff"]),
    max_size=12,
)


def collected(pieces: list[bytes], limit: int) -> tuple[list[bytes | None], bytes]:
    """Return what a block held, in a list if it was complete, and what follows it."""
    answered: list[bytes | None] = []

    async def proceed(octets: bytes | None) -> AsyncIterator[bytes]:
        answered.append(octets)
        yield b""

    block, arrived = Block(limit, proceed), LineBuffer(100)
    is_complete = False
    for piece in pieces:
        arrived.feed(piece)
        is_complete = is_complete or block.take(arrived)
    if is_complete:
        gathered(block.answer())
    return answered, arrived.take(len(arrived))


@given(LINES, st.lists(st.integers(1, 9), max_size=40), st.binary(max_size=6))
def test_a_block_is_what_was_sent_however_it_arrives(
    lines: list[bytes], cuts: list[int], after: bytes
) -> None:
    text = b"".join(line + b"\r\n" for line in lines)
    sent = dot_stuffed(text) + b".\r\n" + after
    assert collected([sent], 1000) == ([text], after)
    pieces = []
    for cut in cuts:
        pieces.append(sent[:cut])
        sent = sent[cut:]
    assert collected([*pieces, sent], 1000) == ([text], after)
    assert collected([*pieces, *(sent[at : at + 1] for at in range(len(sent)))], 1000) == (
        [text],
        after,
    )


@pytest.mark.parametrize("step", [1, 7, 1000])
@pytest.mark.parametrize("extra", [0, 1, 100])
def test_of_a_block_that_is_too_long_nothing_is_kept(step: int, extra: int) -> None:
    text = b"x" * (98 + extra) + b"\r\n"
    sent = text + b".\r\nDATE\r\n"
    pieces = [sent[at : at + step] for at in range(0, len(sent), step)]
    assert collected(pieces, 100) == ([None if extra else text], b"DATE\r\n")


@pytest.mark.parametrize(
    "sent", [b"", b".", b".\r", b"a", b"a\r\n.", b"a\r\n.\r", b".\n", b"..\r\n"]
)
def test_what_has_no_end_is_not_complete(sent: bytes) -> None:
    answered, left = collected([sent], 100)
    assert answered == []
    assert len(left) < 5


def test_a_block_without_end_is_given_up_and_holds_no_memory() -> None:
    block, arrived = Block(1000, lambda _: pytest.fail("it has no end")), LineBuffer(100)
    piece = b"x" * (1 << 20)
    for _ in range(ENDLESS_OCTETS // len(piece)):
        arrived.feed(piece)
        assert not block.take(arrived)
        assert len(arrived) < 5
        assert not block.grew()
    arrived.feed(piece)
    with pytest.raises(EndlessLine):
        block.take(arrived)


def test_it_tells_when_much_has_come() -> None:
    block, arrived = Block(100_000, lambda _: pytest.fail("it has no end")), LineBuffer(100)
    told = []
    for _ in range(20):
        arrived.feed(b"x" * (SIGNIFICANT_OCTETS // 4))
        assert not block.take(arrived)
        told.append(block.grew())
    assert sum(told) == 4
    assert not block.grew()
