"""Writing: the ``ArchiveWriter`` over SQLite."""

from __future__ import annotations

import sqlite3
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from storage.errors import NoSuchMessage
from storage.message.served import serve
from storage.model import MailingList, Rendition, Served, check_list_name
from storage.pages import PAGE_BITS, decode_rows, encode_rows, page_of
from storage.sqlite.blocks import Blocks
from storage.sqlite.forest import NodeIds, SqliteForest
from storage.sqlite.packing import pack, pack_head, pack_raw, unpack, unpack_head, unpack_raw
from storage.sqlite.schema import FILE, open_writer, unavailable
from storage.threads import withdraw
from storage.writer import Incumbent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from storage.writer import NewMessage

__all__ = ["SqliteBatch", "SqliteWriter"]

_LIST: Final = "SELECT id, name, description, address, validity, low, high, revision, created, arrived FROM list"
_NEW_LIST: Final = (
    "INSERT INTO list (name, description, address, validity, low, high, revision, created, arrived) "
    "VALUES (?, '', '', ?, 1, 0, 0, ?, 0)"
)
_PUT_LIST: Final = "UPDATE list SET description = ?, address = ?, low = ?, high = ?, revision = ?, arrived = ? WHERE id = ?"
_PUT_MESSAGE: Final = "INSERT INTO message VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_PLACE: Final = (
    "SELECT block, start, length, plain, digest, node FROM message WHERE list = ? AND number = ?"
)
_COUNT: Final = "UPDATE message SET size = ?, lines = ?, revision = ? WHERE list = ? AND number = ?"
_HEAD: Final = "SELECT n.message_id, m.head, m.dotted FROM message m JOIN node n ON n.id = m.node WHERE m.list = ? AND m.number = ?"
_DIGEST: Final = "SELECT digest FROM message WHERE list = ? AND number = ?"
_REMOVED: Final = "SELECT t.number, t.digest FROM tombstone t JOIN node n ON n.id = t.node WHERE n.message_id = ? AND n.list = ?"
_BURY: Final = "INSERT INTO tombstone VALUES (?, ?, ?, ?, ?)"
_ENDS: Final = (
    "SELECT min(number), coalesce(max(number), 0) FROM "
    "(SELECT min(number) number FROM message WHERE list = ? UNION ALL SELECT max(number) FROM message WHERE list = ?)"
)
_LOST: Final = (
    "WITH RECURSIVE given (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM given WHERE number < ?) "
    "SELECT number FROM given EXCEPT SELECT number FROM message WHERE list = ? "
    "EXCEPT SELECT number FROM tombstone WHERE list = ? ORDER BY number"
)
_HOLES: Final = (
    "SELECT number FROM tombstone WHERE list = ? AND number BETWEEN ? AND ? ORDER BY number"
)
_FIRST: Final = "SELECT min(number) FROM message WHERE list = ?"
_PLACES: Final = (
    "SELECT list, number FROM node WHERE message_id = ? AND list <> ? AND number IS NOT NULL"
)
_PAGE: Final = "SELECT version, data FROM page WHERE list = ? AND kind = ? AND page = ?"
_PUT_PAGE: Final = (
    "INSERT INTO page (list, kind, page, version, revision, data) VALUES (?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (list, kind, page) DO UPDATE SET version = excluded.version, revision = excluded.revision, data = excluded.data"
)
_TOUCH_PAGE: Final = "UPDATE page SET revision = ? WHERE list = ? AND page = ?"
_OUTDATED: Final = (
    "SELECT DISTINCT list, page FROM page EXCEPT SELECT list, page FROM page WHERE kind = ? AND version = ? "
    "ORDER BY list, page"
)
_NUMBERS: Final = (
    "SELECT number FROM message WHERE list = ? AND number BETWEEN ? AND ? ORDER BY number"
)


_UNSEEN: Final = -1

_Place = tuple[int, int, int, bool]
"""Where octets lie: block, start, length; and whether with CRLF for LF."""


@dataclass(slots=True)
class _Page:
    """A page's rows as a batch changes them; its version is that of the oldest row on it."""

    rows: dict[int, bytes]
    stale: set[int]
    version: int


@dataclass(slots=True)
class _Shelf:
    """One list within a batch: its row, and what is to be written for it."""

    forest: SqliteForest
    key: int
    name: str
    description: str
    address: str
    validity: int
    low: int
    high: int
    revision: int
    created: int
    arrived: int
    changed: bool = False
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    digests: dict[int, bytes] = field(default_factory=dict)
    places: dict[int, _Place] = field(default_factory=dict)
    pages: dict[tuple[Rendition, int], _Page] = field(default_factory=dict)
    touched: set[int] = field(default_factory=set)


class SqliteWriter:
    """Writes an archive's directory; see ``storage.writer.ArchiveWriter``.

    Several may be open, also in several processes: a batch waits for another's to end.
    """

    def __init__(self, directory: Path, versions: Mapping[Rendition, int]) -> None:
        self._path = directory / FILE
        self._connection = open_writer(directory)
        self._versions = dict(versions)
        self._forests: dict[int, SqliteForest] = {}
        self._node_ids = NodeIds()
        self._seen = _UNSEEN

    @contextmanager
    def batch(self) -> Iterator[SqliteBatch]:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._catch_up()
            batch = SqliteBatch(self._connection, self._versions, self._forests, self._node_ids)
            try:
                yield batch
                batch.flush()
                self._connection.execute("COMMIT")
            except BaseException:
                self._seen = _UNSEEN
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
            finally:
                batch.close()
        except sqlite3.Error as error:
            raise unavailable(self._path, error) from error

    def versions(self) -> Mapping[Rendition, int]:
        return self._versions

    def outdated(self) -> Iterator[tuple[str, Sequence[int]]]:
        names = dict(self._connection.execute("SELECT id, name FROM list"))
        for kind, version in self._versions.items():
            for key, page in self._connection.execute(_OUTDATED, (kind.value, version)).fetchall():
                first = page << PAGE_BITS
                rows = self._connection.execute(
                    _NUMBERS, (key, first, first + (1 << PAGE_BITS) - 1)
                )
                yield names[key], [number for (number,) in rows]

    def damage(self) -> Iterator[str]:
        for (what,) in self._connection.execute("PRAGMA integrity_check"):
            if what != "ok":
                yield f"{self._path}: {what}"

    def close(self) -> None:
        self._connection.close()

    def _catch_up(self) -> None:
        """Forget the forests kept from the last batch if another process wrote since, or that batch was undone."""
        (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        if version != self._seen:
            self._seen = version
            self._forests.clear()
            (last,) = self._connection.execute("SELECT coalesce(max(id), 0) FROM node").fetchone()
            self._node_ids.last = last


class SqliteBatch:
    """One transaction; see ``storage.writer.Batch``. What it changes is written when it ends."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        versions: Mapping[Rendition, int],
        forests: dict[int, SqliteForest],
        node_ids: NodeIds,
    ) -> None:
        self._connection = connection
        self._versions = versions
        self._forests = forests
        self._blocks = Blocks(connection)
        self._shelves: dict[str, _Shelf] = {}
        self._names: dict[int, str] = dict(connection.execute("SELECT id, name FROM list"))
        self._node_ids = node_ids

    def mailing_list(self, name: str) -> MailingList:
        shelf = self._shelf(name)
        holes = [n for (n,) in self._connection.execute(_HOLES, (shelf.key, shelf.low, shelf.high))]
        return MailingList(
            name,
            shelf.description,
            shelf.address,
            shelf.validity,
            shelf.low,
            shelf.high,
            holes,
            shelf.revision,
            shelf.created,
        )

    def describe(
        self, name: str, *, description: str | None = None, address: str | None = None
    ) -> None:
        shelf = self._shelf(name)
        shelf.description = shelf.description if description is None else description
        shelf.address = shelf.address if address is None else address
        shelf.changed = True

    def incumbent(self, name: str, message_id: bytes) -> Incumbent | None:
        shelf = self._shelf(name)
        node = shelf.forest.node(message_id)
        if node is None:
            return None
        if node.number is not None:
            return Incumbent(node.number, self._digest(shelf, node.number), removed=False)
        row = self._connection.execute(_REMOVED, (message_id, shelf.key)).fetchone()
        return None if row is None else Incumbent(row[0], row[1], removed=True)

    def raw(self, name: str, number: int) -> bytes:
        shelf = self._shelf(name)
        block, start, length, plain = self._place(shelf, number)
        return unpack_raw(self._blocks.read(block, start, length), plain=plain)

    def served(self, name: str, number: int) -> Served:
        shelf = self._shelf(name)
        shelf.forest.flush()
        self._write_messages(shelf)
        row = self._connection.execute(_HEAD, (shelf.key, number)).fetchone()
        raw = self.raw(name, number)
        message_id, delta, dotted = row
        head = None if delta is None else unpack_head(delta, raw)
        return Served(message_id, serve(raw, head), bool(dotted))

    def next_number(self, name: str) -> int:
        return self._shelf(name).high + 1

    def forest(self, name: str) -> SqliteForest:
        return self._shelf(name).forest

    def add(self, name: str, message: NewMessage) -> int:
        shelf = self._shelf(name)
        shelf.high += 1
        number = shelf.high
        revision = self._revise(shelf)
        shelf.arrived = max(shelf.arrived, message.arrived)
        place = self._keep(shelf, number, message)
        shelf.places[number] = place
        shelf.digests[number] = message.digest
        shelf.rows.append(
            (
                shelf.key,
                number,
                shelf.forest.id_of(message.message_id),
                *place[:3],
                message.digest,
                None if message.head is None else pack_head(message.head, message.raw),
                message.plain,
                message.dotted,
                message.sent,
                message.received,
                shelf.arrived,
                message.size,
                message.lines,
                revision,
            )
        )
        self._put_rows(shelf, number, message.rows)
        return number

    def rerender(
        self, name: str, number: int, size: int, lines: int, rows: Mapping[Rendition, bytes]
    ) -> None:
        shelf = self._shelf(name)
        self._write_messages(shelf)
        values = size, lines, self._revise(shelf), shelf.key, number
        if self._connection.execute(_COUNT, values).rowcount == 0:
            raise NoSuchMessage(f"{name} {number}")
        self._put_rows(shelf, number, rows)

    def remove(self, name: str, number: int) -> None:
        shelf = self._shelf(name)
        shelf.forest.flush()
        self._write_messages(shelf)
        row = self._connection.execute(_PLACE, (shelf.key, number)).fetchone()
        if row is None:
            raise NoSuchMessage(f"{name} {number}")
        block, start, length, _, digest, node = row
        (message_id,) = self._connection.execute(
            "SELECT message_id FROM node WHERE id = ?", (node,)
        ).fetchone()
        if not self._shared(shelf, number, (block, start)):
            self._blocks.erase(block, start, length)
        self._connection.execute(
            "DELETE FROM message WHERE list = ? AND number = ?", (shelf.key, number)
        )
        self._connection.execute(_BURY, (shelf.key, number, node, digest, self._revise(shelf)))
        shelf.places.pop(number, None)
        withdraw(shelf.forest, message_id)
        self._forget_copies(shelf, number)
        for kind in Rendition:
            self._page(shelf, kind, page_of(number)).rows.pop(number, None)
        (first,) = self._connection.execute(_FIRST, (shelf.key,)).fetchone()
        shelf.low = shelf.high + 1 if first is None else first

    def recount(self, name: str, *, repair: bool) -> Sequence[str]:
        shelf = self._shelf(name)
        shelf.forest.flush()
        self._write_messages(shelf)
        wrong = []
        (least, most) = self._connection.execute(_ENDS, (shelf.key, shelf.key)).fetchone()
        high = max(shelf.high, most)
        low = high + 1 if least is None else least
        if (shelf.low, shelf.high) != (low, high):
            wrong.append(
                f"the water marks are {shelf.low} and {shelf.high}, and should be {low} and {high}"
            )
        lost = [
            number for (number,) in self._connection.execute(_LOST, (high, shelf.key, shelf.key))
        ]
        wrong += [f"{number} is lost: neither a message nor removed" for number in lost]
        if repair and wrong:
            shelf.low, shelf.high = low, high
            revision = self._revise(shelf)
            rows = [(shelf.key, number, None, b"", revision) for number in lost]
            self._connection.executemany(_BURY, rows)
        return wrong

    def cursor(self, name: str, source: str) -> bytes:
        values = self._shelf(name).key, source
        row = self._connection.execute(
            "SELECT cursor FROM source WHERE list = ? AND source = ?", values
        ).fetchone()
        return b"" if row is None else bytes(row[0])

    def set_cursor(self, name: str, source: str, cursor: bytes) -> None:
        values = self._shelf(name).key, source, cursor
        self._connection.execute("INSERT OR REPLACE INTO source VALUES (?, ?, ?)", values)

    def flush(self) -> None:
        """Write all that the batch changed, the transaction's last step."""
        for shelf in self._shelves.values():
            shelf.forest.flush()
        self._blocks.flush()
        for shelf in self._shelves.values():
            self._write_messages(shelf)
            self._write_pages(shelf)
            if shelf.changed:
                self._connection.execute(
                    _PUT_LIST,
                    (
                        shelf.description,
                        shelf.address,
                        shelf.low,
                        shelf.high,
                        shelf.revision,
                        shelf.arrived,
                        shelf.key,
                    ),
                )

    def close(self) -> None:
        """End the batch's threads."""
        self._blocks.close()

    def _shelf(self, name: str) -> _Shelf:
        shelf = self._shelves.get(name)
        if shelf is None:
            row = self._connection.execute(_LIST + " WHERE name = ?", (name,)).fetchone()
            if row is None:
                now = int(time.time())
                self._connection.execute(_NEW_LIST, (check_list_name(name), now, now))
                row = self._connection.execute(_LIST + " WHERE name = ?", (name,)).fetchone()
                self._names[row[0]] = name
            forest = self._forests.get(row[0])
            if forest is None:
                forest = self._forests[row[0]] = SqliteForest(
                    self._connection, row[0], self._node_ids
                )
            shelf = self._shelves[name] = _Shelf(forest, *row)
        return shelf

    def _revise(self, shelf: _Shelf) -> int:
        shelf.changed = True
        shelf.revision += 1
        return shelf.revision

    def _digest(self, shelf: _Shelf, number: int) -> bytes:
        digest = shelf.digests.get(number)
        if digest is None:
            (digest,) = self._connection.execute(_DIGEST, (shelf.key, number)).fetchone()
        return bytes(digest)

    def _place(self, shelf: _Shelf, number: int) -> _Place:
        place = shelf.places.get(number)
        if place is None:
            row = self._connection.execute(_PLACE, (shelf.key, number)).fetchone()
            if row is None:
                raise NoSuchMessage(f"{shelf.name} {number}")
            place = (*row[:3], bool(row[3]))
        return place

    def _keep(self, shelf: _Shelf, number: int, message: NewMessage) -> _Place:
        """Return where the octets lie: where another list has equal ones, else newly kept."""
        shared: _Place | None = None
        for other, other_number in self._elsewhere(shelf, message.message_id):
            for one, its, two, others in (
                (shelf, number, other, other_number),
                (other, other_number, shelf, number),
            ):
                self._connection.execute(
                    "INSERT OR REPLACE INTO copy VALUES (?, ?, ?, ?)",
                    (one.key, its, two.key, others),
                )
            other.touched.add(page_of(other_number))
            self._revise(other)
            if shared is None and self._digest(other, other_number) == message.digest:
                shared = self._place(other, other_number)
        if shared is None:
            kept = pack_raw(message.raw, plain=message.plain)
            shared = (*self._blocks.add(kept), len(kept), message.plain)
        return shared

    def _elsewhere(self, shelf: _Shelf, message_id: bytes) -> list[tuple[_Shelf, int]]:
        """Return the messages with this Message-ID in other lists."""
        if len(self._names) == 1:
            return []
        found = {
            self._names[key]: number
            for key, number in self._connection.execute(_PLACES, (message_id, shelf.key))
        }
        for name, other in self._shelves.items():  # what this batch did is not written yet
            node = None if other is shelf else other.forest.pending(message_id)
            if node is not None and node.number is not None:
                found[name] = node.number
        return [(self._shelf(name), number) for name, number in found.items()]

    def _shared(self, shelf: _Shelf, number: int, place: tuple[int, int]) -> bool:
        """Tell whether another list's message lies at the same place."""
        copies = self._connection.execute(
            "SELECT m.block, m.start FROM copy c JOIN message m ON m.list = c.other_list AND m.number = c.other_number "
            "WHERE c.list = ? AND c.number = ?",
            (shelf.key, number),
        )
        return place in copies.fetchall()

    def _forget_copies(self, shelf: _Shelf, number: int) -> None:
        """Take a removed message out of what other lists know of it."""
        values = shelf.key, number
        for key, other_number in self._connection.execute(
            "SELECT other_list, other_number FROM copy WHERE list = ? AND number = ?", values
        ).fetchall():
            other = self._shelf(self._names[key])
            other.touched.add(page_of(other_number))
            self._revise(other)
        self._connection.execute("DELETE FROM copy WHERE list = ? AND number = ?", values)
        self._connection.execute(
            "DELETE FROM copy WHERE other_list = ? AND other_number = ?", values
        )

    def _page(self, shelf: _Shelf, kind: Rendition, at: int) -> _Page:
        page = shelf.pages.get((kind, at))
        if page is None:
            current = self._versions.get(kind, 0)
            row = self._connection.execute(_PAGE, (shelf.key, kind.value, at)).fetchone()
            if row is None:
                page = _Page({}, set(), current)
            else:
                version, data = row
                rows = dict(zip(*decode_rows(unpack(data)), strict=True))
                page = _Page(rows, set() if version == current else set(rows), version)
            shelf.pages[kind, at] = page
        return page

    def _put_rows(self, shelf: _Shelf, number: int, rows: Mapping[Rendition, bytes]) -> None:
        for kind, row in rows.items():
            page = self._page(shelf, kind, page_of(number))
            page.rows[number] = row
            page.stale.discard(number)

    def _write_messages(self, shelf: _Shelf) -> None:
        self._connection.executemany(_PUT_MESSAGE, shelf.rows)
        shelf.rows.clear()

    def _write_pages(self, shelf: _Shelf) -> None:
        for at in shelf.touched:
            self._connection.execute(_TOUCH_PAGE, (shelf.revision, shelf.key, at))
        for (kind, at), page in shelf.pages.items():
            version = page.version if page.stale & page.rows.keys() else self._versions.get(kind, 0)
            data = pack(encode_rows(page.rows))
            self._connection.execute(
                _PUT_PAGE, (shelf.key, kind.value, at, version, shelf.revision, data)
            )
