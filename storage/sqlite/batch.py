"""One transaction on the archive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import zstandard

from storage.days import day_of
from storage.errors import ArchiveUnavailable, IsTwin, NoSuchMessage, NotEmpty
from storage.message.served import serve
from storage.message.terms import NO_TERMS, text_terms
from storage.model import MAX_NUMBER, Fidelity, Served, check_list_name
from storage.pages import page_of
from storage.sqlite.blocks import Blocks
from storage.sqlite.copies import Copies
from storage.sqlite.forest import NodeIds, SqliteForest
from storage.sqlite.mend import recounted
from storage.sqlite.packing import pack_head, unpack_head, unpack_raw
from storage.sqlite.schema import hash_of
from storage.sqlite.shelf import ENTRY, LIST, Copy, Shelf, as_entry
from storage.sqlite.twin import SqliteTwin
from storage.threads import withdraw
from storage.writer import Incumbent

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from storage.message.text import Searchable
    from storage.model import Entry, MailingList, Rendition
    from storage.writer import NewMessage

__all__ = ["SqliteBatch"]

_NEW_LIST: Final = (
    "INSERT INTO list (name, description, address, validity, low, high, revision, created, arrived, removed, octets, changed) "
    "VALUES (?, '', '', ?, 1, 0, 0, ?, 0, 0, 0, (SELECT coalesce(max(changed), 0) + 1 FROM list))"
)
_COUNT: Final = "UPDATE message SET size = ?, lines = ?, revision = coalesce(?, revision) WHERE list = ? AND number = ?"
_REPLACE: Final = (
    "UPDATE message SET block = ?, start = ?, length = ?, digest = ?, head = ?, plain = ?, dotted = ?, sent = ?, "
    "received = ?, size = ?, lines = ?, revision = coalesce(?, revision), fidelity = ? WHERE list = ? AND number = ?"
)
_SIZE: Final = "SELECT size FROM message WHERE list = ? AND number = ?"
_STORED: Final = (
    "SELECT n.id, n.message_id, m.head, m.dotted, m.digest, m.size, m.day, m.place "
    "FROM message m JOIN node n ON n.id = m.node WHERE m.list = ? AND m.number = ?"
)
_TOMBSTONE: Final = (
    "SELECT t.number, t.digest, t.withdrawn FROM tombstone t JOIN node n ON n.id = t.node "
    "WHERE n.message_id = ? AND n.list = ? ORDER BY instr(t.digest, ?) > 0 DESC, t.number DESC"
)
_BURY: Final = "INSERT INTO tombstone VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_HIDE: Final = "INSERT OR IGNORE INTO hidden VALUES (?, ?)"
_UNHIDE: Final = "DELETE FROM hidden WHERE list = ? AND number = ?"
_FIRST: Final = "SELECT min(number) FROM message WHERE list = ? AND number <= ?"


class SqliteBatch:
    """One transaction; see ``storage.writer.Batch``. What it changes is written when it ends.

    ``forests`` are kept from one batch to the next, and ``node_ids`` with them. ``removed`` tells from which pages of which
    lists something was removed.
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
        self._twins: dict[str, SqliteTwin] = {}
        self.copies = Copies(connection, self._blocks, self._shelves, self._shelf)
        self.removed: set[tuple[str, int]] = set()

    def mailing_list(self, name: str) -> MailingList:
        return self._shelf(name).record()

    def describe(
        self, name: str, *, description: str | None = None, address: str | None = None
    ) -> None:
        shelf = self._shelf(name)
        shelf.description = shelf.description if description is None else description
        shelf.address = shelf.address if address is None else address
        shelf.changed = True

    def incumbent(
        self, name: str, message_id: bytes, digest: bytes | None = None
    ) -> Incumbent | None:
        shelf = self._shelf(name)
        node = shelf.forest.node(message_id)
        if node is None:
            return None
        holder = None
        if node.number is not None:
            copy = shelf.copy(node.number)
            if copy is None:  # the message was lost: its id is free again
                return None
            holder = Incumbent(node.number, *copy, removed=False)
            if copy.digest == digest:
                return holder
        row = self._connection.execute(_TOMBSTONE, (message_id, shelf.key, digest)).fetchone()
        if row is None:
            return holder
        number, removed, withdrawn = row
        if digest is not None and digest in removed:
            removed = digest
        elif holder is not None:
            return holder
        return Incumbent(number, removed, Fidelity.FULL, removed=True, withdrawn=bool(withdrawn))

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
        shelf = self._own(name)
        number = shelf.high + 1
        if number > MAX_NUMBER:
            raise ArchiveUnavailable(f"{name}: there are no numbers left; go on in a new list")
        shelf.high = number
        shelf.octets += message.size
        self.copies.link(shelf, number, message.message_id)
        day = day_of(message.received)
        shelf.places.count(day, 1)
        placed = day, shelf.places.give(day)
        self.put_new(shelf, number, message, placed, revision=shelf.revise(), arrived=None)
        return number

    def replace(self, name: str, number: int, message: NewMessage) -> None:
        shelf = self._own(name)
        self.put_in_place(shelf, number, message, revision=shelf.revise())

    def put_new(
        self,
        shelf: Shelf,
        number: int,
        message: NewMessage,
        placed: tuple[int, int],
        *,
        revision: int,
        arrived: int | None,
    ) -> None:
        """Store a message under a number and at a day's place that none has, whose node is in the forest."""
        place = self.copies.keep(shelf, message)
        row = [
            shelf.key,
            number,
            shelf.forest.id_of(message.message_id),
            *place[:3],
            *_kept(message),
            arrived,
            message.size,
            message.lines,
            revision,
            message.fidelity,
            *placed,
            hash_of(message.message_id),
        ]
        shelf.put(number, place, Copy(message.digest, message.fidelity), row)
        shelf.put_rows(number, message.rows)
        if message.terms is not None:
            shelf.index.put(number, message.terms)

    def put_in_place(
        self, shelf: Shelf, number: int, message: NewMessage, *, revision: int | None
    ) -> None:
        """Store a message in place of the one with its number and Message-ID; without a revision, that stays.

        Raises:
            NoSuchMessage: there is none.
        """
        _, message_id, _, _, _, size, *_ = self._stored(shelf, number)
        self.copies.erase(shelf, number, message_id)
        place = self.copies.keep(shelf, message)
        values = (
            *place[:3],
            *_kept(message),
            message.size,
            message.lines,
            revision,
            message.fidelity,
        )
        self._connection.execute(_REPLACE, (*values, shelf.key, number))
        if number <= shelf.high:
            shelf.octets += message.size - size
        shelf.put_copy(number, place, Copy(message.digest, message.fidelity))
        shelf.put_rows(number, message.rows)
        if message.terms is not None:
            shelf.index.replace(number, message.terms)

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
        if number <= shelf.high:
            shelf.octets += size - row[0]
        revision = shelf.revise()
        values = size, lines, None if shelf.origin else revision, shelf.key, number
        self._connection.execute(_COUNT, values)
        shelf.put_rows(number, rows)
        if text is not None and not shelf.index.has(number):
            shelf.index.put(number, text_terms(text))

    def forgo(self, name: str, number: int) -> None:
        shelf = self._shelf(name)
        shelf.drop_stale_rows(number)
        shelf.index.put(number, NO_TERMS)

    def remove(self, name: str, number: int, *, withdrawn: bytes | None = None) -> None:
        shelf = self._own(name)
        node, digest, *placed = self.take_out(shelf, number)
        shelf.removed = shelf.revise()
        if withdrawn is not None and withdrawn != digest:
            digest += withdrawn
        values = digest, shelf.removed, withdrawn is not None, *placed
        self._connection.execute(_BURY, (shelf.key, number, node, *values))
        (first,) = self._connection.execute(_FIRST, (shelf.key, shelf.high)).fetchone()
        shelf.low = shelf.high + 1 if first is None else first

    def take_out(self, shelf: Shelf, number: int) -> tuple[int, bytes, int, int]:
        """Take a message out of its list and forget its octets; return its node's row, its digest, its day and place.

        Raises:
            NoSuchMessage: there is none.
        """
        self.removed.add((shelf.name, page_of(number)))
        node, message_id, _, _, digest, size, day, place = self._stored(shelf, number)
        self.copies.erase(shelf, number, message_id)
        self._connection.execute(
            "DELETE FROM message WHERE list = ? AND number = ?", (shelf.key, number)
        )
        if number <= shelf.high:
            shelf.octets -= size
            shelf.places.count(day, -1)
        self._connection.execute(_UNHIDE, (shelf.key, number))
        shelf.drop(number)
        holder = shelf.forest.node(message_id)
        if holder is not None and holder.number == number:  # else another copy has come
            withdraw(shelf.forest, message_id)
        self.copies.forget(shelf, number)
        return node, digest, day, place

    def twin(self, name: str, origin: str) -> SqliteTwin:
        shelf = self._shelf(name)
        if shelf.high and not shelf.origin:
            raise NotEmpty(name, origin)
        shelf.changed = shelf.changed or shelf.origin != origin
        shelf.origin = origin
        return self._twin(shelf)

    def release(self, name: str) -> None:
        shelf = self._shelf(name)
        if shelf.origin:
            self._twin(shelf).show_all()
            shelf.origin = ""
            shelf.revise()

    def recount(self, name: str, *, repair: bool) -> Sequence[str]:
        return recounted(self._connection, self, self._shelf(name), repair=repair)

    def hide(self, name: str, numbers: Iterable[int]) -> None:
        shelf = self._shelf(name)
        for number in numbers:
            if number > shelf.high or shelf.copy(number) is None:
                raise NoSuchMessage(f"{name} {number}")
            self._connection.execute(_HIDE, (shelf.key, number))
            shelf.changed = True

    def unhide(self, name: str, numbers: Iterable[int]) -> None:
        shelf = self._shelf(name)
        for number in numbers:
            self._connection.execute(_UNHIDE, (shelf.key, number))
            shelf.changed = True

    def set_cursor(self, name: str, source: str, cursor: bytes) -> None:
        values = self._shelf(name).key, source, cursor
        self._connection.execute("INSERT OR REPLACE INTO source VALUES (?, ?, ?)", values)

    def flush(self) -> None:
        """Write all that the batch changed, the transaction's last step."""
        for shelf in self._shelves.values():
            shelf.write()
        self._blocks.flush()  # last: it waits for what is still being compressed

    def _shelf(self, name: str) -> Shelf:
        shelf = self._shelves.get(name)
        if shelf is None:
            row = self._connection.execute(LIST + " WHERE name = ?", (name,)).fetchone()
            if row is None:
                now = int(self._clock())
                self._connection.execute(_NEW_LIST, (check_list_name(name), now, now))
                row = self._connection.execute(LIST + " WHERE name = ?", (name,)).fetchone()
                self.copies.recount()
            forest = self._forests.get(row[0])
            if forest is None:
                forest = SqliteForest(self._connection, row[0], self._node_ids)
                self._forests[row[0]] = forest
            shelf = Shelf(self._connection, self._versions, self._clock, forest, row)
            self._shelves[name] = shelf
        return shelf

    def _twin(self, shelf: Shelf) -> SqliteTwin:
        twin = self._twins.get(shelf.name)
        if twin is None:
            twin = self._twins[shelf.name] = SqliteTwin(self._connection, self, shelf)
        return twin

    def _own(self, name: str) -> Shelf:
        """Return a list that is no twin."""
        shelf = self._shelf(name)
        if shelf.origin:
            raise IsTwin(name, shelf.origin)
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


def _kept(message: NewMessage) -> Sequence[object]:
    """Return what a message's row has of it, from its digest to when it was received."""
    head = None if message.head is None else pack_head(message.head, message.raw)
    marks = message.plain, message.dotted, message.sent, message.received
    return message.digest, head, *marks


def _damaged(name: str, number: int, error: Exception) -> ArchiveUnavailable:
    """Return the error that says which message's octets cannot be read."""
    return ArchiveUnavailable(f"{name} {number}: {error}; run 'listgate check'")
