"""ENABLE: switching extensions on, among them UTF-8 in strings. RFC 5161; RFC 6855; RFC 9051 s. 6.3.1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.imap.registry import ENABLED, LOGGED_IN, capability, command

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from gateway.imap.registry import Request
    from gateway.imap.session import Session

capability(b"ENABLE")
capability(b"UTF8=ACCEPT")
ENABLED[b"UTF8=ACCEPT"] = ()
ENABLED[b"IMAP4REV2"] = ()


@command(b"ENABLE", LOGGED_IN)
async def enable(session: Session, request: Request) -> AsyncIterator[bytes]:
    """Switch on what is known of the extensions named; tell what that was. RFC 5161 s. 3.1, s. 3.2."""
    parser = request.parser
    names: list[bytes] = []
    parser.space()
    names.append(parser.atom().upper())
    while not parser.at_end():
        parser.space()
        names.append(parser.atom().upper())
    switched = [name for name in dict.fromkeys(names) if name in ENABLED]
    for name in switched:
        session.enabled.update((name, *ENABLED[name]))
    yield b"* ENABLED%b\r\n" % b"".join([b" " + name for name in switched])
