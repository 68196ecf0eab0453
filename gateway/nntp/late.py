"""Replies that come later than the commands after them are read, in the order of their commands. RFC 3977 s. 3.5."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Awaitable

__all__ = ["Late", "Reply"]

MAX_REPLIES: Final = 1000
MAX_OCTETS: Final = 8 << 20
"""How many replies, and octets of articles they are about, may be late before no more is read."""


@dataclass(slots=True)
class Reply:
    """A reply: ``text`` when it is known, and till then ``end``, which comes with it.

    ``octets`` is the length of the article that waits for it. With ``closes`` it is the last one.
    """

    text: bytes | None = None
    octets: int = 0
    closes: bool = False
    end: Awaitable[None] | None = None


class Late:
    """The replies of one session that wait, or wait for one before them."""

    def __init__(self) -> None:
        self._replies: deque[Reply] = deque()
        self._octets = 0

    def __len__(self) -> int:
        return len(self._replies)

    @property
    def is_due(self) -> bool:
        """Whether the first of them is known."""
        return bool(self._replies) and self._replies[0].text is not None

    @property
    def is_full(self) -> bool:
        """Whether no more may be late."""
        return len(self._replies) >= MAX_REPLIES or self._octets >= MAX_OCTETS

    def add(self, reply: Reply) -> None:
        """Put a reply behind the others."""
        self._replies.append(reply)
        self._octets += reply.octets

    async def take(self) -> Reply:
        """Return the first reply, known by then."""
        first = self._replies[0]
        if first.text is None:
            assert first.end is not None  # it is under way
            await first.end
        self._replies.popleft()
        self._octets -= first.octets
        return first
