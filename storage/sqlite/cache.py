"""What faces made of whole pages, kept in a file beside the archive that may be lost at any time.

The file holds nothing that cannot be made again, so nothing waits for the disk, nor a reader for another process that
writes to it. What is read from it is not trusted: each piece has a digest that also tells what it was made of. It is
bounded: when it is full, some pieces, whichever, give way. Any trouble with it means only that nothing is kept.
"""

from __future__ import annotations

import logging
import math
import os
import sqlite3
import time
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from storage.sqlite.schema import FILE

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

__all__ = ["CACHE", "MAX_OCTETS", "Cache"]

CACHE: Final = "cache.sqlite3"
"""The file within the archive's directory."""

MAX_OCTETS: Final = 256 << 20
"""How large the file becomes: room for the overviews of some million messages."""

_PAGE_SIZE: Final = 4096
_JOURNAL_LIMIT: Final = 1 << 24
_GIVING_WAY: Final = 64
"""How many pieces make room together."""

PATIENCE_MS: Final = 10_000
"""How long whoever removes something waits for other processes, so that it is forgotten."""

_DIGEST_OCTETS: Final = 16

_TABLE: Final = """
CREATE TABLE IF NOT EXISTS made (
  list TEXT NOT NULL,
  page INTEGER NOT NULL,
  what BLOB NOT NULL,
  state BLOB NOT NULL,                -- of the page, when this was made of it
  digest BLOB NOT NULL,               -- of all the rest
  data BLOB NOT NULL,
  PRIMARY KEY (list, page, what)
) STRICT
"""
_GET: Final = "SELECT digest, data FROM made WHERE list = ? AND page = ? AND what = ? AND state = ?"
_PUT: Final = "INSERT OR REPLACE INTO made VALUES (?, ?, ?, ?, ?, ?)"
_DROP: Final = "DELETE FROM made WHERE list = ? AND page = ?"
_GIVE_WAY: Final = (
    "DELETE FROM made WHERE rowid IN (SELECT rowid FROM made ORDER BY random() LIMIT ?)"
)

_TROUBLES: Final = (sqlite3.Error, OSError, UnicodeError)
"""The last one comes of what Python cannot read in SQLite's words about a damaged file."""

_NOT_OF_THE_FILE: Final = ("readonly", "unable to open", "is full", "disk I/O error")
"""What SQLite says of troubles that another file would have as well."""

_TIMES_MADE_ANEW: Final = 3
"""How often a file that was damaged is made anew, in a row of troubles."""

_REST_SECONDS: Final = 60
"""How long nothing is kept after other troubles: whoever waits for an answer is not to wait for that again."""

log = logging.getLogger(__name__)


class Cache:
    """The file, opened when something is first asked of it; for one thread."""

    def __init__(
        self,
        directory: Path,
        most: int = MAX_OCTETS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._path = directory / CACHE
        self._most = most
        self._connection: sqlite3.Connection | None = None
        self._inode = 0
        self._rests_until = -math.inf
        self._times_made_anew = 0

    def get(self, name: str, page: int, what: bytes, state: bytes) -> bytes:
        """Return what was made of a page in some state, if it is kept and whole."""
        try:
            if self._rests() or not self._open(make=False):
                return b""
            assert self._connection is not None
            rows = self._connection.execute(_GET, (name, page, what, state)).fetchall()
        except _TROUBLES as error:
            self._recover(error)
            return b""
        for digest, data in rows:
            if digest == _digest(name, page, what, state, data):
                return bytes(data)
            log.warning("%s: page %d of %s is damaged, and made again", self._path, page, name)
        return b""

    def put(self, name: str, page: int, what: bytes, state: bytes, data: bytes) -> None:
        """Keep what was made of a page, in place of what was made of an earlier state of it."""
        row = name, page, what, state, _digest(name, page, what, state, data), data
        try:
            if self._rests() or not self._open(make=True):
                return
            assert self._connection is not None
            try:
                self._connection.execute(_PUT, row)
            except sqlite3.OperationalError as error:
                if "is full" not in str(error):
                    raise
                self._connection.execute(_GIVE_WAY, (_GIVING_WAY,))
                self._connection.execute(_PUT, row)
        except _TROUBLES as error:
            self._recover(error)

    def drop(self, pages: Collection[tuple[str, int]], patience_ms: int = PATIENCE_MS) -> None:
        """Forget what was made of some pages, of which nothing is left in the file."""
        try:
            if not self._open(make=False):
                return
            assert self._connection is not None
            self._connection.execute(f"PRAGMA busy_timeout={patience_ms}")
            self._connection.executemany(_DROP, pages)
            (is_busy, *_) = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            self._connection.execute("PRAGMA busy_timeout=0")
        except _TROUBLES as error:
            log.warning("%s: %s; it may have what was removed", self._path, error)
            self._recover(error)
        else:
            if is_busy:
                log.warning("%s-wal is in use, and may have what was removed", self._path)

    def close(self) -> None:
        """Let go of the file; it may be used again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self, *, make: bool) -> bool:
        """Open the file unless it is open; return whether there is one. One that was deleted is let go of."""
        try:
            inode = self._path.stat().st_ino
        except FileNotFoundError:
            inode = 0
        if self._connection is not None:
            if inode == self._inode:
                return True
            self.close()
        if not (inode or make):
            return False
        if not inode:  # by nobody to be read who may not read the archive
            mode = self._path.with_name(FILE).stat().st_mode & 0o777
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, mode))
        connection = sqlite3.connect(
            self._path, timeout=0, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute(f"PRAGMA page_size={_PAGE_SIZE}")
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=OFF")
            connection.execute("PRAGMA secure_delete=1")  # as in the archive itself
            connection.execute(f"PRAGMA journal_size_limit={_JOURNAL_LIMIT}")
            connection.execute(f"PRAGMA max_page_count={self._most // _PAGE_SIZE}")
            connection.execute(_TABLE)
            self._inode = self._path.stat().st_ino
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        return True

    def _recover(self, error: Exception) -> None:
        """Go on without the file after some trouble with it; a damaged one is deleted."""
        self.close()
        text = str(error)
        if "locked" in text:  # another process has it, for as long as it takes to write a page
            return
        is_damaged = not isinstance(error, OSError) and all(
            what not in text for what in _NOT_OF_THE_FILE
        )
        if is_damaged and self._times_made_anew < _TIMES_MADE_ANEW and self._is_deleted():
            self._times_made_anew += 1
            log.warning("%s: %s; it is made anew", self._path, error)
            return
        log.warning("%s: %s; nothing is kept there for %d s", self._path, error, _REST_SECONDS)
        self._rests_until = self._clock() + _REST_SECONDS
        self._times_made_anew = 0

    def _rests(self) -> bool:
        return self._clock() < self._rests_until

    def _is_deleted(self) -> bool:
        try:
            for suffix in ("-wal", "-shm", ""):
                self._path.with_name(CACHE + suffix).unlink(missing_ok=True)
        except OSError as error:
            log.warning("%s: %s", self._path, error)
            return False
        return True


def _digest(name: str, page: int, what: bytes, state: bytes, data: bytes) -> bytes:
    key = blake2b(b"%b %d %b %b" % (name.encode(), page, what, state), digest_size=64).digest()
    return blake2b(data, digest_size=_DIGEST_OCTETS, key=key).digest()
