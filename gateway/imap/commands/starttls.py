"""STARTTLS. RFC 9051 s. 6.2.1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.imap.registry import State, capability, command
from gateway.imap.responses import Bad
from gateway.wire import Upgrade

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from gateway.imap.registry import Request
    from gateway.imap.session import Session


@command(b"STARTTLS", State.NOT_AUTHENTICATED)
async def starttls(session: Session, request: Request) -> AsyncIterator[bytes]:
    """Let TLS begin behind the tagged response; what the client sent before that is thrown away."""
    request.parser.end()
    if session.secure:
        raise Bad("TLS is already active")
    if not session.settings.tls_available:
        raise Bad("TLS is not available here")
    session.upgrade = Upgrade.TLS
    request.text = "begin TLS negotiation now"
    yield b""


@capability
def starttls_offer(session: Session) -> bytes | None:
    """Offer STARTTLS while it would be accepted."""
    begun = session.secure or session.reader is not None
    return b"STARTTLS" if session.settings.tls_available and not begun else None
