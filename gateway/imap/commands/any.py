"""CAPABILITY, NOOP, LOGOUT: commands of any state. RFC 9051 s. 6.1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.imap.registry import ANY, capability, command

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from gateway.imap.registry import Request
    from gateway.imap.session import Session

# The order in which capabilities are told is that in which modules are loaded; these should come first.
capability(b"IMAP4rev1")
capability(b"IMAP4rev2")


@command(b"CAPABILITY", ANY)
async def capability_command(session: Session, request: Request) -> AsyncIterator[bytes]:
    """Tell what is offered. RFC 9051 s. 6.1.1."""
    request.parser.end()
    yield b"* CAPABILITY %b\r\n" % session.capabilities()


@command(b"NOOP", ANY)
async def noop(session: Session, request: Request) -> AsyncIterator[bytes]:
    """Do nothing; what changed is told at the end of every command. RFC 9051 s. 6.1.2."""
    request.parser.end()
    yield b""


@command(b"LOGOUT", ANY)
async def logout(session: Session, request: Request) -> AsyncIterator[bytes]:
    """End the conversation. RFC 9051 s. 6.1.3."""
    request.parser.end()
    session.view = None
    yield session.expire("goodbye")
