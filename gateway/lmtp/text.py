"""The text of a mail as it comes after DATA: ended by a line with a dot only, other dots at a line's beginning doubled."""

from __future__ import annotations

from typing import Final

__all__ = ["ENDLESS_OCTETS", "EndlessText", "IncomingText"]

ENDLESS_OCTETS: Final = 1 << 30
"""How much of a text that is too large is thrown away before its end is no longer waited for."""

_START: Final = b"\r\n"
_DOT: Final = b"\r\n."
_END: Final = b"\r\n.\r\n"


class EndlessText(Exception):
    """A text exceeds every limit and still has no end."""


class IncomingText:
    """Gathers a text of at most ``limit`` octets, dots undone, and finds its end (RFC 5321 s. 4.5.2).

    ``is_complete`` is true once the end has come, ``is_too_large`` when the text was thrown away. Only CRLF ends a line.
    """

    def __init__(self, limit: int) -> None:
        self.is_complete = False
        self.is_too_large = False
        self._limit = limit
        self._octets = bytearray(_START)  # the text's first octet may be a dot
        self._dots = 0
        self._discarded = 0

    def feed(self, data: bytes) -> bytes:
        """Take octets; return those that came behind the end.

        Raises:
            EndlessText: there is no end to it.
        """
        before = len(self._octets)
        self._octets += data
        end = self._octets.find(_END, max(before - len(_END) + 1, 0))
        rest = b""
        if end >= 0:
            self.is_complete = True
            rest = bytes(self._octets[end + len(_END) :])
            del self._octets[end + len(_START) :]
        self._dots += self._octets.count(_DOT, max(before - len(_DOT) + 1, 0))
        octets = len(self._octets) - len(_START) - self._dots
        if not self.is_complete and self._octets.endswith(b"\r"):
            octets -= 1  # it may belong to the end
        if self.is_too_large or octets > self._limit:
            self._discard()
        return rest

    def octets(self) -> bytes:
        """Return the text, its lines ended by LF as in a mail archive."""
        text = self._octets.replace(_DOT, _START)
        del text[: len(_START)]
        return bytes(text.replace(b"\r\n", b"\n"))

    def _discard(self) -> None:
        """Let go of all but what the end may begin with."""
        self.is_too_large = True
        kept = len(_END) - 1
        self._discarded += max(len(self._octets) - kept, 0)
        del self._octets[:-kept]
        if self._discarded > ENDLESS_OCTETS:
            raise EndlessText
