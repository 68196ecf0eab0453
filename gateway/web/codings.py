"""Which content coding a client gets, and the coding itself. RFC 9110 s. 8.4, 12.5.3."""

from __future__ import annotations

import re
import zlib
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["accepts_gzip", "gzipped", "is_codable"]

LEAST_OCTETS: Final = 256
"""Less is not worth it."""

MOST_OCTETS: Final = 8 * 1024 * 1024
"""More is sent as it is: to code it would take longer than the line."""

_SLICE_OCTETS: Final = 256 * 1024
"""What is coded at once, in a few milliseconds."""

_MOST_ACCEPTED: Final = 500
"""Octets of a field that is looked at, and remembered."""

_LEVEL: Final = 6
_WINDOW: Final = 16 + zlib.MAX_WBITS  # gzip

_TYPES: Final = re.compile(
    r"text/|application/(?:[a-z.-]++\+)?+(?:json|xml|javascript)\b|image/svg\+xml"
)
_ACCEPTED: Final = re.compile(
    rb"[ \t,]*+([!#$%&'*+.^_`|~0-9A-Za-z-]++)(?:[ \t]*+;[ \t]*+[qQ]=([01](?:\.[0-9]{0,3})?))?+[ \t]*+(?:,|$)"
)


def is_codable(content_type: str, length: int) -> bool:
    """Tell whether a text of this kind and length is coded for those who can decode it."""
    return LEAST_OCTETS <= length <= MOST_OCTETS and _TYPES.match(content_type) is not None


def accepts_gzip(value: bytes) -> bool:
    """Tell whether an Accept-Encoding field prefers gzip to no coding; one that is malformed does not."""
    return len(value) <= _MOST_ACCEPTED and _accepts_gzip(value)


@lru_cache(256)
def _accepts_gzip(value: bytes) -> bool:
    weights: dict[bytes, float] = {}
    at = 0
    while at < len(value):
        found = _ACCEPTED.match(value, at)
        if found is None:
            return False
        weights[found[1].lower()] = float(found[2] or 1)
        at = found.end()
    any_other = weights.get(b"*", 0.0)
    gzip = weights.get(b"gzip", weights.get(b"x-gzip", any_other))
    return gzip > 0 and gzip >= weights.get(b"identity", 0.0)


async def gzipped(octets: bytes, breathe: Callable[[], Awaitable[None]]) -> bytes:
    """Return octets coded, the same every time; others get their turn meanwhile."""
    coder = zlib.compressobj(_LEVEL, zlib.DEFLATED, _WINDOW)
    pieces = []
    for start in range(0, len(octets), _SLICE_OCTETS):
        pieces.append(coder.compress(octets[start : start + _SLICE_OCTETS]))
        await breathe()
    pieces.append(coder.flush())
    return b"".join(pieces)
