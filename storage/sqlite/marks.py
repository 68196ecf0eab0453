"""The marks in a file of their own beside the archive's, made when something is first marked.

WAL with ``synchronous=NORMAL``: a killed process loses nothing, and a power cut at most the last changes, never the
file. Every change is one transaction that writes the touched chunks of the touched flags; several processes take turns,
and each applies its change to what the others left.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakValueDictionary

from storage.bitmap import decode_chunk, encode_chunk
from storage.errors import ArchiveUnavailable
from storage.kept import Kept
from storage.list_marks import SYSTEM_FLAGS, ListMarks
from storage.marks import check_chunks, check_lists, chosen
from storage.sqlite.beside import NO_FILE, Beside
from storage.sqlite.schema import Layout
from storage.stamps import decode_layers, encode_layers

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from storage.list_marks import Changed, Chunk, Plan, Wish

__all__ = ["FILE", "SqliteMarks"]

FILE: Final = "marks.sqlite3"
"""The marks' file within the archive's directory."""

BUSY_SECONDS: Final = 2.0
"""How long a change waits for those of other processes, each of which takes some milliseconds."""

KEPT_LISTS: Final = 256
"""Lists' marks kept in memory while no session holds them."""

_DAMAGED: Final = (
    "restore it from a backup, or move it away with its -wal, which forgets what users marked"
)

_TABLES: Final = """
CREATE TABLE user (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  chose INTEGER NOT NULL DEFAULT 0,   -- whether it ever subscribed to anything, or undid that
  chunks INTEGER NOT NULL DEFAULT 0   -- how many it has in all lists
) STRICT;

CREATE TABLE subscription (
  user INTEGER NOT NULL REFERENCES user,
  name TEXT NOT NULL,                 -- need be no list's
  PRIMARY KEY (user, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE list (
  id INTEGER PRIMARY KEY,
  user INTEGER NOT NULL REFERENCES user,
  name TEXT NOT NULL,
  validity INTEGER NOT NULL,
  stamp INTEGER NOT NULL,
  UNIQUE (user, name, validity)
) STRICT;

CREATE TABLE flag (
  list INTEGER NOT NULL REFERENCES list,
  place INTEGER NOT NULL,
  name BLOB NOT NULL,
  PRIMARY KEY (list, place)
) STRICT, WITHOUT ROWID;

CREATE TABLE chunk (
  list INTEGER NOT NULL REFERENCES list,
  place INTEGER NOT NULL,             -- the flag's
  at INTEGER NOT NULL,                -- the first number / 8192
  stamp INTEGER NOT NULL,             -- the latest of its numbers
  marked BLOB NOT NULL,
  layers BLOB,                        -- NULL where what is marked has that stamp, and nothing else has any
  PRIMARY KEY (list, place, at)
) STRICT, WITHOUT ROWID;
"""

MARKS: Final = Layout("the marks", 0x4C47544D, 1, _TABLES, {})

_LIST: Final = "SELECT id, stamp FROM list WHERE user = (SELECT id FROM user WHERE name = ?) AND name = ? AND validity = ?"
_CHUNKS: Final = "SELECT place, at, stamp, marked, layers FROM chunk WHERE list = ? AND stamp > ? ORDER BY place, at"
_ADD_CHUNKS: Final = "UPDATE user SET chunks = chunks + ? WHERE name = ? RETURNING chunks"
_PUT_CHUNK: Final = "INSERT OR REPLACE INTO chunk (list, place, at, stamp, marked, layers) VALUES (?, ?, ?, ?, ?, ?)"


class SqliteMarks:
    """Keeps marks in an archive's directory; see ``storage.marks.Marks``. Never suspends.

    A file that is not there means that nothing is marked; one that may not be written can still be read.
    """

    def __init__(self, directory: Path) -> None:
        self._file = Beside(directory / FILE, MARKS, damaged=_DAMAGED, busy=BUSY_SECONDS)
        self._version = -1
        self._is_ahead = (
            False  # whether others' changes were seen of which ``refresh`` has not told
        )
        self._lists: WeakValueDictionary[tuple[str, str, int], ListMarks] = WeakValueDictionary()
        self._kept: Kept[tuple[str, str, int], ListMarks] = Kept(KEPT_LISTS)

    def of(self, user: str, name: str, validity: int) -> ListMarks:
        key = user, name, validity
        marks = self._lists.get(key)
        if marks is None:
            marks = ListMarks()
            with self._file.reading() as connection:
                if connection is not None:
                    self._catch_up(connection, key, marks)
            self._lists[key] = marks
        elif self._file.version() not in (NO_FILE, self._version):
            with self._file.reading() as connection:
                if connection is not None:
                    self._is_ahead |= self._catch_up(connection, key, marks)
        self._kept.put(key, marks)
        return marks

    def change(self, user: str, name: str, validity: int, wish: Wish) -> Changed:
        marks = self.of(user, name, validity)
        with self._file.writing() as connection:
            self._is_ahead |= self._catch_up_all(connection)
            plan = marks.plan(wish)
            if plan.parts:
                _write(connection, (user, name, validity), plan, known=len(marks.flags))
        if not marks.stamp and plan.parts:
            self._forget_lower(user, name, validity)
        marks.take(plan)
        return plan.changed

    def subscriptions(self, user: str) -> frozenset[str] | None:
        with self._file.reading() as connection:
            return None if connection is None else _subscriptions(connection, user)

    def subscribe(self, user: str, name: str, default: Iterable[str]) -> bool:
        with self._file.writing() as connection:
            before = _subscriptions(connection, user)
            names = frozenset(default) if before is None else before
            _choose(connection, user, before, chosen(names | {name}))
        return name not in names

    def unsubscribe(self, user: str, name: str, default: Iterable[str]) -> bool:
        with self._file.writing() as connection:
            before = _subscriptions(connection, user)
            names = frozenset(default) if before is None else before
            _choose(connection, user, before, chosen(names - {name}))
        return name in names

    def refresh(self) -> bool:
        is_ahead, self._is_ahead = self._is_ahead, False
        if self._file.version() in (NO_FILE, self._version):
            return is_ahead
        with self._file.reading() as connection:
            return (connection is not None and self._catch_up_all(connection)) or is_ahead

    def close(self) -> None:
        self._file.close()

    def _catch_up_all(self, connection: sqlite3.Connection) -> bool:
        """Take over what other processes changed; return whether any list held here did."""
        version = _version(connection)
        if version == self._version:
            return False
        changes = [
            self._catch_up(connection, key, marks) for key, marks in list(self._lists.items())
        ]
        self._version = version
        return any(changes)

    def _catch_up(
        self, connection: sqlite3.Connection, key: tuple[str, str, int], marks: ListMarks
    ) -> bool:
        """Bring a list's marks up to date; return whether they changed."""
        row = connection.execute(_LIST, key).fetchone()
        if row is None:
            is_dropped = bool(marks.stamp)
            marks.forget()
            return is_dropped
        number, stamp = row
        if stamp == marks.stamp:
            return False
        names = connection.execute("SELECT name FROM flag WHERE list = ? ORDER BY place", (number,))
        flags = SYSTEM_FLAGS + tuple(name for (name,) in names)
        rows = connection.execute(_CHUNKS, (number, marks.stamp))
        marks.catch_up(flags, stamp, [self._chunk(row, len(flags)) for row in rows])
        return True

    def _chunk(self, row: Any, flags: int) -> Chunk:
        place, at, stamp, marked, layers = row
        try:
            if not 0 <= place < flags:
                raise ValueError("a mark without a flag")
            bits = decode_chunk(marked)
            kept = ((stamp, bits),) if layers is None else decode_layers(layers, bits)
        except ValueError as error:
            raise ArchiveUnavailable(f"{self._file.path}: {error}; {_DAMAGED}") from error
        return place, at, bits, kept

    def _forget_lower(self, user: str, name: str, validity: int) -> None:
        """Let go of marks that were dropped since their list has a higher validity now."""
        for key, marks in list(self._lists.items()):
            if key[:2] == (user, name) and key[2] < validity:
                marks.forget()


def _version(connection: sqlite3.Connection) -> int:
    """Return a number that changes with every commit of another connection."""
    version: int = connection.execute("PRAGMA data_version").fetchone()[0]
    return version


def _write(
    connection: sqlite3.Connection, key: tuple[str, str, int], plan: Plan, *, known: int
) -> None:
    """Write what a change touches; ``known`` flags are there already."""
    row = connection.execute(_LIST, key).fetchone()
    number = _begin(connection, key) if row is None else row[0]
    stamp = plan.changed.stamp
    connection.execute("UPDATE list SET stamp = ? WHERE id = ?", (stamp, number))
    if plan.added:
        (chunks,) = connection.execute(_ADD_CHUNKS, (plan.added, key[0])).fetchone()
        check_chunks(chunks)
    connection.executemany(
        "INSERT INTO flag (list, place, name) VALUES (?, ?, ?)",
        [(number, at, plan.flags[at]) for at in range(known, len(plan.flags))],
    )
    for place, (marked, stamps, change) in plan.parts.items():
        rows = []
        for at in change.chunks:
            bits, layers = marked.chunks.get(at, 0), stamps.chunks[at]
            is_plain = len(layers) == 1 and layers[0][1] == bits
            kept = None if is_plain else encode_layers(layers, bits)
            rows.append((number, place, at, stamp, encode_chunk(bits), kept))
        connection.executemany(_PUT_CHUNK, rows)


def _begin(connection: sqlite3.Connection, key: tuple[str, str, int]) -> int:
    """Let a user have marks in one list more, in place of those under a lower validity; return the list's id.

    Raises:
        TooMany: the user has them in as many as there may be.
    """
    user, (_, name, validity) = _user(connection, key[0]), key
    lower = connection.execute(
        "SELECT id FROM list WHERE user = ? AND name = ? AND validity < ?", (user, name, validity)
    ).fetchall()
    for (number,) in lower:
        dropped = connection.execute("DELETE FROM chunk WHERE list = ?", (number,)).rowcount
        connection.execute("DELETE FROM flag WHERE list = ?", (number,))
        connection.execute("DELETE FROM list WHERE id = ?", (number,))
        connection.execute("UPDATE user SET chunks = chunks - ? WHERE id = ?", (dropped, user))
    (count,) = connection.execute("SELECT count(*) FROM list WHERE user = ?", (user,)).fetchone()
    check_lists(count + 1)
    (number,) = connection.execute(
        "INSERT INTO list (user, name, validity, stamp) VALUES (?, ?, ?, 0) RETURNING id",
        (user, name, validity),
    ).fetchone()
    return int(number)


def _user(connection: sqlite3.Connection, name: str) -> int:
    connection.execute("INSERT INTO user (name) VALUES (?) ON CONFLICT DO NOTHING", (name,))
    (number,) = connection.execute("SELECT id FROM user WHERE name = ?", (name,)).fetchone()
    return int(number)


def _subscriptions(connection: sqlite3.Connection, user: str) -> frozenset[str] | None:
    row = connection.execute("SELECT id, chose FROM user WHERE name = ?", (user,)).fetchone()
    if row is None or not row[1]:
        return None
    rows = connection.execute("SELECT name FROM subscription WHERE user = ?", (row[0],))
    return frozenset(name for (name,) in rows)


def _choose(
    connection: sqlite3.Connection, user: str, before: frozenset[str] | None, names: frozenset[str]
) -> None:
    """Write which names a user is subscribed to."""
    number = _user(connection, user)
    kept = before or frozenset()
    connection.execute("UPDATE user SET chose = 1 WHERE id = ?", (number,))
    connection.executemany(
        "DELETE FROM subscription WHERE user = ? AND name = ?",
        [(number, name) for name in kept - names],
    )
    connection.executemany(
        "INSERT INTO subscription (user, name) VALUES (?, ?)",
        [(number, name) for name in names - kept],
    )
