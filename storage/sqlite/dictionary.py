"""Dictionaries: lines that many messages have, against which blocks are compressed.

A line gets in only if many blocks of a sample have it, so that nothing does that a single message said; and what is
removed later leaves its octets nowhere. Each dictionary is kept twice, with a digest: without it the blocks made with it
could not be read.
"""

from __future__ import annotations

from collections import Counter
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

import zstandard

from storage.errors import ArchiveUnavailable
from storage.sqlite.packing import LEVEL, unpack

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

__all__ = ["Dictionaries", "common_lines", "load"]

FIRST_BLOCKS: Final = 256
"""With fewer blocks there is no dictionary yet."""

GROWTH: Final = 8
"""How many times as many blocks there have to be for another one: more lines are known, and other things written of."""

SAMPLE_BLOCKS: Final = 1024
"""The latest blocks from which a dictionary is made."""

PRUNED_BLOCKS: Final = 128
"""After so many blocks, lines that only one has had are forgotten, so that counting takes little memory."""

LEAST_BLOCKS: Final = 4
"""A line has to be in so many blocks of the sample."""

MOST_OCTETS: Final = 1 << 20
"""Octets of a dictionary, which each process has in memory."""

_SHORTEST: Final = 6
_LONGEST: Final = 400
_LINE_END: Final = b"\r\n"
_DIGEST_OCTETS: Final = 16

_LATEST: Final = "SELECT id, made_at FROM dictionary ORDER BY id DESC LIMIT 1"
_SAMPLE: Final = (
    "SELECT dictionary, data FROM block WHERE id <= ? AND length >= ? ORDER BY id DESC LIMIT ?"
)
_PUT: Final = "INSERT INTO dictionary (made_at, digest, data, spare) VALUES (?, ?, ?, ?)"
_READ: Final = "SELECT digest, data, spare FROM dictionary WHERE id = ?"


def common_lines(texts: Iterable[bytes]) -> bytes:
    """Return the lines that at least ``LEAST_BLOCKS`` of the texts have, those that save most last.

    zstd refers to what stands last in a dictionary with the fewest octets.
    """
    having: Counter[bytes] = Counter()
    for at, text in enumerate(texts, 1):
        lines = set(text.split(_LINE_END))
        having.update(line for line in lines if _SHORTEST <= len(line) <= _LONGEST)
        if at % PRUNED_BLOCKS == 0:
            having = Counter({line: count for line, count in having.items() if count > 1})
    worth = [(count * len(line), line) for line, count in having.items() if count >= LEAST_BLOCKS]
    chosen: list[bytes] = []
    room = MOST_OCTETS
    for _, line in sorted(worth, reverse=True):
        room -= len(line) + len(_LINE_END)
        if room < 0:
            break
        chosen.append(line)
    return _LINE_END.join(reversed(chosen))


def load(connection: sqlite3.Connection, dictionary: int) -> zstandard.ZstdCompressionDict:
    """Return a dictionary.

    Raises:
        ArchiveUnavailable: both its copies are damaged, or it is lost.
    """
    row = connection.execute(_READ, (dictionary,)).fetchone()
    digest, *copies = row or (b"",)
    for data in copies:
        if _digest(data) == digest:
            return zstandard.ZstdCompressionDict(data, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
    raise ArchiveUnavailable(
        f"dictionary {dictionary} is damaged or lost; restore the archive from a backup"
    )


class Dictionaries:
    """Those of an archive, as a writer has them."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._loaded: dict[int, zstandard.ZstdCompressionDict] = {}
        self._latest: int | None = None

    def get(self, dictionary: int | None) -> zstandard.ZstdCompressionDict | None:
        """Return a dictionary, or None for none.

        Raises:
            ArchiveUnavailable: it is damaged or lost.
        """
        if dictionary is None:
            return None
        if dictionary not in self._loaded:
            loaded = load(self._connection, dictionary)
            loaded.precompute_compress(level=LEVEL)
            self._loaded[dictionary] = loaded
        return self._loaded[dictionary]

    def latest(self, last_block: int, block_octets: int) -> int | None:
        """Return which one new blocks are compressed against; made now where it is time for another."""
        found = self._connection.execute(_LATEST).fetchone()
        latest, made_at = found or (None, 0)
        if last_block < max(FIRST_BLOCKS, GROWTH * made_at):
            return latest
        data = common_lines(self._sample(last_block, block_octets))
        values = last_block, _digest(data), data, data
        return self._connection.execute(_PUT, values).lastrowid

    def _sample(self, last_block: int, block_octets: int) -> Iterator[bytes]:
        rows = self._connection.execute(_SAMPLE, (last_block, block_octets, SAMPLE_BLOCKS))
        for dictionary, data in rows:
            try:
                yield unpack(data, self.get(dictionary))
            except zstandard.ZstdError:  # a damaged block is no sample
                continue


def _digest(data: bytes) -> bytes:
    return blake2b(data, digest_size=_DIGEST_OCTETS).digest()
