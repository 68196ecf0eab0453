"""One list within a batch: its row, its messages' rows and pages, and what is to be written of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from storage.errors import ArchiveUnavailable, NoSuchMessage
from storage.model import Entry, Fidelity, MailingList, Rendition
from storage.pages import PAGE_BITS, decode_rows, encode_rows, page_of
from storage.sqlite.fulltext_write import IndexWriter
from storage.sqlite.packing import LEVEL, LEVEL_FOR_NOW
from storage.sqlite.paging import BASED, BASIS, PAGE, pack_page, unpack_page
from storage.sqlite.places import Places

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping, Sequence

    from storage.sqlite.forest import SqliteForest

__all__ = ["ENTRY", "LIST", "NUMBERS", "Copy", "Place", "Shelf", "as_entry"]

LIST: Final = "SELECT id, name, description, address, validity, low, high, revision, created, arrived, removed, octets, origin FROM list"
NUMBERS: Final = (
    "SELECT number FROM message WHERE list = ? AND number BETWEEN ? AND ? ORDER BY number"
)
ENTRY: Final = (
    "SELECT m.number, n.message_id, m.digest, m.sent, m.received, m.arrived, m.size, m.lines, m.revision, n.thread, m.fidelity, m.day, m.place "
    "FROM message m JOIN node n ON n.id = m.node WHERE m.list = ?"
)

_FIDELITIES: Final = {each.value: each for each in Fidelity}
"""Looked up in a fraction of the time that calling the class takes: every entry that is read has one."""

_NO_VERSION: Final = -1
"""That of a page on which a row is missing."""

_ARRIVED: Final = 12
"""Which column of a message's row is when it arrived."""

_PUT_LIST: Final = (
    "UPDATE list SET description = ?, address = ?, validity = ?, created = ?, origin = ?, low = ?, high = ?, "
    "revision = ?, arrived = ?, removed = ?, octets = ?, changed = ? WHERE id = ?"
)
_NEXT_CHANGE: Final = "SELECT max(changed) + 1 FROM list"
_PUT_MESSAGE: Final = (
    "INSERT INTO message VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_PLACE: Final = "SELECT block, start, length, plain FROM message WHERE list = ? AND number = ?"
_COPY: Final = "SELECT digest, fidelity FROM message WHERE list = ? AND number = ?"
_HOLES: Final = (
    "SELECT number FROM tombstone WHERE list = ? AND number BETWEEN ? AND ? ORDER BY number"
)
_HIDDEN: Final = "SELECT number FROM hidden WHERE list = ? ORDER BY number"
_PAGE_THERE: Final = "SELECT 1 FROM page WHERE list = ? AND kind = ? AND page = ?"
_PUT_PAGE: Final = (
    "INSERT INTO page (list, kind, page, version, changed, data) VALUES (?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (list, kind, page) DO UPDATE "
    "SET version = excluded.version, changed = excluded.changed, data = excluded.data"
)
_TOUCH_PAGE: Final = "UPDATE page SET changed = ? WHERE list = ? AND kind = ? AND page = ?"


class Copy(NamedTuple):
    """Which copy of a message is kept."""

    digest: bytes
    fidelity: Fidelity


class Place(NamedTuple):
    """Where octets lie, and whether with CRLF for LF."""

    block: int
    start: int
    length: int
    plain: bool


@dataclass(slots=True)
class _Page:
    """A page's rows as a batch changes them; its version is that of the oldest row on it.

    ``stale`` are the numbers whose rows other versions made, or that have none of this kind yet. ``is_kept`` tells that
    the page is in the archive, or that this writer makes such rows. ``before`` is how many rows it had before.
    """

    rows: dict[int, bytes]
    stale: set[int]
    version: int
    is_kept: bool
    before: int = 0


class Shelf:
    """One list within a batch. What is set here is written by ``write``, the rows of messages by ``write_messages``."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        versions: Mapping[Rendition, int],
        clock: Callable[[], float],
        forest: SqliteForest,
        row: Sequence[Any],
    ) -> None:
        self._connection = connection
        self._versions = versions
        self._clock = clock
        self.forest = forest
        self.key: int
        self.high: int
        self.revision: int
        self.key, self.name, self.description, self.address, self.validity = row[:5]
        self.low, self.high, self.revision, self.created, self.arrived, self.removed = row[5:11]
        self.octets: int
        self.origin: str
        self.octets, self.origin = row[11:13]
        self.index = IndexWriter(connection, self.key)
        self.places = Places(connection, self.key)
        self.changed = False
        self._rows: list[list[Any]] = []
        self._copies: dict[int, Copy] = {}
        self._places: dict[int, Place] = {}
        self._pages: dict[tuple[Rendition, int], _Page] = {}
        self._touched: set[int] = set()
        self._first_revision = self.revision + 1
        self._has_moved = False

    def record(self) -> MailingList:
        """Return the list as it stands."""
        holes = [n for (n,) in self._connection.execute(_HOLES, (self.key, self.low, self.high))]
        return MailingList(
            self.name,
            self.description,
            self.address,
            self.validity,
            self.low,
            self.high,
            holes,
            self.revision,
            self.created,
            self.octets,
            self.origin,
            [number for (number,) in self._connection.execute(_HIDDEN, (self.key,))],
        )

    def revise(self) -> int:
        """Note a visible change; return its revision. A twin's revision is its origin's."""
        self.changed = True
        if not self.origin:
            self.revision += 1
        return self.revision

    def touch(self, number: int) -> None:
        """Note that a message's copies in other lists have changed."""
        self._touched.add(page_of(number))
        self.revise()

    def put(self, number: int, place: Place, copy: Copy, row: list[Any]) -> None:
        """Take a new message's row; when it arrived is filled in when it is written, if it is None."""
        self.put_copy(number, place, copy)
        self._rows.append(row)

    def put_copy(self, number: int, place: Place, copy: Copy) -> None:
        """Note which copy of a message is kept now, and where."""
        self.changed = True
        self._places[number] = place
        self._copies[number] = copy

    def drop(self, number: int) -> None:
        """Forget a message and its rows."""
        self._places.pop(number, None)
        self._copies.pop(number, None)
        self.index.drop(number)
        for kind in Rendition:
            page = self._page(kind, page_of(number))
            page.rows.pop(number, None)
            page.stale.discard(number)

    def drop_stale_rows(self, number: int) -> None:
        """Forget a message's rows of other versions; none are waited for any more."""
        self.revise()
        for kind in self._versions:
            page = self._page(kind, page_of(number))
            if number in page.stale:
                page.rows.pop(number, None)
                page.stale.discard(number)

    def put_rows(self, number: int, rows: Mapping[Rendition, bytes]) -> None:
        """Set a message's row of each rendition."""
        for kind, row in rows.items():
            page = self._page(kind, page_of(number))
            page.rows[number] = row
            page.stale.discard(number)

    def copy(self, number: int) -> Copy | None:
        """Return which copy of a message is kept, or None where its row is lost."""
        copy = self._copies.get(number)
        if copy is None:
            row = self._connection.execute(_COPY, (self.key, number)).fetchone()
            copy = None if row is None else Copy(bytes(row[0]), Fidelity(row[1]))
        return copy

    def place(self, number: int) -> Place:
        """Return where a message's octets lie.

        Raises:
            NoSuchMessage: there is none.
        """
        place = self._places.get(number)
        if place is None:
            row = self._connection.execute(_PLACE, (self.key, number)).fetchone()
            if row is None:
                raise NoSuchMessage(f"{self.name} {number}")
            block, start, length, plain = row
            place = Place(block, start, length, bool(plain))
        return place

    def write_messages(self) -> None:
        """Write the nodes and rows of messages, so that they can be asked for."""
        if self.forest.flush(self._first_revision):
            self._has_moved = True
        if self._rows:
            now = max(self.arrived, int(self._clock()))
            for row in self._rows:
                if row[_ARRIVED] is None:
                    row[_ARRIVED] = self.arrived = now
            self._connection.executemany(_PUT_MESSAGE, self._rows)
            self._rows.clear()

    def write(self) -> None:
        """Write all that changed, messages' rows last looked at by the clock."""
        (change,) = self._connection.execute(_NEXT_CHANGE).fetchone()
        self._write_pages(change)
        self.write_messages()
        self.places.write()
        self.index.write()
        if self._has_moved and self.revision < self._first_revision:
            self.revise()  # whose place in a thread changed is of a revision that the list has had
        if self.changed:
            self._connection.execute(
                _PUT_LIST,
                (
                    self.description,
                    self.address,
                    self.validity,
                    self.created,
                    self.origin,
                    self.low,
                    self.high,
                    self.revision,
                    self.arrived,
                    self.removed,
                    self.octets,
                    change,
                    self.key,
                ),
            )

    def _page(self, kind: Rendition, at: int) -> _Page:
        page = self._pages.get((kind, at))
        if page is None:
            page = self._pages[kind, at] = self._read_page(kind, at)
        return page

    def _read_page(self, kind: Rendition, at: int) -> _Page:
        current = self._versions.get(kind, 0)
        row = self._connection.execute(PAGE, (self.key, kind.value, at)).fetchone()
        if row is not None:
            version, _, data, basis = row
            try:
                rows = dict(zip(*decode_rows(unpack_page(data, basis)), strict=True))
            except ValueError as error:
                raise ArchiveUnavailable(
                    f"{self.name}, {kind.value} {at}: {error}; run 'listgate check --repair'"
                ) from error
            stale = set() if version == current else set(rows)
            return _Page(rows, stale, version, is_kept=True, before=len(rows))
        first = at << PAGE_BITS
        there = self._connection.execute(NUMBERS, (self.key, first, first + (1 << PAGE_BITS) - 1))
        without = {number for (number,) in there}
        version = _NO_VERSION if without else current
        return _Page({}, without, version, is_kept=kind in self._versions)

    def _write_pages(self, change: int) -> None:
        for at in self._touched:
            for kind in Rendition:
                values = change, self.key, kind.value, at
                self._connection.execute(_TOUCH_PAGE, values)
        for at in [
            at for (kind, at), page in self._pages.items() if kind is BASIS and page.is_kept
        ]:
            for kind in BASED:  # what is packed against the page of before is packed anew
                if (kind, at) not in self._pages and self._is_there(kind, at):
                    self._page(kind, at)
        bases: dict[int, bytes | None] = {}
        for kind, at in sorted(self._pages, key=lambda place: place[0] is not BASIS):
            page = self._pages[kind, at]
            if page.is_kept:
                self._write_page(kind, at, page, change, bases)

    def _write_page(
        self, kind: Rendition, at: int, page: _Page, change: int, bases: dict[int, bytes | None]
    ) -> None:
        """Write a page; ``bases`` are the rows of those that others are packed against, which come first."""
        version = page.version if page.stale else self._versions.get(kind, 0)
        has_room = at == page_of(self.high + 1)
        grows_slowly = len(page.rows) < 2 * page.before
        level = LEVEL_FOR_NOW if has_room and grows_slowly else LEVEL
        rows, basis = encode_rows(page.rows), None
        if kind is BASIS:
            bases[at] = rows
        elif kind in BASED:
            if at not in bases:
                bases[at] = self._basis(at)
            basis = bases[at]
        data = pack_page(rows, level, basis)
        self._connection.execute(_PUT_PAGE, (self.key, kind.value, at, version, change, data))

    def _is_there(self, kind: Rendition, at: int) -> bool:
        row = self._connection.execute(_PAGE_THERE, (self.key, kind.value, at)).fetchone()
        return row is not None

    def _basis(self, at: int) -> bytes | None:
        """Return the rows against which others of the same messages are packed, as they are stored, if they are."""
        row = self._connection.execute(PAGE, (self.key, BASIS.value, at)).fetchone()
        return None if row is None else unpack_page(row[2], None)


def as_entry(row: Sequence[Any]) -> Entry:
    """Return a row of ``ENTRY`` as the record that it is."""
    number, message_id, digest, sent, received, arrived, size, lines, revision, thread = row[:10]
    fidelity, day, place = row[10:]
    return Entry(
        number,
        message_id,
        digest,
        sent,
        received,
        arrived,
        size,
        lines,
        revision,
        thread,
        _FIDELITIES[fidelity],
        day,
        place,
    )
