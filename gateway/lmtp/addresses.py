"""What stands behind MAIL and RCPT: a path in angle brackets, and parameters (RFC 5321 s. 4.1.2)."""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["BadPath", "Path", "local_part", "parse_path"]

MAX_PATH: Final = 1000
"""Octets of the longest path taken; RFC 5321 s. 4.5.3.1.3 wants 256."""

_QUOTE: Final = b'"'[0]
_BACKSLASH: Final = b"\\"[0]
_CLOSE: Final = b">"[0]


class BadPath(Exception):
    """It is no path."""


class Path(NamedTuple):
    """An address, empty for the null sender, and the parameters that follow it: values by names in capitals."""

    address: bytes
    parameters: dict[bytes, bytes]


def parse_path(argument: bytes, keyword: bytes) -> Path:
    """Read ``keyword``, a colon, a path and parameters; a source route is dropped.

    Blanks before the path are let pass, as other servers do.

    Raises:
        BadPath: it is not that.
    """
    if not argument.upper().startswith(keyword + b":"):
        raise BadPath
    path = argument[len(keyword) + 1 :].lstrip(b" ")
    end = _end(path)
    if not path.startswith(b"<") or not 0 < end <= MAX_PATH:
        raise BadPath
    address, rest = path[1:end], path[end + 1 :]
    if rest and not rest.startswith(b" "):
        raise BadPath
    if address.startswith(b"@"):  # RFC 5321 s. 4.1.2, A-d-l: to be taken and not to be heeded
        address = address.partition(b":")[2]
    parameters: dict[bytes, bytes] = {}
    for word in rest.split():
        name, _, value = word.partition(b"=")
        if name.upper() in parameters:
            raise BadPath
        parameters[name.upper()] = value
    return Path(address, parameters)


def local_part(address: bytes) -> bytes:
    """Return what stands before the domain, or all where there is none; quotes undone."""
    before, at, _ = address.rpartition(b"@")
    local = before if at else address
    if len(local) < 2 or not (local.startswith(b'"') and local.endswith(b'"')):
        return local
    plain = bytearray()
    octets = iter(local[1:-1])
    for octet in octets:
        plain.append(next(octets, _BACKSLASH) if octet == _BACKSLASH else octet)
    return bytes(plain)


def _end(path: bytes) -> int:
    """Return where the path's closing bracket is, which is not one inside quotes; -1 where there is none."""
    quoted = escaped = False
    for at, octet in enumerate(path):
        if escaped:
            escaped = False
        elif octet == _BACKSLASH:
            escaped = quoted
        elif octet == _QUOTE:
            quoted = not quoted
        elif octet == _CLOSE and not quoted:
            return at
    return -1
