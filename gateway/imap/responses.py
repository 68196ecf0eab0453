"""What a server says: how it refuses. RFC 9051 s. 7."""

from __future__ import annotations

__all__ = ["Bad", "Ended", "ImapError", "No", "code"]


class ImapError(Exception):
    """A command is refused: ``status`` is NO or BAD, ``code`` the response code without brackets, or empty."""

    status: bytes

    def __init__(self, text: str, code: bytes = b"") -> None:
        super().__init__(text)
        self.code = code

    def response(self, tag: bytes) -> bytes:
        """Return the tagged response that says so; with ``*`` for a tag, the untagged one."""
        return b"%b %b %b%b\r\n" % (tag, self.status, code(self.code), str(self).encode("ascii"))


class No(ImapError):
    """What was asked for cannot be done. RFC 9051 s. 7.1.2."""

    status = b"NO"


class Bad(ImapError):
    """What was asked for is not understood, or not possible in this state. RFC 9051 s. 7.1.3."""

    status = b"BAD"


class Ended(No):
    """What was asked for is refused, and so is all that would follow: BYE says why. RFC 9051 s. 7.1.5."""


def code(text: bytes) -> bytes:
    """Return a response code in brackets with the space behind it, or nothing. RFC 9051 s. 7.1."""
    return b"[%b] " % text if text else b""
