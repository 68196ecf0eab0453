"""SEARCH and UID SEARCH. RFC 9051 s. 6.4.4; RFC 3501 s. 6.4.4; RFC 4731; RFC 5182; RFC 9394 s. 3."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.imap.finding import answer, begin, find, saving
from gateway.imap.registry import State, command
from gateway.imap.results import read_all, read_returns
from gateway.imap.searching import read_charset_option

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from gateway.imap.registry import Request
    from gateway.imap.results import Returns
    from gateway.imap.session import Session


@command(b"SEARCH", State.SELECTED, with_uid=True, keeps_msns=True)
async def search_command(session: Session, request: Request) -> AsyncIterator[bytes]:
    """Tell which messages match. A client of IMAP4rev2 is always answered by ESEARCH."""
    parser = request.parser
    parser.space()
    returns = read_returns(parser)
    if returns is None and b"IMAP4REV2" in session.enabled:
        returns = read_all(parser)
    async for piece in saving(session, returns, _search(session, request, returns)):
        yield piece


async def _search(
    session: Session, request: Request, returns: Returns | None
) -> AsyncIterator[bytes]:
    charset = read_charset_option(request.parser)
    search = begin(session, request, returns, charset)
    async for piece in find(search, (None,) if returns is None else returns.parts()):
        yield piece
    async for piece in answer(search, request):
        yield piece
