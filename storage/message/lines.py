"""Line ends: what counts as one in mail that has passed through many hands."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["runs_of_lines", "with_lf"]

_CARRIAGE_RETURNS: Final = re.compile(rb"\r+\n?")


def with_lf(octets: bytes) -> bytes:
    """Return ``octets`` with LF for every line end: LF, CRLF, CRs before an LF, and a CR on its own.

    A lone CR ends a line (RFC 7103 s. 6); several before an LF are the damage of transfers in text mode, not empty
    lines.
    """
    if b"\r" not in octets:
        return octets
    octets = octets.replace(b"\r\n", b"\n")
    if b"\r" not in octets:
        return octets
    return _CARRIAGE_RETURNS.sub(_line_ends, octets)


def runs_of_lines(octets: bytes, most: int, start: int = 0) -> Iterator[bytes]:
    """Yield octets from ``start`` on in runs of whole lines, of at most so many octets unless a line has more."""
    while start < len(octets):
        end = octets.rfind(b"\n", start, start + most) + 1
        if not end:
            end = octets.find(b"\n", start + most) + 1 or len(octets)
        yield octets[start:end]
        start = end


def _line_ends(match: re.Match[bytes]) -> bytes:
    run = match[0]
    return b"\n" if run.endswith(b"\n") else b"\n" * len(run)
