"""ID: client and server tell what they are. RFC 2971. What a client says is neither kept nor logged (s. 7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway import __version__
from gateway.imap.registry import ANY, capability, command
from gateway.imap.responses import Bad
from gateway.imap.strings import string

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from gateway.imap.grammar import Parser
    from gateway.imap.registry import Request
    from gateway.imap.session import Session

MAX_FIELDS: Final = 30
MAX_FIELD_OCTETS: Final = 30
MAX_VALUE_OCTETS: Final = 1024
"""RFC 2971 s. 3.3."""

capability(b"ID")


@command(b"ID", ANY)
async def identify(session: Session, request: Request) -> AsyncIterator[bytes]:
    """Tell name and version. RFC 2971 s. 3.1."""
    parser = request.parser
    parser.space()
    if not parser.takes(b"NIL"):
        fields = parser.listed(lambda: _field(parser))
        if len(fields) > MAX_FIELDS:
            raise Bad("too many fields")
    parser.end()
    yield b'* ID ("name" "listgate" "version" %b)\r\n' % string(__version__.encode())


def _field(parser: Parser) -> bytes:
    """Read a field and its value; return its name."""
    name = parser.string()
    parser.space()
    value = parser.nstring() or b""
    if len(name) > MAX_FIELD_OCTETS or len(value) > MAX_VALUE_OCTETS:
        raise Bad("a field is too long")
    return name
