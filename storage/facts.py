"""Facts: the times and counts of messages as rows that are read a page at once, by the column.

A row holds when the message was received, when it was sent (received, where there is no sane time), the octets of
the served form, and the lines of its body: two signed 64-bit and two unsigned 32-bit integers, little-endian.
"""

from __future__ import annotations

import struct
import sys
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.material import Material

__all__ = ["FACTS_VERSION", "Facts", "decode_facts", "facts_row"]

FACTS_VERSION: Final = 1
"""To be raised when ``facts_row`` changes, so that stored rows are made again."""

_ROW: Final = struct.Struct("<qqII")


@dataclass(frozen=True, slots=True)
class Facts:
    """The columns of some rows: what is at ``i`` in each is of one message."""

    received: Sequence[int]
    sent: Sequence[int]
    size: Sequence[int]
    lines: Sequence[int]


def facts_row(material: Material) -> bytes:
    """Return a message's row."""
    sent = material.received if material.sent is None else material.sent
    return _ROW.pack(material.received, sent, material.size, material.lines)


def decode_facts(rows: Sequence[bytes]) -> Facts:
    """Return the columns of a page's rows, or of some of them.

    Raises:
        ValueError: a row is none of facts.
    """
    data = b"".join(rows)
    if len(data) != _ROW.size * len(rows):
        raise ValueError("not rows of facts")
    times, counts = array("q", data), array("I", data)
    if sys.byteorder == "big":
        times.byteswap()
        counts.byteswap()
    return Facts(times[0::3], times[1::3], counts[4::6], counts[5::6])
