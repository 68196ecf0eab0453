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
from storage.sqlite.packing import unpack_head, unpack_raw
from storage.sqlite.schema import FILE, open_reader, unavailable
from storage.threads import Node
from storage.tree import draw

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

__all__ = ["SqliteArchive"]

CACHED_PAGES: Final = 160
"""Pages kept in memory: about 0.1 MB each, and as much again for what a face makes of one."""

CACHED_BLOCKS: Final = 256
"""Blocks kept in memory: 16 MB."""

WINDOW_BITS: Final = 6
"""Messages are looked up 64 at a time where a second one of a window is asked for."""

CACHED_WINDOWS: Final = 256

_BEHIND: Final = -1

_LISTS: Final = "SELECT id, name, description, address, validity, low, high, revision, created FROM list ORDER BY name"
_HOLES: Final = (
    "SELECT number FROM tombstone WHERE list = ? AND number BETWEEN ? AND ? ORDER BY number"
)
_ENTRY: Final = (
    "SELECT m.number, n.message_id, m.digest, m.sent, m.received, m.arrived, m.size, m.lines, m.revision "
    "FROM message m JOIN node n ON n.id = m.node WHERE m.list = ? AND m.number = ?"
)
_PLACES: Final = (
    "SELECT m.number, n.message_id, m.block, m.start, m.length, m.head, m.plain, m.dotted "
    "FROM message m JOIN node n ON n.id = m.node WHERE m.list = ? AND m.number BETWEEN ? AND ?"
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


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a message's octets lie, and what else it takes to serve them."""

    message_id: bytes
    block: int
    start: int
    length: int
    delta: bytes | None
    plain: bool
    dotted: bool
    elsewhere: Sequence[Location]


class SqliteArchive:
    """Reads an archive's directory; see ``storage.archive.Archive``. Never suspends."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / FILE
        self._connection = open_reader(directory)
        self._decompressor = zstandard.ZstdDecompressor()
        self._version = -1
        self._catalogue: dict[str, MailingList] = {}
        self._ids: dict[str, int] = {}
        self._names: dict[int, str] = {}
        self._pages: OrderedDict[tuple[int, Rendition, int], _CachedPage] = OrderedDict()
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._windows: OrderedDict[tuple[int, int], dict[int, _Place]] = OrderedDict()
        self._looked_into: OrderedDict[tuple[int, int], None] = OrderedDict()
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
        self._windows.clear()
        return self._catalogue != known

    async def entry(self, name: str, number: int) -> Entry:
        if number > self.mailing_list(name).high:
            raise NoSuchMessage(f"{name} {number}")
        rows = self._rows(_ENTRY, self._ids[name], number)
        if not rows:
            raise NoSuchMessage(f"{name} {number}")
        return Entry(*rows[0])

    async def served(self, name: str, number: int) -> Served:
        place = self._place(name, number)
        octets = self._octets(place)
        if place.delta is not None or not place.plain:
            octets = _served(place, octets)
        return Served(place.message_id, octets, place.dotted, place.elsewhere)

    async def raw(self, name: str, number: int) -> bytes:
        place = self._place(name, number)
        return unpack_raw(self._octets(place), plain=place.plain)

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
        message_id = self._place(name, number).message_id
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

    def _place(self, name: str, number: int) -> _Place:
        """Return where a message's octets lie; read ahead where its neighbours are asked for as well."""
        if number > self.mailing_list(name).high:
            raise NoSuchMessage(f"{name} {number}")
        key = self._ids[name]
        window = key, number >> WINDOW_BITS
        places = self._windows.get(window)
        if places is not None and number in places:
            return places[number]
        if places is None and window not in self._looked_into:
            self._looked_into[window] = None
            _bound(self._looked_into, CACHED_WINDOWS)
            found = self._places(key, number, number)
        else:
            first = window[1] << WINDOW_BITS
            found = self._windows[window] = self._places(key, first, first + (1 << WINDOW_BITS) - 1)
            _bound(self._windows, CACHED_WINDOWS)
        try:
            return found[number]
        except KeyError:
            raise NoSuchMessage(f"{name} {number}") from None

    def _places(self, key: int, first: int, last: int) -> dict[int, _Place]:
        elsewhere = self._elsewhere(key, first, last)
        return {
            number: _Place(
                message_id,
                block,
                start,
                length,
                delta,
                bool(plain),
                bool(dotted),
                elsewhere.get(number, ()),
            )
            for number, message_id, block, start, length, delta, plain, dotted in self._rows(
                _PLACES, key, first, last
            )
        }

    def _octets(self, place: _Place) -> bytes:
        end = place.start + place.length
        data = self._blocks.get(place.block)
        if data is None or len(data) < end:  # the last block grows
            data = self._blocks[place.block] = self._unpack(self._rows(_BLOCK, place.block)[0][0])
            _bound(self._blocks, CACHED_BLOCKS)
        else:
            self._blocks.move_to_end(place.block)
        return data[place.start : end]

    def _unpack(self, data: bytes) -> bytes:
        try:
            return self._decompressor.decompress(data)
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
            first = at << PAGE_BITS
            numbers, texts = decode_rows(self._unpack(data))
            shown = bisect_right(numbers, record.high)
            if shown < len(numbers):  # the catalogue is behind: to be read again when it catches up
                numbers, texts, revision = numbers[:shown], texts[:shown], _BEHIND
            cached = _CachedPage(
                Page(numbers, texts, self._elsewhere(key, first, first + (1 << PAGE_BITS) - 1)),
                revision,
                record.revision,
            )
            self._pages[place] = cached
            _bound(self._pages, CACHED_PAGES)
        self._pages.move_to_end(place)
        return cached.page

    def _elsewhere(self, key: int, first: int, last: int) -> dict[int, list[Location]]:
        """Return where messages of a list lie in other lists as well, by number."""
        places: dict[int, list[Location]] = {}
        if len(self._names) > 1:
            for number, other, other_number in self._rows(_COPIES, key, first, last):
                if other in self._names:
                    places.setdefault(number, []).append(Location(self._names[other], other_number))
            for found in places.values():
                found.sort()
        return places


def _served(place: _Place, kept: bytes) -> bytes:
    """Return the served form of a message that is not kept as such."""
    raw = unpack_raw(kept, plain=place.plain)
    return serve(raw, None if place.delta is None else unpack_head(place.delta, raw))


def _bound(cache: OrderedDict[Any, Any], most: int) -> None:
    """Let go of what was kept longest without use."""
    if len(cache) > most:
        cache.popitem(last=False)
