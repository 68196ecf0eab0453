"""The commands that hand a mail over: MAIL, RCPT for each recipient, DATA."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.lmtp.addresses import BadPath, parse_path
from gateway.lmtp.responses import LmtpError, too_large
from gateway.lmtp.text import IncomingText

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gateway.lmtp.session import Session

__all__ = ["COMMANDS"]

MAX_RECIPIENTS: Final = 1000
"""Recipients of one mail; RFC 5321 s. 4.5.3.1.8 wants 100."""

MAX_SIZE_DIGITS: Final = 20
"""RFC 1870 s. 4."""

_BODIES: Final = (b"7BIT", b"8BITMIME")
_PARAMETERS: Final = frozenset({b"SIZE", b"BODY", b"SMTPUTF8"})


def mail(session: Session, argument: bytes) -> bytes:
    """Begin a mail; the sender may be nobody. RFC 5321 s. 4.1.1.2."""
    if not session.is_greeted:
        raise LmtpError(b"503 5.5.1 LHLO first")
    if session.has_sender:
        raise LmtpError(b"503 5.5.1 this mail has a sender already")
    try:
        path = parse_path(argument, b"FROM")
    except BadPath:
        raise LmtpError(b"501 5.1.7 expected MAIL FROM:<address>") from None
    _check(path.parameters, session.settings.max_message)
    session.has_sender = True
    return b"250 2.1.0 ok"


def _check(parameters: Mapping[bytes, bytes], max_message: int) -> None:
    """Refuse what a sender's parameters announce, if need be. RFC 1870 s. 6, RFC 6152 s. 2, RFC 6531 s. 3.4."""
    if parameters.keys() - _PARAMETERS:
        raise LmtpError(b"555 5.5.4 this parameter is not known")
    if parameters.get(b"BODY", _BODIES[0]).upper() not in _BODIES:
        raise LmtpError(b"501 5.5.4 BODY is 7BIT or 8BITMIME")
    size = parameters.get(b"SIZE", b"0")
    if not size.isdigit() or len(size) > MAX_SIZE_DIGITS:
        raise LmtpError(b"501 5.5.4 SIZE is a number")
    if int(size) > max_message:
        raise LmtpError(too_large(max_message), is_fault=False)


def rcpt(session: Session, argument: bytes) -> bytes:
    """Take a recipient that stands for a list. RFC 5321 s. 4.1.1.3."""
    if not session.has_sender:
        raise LmtpError(b"503 5.5.1 MAIL first")
    try:
        path = parse_path(argument, b"TO")
    except BadPath:
        raise LmtpError(b"501 5.1.3 expected RCPT TO:<address>") from None
    if path.parameters:
        raise LmtpError(b"555 5.5.4 this parameter is not known")
    if len(session.names) >= MAX_RECIPIENTS:
        raise LmtpError(b"452 4.5.3 too many recipients", is_fault=False)
    name = session.recipients.find(path.address)
    if name is None:
        raise LmtpError(b"550 5.1.1 no list has this address", is_fault=False)
    if not session.recipients.takes_mail(
        name
    ):  # for the operator to mend: until then the mail waits
        raise LmtpError(b"451 4.3.5 this list is a twin and takes no mail", is_fault=False)
    session.names.append(name)
    return b"250 2.1.5 for %b" % name.encode()


def data(session: Session, argument: bytes) -> bytes:
    """Let the text come, where there is somebody to take it. RFC 2033 s. 4.2."""
    if argument:
        raise LmtpError(b"501 5.5.4 DATA takes no argument")
    if not session.names:
        raise LmtpError(b"503 5.5.1 no recipient was taken")
    session.text = IncomingText(session.settings.max_message)
    return b"354 end with a line that is a dot"


def rset(session: Session, argument: bytes) -> bytes:
    """Forget the mail that was begun."""
    session.reset()
    return b"250 2.0.0 ok"


COMMANDS: Final[Mapping[bytes, Callable[[Session, bytes], bytes]]] = {
    b"MAIL": mail,
    b"RCPT": rcpt,
    b"DATA": data,
    b"RSET": rset,
}
