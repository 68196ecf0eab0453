"""What is answered: refusals of commands, and verdicts on mail, with their enhanced status codes (RFC 2034, RFC 3463)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.acceptance import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["LmtpError", "too_large", "verdict"]

_VERDICTS: Final[Mapping[Outcome, tuple[bytes, bytes]]] = {
    Outcome.ADDED: (b"250 2.6.0", b"stored"),
    Outcome.KNOWN: (b"250 2.6.0", b"known already"),
    Outcome.WITHHELD: (b"250 2.6.0", b"removed before, and stays away"),
    Outcome.REFUSED: (b"554 5.6.0", b"this is no mail"),
    Outcome.UNAVAILABLE: (b"451 4.3.0", b"the archive cannot be written now, try again later"),
}


class LmtpError(Exception):
    """A command is refused; ``is_fault`` tells that the client should have known."""

    def __init__(self, reply: bytes, *, is_fault: bool = True) -> None:
        super().__init__(reply)
        self.reply = reply
        self.is_fault = is_fault


def verdict(name: str, outcome: Outcome) -> bytes:
    """Return what a mail's recipient is answered with."""
    code, text = _VERDICTS[outcome]
    return b"%b %b: %b\r\n" % (code, name.encode(), text)


def too_large(limit: int) -> bytes:
    """Return what is said of a mail with more octets than are taken."""
    return b"552 5.3.4 a mail may have %d octets" % limit
