"""The tables, and how an archive's file is opened."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from storage.days import day_of, hash_key, id_sha1
from storage.errors import ArchiveUnavailable
from storage.threads import own_thread

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["FILE", "Layout", "hash_of", "open_reader", "open_writer", "prepare", "unavailable"]

FILE: Final = "archive.sqlite3"
"""The archive's file within its directory."""

APPLICATION_ID: Final = 0x4C475445
SCHEMA_VERSION: Final = 4

PAGE_SIZE: Final = 4096
"""Octets of a database page: larger ones waste more behind the ends of blobs."""

BUSY_MS: Final = 60_000
"""How long a writer waits for another one's batch to end."""

_RETRY_SECONDS: Final = 0.02

MMAP: Final = 1 << 36
CHECKPOINT_PAGES: Final = 2000
JOURNAL_LIMIT: Final = 1 << 26

_TABLES: Final = """
CREATE TABLE list (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  description TEXT NOT NULL,
  address TEXT NOT NULL,
  validity INTEGER NOT NULL,
  low INTEGER NOT NULL,
  high INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  created INTEGER NOT NULL,
  arrived INTEGER NOT NULL,           -- when its last message arrived
  removed INTEGER NOT NULL,           -- the revision of its last removal
  changed INTEGER NOT NULL,           -- ascends over all lists with every change of any
  octets INTEGER NOT NULL DEFAULT 0,  -- the sum of its messages' sizes
  origin TEXT NOT NULL DEFAULT ''     -- what it is a twin of, or empty
) STRICT;
CREATE INDEX list_changed ON list (changed);

CREATE TABLE block (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  length INTEGER NOT NULL,            -- octets when decompressed
  data BLOB NOT NULL,
  dictionary INTEGER REFERENCES dictionary -- against which it is compressed, or NULL
) STRICT;

CREATE TABLE dictionary (
  id INTEGER PRIMARY KEY,
  made_at INTEGER NOT NULL,           -- behind which block
  digest BLOB NOT NULL,
  data BLOB NOT NULL,
  spare BLOB NOT NULL                 -- the same once more
) STRICT;

CREATE TABLE message (
  list INTEGER NOT NULL REFERENCES list,
  number INTEGER NOT NULL,
  node INTEGER NOT NULL REFERENCES node,
  block INTEGER NOT NULL REFERENCES block,
  start INTEGER NOT NULL,
  length INTEGER NOT NULL,
  digest BLOB NOT NULL,
  head BLOB,                          -- the served head as a delta to the original octets, or NULL
  plain INTEGER NOT NULL,             -- whether the octets lie there with CRLF for LF, ready to be served
  dotted INTEGER NOT NULL,
  sent INTEGER,
  received INTEGER NOT NULL,
  arrived INTEGER NOT NULL,
  size INTEGER NOT NULL,
  lines INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  fidelity INTEGER NOT NULL DEFAULT 3,  -- how near the octets come to what was sent
  day INTEGER NOT NULL DEFAULT 0,     -- days since 1970-01-01 when it was received as it first came
  place INTEGER NOT NULL DEFAULT 0,   -- its rank among those of that day, in the order in which they came
  hash INTEGER NOT NULL DEFAULT 0,    -- the first octets of the SHA-1 of its Message-ID
  PRIMARY KEY (list, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX message_revision ON message (list, revision);
CREATE INDEX message_day ON message (list, day, place);
CREATE INDEX message_hash ON message (list, hash);

CREATE TABLE day (
  list INTEGER NOT NULL REFERENCES list,
  day INTEGER NOT NULL,
  given INTEGER NOT NULL,             -- the last place of the day that was given
  present INTEGER NOT NULL,           -- how many of its messages are present, as readers see the list
  PRIMARY KEY (list, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE hidden (
  list INTEGER NOT NULL REFERENCES list,
  number INTEGER NOT NULL,
  PRIMARY KEY (list, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE tombstone (
  list INTEGER NOT NULL REFERENCES list,
  number INTEGER NOT NULL,
  node INTEGER REFERENCES node,       -- NULL where the message was lost, not removed
  digest BLOB NOT NULL,               -- and behind it that of the copy its source took back, if another
  revision INTEGER NOT NULL,
  withdrawn INTEGER NOT NULL DEFAULT 0, -- whether its source took it back: then another copy may come
  day INTEGER NOT NULL DEFAULT 0,
  place INTEGER NOT NULL DEFAULT 0,   -- 0 where that is not known
  PRIMARY KEY (list, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX tombstone_node ON tombstone (node);
CREATE INDEX tombstone_revision ON tombstone (list, revision);

CREATE TABLE node (
  id INTEGER PRIMARY KEY,
  list INTEGER NOT NULL REFERENCES list,
  message_id BLOB NOT NULL,
  number INTEGER,                     -- NULL for a ghost
  sent INTEGER NOT NULL,
  parent INTEGER REFERENCES node,
  evidence INTEGER NOT NULL,
  weight INTEGER NOT NULL,
  severed INTEGER NOT NULL,
  thread BLOB NOT NULL DEFAULT x'',   -- what its thread was called when it was new
  revision INTEGER NOT NULL DEFAULT 0 -- the list's, at which it last changed
) STRICT;
CREATE UNIQUE INDEX node_message_id ON node (message_id, list);
CREATE INDEX node_list ON node (list);
CREATE INDEX node_parent ON node (parent) WHERE parent IS NOT NULL;
CREATE INDEX node_thread ON node (list, thread, number) WHERE number IS NOT NULL;
CREATE INDEX node_revision ON node (list, revision);

CREATE TABLE note (
  list INTEGER NOT NULL REFERENCES list,
  key BLOB NOT NULL,
  waits INTEGER NOT NULL,
  sent INTEGER NOT NULL,
  message_id BLOB NOT NULL,
  PRIMARY KEY (list, key, waits, sent, message_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE copy (
  list INTEGER NOT NULL REFERENCES list,
  number INTEGER NOT NULL,
  other_list INTEGER NOT NULL REFERENCES list,
  other_number INTEGER NOT NULL,
  PRIMARY KEY (list, number, other_list)
) STRICT, WITHOUT ROWID;

CREATE TABLE page (
  list INTEGER NOT NULL REFERENCES list,
  kind TEXT NOT NULL,
  page INTEGER NOT NULL,
  version INTEGER NOT NULL,
  changed INTEGER NOT NULL,           -- as of the list, when it was last written
  data BLOB NOT NULL,
  UNIQUE (list, kind, page)
) STRICT;

CREATE TABLE segment (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  list INTEGER NOT NULL REFERENCES list,
  run INTEGER NOT NULL,               -- of which run of numbers
  version INTEGER NOT NULL,           -- of what made the terms
  covers BLOB NOT NULL,               -- which messages of the run
  head_terms BLOB NOT NULL,
  head_places BLOB NOT NULL,
  body_terms BLOB NOT NULL,
  body_places BLOB NOT NULL
) STRICT;
CREATE INDEX segment_run ON segment (list, run);

CREATE TABLE source (
  list INTEGER NOT NULL REFERENCES list,
  source TEXT NOT NULL,
  cursor BLOB NOT NULL,
  PRIMARY KEY (list, source)
) STRICT, WITHOUT ROWID;
"""

_MIGRATIONS: Final = {
    1: """
ALTER TABLE list ADD COLUMN octets INTEGER NOT NULL DEFAULT 0;
UPDATE list SET octets = (SELECT coalesce(sum(size), 0) FROM message WHERE list = list.id);
CREATE INDEX message_revision ON message (list, revision);
CREATE INDEX tombstone_revision ON tombstone (list, revision);
CREATE INDEX node_list ON node (list);
ALTER TABLE node ADD COLUMN thread BLOB NOT NULL DEFAULT x'';
WITH RECURSIVE below (id, thread) AS (
  SELECT id, own_thread(message_id) FROM node WHERE parent IS NULL OR severed
  UNION ALL
  SELECT n.id, below.thread FROM below JOIN node n ON n.parent = below.id WHERE NOT n.severed
)
UPDATE node SET thread = below.thread FROM below WHERE node.id = below.id;
UPDATE node SET thread = own_thread(message_id) WHERE thread = x'';
CREATE INDEX node_thread ON node (list, thread) WHERE number IS NOT NULL;
CREATE TABLE segment (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  list INTEGER NOT NULL REFERENCES list,
  run INTEGER NOT NULL,
  version INTEGER NOT NULL,
  covers BLOB NOT NULL,
  head_terms BLOB NOT NULL,
  head_places BLOB NOT NULL,
  body_terms BLOB NOT NULL,
  body_places BLOB NOT NULL
) STRICT;
CREATE INDEX segment_run ON segment (list, run);
""",
    2: """
ALTER TABLE message ADD COLUMN fidelity INTEGER NOT NULL DEFAULT 3;
ALTER TABLE tombstone ADD COLUMN withdrawn INTEGER NOT NULL DEFAULT 0;
ALTER TABLE list ADD COLUMN origin TEXT NOT NULL DEFAULT '';
ALTER TABLE node ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
CREATE INDEX node_revision ON node (list, revision);
ALTER TABLE page RENAME COLUMN revision TO changed;
UPDATE list SET changed = changed + (SELECT coalesce(max(changed), 0) FROM page);
""",
    3: """
ALTER TABLE message ADD COLUMN day INTEGER NOT NULL DEFAULT 0;
ALTER TABLE message ADD COLUMN place INTEGER NOT NULL DEFAULT 0;
ALTER TABLE message ADD COLUMN hash INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tombstone ADD COLUMN day INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tombstone ADD COLUMN place INTEGER NOT NULL DEFAULT 0;
UPDATE message SET day = day_of(received), place = numbered.place,
  hash = hash_of((SELECT message_id FROM node WHERE id = message.node))
  FROM (
    SELECT list, number, row_number() OVER (PARTITION BY list, day_of(received) ORDER BY number) AS place FROM message
  ) AS numbered WHERE message.list = numbered.list AND message.number = numbered.number;
CREATE INDEX message_day ON message (list, day, place);
CREATE INDEX message_hash ON message (list, hash);
DROP INDEX node_thread;
CREATE INDEX node_thread ON node (list, thread, number) WHERE number IS NOT NULL;
CREATE TABLE day (
  list INTEGER NOT NULL REFERENCES list,
  day INTEGER NOT NULL,
  given INTEGER NOT NULL,
  present INTEGER NOT NULL,
  PRIMARY KEY (list, day)
) STRICT, WITHOUT ROWID;
INSERT INTO day SELECT m.list, m.day, max(m.place), sum(m.number <= l.high)
  FROM message m JOIN list l ON l.id = m.list GROUP BY m.list, m.day;
CREATE TABLE hidden (
  list INTEGER NOT NULL REFERENCES list,
  number INTEGER NOT NULL,
  PRIMARY KEY (list, number)
) STRICT, WITHOUT ROWID;
ALTER TABLE block ADD COLUMN dictionary INTEGER REFERENCES dictionary;
CREATE TABLE dictionary (
  id INTEGER PRIMARY KEY,
  made_at INTEGER NOT NULL,
  digest BLOB NOT NULL,
  data BLOB NOT NULL,
  spare BLOB NOT NULL
) STRICT;
""",
}
"""What makes the next version of each earlier one."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What a file is to be: its kind in words and as a mark, its tables, and what makes the next version of each."""

    kind: str
    application_id: int
    version: int
    tables: str
    migrations: Mapping[int, str]


ARCHIVE: Final = Layout("an archive", APPLICATION_ID, SCHEMA_VERSION, _TABLES, _MIGRATIONS)


def open_writer(directory: Path) -> sqlite3.Connection:
    """Open the archive in a directory for writing, made where there is none.

    Raises:
        ArchiveUnavailable: the directory or file cannot be used.
    """
    path = directory / FILE
    try:
        directory.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(
            path, timeout=BUSY_MS / 1000, isolation_level=None, check_same_thread=False
        )
        connection.create_function("own_thread", 1, own_thread, deterministic=True)
        connection.create_function("day_of", 1, day_of, deterministic=True)
        connection.create_function("hash_of", 1, hash_of, deterministic=True)
        prepare(connection, path, ARCHIVE)
        connection.execute("PRAGMA synchronous=FULL")
        # What is removed leaves nothing in the file, however SQLite was built.
        connection.execute("PRAGMA secure_delete=1")
        connection.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
        connection.execute(f"PRAGMA journal_size_limit={JOURNAL_LIMIT}")
    except (sqlite3.Error, OSError) as error:
        raise unavailable(path, error) from error
    return connection


def hash_of(message_id: bytes | None) -> int:
    """Return what a message is looked up by in place of its Message-ID; 0 where that is lost."""
    return 0 if message_id is None else hash_key(id_sha1(message_id))


def open_reader(directory: Path) -> sqlite3.Connection:
    """Open the archive in a directory for reading, made where there is none.

    Raises:
        ArchiveUnavailable: the directory or file cannot be used.
    """
    open_writer(directory).close()
    path = directory / FILE
    try:
        connection = sqlite3.connect(
            path, timeout=BUSY_MS / 1000, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA query_only=1")
        connection.execute(f"PRAGMA mmap_size={MMAP}")
    except sqlite3.Error as error:
        raise unavailable(path, error) from error
    return connection


def unavailable(
    path: Path, error: Exception, damaged: str = "run 'listgate check', or restore it from a backup"
) -> ArchiveUnavailable:
    """Return the one-line error for the operator: which file, what, and what to do."""
    text = str(error)
    remedy = "check the path and its permissions"
    if "full" in text or "disk I/O error" in text:  # which is what a quota looks like
        remedy = "free some space and run the same command again"
    elif "locked" in text:
        remedy = "another listgate is writing to it; wait for it to end"
    elif "malformed" in text or "not a database" in text:
        remedy = damaged
    return ArchiveUnavailable(f"{path}: {text}; {remedy}")


def prepare(connection: sqlite3.Connection, path: Path, layout: Layout) -> None:
    """Make the tables in a new file, bring those of an earlier version up to date; refuse what is neither.

    All in one transaction: what is cut off was never begun, and of several processes one does it.

    Raises:
        ArchiveUnavailable: it is another kind of file, or of a later version.
    """
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    if application not in {0, layout.application_id}:
        raise ArchiveUnavailable(f"{path}: not {layout.kind} of listgate; name another folder")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == layout.version:
        return
    if version > layout.version:
        raise ArchiveUnavailable(f"{path}: written by a later version of listgate; use that one")
    connection.execute(f"PRAGMA page_size={PAGE_SIZE}")
    _use_wal(connection)
    connection.execute("BEGIN IMMEDIATE")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == 0:  # else another process made the tables meanwhile
        _run(connection, layout.tables)
        connection.execute(f"PRAGMA application_id={layout.application_id}")
        version = layout.version
    for older in range(version, layout.version):
        _run(connection, layout.migrations[older])
    connection.execute(f"PRAGMA user_version={layout.version}")
    connection.execute("COMMIT")


def _run(connection: sqlite3.Connection, statements: str) -> None:
    for statement in statements.split(";\n"):
        connection.execute(statement)


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch a new file to WAL, for which SQLite itself does not wait while another process does the same."""
    deadline = time.monotonic() + BUSY_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(_RETRY_SECONDS)
        else:
            return
