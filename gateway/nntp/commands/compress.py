"""COMPRESS DEFLATE. RFC 8054."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from gateway.nntp.registry import capability, command
from gateway.nntp.responses import NntpError, status
from gateway.wire import Upgrade

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from gateway.nntp.session import Session

_ALGORITHM: Final = re.compile(rb"[A-Z0-9_-]{1,20}")  # RFC 8054 s. 5.3


@command(b"COMPRESS DEFLATE", range(1, 2), before_login=True)
async def compress(session: Session, arguments: Sequence[bytes]) -> AsyncIterator[bytes]:
    """Let compression begin behind the response. RFC 8054 s. 2.2."""
    if not _ALGORITHM.fullmatch(arguments[0]):
        raise NntpError(501, "syntax: COMPRESS DEFLATE")
    if session.compressed:
        raise NntpError(502, "compression is already active")
    if arguments[0] != b"DEFLATE":
        raise NntpError(503, "only DEFLATE is supported")
    session.upgrade = Upgrade.DEFLATE
    yield status(206, "compression begins now")


@capability
def compress_line(session: Session) -> bytes | None:
    """Offer compression until it is active. RFC 8054 s. 2.1."""
    return None if session.compressed else b"COMPRESS DEFLATE"
