"""Questions to the archive's file, with its troubles named, and a bounded memory for the answers."""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import zstandard

from storage.errors import ArchiveDamaged
from storage.sqlite.dictionary import load
from storage.sqlite.schema import FILE, open_reader, unavailable

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Kept", "Query"]

K = TypeVar("K")
V = TypeVar("V")


class Query:
    """A connection for reading, and one decompressor: for one thread."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / FILE
        self._connection = open_reader(directory)
        self._decompressor = zstandard.ZstdDecompressor()
        self._decompressors: dict[int, zstandard.ZstdDecompressor] = {}

    def rows(self, statement: str, *values: object) -> list[Any]:
        """Return all rows.

        Raises:
            ArchiveUnavailable: the file cannot be read.
        """
        try:
            return self._connection.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise unavailable(self._path, error) from error

    def version(self) -> int:
        """Return a number that changes with every commit of another connection."""
        version: int = self.rows("PRAGMA data_version")[0][0]
        return version

    def unpack(self, data: bytes, dictionary: int | None = None) -> bytes:
        """Decompress a page, or a block with the dictionary that it was compressed against.

        Raises:
            ArchiveDamaged: it is.
            ArchiveUnavailable: the dictionary is.
        """
        decompressor = self._decompressor
        if dictionary is not None:
            decompressor = self._decompressors.get(dictionary) or self._with(dictionary)
        try:
            return decompressor.decompress(data)
        except zstandard.ZstdError as error:
            raise self.damaged(str(error)) from error

    def _with(self, dictionary: int) -> zstandard.ZstdDecompressor:
        try:
            loaded = load(self._connection, dictionary)
        except sqlite3.Error as error:
            raise unavailable(self._path, error) from error
        made = zstandard.ZstdDecompressor(dict_data=loaded)
        self._decompressors[dictionary] = made
        return made

    def damaged(self, what: str) -> ArchiveDamaged:
        """Return the error that says so."""
        return ArchiveDamaged(f"{self._path}: {what}; run 'listgate check'")

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


class Kept(Generic[K, V]):
    """What was asked for lately, up to ``most`` in weight; what would take more than a quarter of it is not kept."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._items: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._weight = 0

    def get(self, key: K) -> V | None:
        """Return what is kept under a key, or None."""
        item = self._items.get(key)
        if item is None:
            return None
        self._items.move_to_end(key)
        return item[0]

    def put(self, key: K, value: V, weight: int = 1) -> None:
        """Keep something, in place of what was under the key, and let go of what was not asked for longest."""
        self.drop(key)
        if weight > self._most // 4:
            return
        self._items[key] = value, weight
        self._weight += weight
        while self._weight > self._most:
            _, (_, lighter) = self._items.popitem(last=False)
            self._weight -= lighter

    def drop(self, key: K) -> None:
        """Let go of what is under a key."""
        item = self._items.pop(key, None)
        if item is not None:
            self._weight -= item[1]

    def clear(self) -> None:
        """Let go of everything."""
        self._items.clear()
        self._weight = 0
