"""Blocks of original octets, as one batch adds to them: full ones are compressed beside the writer, on another core."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import zstandard

from storage.errors import ArchiveUnavailable
from storage.sqlite.dictionary import Dictionaries
from storage.sqlite.packing import BLOCK_OCTETS, LEVEL, LEVEL_FOR_NOW, pack, unpack

if TYPE_CHECKING:
    import sqlite3

__all__ = ["Blocks"]

_COMPRESSORS: Final = ThreadPoolExecutor(2, "compress")
"""Those of all writers of the process: starting a thread in each batch would take longer than to compress its block."""

# The last id ever given, also if that block was lost: another one may not take its place.
_LAST_ID: Final = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'block'"
_LENGTH: Final = "SELECT length FROM block WHERE id = ?"
_READ: Final = "SELECT dictionary, data FROM block WHERE id = ?"
_PUT: Final = "INSERT OR REPLACE INTO block (id, length, dictionary, data) VALUES (?, ?, ?, ?)"


class Blocks:
    """The blocks of one batch: the archive's last one is filled up first, then new ones follow.

    A block is full at ``BLOCK_OCTETS``; a larger message has one of its own.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._id: int | None = None
        self._open: bytearray | None = None
        self._dictionaries = Dictionaries(connection)
        self._dictionary: int | None = None  # against which this batch compresses
        self._full: dict[int, tuple[bytes, Future[bytes]]] = {}

    def add(self, kept: bytes) -> tuple[int, int]:
        """Keep octets; return the block and where in it they start."""
        if self._id is None:
            self._id = self._open_last()
        if self._open is not None and len(kept) >= BLOCK_OCTETS:
            self._seal(self._id)
        if self._open is None:
            self._id += 1
            self._open = bytearray()
        block, start = self._id, len(self._open)
        self._open += kept
        if len(self._open) >= BLOCK_OCTETS:
            self._seal(block)
        return block, start

    def read(self, block: int, start: int, length: int) -> bytes:
        """Return octets kept in this batch or before.

        Raises:
            ArchiveUnavailable: the block is lost.
            zstandard.ZstdError: it is damaged.
        """
        if block == self._id and self._open is not None:
            return bytes(self._open[start : start + length])
        return self._whole(block)[start : start + length]

    def erase(self, block: int, start: int, length: int) -> None:
        """Put zeros where the octets of a removed message were; nothing else in the block moves.

        Raises:
            ArchiveUnavailable: the block is lost.
            zstandard.ZstdError: it is damaged.
        """
        if block == self._id and self._open is not None:
            self._open[start : start + length] = bytes(length)
            return
        data = bytearray(self._whole(block))
        data[start : start + length] = bytes(length)
        self._keep(block, bytes(data))

    def flush(self) -> None:
        """Write every block that the batch changed; nothing more is added."""
        if self._open is not None:  # which the next batch fills up
            data = bytes(self._open)
            values = self._id, len(data), None, pack(data, LEVEL_FOR_NOW)
            self._connection.execute(_PUT, values)
            self._open = None
        for block, (data, packed) in self._full.items():
            row = block, len(data), self._dictionary, packed.result()
            self._connection.execute(_PUT, row)
        self._full.clear()

    def _open_last(self) -> int:
        """Open the archive's last block to be filled up, if it is not full; return its id."""
        (last,) = self._connection.execute(_LAST_ID).fetchone()
        length = self._connection.execute(_LENGTH, (last,)).fetchone()
        if length is not None and length[0] < BLOCK_OCTETS:
            with suppress(zstandard.ZstdError):  # nothing is added to a damaged block
                self._open = bytearray(self._whole(last))
                self._full.pop(last, None)  # where it was erased from
        return int(last)

    def _whole(self, block: int) -> bytes:
        if block in self._full:
            return self._full[block][0]
        row = self._connection.execute(_READ, (block,)).fetchone()
        if row is None:
            raise ArchiveUnavailable(f"block {block} is lost; restore the archive from a backup")
        dictionary, data = row
        return unpack(data, self._dictionaries.get(dictionary))

    def _seal(self, block: int) -> None:
        assert self._open is not None
        self._keep(block, bytes(self._open))
        self._open = None

    def _keep(self, block: int, data: bytes) -> None:
        if not self._full:  # once a batch
            self._dictionary = self._dictionaries.latest(block, BLOCK_OCTETS)
        dictionary = self._dictionaries.get(self._dictionary)
        self._full[block] = data, _COMPRESSORS.submit(pack, data, LEVEL, dictionary)
