"""The commands that have nothing to do with a mail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.lmtp.responses import LmtpError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gateway.lmtp.session import Session

__all__ = ["COMMANDS"]


def lhlo(session: Session, argument: bytes) -> bytes:
    """Greet the client and say what can be done. RFC 2033 s. 4.1."""
    if not argument:
        raise LmtpError(b"501 5.5.4 say who you are: LHLO name")
    session.reset()
    session.is_greeted = True
    lines = (
        session.settings.host,
        b"8BITMIME",
        b"ENHANCEDSTATUSCODES",
        b"PIPELINING",
        b"SIZE %d" % session.settings.max_message,
    )
    return b"".join(b"250-%b\r\n" % each for each in lines) + b"250 SMTPUTF8"


def helo(session: Session, argument: bytes) -> bytes:
    """Refuse the greeting of another protocol. RFC 2033 s. 4.1."""
    raise LmtpError(b"500 5.5.1 this is LMTP: greet with LHLO")


def noop(session: Session, argument: bytes) -> bytes:
    """Do nothing."""
    return b"250 2.0.0 ok"


def vrfy(session: Session, argument: bytes) -> bytes:
    """Say nothing of an address. RFC 5321 s. 3.5.3."""
    return b"252 2.5.0 RCPT tells"


def help_(session: Session, argument: bytes) -> bytes:
    """Name what there is to read."""
    return b"214 2.0.0 see RFC 2033"


def quit_(session: Session, argument: bytes) -> bytes:
    """End the conversation."""
    session.closing = True
    return b"221 2.0.0 %b bye" % session.settings.host


COMMANDS: Final[Mapping[bytes, Callable[[Session, bytes], bytes]]] = {
    b"LHLO": lhlo,
    b"HELO": helo,
    b"EHLO": helo,
    b"NOOP": noop,
    b"VRFY": vrfy,
    b"HELP": help_,
    b"QUIT": quit_,
}
