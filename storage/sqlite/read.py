"""Reading: the ``Archive`` over SQLite."""

from __future__ import annotations

import sqlite3
from array import array
from bisect import bisect_right
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import zstandard

from storage.errors import ArchiveUnavailable, NoSuchList, NoSuchMessage
from storage.message.served import serve
from storage.model import Entry, Location, MailingList, Page, Rendition, Served, ThreadNode
from storage.pages import PAGE_BITS, decode_rows, page_of
from storage.sqlite.packing import unpack, unpack_head
from storage.sqlite.schema import FILE, open_reader, unavailable
from storage.threads import Node
from storage.tree import draw

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

__all__ = ["SqliteArchive"]

CACHED_PAGES: Final = 160
"""Pages kept in memory: about 0.1 MB each, and as much again for what a face makes of one."""

CACHED_BLOCKS: Final = 64

_BEHIND: Final = -1

_LISTS: Final = "SELECT id, name, description, address, validity, low, high, revision, created FROM list ORDER BY name"
_HOLES: Final = (
    "SELECT number FROM tombstone WHERE list = ? AND number BETWEEN ? AND ? ORDER BY number"
)
_ENTRY: Final = (
    "SELECT m.number, n.message_id, m.digest, m.sent, m.received, m.arrived, m.size, m.lines, m.revision "
    "FROM message m JOIN node n ON n.id = m.node WHERE m.list = ? AND m.number = ?"
)
_OCTETS: Final = (
    "SELECT n.message_id, m.block, m.start, m.length, m.head "
    "FROM message m JOIN node n ON n.id = m.node WHERE m.list = ? AND m.number = ?"
)
_BLOCK: Final = "SELECT data FROM block WHERE id = ?"
_FIND: Final = "SELECT list, number FROM node WHERE message_id = ? AND number IS NOT NULL"
_PAGE_REVISION: Final = "SELECT revision FROM page WHERE list = ? AND kind = ? AND page = ?"
_PAGE: Final = "SELECT revision, data FROM page WHERE list = ? AND kind = ? AND page = ?"
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
    """A page, its own revision, and the list's revision at which that was last seen to be true."""

    page: Page
    revision: int
    checked: int


class SqliteArchive:
    """Reads an archive's directory; see ``storage.archive.Archive``. Never suspends."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / FILE
        self._connection = open_reader(directory)
        self._version = -1
        self._catalogue: dict[str, MailingList] = {}
        self._ids: dict[str, int] = {}
        self._names: dict[int, str] = {}
        self._pages: OrderedDict[tuple[int, Rendition, int], _CachedPage] = OrderedDict()
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self.refresh()

    def lists(self) -> Sequence[MailingList]:
        return list(self._catalogue.values())

    def mailing_list(self, name: str) -> MailingList:
        try:
            return self._catalogue[name]
        except KeyError:
            raise NoSuchList(name) from None

    def refresh(self) -> bool:
        (version,) = self._rows("PRAGMA data_version")[0]
        if version == self._version:
            return False
        known = self._catalogue
        self._catalogue = {}
        for key, name, *rest in self._rows(_LISTS):
            self._ids[name], self._names[key] = key, name
            self._catalogue[name] = self._record(key, name, known.get(name), *rest)
        self._version = version
        return self._catalogue != known

    async def entry(self, name: str, number: int) -> Entry:
        return Entry(*self._message(_ENTRY, name, number))

    async def served(self, name: str, number: int) -> Served:
        message_id, block, start, length, delta = self._message(_OCTETS, name, number)
        raw = self._octets(block, start, length)
        head = None if delta is None else unpack_head(delta, raw)
        return Served(message_id, *serve(raw, head))

    async def raw(self, name: str, number: int) -> bytes:
        _, block, start, length, _ = self._message(_OCTETS, name, number)
        return self._octets(block, start, length)

    async def find(self, message_id: bytes) -> Sequence[Location]:
        places = [
            Location(self._names[key], number)
            for key, number in self._rows(_FIND, message_id)
            if key in self._names and self._catalogue[self._names[key]].has(number)
        ]
        places.sort()
        return places

    def pages(self, kind: Rendition, name: str, first: int, last: int) -> AsyncIterator[Page]:
        record = self.mailing_list(name)
        return self._pages_of(kind, record, max(first, record.low), min(last, record.high))

    async def first_arrived(self, name: str, since: int) -> int:
        record = self.mailing_list(name)
        low, above = record.low, record.high + 1
        while low < above:  # the least number whose message, or the next one present, arrived since
            middle = (low + above) // 2
            rows = self._rows(_ARRIVED, self._ids[name], middle)
            if rows and rows[0][0] < above and rows[0][1] < since:
                low = rows[0][0] + 1
            else:
                above = middle
        return next((run[0] for run in record.present(low, record.high)), record.high + 1)

    async def thread(self, name: str, number: int) -> Sequence[ThreadNode]:
        (message_id, *_) = self._message(_OCTETS, name, number)
        nodes = [
            Node(own, at, sent, parent, severed=bool(severed))
            for own, at, sent, parent, severed in self._rows(_THREAD, message_id, self._ids[name])
        ]
        return draw(nodes, message_id)

    def close(self) -> None:
        self._connection.close()
        self._pages.clear()
        self._blocks.clear()

    def _rows(self, statement: str, *values: object) -> list[Any]:
        try:
            return self._connection.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise unavailable(self._path, error) from error

    def _record(self, key: int, name: str, known: MailingList | None, *columns: Any) -> MailingList:
        description, address, validity, low, high, revision, created = columns
        if known is not None and (known.revision, known.description, known.address) == (
            revision,
            description,
            address,
        ):
            return known
        holes = array("I", (number for (number,) in self._rows(_HOLES, key, low, high)))
        return MailingList(
            name, description, address, validity, low, high, holes, revision, created
        )

    def _message(self, statement: str, name: str, number: int) -> Any:
        if number > self.mailing_list(name).high:
            raise NoSuchMessage(f"{name} {number}")
        rows = self._rows(statement, self._ids[name], number)
        if not rows:
            raise NoSuchMessage(f"{name} {number}")
        return rows[0]

    def _octets(self, block: int, start: int, length: int) -> bytes:
        data = self._blocks.get(block)
        if data is None or len(data) < start + length:  # the last block grows
            data = self._unpack(self._rows(_BLOCK, block)[0][0])
            self._blocks[block] = data
            if len(self._blocks) > CACHED_BLOCKS:
                self._blocks.popitem(last=False)
        else:
            self._blocks.move_to_end(block)
        return data[start : start + length]

    def _unpack(self, data: bytes) -> bytes:
        try:
            return unpack(data)
        except zstandard.ZstdError as error:
            raise ArchiveUnavailable(f"{self._path}: {error}; run 'listgate check'") from error

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
        if cached is not None and cached.checked != record.revision:
            rows = self._rows(_PAGE_REVISION, key, kind.value, at)
            if rows and rows[0][0] == cached.revision:
                cached.checked = record.revision
            else:
                cached = None
        if cached is None:
            rows = self._rows(_PAGE, key, kind.value, at)
            if not rows:
                return None
            revision, data = rows[0]
            numbers, texts = decode_rows(self._unpack(data))
            shown = bisect_right(numbers, record.high)
            if shown < len(numbers):  # the catalogue is behind: to be read again when it catches up
                numbers, texts, revision = numbers[:shown], texts[:shown], _BEHIND
            cached = _CachedPage(
                Page(numbers, texts, self._elsewhere(key, at)), revision, record.revision
            )
            self._pages[place] = cached
            if len(self._pages) > CACHED_PAGES:
                self._pages.popitem(last=False)
        self._pages.move_to_end(place)
        return cached.page

    def _elsewhere(self, key: int, at: int) -> dict[int, list[Location]]:
        first = at << PAGE_BITS
        places: dict[int, list[Location]] = {}
        for number, other, other_number in self._rows(
            _COPIES, key, first, first + (1 << PAGE_BITS) - 1
        ):
            if other in self._names:
                places.setdefault(number, []).append(Location(self._names[other], other_number))
        for found in places.values():
            found.sort()
        return places
