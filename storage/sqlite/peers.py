"""The mirrors and feeds in a file of their own beside the archive's, made when the first one is added.

Its URLs may hold passwords: it is its owner's alone. Every change is on disk when the call returns, so that a feed's
cursor survives whatever ends the process. A mirror is known by its list and its URL, a feed by its peer; a URL's
password is no part of that, and adding one again changes it and keeps its health and cursors.
"""

from __future__ import annotations

import json
from dataclasses import astuple, fields
from typing import TYPE_CHECKING, Any, Final

from storage.peers import Feed, Health, Mirror, Refusal, shown_url
from storage.sqlite.beside import Beside
from storage.sqlite.schema import Layout

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["FILE", "KEPT_REFUSALS", "SqlitePeers"]

FILE: Final = "peers.sqlite3"
"""The file within the archive's directory."""

BUSY_SECONDS: Final = 10.0
"""How long a change waits for those of other processes, each of which takes some milliseconds."""

KEPT_REFUSALS: Final = 10_000
"""Refusals kept of a feed, the latest."""

_DAMAGED: Final = (
    "restore it from a backup, or move it away with its -wal and add the mirrors and feeds again"
)

_TABLES: Final = """
CREATE TABLE mirror (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,                 -- the list's
  source TEXT NOT NULL,               -- the URL without its password
  url TEXT NOT NULL,
  every INTEGER NOT NULL,
  window INTEGER NOT NULL,
  quiet TEXT NOT NULL,
  added INTEGER NOT NULL,
  UNIQUE (name, source)
) STRICT;

CREATE TABLE feed (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  peer TEXT NOT NULL UNIQUE,
  url TEXT NOT NULL,
  lists TEXT NOT NULL,
  window INTEGER NOT NULL,
  injection_date INTEGER NOT NULL,
  path TEXT NOT NULL,
  groups TEXT NOT NULL,               -- an object of JSON: list to newsgroup
  every INTEGER NOT NULL,
  quiet TEXT NOT NULL,
  added INTEGER NOT NULL
) STRICT;

CREATE TABLE health (
  kind TEXT NOT NULL,                 -- mirror or feed
  owner INTEGER NOT NULL,
  attempted INTEGER NOT NULL,
  succeeded INTEGER NOT NULL,
  error TEXT NOT NULL,
  failures INTEGER NOT NULL,
  lag INTEGER,
  messages INTEGER NOT NULL,
  octets INTEGER NOT NULL,
  seconds REAL NOT NULL,
  total INTEGER NOT NULL,
  due INTEGER NOT NULL,
  PRIMARY KEY (kind, owner)
) STRICT, WITHOUT ROWID;

CREATE TABLE cursor (
  feed INTEGER NOT NULL REFERENCES feed,
  name TEXT NOT NULL,
  validity INTEGER NOT NULL,
  number INTEGER NOT NULL,            -- the last one the peer has decided on
  PRIMARY KEY (feed, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE refusal (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  feed INTEGER NOT NULL REFERENCES feed,
  name TEXT NOT NULL,
  number INTEGER NOT NULL,
  message_id BLOB NOT NULL,
  response TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX refusal_feed ON refusal (feed, id);
"""

PEERS: Final = Layout("the mirrors and feeds", 0x4C475045, 1, _TABLES, {})

_MIRRORS: Final = "SELECT name, url, every, window, quiet, added FROM mirror ORDER BY name, id"
_FEEDS: Final = (
    "SELECT peer, url, lists, window, injection_date, path, groups, every, quiet, added "
    "FROM feed ORDER BY peer"
)
_ADD_MIRROR: Final = (
    "INSERT INTO mirror (name, source, url, every, window, quiet, added) VALUES (?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (name, source) DO UPDATE SET url = excluded.url, every = excluded.every, "
    "window = excluded.window, quiet = excluded.quiet, added = excluded.added"
)
_ADD_FEED: Final = (
    "INSERT INTO feed (peer, url, lists, window, injection_date, path, groups, every, quiet, added) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (peer) DO UPDATE SET url = excluded.url, "
    "lists = excluded.lists, window = excluded.window, injection_date = excluded.injection_date, "
    "path = excluded.path, groups = excluded.groups, every = excluded.every, quiet = excluded.quiet, "
    "added = excluded.added"
)
_MIRROR: Final = "SELECT id FROM mirror WHERE name = ? AND source = ?"
_FEED: Final = "SELECT id FROM feed WHERE peer = ?"
_CURSOR: Final = "SELECT validity, number FROM cursor WHERE feed = ? AND name = ?"
_COLUMNS: Final = ", ".join(each.name for each in fields(Health))
_HEALTH: Final = f"SELECT {_COLUMNS} FROM health WHERE kind = ? AND owner = ?"  # noqa: S608 - names of fields
_NOTE: Final = (
    f"INSERT OR REPLACE INTO health (kind, owner, {_COLUMNS}) "  # noqa: S608 - names of fields
    f"VALUES (?, ?, {', '.join('?' * len(fields(Health)))})"
)
_REFUSALS: Final = (
    "SELECT f.peer, r.name, r.number, r.message_id, r.response, r.at FROM refusal r "
    "JOIN feed f ON f.id = r.feed WHERE f.peer = ? ORDER BY r.id DESC LIMIT ?"
)
_LAST_REFUSALS: Final = (
    "SELECT r.number, r.at FROM refusal r JOIN feed f ON f.id = r.feed "
    "WHERE f.peer = ? AND r.name = ? ORDER BY r.id DESC LIMIT ?"
)
_ADD_REFUSAL: Final = (
    "INSERT INTO refusal (feed, name, number, message_id, response, at) VALUES (?, ?, ?, ?, ?, ?)"
)
_DROP_REFUSALS: Final = (
    "DELETE FROM refusal WHERE feed = ?1 AND id <= "
    "(SELECT id FROM refusal WHERE feed = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)"
)


class SqlitePeers:
    """Keeps the mirrors and feeds of an archive's directory; for one thread at a time.

    A file that is not there means that there are none. What was removed meanwhile stays removed: a note or a cursor of
    it is dropped, a cursor also where there is another feed of that name now. Every method raises
    ``ArchiveUnavailable`` when the file cannot be read or written.
    """

    def __init__(self, directory: Path) -> None:
        self._file = Beside(
            directory / FILE,
            PEERS,
            damaged=_DAMAGED,
            busy=BUSY_SECONDS,
            lasting=True,
            private=True,
        )
        self._asked: dict[str, int | None] = {}  # the feeds whose cursors were asked for, by peer

    def version(self) -> int:
        """Return a number that changes with every change by another ``SqlitePeers``; -1 where there is no file."""
        return self._file.version()

    def mirrors(self) -> Sequence[Mirror]:
        """Return the mirrors, by list, in the order they were added."""
        return [Mirror(*row) for row in self._rows(_MIRRORS)]

    def add_mirror(self, mirror: Mirror) -> None:
        """Add a mirror, or change the one of that list and URL."""
        name, url, *rest = astuple(mirror)
        with self._file.writing() as connection:
            connection.execute(_ADD_MIRROR, (name, shown_url(url), url, *rest))

    def remove_mirror(self, name: str, url: str) -> bool:
        """Remove a mirror and its health; return whether there was one."""
        with self._file.writing() as connection:
            owner = _id(connection, _MIRROR, (name, shown_url(url)))
            connection.execute("DELETE FROM health WHERE kind = 'mirror' AND owner = ?", (owner,))
            connection.execute("DELETE FROM mirror WHERE id = ?", (owner,))
        return owner is not None

    def mirror_health(self, name: str, url: str) -> Health:
        """Return how a mirror is; of one that never ran, or that there is not, nothing is known."""
        return self._health("mirror", _MIRROR, (name, shown_url(url)))

    def note_mirror(self, name: str, url: str, health: Health) -> bool:
        """Keep how a mirror is; return whether there is such a mirror."""
        return self._note("mirror", _MIRROR, (name, shown_url(url)), health)

    def feeds(self) -> Sequence[Feed]:
        """Return the feeds, by peer."""
        return [_feed(row) for row in self._rows(_FEEDS)]

    def add_feed(self, feed: Feed) -> None:
        """Add a feed, or change the one to that peer: its cursors stay, also where it goes elsewhere now."""
        row = (
            feed.peer,
            feed.url,
            feed.lists,
            feed.window,
            int(feed.injection_date),
            feed.path,
            json.dumps(dict(feed.groups)),
            feed.every,
            feed.quiet,
            feed.added,
        )
        with self._file.writing() as connection:
            connection.execute(_ADD_FEED, row)

    def remove_feed(self, peer: str) -> bool:
        """Remove a feed with its health, cursors and refusals; return whether there was one."""
        with self._file.writing() as connection:
            owner = _id(connection, _FEED, (peer,))
            connection.execute("DELETE FROM health WHERE kind = 'feed' AND owner = ?", (owner,))
            connection.execute("DELETE FROM cursor WHERE feed = ?", (owner,))
            connection.execute("DELETE FROM refusal WHERE feed = ?", (owner,))
            connection.execute("DELETE FROM feed WHERE id = ?", (owner,))
        return owner is not None

    def feed_health(self, peer: str) -> Health:
        """Return how a feed is; of one that never ran, or that there is not, nothing is known."""
        return self._health("feed", _FEED, (peer,))

    def note_feed(self, peer: str, health: Health) -> bool:
        """Keep how a feed is; return whether there is such a feed."""
        return self._note("feed", _FEED, (peer,), health)

    def feed_cursor(self, peer: str, name: str) -> tuple[int, int]:
        """Return the validity and the number up to which a peer has decided on a list; zeros where nowhere."""
        with self._file.reading() as connection:
            if connection is None:
                return 0, 0
            owner = self._asked[peer] = _id(connection, _FEED, (peer,))
            row = connection.execute(_CURSOR, (owner, name)).fetchone()
            return (0, 0) if row is None else (int(row[0]), int(row[1]))

    def last_refusals(self, peer: str, name: str, most: int) -> Sequence[tuple[int, int]]:
        """Return the numbers of the messages of a list that a peer refused, and when, the latest first, so many at most."""
        return self._rows(_LAST_REFUSALS, (peer, name, most))

    def set_feed_cursor(
        self, peer: str, name: str, validity: int, number: int, refusals: Sequence[Refusal] = ()
    ) -> None:
        """Keep up to where a peer has decided on a list, and what it refused on the way, as one whole."""
        with self._file.writing() as connection:
            owner = _id(connection, _FEED, (peer,))
            if owner is None or owner != self._asked.get(peer, owner):
                return
            connection.execute(
                "INSERT OR REPLACE INTO cursor (feed, name, validity, number) VALUES (?, ?, ?, ?)",
                (owner, name, validity, number),
            )
            connection.executemany(
                _ADD_REFUSAL,
                [(owner, r.name, r.number, r.message_id, r.response, r.at) for r in refusals],
            )
            if refusals:
                connection.execute(_DROP_REFUSALS, (owner, KEPT_REFUSALS))

    def refusals(self, peer: str, limit: int = KEPT_REFUSALS) -> Sequence[Refusal]:
        """Return what a peer refused for good, the latest first, so many at most."""
        return [Refusal(*row) for row in self._rows(_REFUSALS, (peer, limit))]

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _rows(self, statement: str, values: Sequence[object] = ()) -> Sequence[Any]:
        with self._file.reading() as connection:
            return [] if connection is None else connection.execute(statement, values).fetchall()

    def _health(self, kind: str, which: str, key: tuple[str, ...]) -> Health:
        with self._file.reading() as connection:
            if connection is None:
                return Health()
            row = connection.execute(_HEALTH, (kind, _id(connection, which, key))).fetchone()
            return Health() if row is None else Health(*row)

    def _note(self, kind: str, which: str, key: tuple[str, ...], health: Health) -> bool:
        with self._file.writing() as connection:
            owner = _id(connection, which, key)
            if owner is not None:
                connection.execute(_NOTE, (kind, owner, *astuple(health)))
        return owner is not None


def _id(connection: sqlite3.Connection, statement: str, key: tuple[str, ...]) -> int | None:
    row = connection.execute(statement, key).fetchone()
    return None if row is None else int(row[0])


def _feed(row: Any) -> Feed:
    peer, url, lists, window, injection_date, path, groups, *rest = row
    return Feed(peer, url, lists, window, bool(injection_date), path, json.loads(groups), *rest)
