"""Questions to the archive's file, with its troubles named."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import zstandard

from storage.errors import ArchiveDamaged
from storage.sqlite.dictionary import load
from storage.sqlite.paging import unpack_page
from storage.sqlite.schema import FILE, open_reader, unavailable

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Query"]


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
        """Decompress what was compressed by itself, or a block with the dictionary that it was compressed against.

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

    def unpack_page(self, data: bytes, basis: bytes | None) -> bytes:
        """Return a page's rows, given its basis as it is stored, if it has one.

        Raises:
            ArchiveDamaged: one of the two is.
        """
        if basis is None:
            return self.unpack(data)
        try:
            return unpack_page(data, basis)
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
