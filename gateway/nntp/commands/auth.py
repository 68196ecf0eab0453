"""AUTHINFO USER, PASS, SASL PLAIN: logging in. RFC 4643; RFC 4616."""

from __future__ import annotations

import binascii
from base64 import b64decode
from typing import TYPE_CHECKING

from gateway.nntp.registry import capability, command
from gateway.nntp.responses import NntpError, status
from gateway.nntp.session import SASL_LINE_OCTETS
from gateway.sasl import MalformedMessage, plain

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from gateway.nntp.session import Session


@command(
    b"AUTHINFO USER name|PASS password|SASL PLAIN [initial-response]",
    range(2, 512),
    before_login=True,
    longest=SASL_LINE_OCTETS,
)
async def authinfo(session: Session, arguments: Sequence[bytes]) -> AsyncIterator[bytes]:
    """Take a step of logging in. RFC 4643 s. 2."""
    variant = _VARIANTS.get(arguments[0].upper())
    if variant is None:
        raise NntpError(501, "unknown AUTHINFO variant")
    if arguments[0].upper() == b"SASL" and len(arguments) > 3:
        raise NntpError(501, "syntax: AUTHINFO SASL PLAIN [initial-response]")
    _admit(session)
    async for piece in variant(session, arguments[1:]):
        yield piece


@capability
def authinfo_line(session: Session) -> bytes | None:
    """Offer the ways to log in that are open now. RFC 4643 s. 2.1; RFC 8054 s. 2.2.2."""
    if session.authenticator is None or session.reader.user is not None:
        return None
    return b"AUTHINFO USER SASL" if _is_open(session) else b"AUTHINFO"


@capability
def sasl_line(session: Session) -> bytes | None:
    """Name the mechanisms, also after logging in, so that a tampered list is noticed. RFC 4643 s. 2.2."""
    logged_in = session.reader.user is not None
    return b"SASL PLAIN" if logged_in or _is_open(session) else None


async def _user(session: Session, arguments: Sequence[bytes]) -> AsyncIterator[bytes]:
    """Take the user's name. RFC 4643 s. 2.3."""
    session.user = b" ".join(arguments).decode()
    yield status(381, "password required")


async def _password(session: Session, arguments: Sequence[bytes]) -> AsyncIterator[bytes]:
    """Take the password of the user named before. RFC 4643 s. 2.3."""
    if session.user is None:
        raise NntpError(482, "AUTHINFO USER comes first")
    user, session.user = session.user, None
    yield await _log_in(session, user, b" ".join(arguments).decode())


async def _sasl(session: Session, arguments: Sequence[bytes]) -> AsyncIterator[bytes]:
    """Begin a SASL exchange, and end it where the client's message came along. RFC 4643 s. 2.4."""
    if arguments[0].upper() != b"PLAIN":
        raise NntpError(503, "only PLAIN is supported")
    if len(arguments) > 1:
        yield await _plain(session, arguments[1])
        return

    async def proceed(line: bytes) -> AsyncIterator[bytes]:
        yield await _plain(session, line.strip(b" \t"))

    session.continuation = proceed
    yield b"383 =\r\n"


async def _plain(session: Session, response: bytes) -> bytes:
    """Answer a client's PLAIN message, in base64.

    Raises:
        NntpError: 481 cancelled or refused, 482 not a PLAIN message, 504 not base64.
    """
    if response == b"*":
        raise NntpError(481, "authentication cancelled")
    try:
        message = b"" if response == b"=" else b64decode(response, validate=True)
    except binascii.Error:
        raise NntpError(504, "not base64") from None
    try:
        credentials = plain(message)
    except MalformedMessage:
        raise NntpError(482, "not a PLAIN message") from None
    if credentials.acting_as not in {"", credentials.user}:
        return _fail(session)
    return await _log_in(session, credentials.user, credentials.password)


async def _log_in(session: Session, user: str, password: str) -> bytes:
    assert session.authenticator is not None  # _admit looked
    reader = await session.authenticator.password(user, password)
    if reader is None:
        return _fail(session)
    session.login(reader)
    return status(281, "logged in")


def _fail(session: Session) -> bytes:
    session.failed_logins += 1
    return status(481, "wrong user or password")


def _is_open(session: Session) -> bool:
    """Tell whether logging in is possible as the session stands."""
    protected = session.secure or session.settings.plaintext_login
    return session.authenticator is not None and protected and not session.compressed


def _admit(session: Session) -> None:
    """Let an attempt to log in pass.

    Raises:
        NntpError: 400 too many failed, 483 no TLS, 502 not possible in this session.
    """
    if session.reader.user is not None:
        raise NntpError(502, "already logged in")
    if session.authenticator is None:
        raise NntpError(502, "nobody can log in here")
    if session.compressed:
        raise NntpError(502, "compression is already active")
    if not _is_open(session):
        raise NntpError(483, "TLS required to log in")
    if session.failed_logins >= session.settings.failed_logins:
        session.closing = True
        raise NntpError(400, "too many failed logins")


_VARIANTS = {b"USER": _user, b"PASS": _password, b"SASL": _sasl}
