"""What a server says: status lines, refusals, multi-line blocks. RFC 3977 s. 3.1, 3.2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["END", "NntpError", "dot_stuffed", "lines", "printable", "status"]

END: Final = b".\r\n"
"""The line that ends a block. RFC 3977 s. 3.1.1."""


class NntpError(Exception):
    """A command is refused: ``response`` is the complete line that says so."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code} {text}")
        self.response = status(code, text)


def status(code: int, text: str) -> bytes:
    """Return a response's first line. RFC 3977 s. 3.2."""
    return b"%d %b\r\n" % (code, text.encode("ascii"))


def dot_stuffed(text: bytes) -> bytes:
    """Return lines of a block with a dot put before each that begins with one. RFC 3977 s. 3.1.1."""
    if b"\r\n." in text:
        text = text.replace(b"\r\n.", b"\r\n..")
    return b"." + text if text.startswith(b".") else text


def lines(texts: Iterable[bytes]) -> bytes:
    """Return the lines of a block; none of them may begin with a dot."""
    return b"".join([b"%b\r\n" % text for text in texts])


def printable(text: str) -> bytes:
    """Return an operator's text, or one taken from mail, fit for one line: UTF-8 without control characters."""
    shown = "".join([character if character.isprintable() else " " for character in text])
    return shown.strip().encode("utf-8", "replace")
