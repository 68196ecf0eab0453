"""COMPRESS=DEFLATE. RFC 4978."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.imap.registry import LOGGED_IN, capability, command
from gateway.imap.responses import Bad, No
from gateway.wire import Upgrade

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from gateway.imap.registry import Request
    from gateway.imap.session import Session


@command(b"COMPRESS", LOGGED_IN)
async def compress(session: Session, request: Request) -> AsyncIterator[bytes]:
    """Let compression begin behind the tagged response. RFC 4978 s. 3."""
    parser = request.parser
    parser.space()
    algorithm = parser.atom().upper()
    parser.end()
    if session.compressed:
        raise No("compression is already active", b"COMPRESSIONACTIVE")
    if algorithm != b"DEFLATE":
        raise Bad("only DEFLATE is supported")
    session.upgrade = Upgrade.DEFLATE
    yield b""


@capability
def compress_offer(session: Session) -> bytes | None:
    """Offer compression until it is active. RFC 4978 s. 3."""
    return None if session.compressed else b"COMPRESS=DEFLATE"
