"""A body in pieces that has begun: once the first piece is sent, nothing can be refused any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["Begun", "close"]


class Begun:
    """An iterator whose first piece is there already."""

    def __init__(self, first: bytes | None, rest: AsyncIterator[bytes]) -> None:
        self._first = first
        self._rest = rest

    @classmethod
    async def of(cls, pieces: AsyncIterator[bytes]) -> Begun:
        """Return an iterator over the same pieces. Raises what the first one raises."""
        async for piece in pieces:
            if piece:
                return cls(piece, pieces)
        return cls(None, pieces)

    def __aiter__(self) -> Begun:
        return self

    async def __anext__(self) -> bytes:
        first, self._first = self._first, None
        if first is not None:
            return first
        return await anext(self._rest)

    async def aclose(self) -> None:
        """Let go of what the rest would be made of."""
        await close(self._rest)


async def close(pieces: object) -> None:
    """Let go of what is left of an iterator, if it can be told to."""
    end = getattr(pieces, "aclose", None)
    if end is not None:
        await end()
