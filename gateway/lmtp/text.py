"""The text of a mail as it comes after DATA: ended by a line with a dot only, other dots at a line's beginning doubled."""

from __future__ import annotations

from typing import Final

__all__ = ["ENDLESS_OCTETS", "EndlessText", "IncomingText"]

ENDLESS_OCTETS: Final = 1 << 30
"""How much of a text that is too large is thrown away before its end is no longer waited for."""

SIGNIFICANT_OCTETS: Final = 4096
"""How much must come of a text to show that its sender is alive."""

_START: Final = b"\r\n"
_DOT: Final = b"\r\n."
_END: Final = b"\r\n.\r\n"


class EndlessText(Exception):
    """A text exceeds every limit and still has no end."""


class IncomingText:
    """Gathers a text of at most ``limit`` octets, dots undone, and finds its end (RFC 5321 s. 4.5.2).

    ``is_complete`` is true once the end has come, ``is_too_large`` when the text was thrown away. Only CRLF ends a line.
    Lines are made what they are to be as they come, so that much of it at once is never left to the end.
    """

    def __init__(self, limit: int) -> None:
        self.is_complete = False
        self.is_too_large = False
        self._limit = limit
        self._lines = bytearray()  # whole ones, each behind an LF
        self._octets = 0  # of these with CRLF
        self._rest = bytearray(
            _START
        )  # CRLF, for the first octet may be a dot, and the beginning of a line
        self._told = 0
        self._discarded = 0

    def feed(self, data: bytes) -> bytes:
        """Take octets; return those that came behind the end.

        Raises:
            EndlessText: there is no end to it.
        """
        before = len(self._rest)
        self._rest += data
        end = self._rest.find(_END, max(before - len(_END) + 1, 0))
        behind = b""
        if end >= 0:
            self.is_complete = True
            behind = bytes(self._rest[end + len(_END) :])
            del self._rest[end + len(_START) :]
        if not self.is_too_large:
            self._take_lines(before - 1)
        if self.is_too_large or self._length() > self._limit:
            self._discard()
        return behind

    def grew(self) -> bool:
        """Tell whether much has come since this was last told; what is thrown away does not count."""
        if self._length() - self._told < SIGNIFICANT_OCTETS:
            return False
        self._told = self._length()
        return True

    def octets(self) -> bytes:
        """Return the complete text, its lines ended by LF as in a mail archive."""
        with memoryview(self._lines) as lines:
            return b"".join((lines[1:], b"\n" if lines else b""))

    def _take_lines(self, start: int) -> None:
        """Take what is of whole lines; no CRLF but the first begins before ``start``."""
        end = self._rest.rfind(_START, start)
        if end > 0:
            lines = self._rest[:end].replace(_DOT, _START)
            del self._rest[:end]
            self._octets += len(lines)
            self._lines += lines.replace(b"\r\n", b"\n")

    def _length(self) -> int:
        """Return how many octets there are for certain; a dot, and a CR behind it, may be the end."""
        octets = self._octets + len(self._rest) - len(_START) - self._rest.startswith(_DOT)
        return octets - (not self.is_complete and self._rest.endswith(b"\r"))

    def _discard(self) -> None:
        """Let go of all but what the end may begin with."""
        self.is_too_large = True
        self._lines.clear()
        kept = len(_END) - 1
        self._discarded += max(len(self._rest) - kept, 0)
        del self._rest[:-kept]
        if self._discarded > ENDLESS_OCTETS:
            raise EndlessText
