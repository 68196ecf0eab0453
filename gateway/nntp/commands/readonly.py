"""POST: articles come in by other doors. RFC 3977 s. 6.3.1."""

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
