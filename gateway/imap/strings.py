"""Strings as they are sent: quoted where that can be, else a literal. RFC 9051 s. 4.3."""

from __future__ import annotations

import re
from typing import Final

__all__ = [
    "MAX_QUOTED",
    "NIL",
    "astring",
    "literal",
    "literal8",
    "literal_pieces",
    "nstring",
    "string",
]

MAX_QUOTED: Final = 1000
"""Octets of the longest quoted string sent: lines have their limits in some clients, literals have not."""

NIL: Final = b"NIL"

# What a quoted string cannot hold: 8-bit text is UTF-8 there at best, and only once it was agreed on (RFC 9051 s. 4.3).
_QUOTABLE: Final = bytes(octet for octet in range(1, 0x80) if octet not in b"\r\n")
_SPECIAL: Final = re.compile(rb'(["\\])')
_ATOM: Final = re.compile(rb"[!#$&'+\-./0-9:;<=>?@A-Z\[\]^_`a-z|}~,]+")


def string(value: bytes) -> bytes:
    """Return a string: quoted if it is 7-bit text on one line, else as a literal."""
    if len(value) > MAX_QUOTED or value.translate(None, _QUOTABLE):
        return literal(value)
    if b'"' in value or b"\\" in value:
        value = _SPECIAL.sub(rb"\\\1", value)
    return b'"%b"' % value


def nstring(value: bytes | None) -> bytes:
    """Return a string, or NIL for None."""
    return NIL if value is None else string(value)


def astring(value: bytes) -> bytes:
    """Return a string, as an atom if it can be one. NIL is quoted: some would take it for nothing."""
    if _ATOM.fullmatch(value) and value.upper() != NIL:
        return value
    return string(value)


def literal(octets: bytes) -> bytes:
    """Return octets as a literal."""
    return b"{%d}\r\n%b" % (len(octets), octets)


def literal_pieces(octets: bytes) -> tuple[bytes, bytes]:
    """Return ``literal`` in two pieces, so that the octets are not copied yet."""
    return b"{%d}\r\n" % len(octets), octets


def literal8(octets: bytes) -> bytes:
    """Return octets, NUL among them, as a literal8. RFC 9051 s. 9."""
    return b"~{%d}\r\n%b" % (len(octets), octets)
