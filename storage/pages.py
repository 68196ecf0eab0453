"""How rows of a rendition are laid together: one page for each run of 256 numbers.

Stored form: the count, the numbers, the rows' lengths (all unsigned 32-bit little-endian), then the rows.
"""

from __future__ import annotations

import struct
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["PAGE_BITS", "decode_rows", "encode_rows", "page_of", "page_range", "page_ranges"]

PAGE_BITS: Final = 8


def page_of(number: int) -> int:
    """Return which page a message's row lies on."""
    return number >> PAGE_BITS


def page_range(page: int) -> range:
    """Return the numbers that have their rows on a page."""
    return range(page << PAGE_BITS, (page + 1) << PAGE_BITS)


def page_ranges(first: int, last: int) -> Iterator[range]:
    """Yield the numbers of a range, cut where pages end."""
    while first <= last:
        after = min(last, first | ((1 << PAGE_BITS) - 1)) + 1
        yield range(first, after)
        first = after


def encode_rows(rows: Mapping[int, bytes]) -> bytes:
    """Return the stored form of a page's rows, by number."""
    numbers = sorted(rows)
    texts = [rows[number] for number in numbers]
    count = len(numbers)
    head = struct.pack(f"<{1 + 2 * count}I", count, *numbers, *map(len, texts))
    return head + b"".join(texts)


def decode_rows(data: bytes) -> tuple[Sequence[int], Sequence[bytes]]:
    """Return a page's numbers and rows; the inverse of ``encode_rows``.

    Raises:
        ValueError: the data is not a page.
    """
    try:
        (count,) = struct.unpack_from("<I", data)
        both = struct.unpack_from(f"<{2 * count}I", data, 4)
    except struct.error as error:
        raise ValueError("not a page") from error
    numbers, lengths = both[:count], both[count:]
    ends = list(accumulate(lengths, initial=4 + 8 * count))
    if ends[-1] != len(data):
        raise ValueError("a page of the wrong length")
    return numbers, [data[start:end] for start, end in pairwise(ends)]
