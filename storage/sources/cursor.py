"""Cursors: short JSON lists of a known version, and the marks by which a file is known again."""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import Any, Final, TypeVar

__all__ = ["MARK", "digest", "pack", "unpack"]

MARK: Final = 512
"""How many octets of a file's beginning are digested to know it again."""

_VERSION: Final = 1
_encode: Final = json.JSONEncoder(separators=(",", ":")).encode

CursorT = TypeVar("CursorT", bound=tuple[Any, ...])


def pack(kind: str, cursor: tuple[int | str, ...]) -> bytes:
    """Return the octets of a cursor of this kind."""
    return _encode([_VERSION, kind, *cursor]).encode()


def unpack(kind: str, octets: bytes, default: CursorT) -> CursorT:
    """Return what ``pack`` was given, as the named tuple that ``default`` is.

    ``default`` itself is returned for octets that are empty, of another kind or version, or no cursor at all.
    """
    try:
        version, kind_found, *values = json.loads(octets)
    except (ValueError, TypeError, RecursionError):
        return default
    if (version, kind_found) != (_VERSION, kind) or [*map(type, values)] != [*map(type, default)]:
        return default
    return type(default)(*values)


def digest(octets: bytes) -> str:
    """Return a short digest: enough to notice an accident, no defence against malice."""
    return blake2b(octets, digest_size=8).hexdigest()
