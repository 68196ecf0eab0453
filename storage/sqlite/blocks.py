"""Blocks of original octets, as one batch adds to them: compressed beside the writer, on another core."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from storage.sqlite.packing import BLOCK_OCTETS, pack, unpack

if TYPE_CHECKING:
    import sqlite3

__all__ = ["Blocks"]

COMPRESSORS: Final = 2

_LAST: Final = "SELECT id, length, data FROM block ORDER BY id DESC LIMIT 1"
_READ: Final = "SELECT data FROM block WHERE id = ?"
_PUT: Final = "INSERT OR REPLACE INTO block (id, length, data) VALUES (?, ?, ?)"


class Blocks:
    """The blocks of one batch: the archive's last one is filled up first, then new ones follow."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._pool = ThreadPoolExecutor(COMPRESSORS, "compress")
        last = connection.execute(_LAST).fetchone()
        self._id = 0 if last is None else last[0]
        self._open: bytearray | None = None
        if last is not None and last[1] < BLOCK_OCTETS:
            self._open = bytearray(unpack(last[2]))
        self._full: dict[int, tuple[bytes, Future[bytes]]] = {}

    def add(self, raw: bytes) -> tuple[int, int]:
        """Keep octets; return the block and where in it they start."""
        if self._open is None:
            self._id += 1
            self._open = bytearray()
        block, start = self._id, len(self._open)
        self._open += raw
        if len(self._open) >= BLOCK_OCTETS:
            self._seal()
        return block, start

    def read(self, block: int, start: int, length: int) -> bytes:
        """Return octets kept in this batch or before."""
        if block == self._id and self._open is not None:
            return bytes(self._open[start : start + length])
        if block in self._full:
            return self._full[block][0][start : start + length]
        (data,) = self._connection.execute(_READ, (block,)).fetchone()
        return unpack(data)[start : start + length]

    def erase(self, block: int, start: int, length: int) -> None:
        """Put zeros where the octets of a removed message were; nothing else in the block moves."""
        if block == self._id and self._open is not None:
            self._open[start : start + length] = bytes(length)
            return
        data = bytearray(self.read(block, 0, 1 << 62))
        data[start : start + length] = bytes(length)
        self._keep(block, bytes(data))

    def flush(self) -> None:
        """Write every block of the batch."""
        if self._open is not None:
            self._seal()
        for block, (data, packed) in self._full.items():
            self._connection.execute(_PUT, (block, len(data), packed.result()))
        self._full.clear()

    def close(self) -> None:
        """End the compressing threads."""
        self._pool.shutdown(cancel_futures=True)

    def _seal(self) -> None:
        assert self._open is not None
        self._keep(self._id, bytes(self._open))
        self._open = None

    def _keep(self, block: int, data: bytes) -> None:
        self._full[block] = data, self._pool.submit(pack, data)
