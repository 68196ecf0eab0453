"""AUTHENTICATE, with a first message that comes along. RFC 9051 s. 6.2.2; RFC 4959."""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING

from gateway.imap.commands.login import (
    admit,
    failure,
    may_be_anonymous,
    may_send_passwords,
    succeed,
)
from gateway.imap.registry import State, capability, command
from gateway.imap.responses import Bad, No
from gateway.mechanisms import (
    MECHANISMS,
    Accepted,
    MalformedMessage,
    Refused,
    Terms,
    open_mechanisms,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from gateway.access import Reader
    from gateway.imap.registry import Request
    from gateway.imap.session import Session
    from gateway.mechanisms import Exchange

capability(b"SASL-IR")


@command(b"AUTHENTICATE", State.NOT_AUTHENTICATED)
async def authenticate(session: Session, request: Request) -> AsyncIterator[bytes]:
    """Begin an exchange by one of the mechanisms that are open now."""
    parser = request.parser
    parser.space()
    mechanism = parser.word()
    initial: bytes | None = None
    if not parser.at_end():
        parser.space()
        initial = parser.rest()
    begin = MECHANISMS.get(mechanism)
    if begin is None:
        raise No("no such mechanism", b"CANNOT")
    exchange = begin(_terms(session))
    if exchange is None:
        raise No(
            "this mechanism is closed here",
            b"PRIVACYREQUIRED" if _would_open(session, mechanism) else b"",
        )
    admit(session)
    if initial is None:
        yield _ask(session, request, exchange, b"")
        return
    async for piece in _step(session, request, exchange, b"" if initial == b"=" else initial):
        yield piece


@capability
def authenticate_offer(session: Session) -> bytes | None:
    """Name the mechanisms that are open now. RFC 9051 s. 6.1.1."""
    if session.reader is not None:
        return None
    return b" ".join([b"AUTH=" + name for name in open_mechanisms(_terms(session))]) or None


def _terms(session: Session) -> Terms:
    return Terms(session.authenticator, may_send_passwords(session), may_be_anonymous(session))


def _would_open(session: Session, mechanism: bytes) -> bool:
    """Tell whether TLS would open a mechanism."""
    terms = Terms(session.authenticator, protected=True, anonymous=may_be_anonymous(session))
    return MECHANISMS[mechanism](terms) is not None


def _ask(session: Session, request: Request, exchange: Exchange, challenge: bytes) -> bytes:
    """Return a challenge; the next line answers it."""

    async def proceed(line: bytes) -> AsyncIterator[bytes]:
        try:
            async for piece in _step(session, request, exchange, line):
                yield piece
            if session.continuation is None:
                for piece in session.complete(request):
                    yield piece
        except Exception as error:  # noqa: BLE001 - whatever goes wrong, the client gets an answer
            yield session.refusal(request.tag, error)

    session.continuation = proceed
    return b"+ %b\r\n" % b64encode(challenge)


async def _step(
    session: Session, request: Request, exchange: Exchange, answer: bytes
) -> AsyncIterator[bytes]:
    """Take a client's message, in base64.

    Raises:
        Bad: it is cancelled, or no message of the mechanism.
        No: it does not let the client in.
    """
    if answer == b"*":
        raise Bad("cancelled")
    try:
        outcome = await exchange.step(b64decode(answer, validate=True))
    except (binascii.Error, MalformedMessage):
        raise Bad("not a message of this mechanism") from None
    except Refused:
        raise failure(session) from None
    if not isinstance(outcome, Accepted):
        yield _ask(session, request, exchange, outcome.data)
    elif outcome.data is not None:
        yield _ask(session, request, _Proven(outcome.reader), outcome.data)
    else:
        succeed(session, request, outcome.reader)
        yield b""


class _Proven:
    """The client was accepted, and has the server's proof: it answers that with nothing. RFC 9051 s. 6.2.2."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def step(self, message: bytes) -> Accepted:
        if message:
            raise MalformedMessage("nothing was to be answered")
        return Accepted(self._reader)
