"""A multi-line block that a client sends, on its way in. RFC 3977 s. 3.1.1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.wire import EndlessLine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from gateway.wire import LineBuffer

__all__ = ["ENDLESS_OCTETS", "Block"]

ENDLESS_OCTETS: Final = 64 << 20
"""How much of a block that is too long is thrown away before its end is no longer waited for."""

SIGNIFICANT_OCTETS: Final = 4096
"""How much must arrive of a block to show that its sender is alive (RFC 3977 s. 3.1)."""

_START: Final = b"\r\n"
_DOT: Final = b"\r\n."
_EMPTY: Final = b".\r\n"
_END: Final = b"\r\n.\r\n"


class Block:
    """Collects a block of at most ``limit`` octets as it arrives; of a longer one nothing is kept.

    What has been collected no longer counts as input that waits, so that a block may be larger than the input that the
    transport lets a session hold. ``proceed`` returns the response to the block: lines that end in CRLF, the dots put
    before them undone, which is done as they come, lest much is left to the end; or to None, where it was too long.
    """

    def __init__(self, limit: int, proceed: Callable[[bytes | None], AsyncIterator[bytes]]) -> None:
        self._limit = limit
        self._proceed = proceed
        self._octets = bytearray()  # of whole lines, each behind the CRLF before it
        self._rest = bytearray(_START)  # what has come behind them
        self._length = 0
        self._told = 0

    def take(self, arrived: LineBuffer) -> bool:
        """Take what has arrived; return whether the block is complete. What follows it stays.

        Raises:
            EndlessLine: it is far longer than the limit, and goes on.
        """
        if not self._length:
            if arrived.begins_with(_EMPTY):
                arrived.take(len(_EMPTY))
                return True
            if len(arrived) < len(_EMPTY):
                return False
        end = arrived.find(_END)
        # Without an end, what may be the beginning of one stays where it is.
        count = end + len(_END) if end >= 0 else len(arrived) - len(_END) + 1
        if count > 0:
            self._keep(arrived.take(count))
        return end >= 0

    def grew(self) -> bool:
        """Tell whether much has been collected since this was last told; what is thrown away does not count."""
        kept = len(self._octets) + len(self._rest)
        if kept - self._told < SIGNIFICANT_OCTETS:
            return False
        self._told = kept
        return True

    def answer(self) -> AsyncIterator[bytes]:
        """Return the response to the complete block."""
        if self._length > self._limit + len(_EMPTY):
            return self._proceed(None)
        with memoryview(self._octets) as octets:
            text = bytes(octets[len(_START) :])
        self._octets.clear()
        return self._proceed(text)

    def _keep(self, octets: bytes) -> None:
        self._length += len(octets)
        if self._length <= self._limit + len(_EMPTY):
            start = len(self._rest) - 1
            self._rest += octets
            self._take_lines(start)
            return
        self._octets.clear()
        self._rest.clear()
        if self._length > self._limit + ENDLESS_OCTETS:
            raise EndlessLine

    def _take_lines(self, start: int) -> None:
        """Take what is of whole lines, the last of which is the dot; no CRLF but the first begins before ``start``."""
        end = self._rest.rfind(_START, start)
        if end > 0:
            self._octets += self._rest[:end].replace(_DOT, _START)
            del self._rest[:end]
