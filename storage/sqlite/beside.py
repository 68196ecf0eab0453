"""A small SQLite file beside the archive's, made when something is first written to it."""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from storage.sqlite.schema import prepare, unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from storage.sqlite.schema import Layout

__all__ = ["NO_FILE", "Beside"]

NO_FILE: Final = -1
"""The version of a file that is not there."""

JOURNAL_LIMIT: Final = 1 << 24


class Beside:
    """A file in WAL mode that several processes may use; one that is not there holds nothing.

    ``damaged`` tells the operator what to do when it is. ``busy`` is how many seconds a change waits for another
    process's. With ``lasting`` every change is on disk when it ends; otherwise a power cut may cost the last ones.
    With ``private`` nobody but the owner may read it.
    """

    def __init__(
        self,
        path: Path,
        layout: Layout,
        *,
        damaged: str,
        busy: float,
        lasting: bool = False,
        private: bool = False,
    ) -> None:
        self.path = path
        self._layout = layout
        self._damaged = damaged
        self._busy = busy
        self._lasting = lasting
        self._private = private
        self._connection: sqlite3.Connection | None = None

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection | None]:
        """Give a connection at one moment of the file's; None where there is no file.

        Raises:
            ArchiveUnavailable: it cannot be read.
        """
        with self._troubles():
            connection = self._opened()
            if connection is None:
                yield None
                return
            with _ended(connection):
                connection.execute("BEGIN")
                yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Give a connection that nobody else writes beside; all of what is written is kept, or nothing.

        Raises:
            ArchiveUnavailable: it cannot be written.
        """
        with self._troubles():
            connection = self._opened(make=True)
            assert connection is not None
            with _ended(connection):
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.execute("COMMIT")

    def version(self) -> int:
        """Return a number that changes with every change that another made; ``NO_FILE`` where there is none.

        Raises:
            ArchiveUnavailable: it cannot be read.
        """
        with self._troubles():
            connection = self._opened()
            if connection is None:
                return NO_FILE
            version: int = connection.execute("PRAGMA data_version").fetchone()[0]
            return version

    def close(self) -> None:
        """Let go of the file; it may be used again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @contextmanager
    def _troubles(self) -> Iterator[None]:
        """Name the troubles with the file for the operator."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise unavailable(self.path, error, self._damaged) from error

    def _opened(self, *, make: bool = False) -> sqlite3.Connection | None:
        if self._connection is None and (make or self.path.exists()):
            if self._private and make:  # before SQLite makes it with the usual permissions
                os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            connection = sqlite3.connect(
                f"{self.path.absolute().as_uri()}?mode={'rwc' if make else 'rw'}",
                uri=True,
                timeout=self._busy,
                isolation_level=None,
                check_same_thread=False,
            )
            try:
                prepare(connection, self.path, self._layout)
                connection.execute(f"PRAGMA synchronous={'FULL' if self._lasting else 'NORMAL'}")
                connection.execute(f"PRAGMA journal_size_limit={JOURNAL_LIMIT}")
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection


@contextmanager
def _ended(connection: sqlite3.Connection) -> Iterator[None]:
    """Undo, at the end, what was begun and not committed."""
    try:
        yield
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
