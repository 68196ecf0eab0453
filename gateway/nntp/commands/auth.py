"""AUTHINFO USER, PASS, SASL: logging in. RFC 4643."""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from gateway.mechanisms import (
    MECHANISMS,
    Challenge,
    MalformedMessage,
    Refused,
    Terms,
    open_mechanisms,
)
from gateway.nntp.registry import capability, command
from gateway.nntp.responses import NntpError, status
from gateway.nntp.session import SASL_LINE_OCTETS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from gateway.mechanisms import Exchange
    from gateway.nntp.session import Session


@command(
    b"AUTHINFO USER name|PASS password|SASL mechanism [initial-response]",
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
        raise NntpError(501, "syntax: AUTHINFO SASL mechanism [initial-response]")
    _admit(session)
    async for piece in variant(session, arguments[1:]):
        yield piece


@capability
def authinfo_line(session: Session) -> bytes | None:
    """Offer the ways to log in that are open now. RFC 4643 s. 2.1; RFC 8054 s. 2.2.2."""
    if session.authenticator is None or session.reader.user is not None:
        return None
    if session.compressed:
        return b"AUTHINFO"
    return b"AUTHINFO USER SASL" if _is_protected(session) else b"AUTHINFO SASL"


@capability
def sasl_line(session: Session) -> bytes | None:
    """Name the mechanisms, also after logging in, so that a tampered list is noticed. RFC 4643 s. 2.2."""
    names = open_mechanisms(_terms(session))
    if not names or (session.compressed and session.reader.user is None):
        return None
    return b"SASL " + b" ".join(names)


async def _user(session: Session, arguments: Sequence[bytes]) -> AsyncIterator[bytes]:
    """Take the user's name. RFC 4643 s. 2.3."""
    _want_protection(session)
    session.user = b" ".join(arguments).decode()
    yield status(381, "password required")


async def _password(session: Session, arguments: Sequence[bytes]) -> AsyncIterator[bytes]:
    """Take the password of the user named before. RFC 4643 s. 2.3."""
    _want_protection(session)
    if session.user is None:
        raise NntpError(482, "AUTHINFO USER comes first")
    user, session.user = session.user, None
    assert session.authenticator is not None  # _admit looked
    reader = await session.authenticator.password(user, b" ".join(arguments).decode())
    if reader is None:
        yield _fail(session)
    else:
        session.login(reader)
        yield _LOGGED_IN


async def _sasl(session: Session, arguments: Sequence[bytes]) -> AsyncIterator[bytes]:
    """Begin a SASL exchange, and take the client's first message where it came along. RFC 4643 s. 2.4."""
    name, terms = arguments[0].upper(), _terms(session)
    if name not in open_mechanisms(replace(terms, protected=True)):
        raise NntpError(503, "unknown mechanism")
    exchange = MECHANISMS[name](terms)
    if exchange is None:
        raise NntpError(483, "TLS required to log in")
    if len(arguments) > 1:
        yield await _step(session, exchange, arguments[1])
    else:
        yield _ask(session, exchange, b"")


async def _step(session: Session, exchange: Exchange, response: bytes) -> bytes:
    """Take a client's message, in base64, and answer it.

    Raises:
        NntpError: 481 cancelled, 482 not a message of the mechanism, 504 not base64.
    """
    if response == b"*":
        raise NntpError(481, "authentication cancelled")
    try:
        message = b"" if response == b"=" else b64decode(response, validate=True)
    except binascii.Error:
        raise NntpError(504, "not base64") from None
    try:
        answer = await exchange.step(message)
    except MalformedMessage:
        raise NntpError(482, "not a message of that mechanism") from None
    except Refused:
        return _fail(session)
    if isinstance(answer, Challenge):
        return _ask(session, exchange, answer.data)
    session.login(answer.reader)
    return _LOGGED_IN if answer.data is None else b"283 %b\r\n" % b64encode(answer.data)


def _ask(session: Session, exchange: Exchange, challenge: bytes) -> bytes:
    """Send a challenge, which the next line answers. RFC 4643 s. 2.4.2."""

    async def proceed(line: bytes) -> AsyncIterator[bytes]:
        yield await _step(session, exchange, line.strip(b" \t"))

    session.continuation = proceed
    return b"383 %b\r\n" % (b64encode(challenge) or b"=")


def _fail(session: Session) -> bytes:
    session.failed_logins += 1
    return status(481, "wrong user or password")


def _terms(session: Session) -> Terms:
    return Terms(session.authenticator, _is_protected(session))


def _is_protected(session: Session) -> bool:
    """Tell whether a password may be sent as it is."""
    return session.secure or session.settings.plaintext_login


def _want_protection(session: Session) -> None:
    """Let a password pass.

    Raises:
        NntpError: it may not be sent as it is. RFC 4643 s. 2.3.2, 2.4.2.
    """
    if not _is_protected(session):
        raise NntpError(483, "TLS required to log in")


def _admit(session: Session) -> None:
    """Let an attempt to log in pass.

    Raises:
        NntpError: 400 too many failed, 502 not possible in this session.
    """
    if session.reader.user is not None:
        raise NntpError(502, "already logged in")
    if session.authenticator is None:
        raise NntpError(502, "nobody can log in here")
    if session.compressed:
        raise NntpError(502, "compression is already active")
    if session.failed_logins >= session.settings.failed_logins:
        session.closing = True
        raise NntpError(400, "too many failed logins")


_LOGGED_IN: Final = status(281, "logged in")
_VARIANTS: Final = {b"USER": _user, b"PASS": _password, b"SASL": _sasl}
