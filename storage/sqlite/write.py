"""Writing: the ``ArchiveWriter`` over SQLite."""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

import zstandard

from storage.errors import ArchiveUnavailable
from storage.pages import PAGE_BITS
from storage.sqlite import schema
from storage.sqlite.batch import SqliteBatch
from storage.sqlite.cache import Cache
from storage.sqlite.forest import NodeIds, SqliteForest
from storage.sqlite.fulltext_write import unindexed
from storage.sqlite.mend_days import place_damage
from storage.sqlite.schema import FILE, open_writer, unavailable
from storage.sqlite.shelf import NUMBERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from storage.model import Rendition

__all__ = ["SqliteWriter"]

log = logging.getLogger(__name__)

MAX_NODES: Final = 60_000
"""Nodes of all lists kept from one batch to the next: some 40 MB."""

_OUTDATED: Final = (
    "SELECT DISTINCT list, page FROM page EXCEPT SELECT list, page FROM page WHERE kind = ? AND version = ? "
    "ORDER BY list, page"
)
_CURSOR: Final = (
    "SELECT cursor FROM source WHERE list = (SELECT id FROM list WHERE name = ?) AND source = ?"
)

_UNSEEN: Final = -1
_TURN_SECONDS: Final = 0.002


class SqliteWriter:
    """Writes an archive's directory; see ``storage.writer.ArchiveWriter``.

    Several may be open, also in several processes: a batch waits for another's to end.
    """

    def __init__(self, directory: Path, versions: Mapping[Rendition, int]) -> None:
        self._path = directory / FILE
        self._connection = open_writer(directory)
        self._cache = Cache(directory)
        self._versions = dict(versions)
        self._forests: dict[int, SqliteForest] = {}
        self._node_ids = NodeIds()
        self._seen = _UNSEEN

    @contextmanager
    def batch(self, clock: Callable[[], float] = time.time) -> Iterator[SqliteBatch]:
        try:
            self._take_turn()
            try:
                self._catch_up()
                batch = SqliteBatch(
                    self._connection, self._versions, clock, self._forests, self._node_ids
                )
                yield batch
                batch.flush()
                self._connection.execute("COMMIT")
                self._tell()
                if batch.removed:
                    self._empty_journal()
                    self._cache.drop(batch.removed)
                    self._cache.close()
            except BaseException:
                self._seen = _UNSEEN
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise unavailable(self._path, error) from error
        except zstandard.ZstdError as error:
            raise ArchiveUnavailable(f"{self._path}: {error}; run 'listgate check'") from error

    def outdated(self) -> Iterator[tuple[str, Sequence[int]]]:
        names = dict(self._connection.execute("SELECT id, name FROM list"))
        for kind, version in self._versions.items():
            for key, page in self._connection.execute(_OUTDATED, (kind.value, version)).fetchall():
                first = page << PAGE_BITS
                rows = self._connection.execute(NUMBERS, (key, first, first + (1 << PAGE_BITS) - 1))
                numbers = [number for (number,) in rows]
                if numbers:
                    yield names[key], numbers
        for key, missing in unindexed(self._connection):
            yield names[key], missing

    def has(self, name: str) -> bool:
        return (
            self._connection.execute("SELECT 1 FROM list WHERE name = ?", (name,)).fetchone()
            is not None
        )

    def cursor(self, name: str, source: str) -> bytes:
        row = self._connection.execute(_CURSOR, (name, source)).fetchone()
        return b"" if row is None else bytes(row[0])

    def damage(self) -> Iterator[str]:
        try:
            for (what,) in self._connection.execute("PRAGMA integrity_check"):
                if what != "ok":
                    yield f"{self._path}: {what}"
            yield from place_damage(self._connection)
        except sqlite3.Error as error:
            raise unavailable(self._path, error) from error

    def close(self) -> None:
        self._connection.close()

    def _tell(self) -> None:
        """Touch the folder: who watches it looks what is new, instead of a moment later."""
        with suppress(OSError):  # what is written is written
            os.utime(self._path.parent)

    def _empty_journal(self) -> None:
        """Bring all changes into the file itself and cut the journal off: both still have what was removed."""
        try:
            (is_busy, *_) = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.Error as error:  # the batch is kept all the same
            log.warning(
                "%s-wal has what was removed until it can be emptied: %s", self._path, error
            )
            return
        if is_busy:
            log.warning(
                "%s-wal is in use, and has what was removed until all listgates end", self._path
            )

    def _take_turn(self) -> None:
        """Begin the transaction as soon as no other writer has one.

        SQLite itself looks ten times a second at last: beside several who write without a pause that is too seldom to
        get a turn, and much of the time nobody has it.
        """
        deadline = time.monotonic() + schema.BUSY_MS / 1000
        self._connection.execute("PRAGMA busy_timeout=0")
        try:
            while not self._begun(is_last=time.monotonic() >= deadline):
                time.sleep(_TURN_SECONDS)
        finally:
            self._connection.execute(f"PRAGMA busy_timeout={schema.BUSY_MS}")

    def _begun(self, *, is_last: bool) -> bool:
        """Begin the transaction, unless another writer has one."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if is_last or "locked" not in str(error):
                raise
            return False
        return True

    def _catch_up(self) -> None:
        """Forget the forests kept from the last batch if another process wrote since, that was undone, or they are many."""
        (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        if version != self._seen or sum(map(len, self._forests.values())) > MAX_NODES:
            self._seen = version
            self._forests.clear()
            (last,) = self._connection.execute("SELECT coalesce(max(id), 0) FROM node").fetchone()
            self._node_ids.last = last
