"""POST and IHAVE: articles come in by other doors. RFC 3977 s. 6.3."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.nntp.registry import command
from gateway.nntp.responses import status

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from gateway.nntp.session import Session


@command(b"POST")
async def post(session: Session, arguments: Sequence[bytes]) -> AsyncIterator[bytes]:
    """Refuse: whoever wants to answer writes to the list. RFC 3977 s. 6.3.1."""
    yield status(440, "posting not permitted; write to the mailing list")


@command(b"IHAVE message-id", range(1, 2))
async def ihave(session: Session, arguments: Sequence[bytes]) -> AsyncIterator[bytes]:
    """Refuse as an optional command that is not there: IHAVE is not advertised. RFC 3977 s. 3.2.1, 5.3.3."""
    yield status(500, "articles are not taken from peers")
