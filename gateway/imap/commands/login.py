"""LOGIN, and what it shares with AUTHENTICATE. RFC 9051 s. 6.2.3."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.access import ANONYMOUS
from gateway.imap.registry import State, capability, command
from gateway.imap.responses import Bad, Ended, No
from gateway.mechanisms import ANYBODY

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from gateway.access import Reader
    from gateway.imap.registry import Request
    from gateway.imap.session import Session

__all__ = ["admit", "failure", "may_be_anonymous", "may_send_passwords", "succeed"]


@command(b"LOGIN", State.NOT_AUTHENTICATED)
async def login(session: Session, request: Request) -> AsyncIterator[bytes]:
    """Log in with a name and a password, or as ``anonymous`` with any."""
    parser = request.parser
    parser.space()
    octets = parser.astring()
    parser.space()
    secret = parser.astring()
    parser.end()
    try:
        user, password = octets.decode(), secret.decode()
    except UnicodeDecodeError:
        raise Bad("a name or a password is not UTF-8") from None
    if not may_send_passwords(session):
        raise No("LOGIN is open over TLS only", b"PRIVACYREQUIRED")
    admit(session)
    reader: Reader | None = None
    if user.lower() == ANYBODY and may_be_anonymous(session):
        reader = ANONYMOUS
    elif session.authenticator is not None:
        reader = await session.authenticator.password(user, password)
    if reader is None:
        raise failure(session)
    succeed(session, request, reader)
    yield b""


@capability
def login_disabled(session: Session) -> bytes | None:
    """Tell that LOGIN is closed while it is. RFC 9051 s. 6.2.3."""
    closed = session.reader is None and not may_send_passwords(session)
    return b"LOGINDISABLED" if closed else None


def may_send_passwords(session: Session) -> bool:
    """Tell whether a password may come over the connection as it is."""
    return session.secure or session.settings.plaintext_login


def may_be_anonymous(session: Session) -> bool:
    """Tell whether somebody may read without being known."""
    return not session.access.login_needed


def admit(session: Session) -> None:
    """Let an attempt to log in pass.

    Raises:
        Ended: too many have failed.
    """
    if session.failed_logins >= session.settings.failed_logins:
        raise Ended("too many failed logins", b"AUTHENTICATIONFAILED")


def failure(session: Session) -> No:
    """Count a failed attempt; return what to say, which is the same for a wrong name and a wrong password."""
    session.failed_logins += 1
    return No("wrong name or password", b"AUTHENTICATIONFAILED")


def succeed(session: Session, request: Request, reader: Reader) -> None:
    """Log a reader in, and tell in the tagged response what is offered now. RFC 9051 s. 6.2."""
    session.login(reader)
    request.code = b"CAPABILITY " + session.capabilities()
    request.text = "logged in"
