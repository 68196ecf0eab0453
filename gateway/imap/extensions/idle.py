"""IDLE: news as they come. RFC 2177, RFC 9051 s. 6.3.13."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.imap.registry import LOGGED_IN, capability, command
from gateway.imap.responses import Bad

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from gateway.imap.registry import Request
    from gateway.imap.session import Session

capability(b"IDLE")


@command(b"IDLE", LOGGED_IN)
async def idle(session: Session, request: Request) -> AsyncIterator[bytes]:
    """Tell what changes until the client says DONE."""
    request.parser.end()

    async def end(line: bytes) -> AsyncIterator[bytes]:
        session.idling = False
        if line.upper() == b"DONE":
            for piece in session.complete(request):
                yield piece
        else:
            yield session.refusal(request.tag, Bad("expected DONE"))

    session.continuation = end
    session.idling = True
    yield b"+ idling\r\n"
