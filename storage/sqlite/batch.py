"""One transaction on the archive."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import zstandard

from storage.errors import ArchiveUnavailable, NoSuchMessage
from storage.message.fields import parse_header
from storage.message.ids import message_id as id_in
from storage.message.served import serve
from storage.message.text import NO_TEXT, searchable
from storage.model import MAX_NUMBER, Fidelity, Served, check_list_name
from storage.sqlite.blocks import Blocks
from storage.sqlite.forest import NodeIds, SqliteForest
from storage.sqlite.fulltext_write import lacking
from storage.sqlite.packing import pack_head, pack_raw, unpack_head, unpack_raw
from storage.sqlite.recount import tally
from storage.sqlite.shelf import ENTRY, LIST, Copy, Place, Shelf, as_entry
from storage.threads import Node, withdraw
from storage.writer import Incumbent

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping, Sequence

    from storage.message.text import Searchable
    from storage.model import Entry, MailingList, Rendition
    from storage.writer import NewMessage

__all__ = ["SqliteBatch"]

_NEW_LIST: Final = (
    "INSERT INTO list (name, description, address, validity, low, high, revision, created, arrived, removed, octets, changed) "
    "VALUES (?, '', '', ?, 1, 0, 0, ?, 0, 0, 0, (SELECT coalesce(max(changed), 0) + 1 FROM list))"
)
_SEVERAL: Final = "SELECT count(*) > 1 FROM (SELECT 1 FROM list LIMIT 2)"
_COUNT: Final = "UPDATE message SET size = ?, lines = ?, revision = ? WHERE list = ? AND number = ?"
_REPLACE: Final = (
    "UPDATE message SET block = ?, start = ?, length = ?, digest = ?, head = ?, plain = ?, dotted = ?, sent = ?, "
    "received = ?, size = ?, lines = ?, revision = ?, fidelity = ? WHERE list = ? AND number = ?"
)
_SIZE: Final = "SELECT size FROM message WHERE list = ? AND number = ?"
_STORED: Final = (
    "SELECT n.id, n.message_id, m.head, m.dotted, m.digest, m.size "
    "FROM message m JOIN node n ON n.id = m.node WHERE m.list = ? AND m.number = ?"
)
_TOMBSTONE: Final = (
    "SELECT t.number, t.digest FROM tombstone t JOIN node n ON n.id = t.node "
    "WHERE n.message_id = ? AND n.list = ?"
)
_BURY: Final = "INSERT INTO tombstone (list, number, node, digest, revision) VALUES (?, ?, ?, ?, ?)"
_FIRST: Final = "SELECT min(number) FROM message WHERE list = ?"
_ELSEWHERE: Final = (
    "SELECT l.name, n.number FROM node n JOIN list l ON l.id = n.list "
    "WHERE n.message_id = ? AND n.list <> ? AND n.number IS NOT NULL"
)
_COPIES: Final = "SELECT l.name, c.other_number FROM copy c JOIN list l ON l.id = c.other_list WHERE c.list = ? AND c.number = ?"
_MAKE_GHOSTS: Final = (
    "UPDATE node SET number = NULL WHERE list = :list AND number IS NOT NULL "
    "AND number NOT IN (SELECT number FROM message WHERE list = :list)"
)


class SqliteBatch:
    """One transaction; see ``storage.writer.Batch``. What it changes is written when it ends.

    ``forests`` are kept from one batch to the next, and ``node_ids`` with them. ``has_removed`` tells that something was
    removed.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        versions: Mapping[Rendition, int],
        clock: Callable[[], float],
        forests: dict[int, SqliteForest],
        node_ids: NodeIds,
    ) -> None:
        self._connection = connection
        self._versions = versions
        self._clock = clock
        self._forests = forests
        self._node_ids = node_ids
        self._blocks = Blocks(connection)
        self._shelves: dict[str, Shelf] = {}
        self._has_several: bool | None = None
        self.has_removed = False

    def mailing_list(self, name: str) -> MailingList:
        return self._shelf(name).record()

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
            copy = shelf.copy(node.number)
            # Where the message was lost its id is free again.
            return None if copy is None else Incumbent(node.number, *copy, removed=False)
        row = self._connection.execute(_TOMBSTONE, (message_id, shelf.key)).fetchone()
        return None if row is None else Incumbent(row[0], row[1], Fidelity.FULL, removed=True)

    def entry(self, name: str, number: int) -> Entry:
        shelf = self._shelf(name)
        shelf.write_messages()
        values = shelf.key, number
        row = self._connection.execute(ENTRY + " AND m.number = ?", values).fetchone()
        if row is None:
            raise NoSuchMessage(f"{name} {number}")
        return as_entry(row)

    def raw(self, name: str, number: int) -> bytes:
        place = self._shelf(name).place(number)
        try:
            kept = self._blocks.read(place.block, place.start, place.length)
        except zstandard.ZstdError as error:
            raise _damaged(name, number, error) from error
        return unpack_raw(kept, plain=place.plain)

    def served(self, name: str, number: int) -> Served:
        _, message_id, delta, dotted, *_ = self._stored(self._shelf(name), number)
        raw = self.raw(name, number)
        try:
            head = None if delta is None else unpack_head(delta, raw, plain=False)
        except zstandard.ZstdError as error:
            raise _damaged(name, number, error) from error
        return Served(message_id, serve(raw, head), bool(dotted))

    def next_number(self, name: str) -> int:
        return self._shelf(name).high + 1

    def forest(self, name: str) -> SqliteForest:
        return self._shelf(name).forest

    def add(self, name: str, message: NewMessage) -> int:
        shelf = self._shelf(name)
        number = shelf.high + 1
        if number > MAX_NUMBER:
            raise ArchiveUnavailable(f"{name}: there are no numbers left; go on in a new list")
        shelf.high = number
        shelf.octets += message.size
        place = self._keep(message, self._link_copies(shelf, number, message))
        row = [
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
            None,
            message.size,
            message.lines,
            shelf.revise(),
            message.fidelity,
        ]
        shelf.put(number, place, Copy(message.digest, message.fidelity), row)
        shelf.put_rows(number, message.rows)
        if message.text is not None:
            shelf.index.put(number, message.text)
        return number

    def replace(self, name: str, number: int, message: NewMessage) -> None:
        shelf = self._shelf(name)
        size = self._stored(shelf, number)[-1]
        self._erase(shelf, number)
        copies = self._connection.execute(_COPIES, (shelf.key, number)).fetchall()
        place = self._keep(message, [(self._shelf(other), at) for other, at in copies])
        values = (
            *place[:3],
            message.digest,
            None if message.head is None else pack_head(message.head, message.raw),
            message.plain,
            message.dotted,
            message.sent,
            message.received,
            message.size,
            message.lines,
            shelf.revise(),
            message.fidelity,
        )
        self._connection.execute(_REPLACE, (*values, shelf.key, number))
        shelf.octets += message.size - size
        shelf.put_copy(number, place, Copy(message.digest, message.fidelity))
        shelf.put_rows(number, message.rows)
        if message.text is not None:
            shelf.index.replace(number, message.text)

    def rerender(
        self,
        name: str,
        number: int,
        size: int,
        lines: int,
        rows: Mapping[Rendition, bytes],
        *,
        text: Searchable | None = None,
    ) -> None:
        shelf = self._shelf(name)
        shelf.write_messages()
        row = self._connection.execute(_SIZE, (shelf.key, number)).fetchone()
        if row is None:
            raise NoSuchMessage(f"{name} {number}")
        shelf.octets += size - row[0]
        self._connection.execute(_COUNT, (size, lines, shelf.revise(), shelf.key, number))
        shelf.put_rows(number, rows)
        if text is not None:
            shelf.index.put(number, text)

    def forgo(self, name: str, number: int) -> None:
        shelf = self._shelf(name)
        shelf.drop_stale_rows(number)
        shelf.index.put(number, NO_TEXT)

    def remove(self, name: str, number: int) -> None:
        shelf = self._shelf(name)
        self.has_removed = True
        node, message_id, _, _, digest, size = self._stored(shelf, number)
        self._erase(shelf, number)
        values = shelf.key, number
        self._connection.execute("DELETE FROM message WHERE list = ? AND number = ?", values)
        shelf.removed = shelf.revise()
        shelf.octets -= size
        self._connection.execute(_BURY, (*values, node, digest, shelf.removed))
        shelf.drop(number)
        withdraw(shelf.forest, message_id)
        self._forget_copies(shelf, number)
        (first,) = self._connection.execute(_FIRST, (shelf.key,)).fetchone()
        shelf.low = shelf.high + 1 if first is None else first

    def recount(self, name: str, *, repair: bool) -> Sequence[str]:
        shelf = self._shelf(name)
        shelf.write_messages()
        counted = tally(self._connection, shelf.key, shelf.high)
        wrong = counted.faults(shelf.low, shelf.high, shelf.octets)
        if repair and wrong:
            gone = [(row,) for row, _ in counted.unreadable]
            self._connection.executemany("DELETE FROM page WHERE rowid = ?", gone)
            shelf.low, shelf.high, shelf.octets = counted.low, counted.high, counted.octets
            shelf.removed = shelf.revise()
            for number in counted.lost:
                values = shelf.key, number, None, b"", shelf.removed
                self._connection.execute(_BURY, values)
                shelf.drop(number)
            for number in counted.nameless:
                self._name_again(shelf, number)
            shelf.forest.flush()
            self._connection.execute(_MAKE_GHOSTS, {"list": shelf.key})
            shelf.forest.forget()
        return [*wrong, *self._index_faults(shelf, repair=repair)]

    def set_cursor(self, name: str, source: str, cursor: bytes) -> None:
        values = self._shelf(name).key, source, cursor
        self._connection.execute("INSERT OR REPLACE INTO source VALUES (?, ?, ?)", values)

    def flush(self) -> None:
        """Write all that the batch changed, the transaction's last step."""
        self._blocks.seal()
        for shelf in self._shelves.values():
            shelf.write()
        self._blocks.flush()  # last: it waits for what is still being compressed

    def close(self) -> None:
        """End the batch's threads."""
        self._blocks.close()

    def _shelf(self, name: str) -> Shelf:
        shelf = self._shelves.get(name)
        if shelf is None:
            row = self._connection.execute(LIST + " WHERE name = ?", (name,)).fetchone()
            if row is None:
                now = int(self._clock())
                self._connection.execute(_NEW_LIST, (check_list_name(name), now, now))
                row = self._connection.execute(LIST + " WHERE name = ?", (name,)).fetchone()
                self._has_several = None
            forest = self._forests.get(row[0])
            if forest is None:
                forest = SqliteForest(self._connection, row[0], self._node_ids)
                self._forests[row[0]] = forest
            shelf = Shelf(self._connection, self._versions, self._clock, forest, row)
            self._shelves[name] = shelf
        return shelf

    def _stored(self, shelf: Shelf, number: int) -> Any:
        """Return what ``_STORED`` asks for of a message.

        Raises:
            NoSuchMessage: there is none.
        """
        shelf.write_messages()
        row = self._connection.execute(_STORED, (shelf.key, number)).fetchone()
        if row is None:
            raise NoSuchMessage(f"{shelf.name} {number}")
        return row

    def _link_copies(
        self, shelf: Shelf, number: int, message: NewMessage
    ) -> Sequence[tuple[Shelf, int]]:
        """Note where in other lists a new message's Message-ID lies; return that."""
        copies = self._elsewhere(shelf, message.message_id)
        for other, other_number in copies:
            for values in (
                (shelf.key, number, other.key, other_number),
                (other.key, other_number, shelf.key, number),
            ):
                self._connection.execute("INSERT OR REPLACE INTO copy VALUES (?, ?, ?, ?)", values)
            other.touch(other_number)
        return copies

    def _keep(self, message: NewMessage, copies: Sequence[tuple[Shelf, int]]) -> Place:
        """Return where the octets lie: where another list has equal ones, else newly kept."""
        for other, number in copies:
            copy = other.copy(number)
            if copy is not None and copy.digest == message.digest:
                return other.place(number)
        kept = pack_raw(message.raw, plain=message.plain)
        return Place(*self._blocks.add(kept), len(kept), message.plain)

    def _erase(self, shelf: Shelf, number: int) -> None:
        """Put zeros where a message's octets lie, unless another list's lies there as well."""
        place = shelf.place(number)
        if not self._is_shared(shelf, number, place):
            with suppress(zstandard.ZstdError):  # of a damaged block nothing is to be saved
                self._blocks.erase(place.block, place.start, place.length)

    def _index_faults(self, shelf: Shelf, *, repair: bool) -> Sequence[str]:
        """Return what is wrong with a list's full-text index; put it right if ``repair``."""
        wrong = list(shelf.index.faults(repair=repair))
        pages = list(lacking(self._connection, shelf.key))
        if pages:
            count = sum(map(len, pages))
            wrong.append(f"{count} messages are not in the full-text index")
        for page in pages if repair else ():
            for number in page:
                try:
                    text = searchable(self.served(shelf.name, number).octets)
                except ArchiveUnavailable:
                    text = NO_TEXT
                shelf.index.put(number, text)
            shelf.index.write()
        return wrong

    def _elsewhere(self, shelf: Shelf, message_id: bytes) -> list[tuple[Shelf, int]]:
        """Return the messages with this Message-ID in other lists."""
        if self._has_several is None:
            self._has_several = bool(self._connection.execute(_SEVERAL).fetchone()[0])
        if not self._has_several:
            return []
        found = dict(self._connection.execute(_ELSEWHERE, (message_id, shelf.key)).fetchall())
        for name, other in self._shelves.items():  # what this batch did is not written yet
            node = None if other is shelf else other.forest.pending(message_id)
            if node is not None:
                found[name] = node.number
        return [(self._shelf(name), number) for name, number in found.items() if number is not None]

    def _is_shared(self, shelf: Shelf, number: int, place: Place) -> bool:
        """Tell whether another list's message lies at the same place."""
        copies = self._connection.execute(_COPIES, (shelf.key, number)).fetchall()
        return any(self._shelf(name).place(other) == place for name, other in copies)

    def _forget_copies(self, shelf: Shelf, number: int) -> None:
        """Take a removed message out of what other lists know of it."""
        values = shelf.key, number
        for name, other in self._connection.execute(_COPIES, values).fetchall():
            copied = self._shelf(name)
            copied.touch(other)
            self._connection.execute(
                "DELETE FROM copy WHERE list = ? AND number = ? AND other_list = ?",
                (copied.key, other, shelf.key),
            )
        self._connection.execute("DELETE FROM copy WHERE list = ? AND number = ?", values)

    def _name_again(self, shelf: Shelf, number: int) -> None:
        """Give a message its Message-ID back, which its served form has, if its octets can be read."""
        values = shelf.key, number
        (delta,) = self._connection.execute(
            "SELECT head FROM message WHERE list = ? AND number = ?", values
        ).fetchone()
        try:
            raw = self.raw(shelf.name, number)
            head = raw if delta is None else unpack_head(delta, raw, plain=False)
        except (zstandard.ZstdError, ArchiveUnavailable):
            return
        own, _ = id_in(parse_header(head))
        if own is not None:
            shelf.forest.put(shelf.forest.node(own) or Node(own))  # its place is found afterwards
            self._connection.execute(
                "UPDATE message SET node = ? WHERE list = ? AND number = ?",
                (shelf.forest.id_of(own), *values),
            )


def _damaged(name: str, number: int, error: Exception) -> ArchiveUnavailable:
    """Return the error that says which message's octets cannot be read."""
    return ArchiveUnavailable(f"{name} {number}: {error}; run 'listgate check'")
