"""Puts many messages in order, a step at a time: sorting a million at once would hold up everybody else.

What is sorted by is made whole numbers first: texts become their ranks. Those of several columns, and the place of the
message, then are the digits of one number, so that one sorting of numbers does it all, and ties stay in their order.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Column", "order"]

T = TypeVar("T", int, bytes)

CHUNK: Final = 8192
"""How many are sorted at once; chunks are merged."""

SAMPLE: Final = 512
"""Of so many that were sorted, one tells where the chunks are cut to be merged."""

_DIGIT_BITS: Final = 63


class Column:
    """Values to sort by, numbers or octets, of messages in their order."""

    def __init__(self, *, is_reversed: bool = False) -> None:
        self.is_reversed = is_reversed
        self.values = array("q")
        self.low = self.high = 0
        self._texts: dict[bytes, int] = {}

    def __len__(self) -> int:
        return len(self.values)

    def extend(self, values: Sequence[int]) -> None:
        """Take the numbers of further messages, of one at least."""
        low, high = min(values), max(values)
        self.low = min(self.low, low) if self.values else low
        self.high = max(self.high, high) if self.values else high
        self.values.extend(iter(values))

    def extend_texts(self, values: Sequence[bytes]) -> None:
        """Take the texts of further messages, of one at least."""
        texts = self._texts
        self.extend([texts.setdefault(text, len(texts)) for text in values])

    def settle(self) -> Iterator[None]:
        """Make ranks of texts; yield pauses."""
        if not self._texts:
            return
        ranks = array("q", bytes(8 * len(self._texts)))
        below = 0
        for batch in _sorted([*self._texts]):
            for rank, text in enumerate(batch, below):
                ranks[self._texts[text]] = rank
            below += len(batch)
            yield
        self._texts.clear()
        for start in range(0, len(self.values), CHUNK):
            part = self.values[start : start + CHUNK]
            self.values[start : start + CHUNK] = array("q", [ranks[value] for value in part])
            yield

    def digits(self, start: int, stop: int) -> list[int]:
        """Return values as numbers from 0 on."""
        part = self.values[start:stop]
        if self.is_reversed:
            high = self.high
            return [high - value for value in part]
        low = self.low
        return [value - low for value in part]


def order(columns: Sequence[Column]) -> Iterator[Sequence[int]]:
    """Yield the places of messages as they are to be sorted, in batches; an empty one is a pause.

    The first column counts before the second, and so on; what is the same in all stays in its order.
    """
    for column in columns:
        for _ in column.settle():
            yield ()
    count = len(columns[0])
    width = max(count - 1, 0).bit_length()
    mask = (1 << width) - 1
    widths = [(column.high - column.low).bit_length() for column in columns]
    is_narrow = sum(widths) + width <= _DIGIT_BITS
    chunks: list[Sequence[int]] = []
    for start in range(0, count, CHUNK):
        stop = min(start + CHUNK, count)
        keys = columns[0].digits(start, stop)
        for column, bits in zip(columns[1:], widths[1:], strict=True):
            keys = [
                key << bits | digit
                for key, digit in zip(keys, column.digits(start, stop), strict=True)
            ]
        chunk = sorted([key << width | at for at, key in enumerate(keys, start)])
        chunks.append(array("q", chunk) if is_narrow else chunk)
        yield ()
    for batch in merged(chunks):
        yield [key & mask for key in batch]


def merged(chunks: Sequence[Sequence[T]]) -> Iterator[list[T]]:
    """Yield what sorted chunks hold, each of it once there, sorted, in batches about as long as a chunk.

    All chunks are cut at the same values, and what lies between two cuts is sorted as one: runs that are sorted already,
    which costs a tenth of comparing the heads of all chunks for each value.
    """
    samples: list[T] = sorted([value for chunk in chunks for value in chunk[SAMPLE - 1 :: SAMPLE]])
    starts = [0] * len(chunks)
    for bound in [*samples[CHUNK // SAMPLE - 1 :: CHUNK // SAMPLE], None]:
        batch: list[T] = []
        for at, chunk in enumerate(chunks):
            end = len(chunk) if bound is None else bisect_right(chunk, bound, starts[at])
            batch += chunk[starts[at] : end]
            starts[at] = end
        batch.sort()
        if batch:
            yield batch


def _sorted(values: Sequence[T]) -> Iterator[list[T]]:
    """Yield values sorted, in batches; an empty one is a pause."""
    chunks: list[list[T]] = []
    for start in range(0, len(values), CHUNK):
        chunks.append(sorted(values[start : start + CHUNK]))
        yield []
    yield from merged(chunks)
