"""STARTTLS. RFC 4642."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.nntp.registry import capability, command
from gateway.nntp.responses import NntpError, status
from gateway.wire import Upgrade

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from gateway.nntp.session import Session


@command(b"STARTTLS", before_login=True)
async def starttls(session: Session, arguments: Sequence[bytes]) -> AsyncIterator[bytes]:
    """Let TLS begin behind the response. RFC 4642 s. 2.2; RFC 8054 s. 2.2.2."""
    if session.secure:
        raise NntpError(502, "TLS is already active")
    if session.compressed:
        raise NntpError(502, "compression is already active")
    if session.reader.user is not None:
        raise NntpError(502, "too late: already logged in")
    if not session.settings.tls_available:
        raise NntpError(580, "TLS is not available here")
    session.upgrade = Upgrade.TLS
    yield status(382, "begin TLS negotiation now")


@capability
def starttls_line(session: Session) -> bytes | None:
    """Offer STARTTLS while it would be accepted. RFC 4642 s. 2.1."""
    active = session.secure or session.compressed or session.reader.user is not None
    return b"STARTTLS" if session.settings.tls_available and not active else None
