"""NAMESPACE. RFC 2342; RFC 9051 s. 6.3.10."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.imap.registry import LOGGED_IN, capability, command

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from gateway.imap.registry import Request
    from gateway.imap.session import Session

capability(b"NAMESPACE")


@command(b"NAMESPACE", LOGGED_IN)
async def namespace(session: Session, request: Request) -> AsyncIterator[bytes]:
    """Tell the prefix of mailboxes and their delimiter.

    All are told as personal: there is no prefix to tell the lists from INBOX, and mbsync (1.4) and others look nowhere else.
    """
    request.parser.end()
    yield b'* NAMESPACE (("" ".")) NIL NIL\r\n'
