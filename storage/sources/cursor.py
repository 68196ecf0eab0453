"""Cursors: short JSON lists of a known version, and the marks by which a file is known again."""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

if TYPE_CHECKING:
    import os

__all__ = ["MARK", "Stamp", "digest", "pack", "unpack"]

MARK: Final = 512
"""How many octets of a file's beginning are digested to know it again."""

_VERSION: Final = 1

CursorT = TypeVar("CursorT", bound=tuple[Any, ...])


class Stamp(NamedTuple):
    """What tells that a file is still the same as a whole."""

    size: int = -1
    modified: int = -1  # nanoseconds

    @classmethod
    def of(cls, status: os.stat_result) -> Stamp:
        """Return the stamp of a file with this status."""
        return cls(status.st_size, status.st_mtime_ns)


def pack(kind: str, cursor: tuple[int | str, ...]) -> bytes:
    """Return the octets of a cursor of this kind."""
    return json.dumps([_VERSION, kind, *cursor], separators=(",", ":")).encode()


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
