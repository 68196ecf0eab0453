"""Requests of HTTP/1.1 and HTTP/1.0 as they come in, without I/O. RFC 9112 s. 2 to 7.

Only CRLF ends a line, no field is folded, and what could be read in two ways is refused, so that no proxy before us and
we disagree where a request ends. What is decided of some octets does not change when more of them arrive.
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "MOST_HEAD_OCTETS",
    "MOST_LINE_OCTETS",
    "Malformed",
    "Request",
    "RequestBuffer",
    "authority",
]

MOST_LINE_OCTETS: Final = 8192
"""The longest request line; RFC 9112 s. 3 recommends 8000 at least."""

MOST_HEAD_OCTETS: Final = 32_768
"""The longest head: the request line and all fields."""

MOST_FIELDS: Final = 100

_MOST_AUTHORITY: Final = 300  # more is none, and is not remembered

_BARE: Final = re.compile(rb"\r[^\n]|(?<!\r)\n")
_LINE: Final = re.compile(
    rb"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}) ([\x21\x22\x24-\x7e]+) HTTP/([0-9])\.([0-9])"
)
_FIELDS: Final = re.compile(rb"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]++:[\t\x20-\x7e\x80-\xff]*+\r\n)*+")
_ABSOLUTE: Final = re.compile(rb"(?i:https?)://([^/?]*+)(/[^?]*+)?+(\?.*+)?+")
_AUTHORITY: Final = re.compile(
    rb"(?:([A-Za-z0-9_][A-Za-z0-9._-]{0,254})|\[([0-9A-Fa-f:.]{2,45})\])(?::([0-9]{1,5}))?"
)
_LENGTH: Final = re.compile(rb"[0-9]{1,18}")

_ONCE: Final = frozenset({b"host", b"content-length", b"transfer-encoding", b"authorization"})
"""Fields of which there may be one only."""


class Malformed(Exception):
    """What came is no request that could be answered: the status says why. Nothing after it can be understood."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(status, text)
        self.status = status
        self.text = text


class Request(NamedTuple):
    """The head of a request.

    ``target`` is in origin form, or ``*``. ``authority`` is the host, and the port where one is named, in lower case; empty
    where the client did not tell. ``fields`` have names in lower case. ``keeps`` tells whether the client wants to
    send further requests, ``has_content`` whether content follows.
    """

    line: bytes
    method: bytes
    target: bytes
    minor: int
    authority: str
    fields: Mapping[bytes, bytes]
    keeps: bool
    has_content: bool


class RequestBuffer:
    """Takes octets as they arrive and gives requests."""

    def __init__(self) -> None:
        self._octets = bytearray()
        self._searched = 0  # octets of a head in which its end was looked for

    def __len__(self) -> int:
        return len(self._octets)

    def feed(self, data: bytes) -> None:
        """Take octets that arrived."""
        self._octets += data

    def next(self) -> Request | None:
        """Return the next request whose head is complete, or None.

        Raises:
            Malformed: what comes next is none.
        """
        octets = self._octets
        while octets.startswith(b"\r\n"):  # RFC 9112 s. 2.2
            del octets[:2]
        eol = octets.find(b"\r\n", 0, MOST_LINE_OCTETS + 2)
        if eol < 0:
            if _BARE.search(octets, 0, MOST_LINE_OCTETS + 2):
                raise _bad("Lines end with CR and LF.")
            if len(octets) >= MOST_LINE_OCTETS + 2:
                raise Malformed(414, "The address is too long.")
            return None
        line = bytes(octets[:eol])
        parsed = _parsed_line(line)
        start = max(eol, self._searched - 3)
        end = octets.find(b"\r\n\r\n", start, MOST_HEAD_OCTETS)
        if end < 0:
            if _BARE.search(octets, start, MOST_HEAD_OCTETS):
                raise _bad("Lines end with CR and LF.")
            if len(octets) >= MOST_HEAD_OCTETS:
                raise Malformed(431, "The header is too large.")
            self._searched = len(octets)
            return None
        self._searched = 0
        block = bytes(octets[eol + 2 : end + 2])
        del octets[: end + 4]
        return _request(line, *parsed, _parsed_fields(block))


def _bad(text: str) -> Malformed:
    return Malformed(400, text)


def _parsed_line(line: bytes) -> tuple[bytes, bytes, int]:
    found = _LINE.fullmatch(line)
    if found is None:
        raise _bad("This is no request line of HTTP/1.1.")
    method, target, major, minor = found.groups()
    if major != b"1":
        raise Malformed(505, "This server speaks HTTP/1.1.")
    return method, target, min(int(minor), 1)


def _parsed_fields(block: bytes) -> dict[bytes, bytes]:
    if not _FIELDS.fullmatch(block):
        raise _bad("A header field is malformed.")
    lines = block.split(b"\r\n")
    lines.pop()
    if len(lines) > MOST_FIELDS:
        raise Malformed(431, "There are too many header fields.")
    fields: dict[bytes, bytes] = {}
    for line in lines:
        name, _, value = line.partition(b":")
        name, value = name.lower(), value.strip(b" \t")
        known = fields.get(name)
        if known is None:
            fields[name] = value
        elif name in _ONCE:
            raise _bad("A header field that may stand once stands twice.")
        else:
            fields[name] = b"%b, %b" % (known, value)
    return fields


def _request(
    line: bytes, method: bytes, target: bytes, minor: int, fields: Mapping[bytes, bytes]
) -> Request:
    has_content = _has_content(minor, fields)
    host = fields.get(b"host")
    if host is None and minor:
        raise _bad("The Host field is missing.")
    named = "" if host is None else _named(host)
    if not target.startswith(b"/"):
        target, named = _other_form(method, target, named)
    tokens = fields.get(b"connection", b"").lower()
    keeps = b"close" not in tokens if minor else b"keep-alive" in tokens
    return Request(line, method, target, minor, named, fields, keeps, has_content)


def _has_content(minor: int, fields: Mapping[bytes, bytes]) -> bool:
    """Tell whether content follows. RFC 9112 s. 6.3."""
    coding, length = fields.get(b"transfer-encoding"), fields.get(b"content-length")
    if coding is not None:
        if length is not None or not minor:
            raise _bad("It is not clear where this request ends.")
        if coding.lower() != b"chunked":
            raise Malformed(501, "This transfer coding is not known.")
        return True
    if length is None:
        return False
    if not _LENGTH.fullmatch(length):
        raise _bad("It is not clear where this request ends.")
    return int(length) > 0


def _named(octets: bytes) -> str:
    known = authority(octets) if len(octets) <= _MOST_AUTHORITY else None
    if known is None:
        raise _bad("The Host field names no host.")
    return known


def _other_form(method: bytes, target: bytes, named: str) -> tuple[bytes, str]:
    """Return the origin form, and the authority, of a target in another form. RFC 9112 s. 3.2.2 to 3.2.4."""
    found = _ABSOLUTE.fullmatch(target)
    if found:
        return (found[2] or b"/") + (found[3] or b""), _named(found[1])
    if method == b"CONNECT" or (method == b"OPTIONS" and target == b"*"):
        return b"*", named
    raise _bad("The request target is malformed.")


@lru_cache(1024)
def authority(octets: bytes) -> str | None:
    """Return a host with its port, if one is named, as it may stand in an address; None if it is none."""
    found = _AUTHORITY.fullmatch(octets)
    if found is None or (found[3] and int(found[3]) > 65535):
        return None
    if found[2]:
        try:
            ipaddress.IPv6Address(found[2].decode())
        except ValueError:
            return None
    return octets.decode().lower()
