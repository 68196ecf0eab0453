"""Reading: the ``Archive`` over SQLite."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from storage.errors import NoSuchList, NoSuchMessage
from storage.kept import Kept
from storage.model import (
    Entry,
    Link,
    Location,
    MailingList,
    Page,
    Rendition,
    Served,
    ThreadNode,
)
from storage.pages import PAGE_BITS, decode_rows, page_of
from storage.sqlite.days import Days
from storage.sqlite.fulltext import Index
from storage.sqlite.made import Made
from storage.sqlite.octets import Octets
from storage.sqlite.paging import PAGE
from storage.sqlite.query import Query
from storage.sqlite.replicas import Replicas
from storage.sqlite.shelf import ENTRY, as_entry
from storage.threads import Node
from storage.tree import draw

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
    from pathlib import Path

    from storage.days import DayCount, Placed
    from storage.making import Form
    from storage.message.terms import Clue
    from storage.query import Narrowed
    from storage.replica import Change, DayPlace, Mark, Replica, Rooted, Tombstone

__all__ = ["SqliteArchive"]

KEPT_PAGE_OCTETS: Final = 24 << 20
"""Rows kept in memory; what a face makes of them takes as much again."""

KEPT_IDS: Final = 4096
"""Message-IDs of which it is remembered where they lie: a reader asks for the same one again and again."""

_BEHIND: Final = -1

_ENTRIES_AT_ONCE: Final = 256
_LINKS_AT_ONCE: Final = 4096

_LISTS: Final = (
    "SELECT id, name, description, address, validity, low, high, revision, created, removed, changed, octets, origin FROM list "
    "WHERE changed > ? ORDER BY changed"
)
_HOLES: Final = (
    "SELECT number FROM tombstone WHERE list = ? AND number BETWEEN ? AND ? ORDER BY number"
)
_ENTRY: Final = ENTRY + " AND m.number = ?"
_ENTRIES: Final = ENTRY + " AND m.number BETWEEN ? AND ? ORDER BY m.number LIMIT ?"
_CHANGED: Final = (
    "SELECT number FROM message INDEXED BY message_revision "
    "WHERE list = ? AND revision > ? AND revision <= ? AND number <= ?"
)
_GONE: Final = (
    "SELECT number FROM tombstone INDEXED BY tombstone_revision "
    "WHERE list = ? AND revision > ? AND revision <= ? AND number <= ?"
)
_LINKS: Final = (
    "SELECT id, iif(severed, NULL, parent), iif(number > ?, NULL, number), sent, thread FROM node INDEXED BY node_list "
    "WHERE list = ? AND id > ? ORDER BY id LIMIT ?"
)
_IN_THREAD: Final = (
    "SELECT number FROM node INDEXED BY node_thread WHERE list = ? AND thread = ? AND number <= ? "
    "AND number IS NOT NULL ORDER BY number"
)
_FIND: Final = "SELECT list, number FROM node WHERE message_id = ? AND number IS NOT NULL"
_REMOVED: Final = (
    "SELECT 1 FROM node n JOIN tombstone t ON t.node = n.id WHERE n.list = ? AND n.message_id = ?"
)
_PAGE_CHANGED: Final = "SELECT changed FROM page WHERE list = ? AND kind = ? AND page = ?"
_COPIES: Final = (
    "SELECT number, other_list, other_number FROM copy WHERE list = ? AND number BETWEEN ? AND ?"
)
_ARRIVED: Final = (
    "SELECT number, arrived FROM message WHERE list = ? AND number >= ? ORDER BY number LIMIT 1"
)
_THREAD: Final = """
WITH RECURSIVE
  up (id, parent, severed) AS (
    SELECT id, parent, severed FROM node WHERE message_id = ? AND list = ?
    UNION
    SELECT n.id, n.parent, n.severed FROM node n JOIN up ON n.id = up.parent WHERE NOT up.severed
  ),
  tree (id) AS (
    SELECT id FROM up WHERE parent IS NULL OR severed
    UNION
    SELECT n.id FROM node n JOIN tree ON n.parent = tree.id WHERE NOT n.severed
  )
SELECT n.message_id, n.number, n.sent, p.message_id, n.severed
FROM tree JOIN node n ON n.id = tree.id LEFT JOIN node p ON p.id = n.parent
"""


@dataclass(slots=True)
class _CachedPage:
    """A page, the change that wrote it, and the change of the list at which that was last seen to be true."""

    page: Page
    changed: int
    checked: int
    octets: int


class SqliteArchive:
    """Reads an archive's directory; see ``storage.archive.Archive``. Never suspends."""

    def __init__(self, directory: Path) -> None:
        self._query = Query(directory)
        self._version = -1
        self._catalogue: dict[str, MailingList] = {}
        self._ordered: Sequence[MailingList] = []
        self._changed = -1
        self._removed: dict[int, int] = {}
        self._changes: dict[int, int] = {}
        self._ids: dict[str, int] = {}
        self._names: dict[int, str] = {}
        self._pages: Kept[tuple[int, Rendition, int], _CachedPage] = Kept(KEPT_PAGE_OCTETS)
        self._found: Kept[bytes, list[Location]] = Kept(KEPT_IDS)
        self._index = Index(self._query)
        self._days = Days(self._query)
        self._octets = Octets(self._query, self._elsewhere)
        self._replicas = Replicas(self._query, self._octets)
        self._made = Made(self._query, directory, self._copies)
        self.refresh()

    def lists(self) -> Sequence[MailingList]:
        return self._ordered

    def mailing_list(self, name: str) -> MailingList:
        try:
            return self._catalogue[name]
        except KeyError:
            raise NoSuchList(name) from None

    def refresh(self) -> bool:
        version = self._query.version()
        if version == self._version:
            return False
        rows = self._query.rows(_LISTS, self._changed)
        holes = [
            self._holes(key, name, low, high, removed)
            for key, name, _, _, _, low, high, _, _, removed, *_ in rows
        ]
        for row, gaps in zip(rows, holes, strict=True):
            key, name, description, address, validity, low, high = row[:7]
            revision, created, removed, changed, octets, origin = row[7:]
            record = MailingList(
                name,
                description,
                address,
                validity,
                low,
                high,
                gaps,
                revision,
                created,
                octets,
                origin,
                self._days.hidden(key),
            )
            self._ids[name], self._names[key] = key, name
            self._catalogue[name] = record
            self._removed[key] = removed
            self._changed = self._changes[key] = changed
        if rows:
            self._ordered = [self._catalogue[name] for name in sorted(self._catalogue)]
        self._version = version
        self._octets.forget()
        self._found.clear()
        return bool(rows)

    async def entry(self, name: str, number: int) -> Entry:
        rows = self._query.rows(_ENTRY, self._key(name, number), number)
        if not rows:
            raise NoSuchMessage(f"{name} {number}")
        return as_entry(rows[0])

    def entries(self, name: str, first: int, last: int) -> AsyncIterator[Sequence[Entry]]:
        record = self.mailing_list(name)
        return self._entries_of(self._ids[name], max(first, record.low), min(last, record.high))

    async def changed(self, name: str, revision: int) -> Sequence[int]:
        return self._since(_CHANGED, name, revision)

    async def removed(self, name: str, revision: int) -> Sequence[int]:
        return self._since(_GONE, name, revision)

    async def served(self, name: str, number: int) -> Served:
        return self._octets.served(self._key(name, number), number)

    async def raw(self, name: str, number: int) -> bytes:
        return self._octets.raw(self._key(name, number), number)

    async def find(self, message_id: bytes) -> Sequence[Location]:
        places = self._found.get(message_id)
        if places is None:
            places = [
                Location(self._names[key], number)
                for key, number in self._query.rows(_FIND, message_id)
                if key in self._names and self._catalogue[self._names[key]].has(number)
            ]
            places.sort()
            self._found.put(message_id, places)
        return places

    def pages(self, kind: Rendition, name: str, first: int, last: int) -> AsyncIterator[Page]:
        record = self.mailing_list(name)
        return self._pages_of(kind, record, max(first, record.low), min(last, record.high))

    def narrow(self, name: str, first: int, last: int, clue: Clue) -> AsyncIterator[Narrowed]:
        self.mailing_list(name)
        return self._narrowed(self._ids[name], first, last, clue)

    async def first_arrived(self, name: str, since: int) -> int:
        record = self.mailing_list(name)
        low, above = record.low, record.high + 1
        while low < above:  # the least number whose message, or the next one present, arrived since
            middle = (low + above) // 2
            rows = self._query.rows(_ARRIVED, self._ids[name], middle)
            if rows and rows[0][0] < above and rows[0][1] < since:
                low = rows[0][0] + 1
            else:
                above = middle
        return next((run[0] for run in record.present(low, record.high)), record.high + 1)

    async def thread(self, name: str, number: int) -> Sequence[ThreadNode]:
        message_id = self._octets.message_id(self._key(name, number), number)
        nodes = [
            Node(own, at, sent, parent, severed=bool(severed))
            for own, at, sent, parent, severed in self._query.rows(
                _THREAD, message_id, self._ids[name]
            )
        ]
        return draw(nodes, message_id)

    async def in_thread(self, name: str, thread: bytes) -> Sequence[int]:
        high = self.mailing_list(name).high
        return [number for (number,) in self._query.rows(_IN_THREAD, self._ids[name], thread, high)]

    async def days(self, name: str) -> Sequence[DayCount]:
        high, key = self.mailing_list(name).high, self._ids[name]
        return self._days.counts(key, high, self._changes[key])

    async def on_day(self, name: str, day: int) -> Sequence[Placed]:
        high = self.mailing_list(name).high
        return self._days.on_day(self._ids[name], high, day)

    async def at_place(self, name: str, day: int, place: int) -> int:
        high = self.mailing_list(name).high
        return self._days.at_place(self._ids[name], high, day, place)

    async def was_removed(self, name: str, message_id: bytes) -> bool:
        self.mailing_list(name)
        return bool(self._query.rows(_REMOVED, self._ids[name], message_id))

    async def hashed(self, name: str, sha1: bytes) -> Sequence[int]:
        high = self.mailing_list(name).high
        return self._days.hashed(self._ids[name], high, sha1)

    def links(self, name: str) -> AsyncIterator[Sequence[Link]]:
        high = self.mailing_list(name).high
        return self._links_of(self._ids[name], high)

    def replicas(self, name: str, first: int, last: int) -> AsyncIterator[Replica | Tombstone]:
        high = self.mailing_list(name).high
        return self._replicas_of(self._ids[name], high, first, last)

    async def changes(
        self, name: str, after: Mark, until: int, most: int
    ) -> Sequence[Change | Tombstone]:
        record = self.mailing_list(name)
        reach = record.high, after, min(until, record.revision), most
        return self._replicas.changes(self._ids[name], *reach)

    async def places(self, name: str, first: int, most: int) -> Sequence[DayPlace]:
        high = self.mailing_list(name).high
        return self._replicas.places(self._ids[name], high, first, most)

    async def rooted(self, name: str, after: Mark, until: int, most: int) -> Sequence[Rooted]:
        record = self.mailing_list(name)
        reach = record.high, after, min(until, record.revision), most
        return self._replicas.rooted(self._ids[name], *reach)

    async def made(
        self, form: Form, name: str, page: int, make: Callable[[], Awaitable[bytes]]
    ) -> bytes:
        if page == page_of(self.mailing_list(name).high + 1):
            return b""
        key = self._ids[name]
        last = self._changes[key]
        return await self._made.made(form, name, key, page, last=last, make=make)

    def close(self) -> None:
        self._made.close()
        self._query.close()

    def _holes(self, key: int, name: str, low: int, high: int, removed: int) -> Sequence[int]:
        """Return a list's holes; ``removed`` is the revision of its last removal, after which they are the same."""
        if self._removed.get(key) == removed:
            return self._catalogue[name].holes
        rows = self._query.rows(_HOLES, key, low, high)
        return array("I", (number for (number,) in rows))

    def _key(self, name: str, number: int) -> int:
        """Return the key of a list that may hold a message with this number.

        Raises:
            NoSuchList: no list is called ``name``.
            NoSuchMessage: the list has not come so far.
        """
        if number > self.mailing_list(name).high:
            raise NoSuchMessage(f"{name} {number}")
        return self._ids[name]

    def _since(self, statement: str, name: str, revision: int) -> Sequence[int]:
        """Return the numbers to which something happened after a revision that the catalogue knows of, ascending."""
        record = self.mailing_list(name)
        rows = self._query.rows(statement, self._ids[name], revision, record.revision, record.high)
        return array("I", sorted([number for (number,) in rows]))

    async def _narrowed(
        self, key: int, first: int, last: int, clue: Clue
    ) -> AsyncIterator[Narrowed]:
        for part in self._index.narrow(key, first, last, clue):
            yield part

    async def _replicas_of(
        self, key: int, high: int, first: int, last: int
    ) -> AsyncIterator[Replica | Tombstone]:
        for each in self._replicas.replicas(key, high, first, last):
            yield each

    async def _entries_of(self, key: int, first: int, last: int) -> AsyncIterator[Sequence[Entry]]:
        while rows := self._query.rows(_ENTRIES, key, first, last, _ENTRIES_AT_ONCE):
            yield [as_entry(row) for row in rows]
            first = rows[-1][0] + 1

    async def _links_of(self, key: int, high: int) -> AsyncIterator[Sequence[Link]]:
        last = 0
        while rows := self._query.rows(_LINKS, high, key, last, _LINKS_AT_ONCE):
            yield [Link._make(row) for row in rows]
            last = rows[-1][0]

    async def _pages_of(
        self, kind: Rendition, record: MailingList, first: int, last: int
    ) -> AsyncIterator[Page]:
        for at in range(page_of(first), page_of(last) + 1) if first <= last else ():
            page = self._page(kind, record, at)
            if page is not None:
                span = page.span(first, last)
                if span.start < span.stop:
                    yield page

    def _page(self, kind: Rendition, record: MailingList, at: int) -> Page | None:
        key = self._ids[record.name]
        place = key, kind, at
        cached = self._pages.get(place)
        if cached is not None and cached.checked != self._changes[key]:
            rows = self._query.rows(_PAGE_CHANGED, key, kind.value, at)
            if rows and rows[0][0] == cached.changed:
                cached.checked = self._changes[key]
            else:
                cached = None
        if cached is None:
            cached = self._read_page(kind, record, at)
            if cached is not None:
                self._pages.put(place, cached, cached.octets)
        return None if cached is None else cached.page

    def _read_page(self, kind: Rendition, record: MailingList, at: int) -> _CachedPage | None:
        key = self._ids[record.name]
        rows = self._query.rows(PAGE, key, kind.value, at)
        if not rows:
            return None
        _, changed, data, basis = rows[0]
        try:
            numbers, texts = decode_rows(self._query.unpack_page(data, basis))
        except ValueError as error:
            raise self._query.damaged(str(error)) from error
        first = at << PAGE_BITS
        elsewhere, is_behind = self._copies(key, first, first + (1 << PAGE_BITS) - 1)
        shown = bisect_right(numbers, record.high)
        if shown < len(numbers) or is_behind:  # to be read again when the catalogue catches up
            numbers, texts, changed = numbers[:shown], texts[:shown], _BEHIND
        page = Page(numbers, texts, elsewhere)
        return _CachedPage(page, changed, self._changes[key], sum(map(len, texts)))

    def _elsewhere(self, key: int, first: int, last: int) -> Mapping[int, Sequence[Location]]:
        """Return where messages of a list lie in other lists as well, by number."""
        places, _ = self._copies(key, first, last)
        return places

    def _copies(self, key: int, first: int, last: int) -> tuple[dict[int, list[Location]], bool]:
        """Return where messages lie elsewhere, and whether some do in a list that the catalogue does not have yet."""
        places: dict[int, list[Location]] = {}
        is_behind = False
        rows = self._query.rows(_COPIES, key, first, last) if len(self._names) > 1 else ()
        for number, other, other_number in rows:
            if other in self._names:
                places.setdefault(number, []).append(Location(self._names[other], other_number))
            else:
                is_behind = True
        for found in places.values():
            found.sort()
        return places, is_behind
