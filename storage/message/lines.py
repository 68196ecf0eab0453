"""Line ends: what counts as one in mail that has passed through many hands."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["with_lf"]

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


def _line_ends(match: re.Match[bytes]) -> bytes:
    run = match[0]
    return b"\n" if run.endswith(b"\n") else b"\n" * len(run)
