"""The archive in memory: the yardstick that the other engines are measured against, and the tests' quick one."""

from __future__ import annotations

import copy
import time
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Final

from storage import memory_days, memory_twin
from storage.days import day_of
from storage.errors import IsTwin, NoSuchList, NoSuchMessage, NotEmpty
from storage.making import digest_of, encode_places
from storage.memory_shelf import MemoryForest, Shelf, Stored
from storage.message.served import serve
from storage.model import (
    Entry,
    Link,
    Location,
    MailingList,
    Page,
    Rendition,
    Served,
    ThreadNode,
    check_list_name,
)
from storage.pages import PAGE_BITS, page_of
from storage.query import Narrowed
from storage.replica import Tombstone
from storage.threads import withdraw
from storage.tree import draw
from storage.writer import Incumbent

if TYPE_CHECKING:
    from collections.abc import (
        AsyncIterator,
        Awaitable,
        Callable,
        Iterable,
        Iterator,
        Mapping,
        Sequence,
    )

    from storage.days import DayCount, Placed
    from storage.making import Form
    from storage.message.terms import Clue
    from storage.message.text import Searchable
    from storage.replica import Change, DayPlace, Mark, Replica, Rooted
    from storage.writer import NewMessage

__all__ = ["MemoryArchive", "MemoryForest", "MemoryWriter"]

_BATCH: Final = 256


class MemoryArchive:
    """Reads what a ``MemoryWriter`` wrote; see ``storage.archive.Archive``."""

    def __init__(self) -> None:
        self.shelves: dict[str, Shelf] = {}
        self._catalogue: dict[str, MailingList] = {}
        self._editions: dict[str, int] = {}
        self._pages: dict[tuple[Rendition, str, int], Page] = {}
        self._made: dict[tuple[str, int, bytes], tuple[bytes, bytes]] = {}

    def lists(self) -> Sequence[MailingList]:
        return list(self._catalogue.values())

    def mailing_list(self, name: str) -> MailingList:
        try:
            return self._catalogue[name]
        except KeyError:
            raise NoSuchList(name) from None

    def refresh(self) -> bool:
        now = {name: self.shelves[name].record for name in sorted(self.shelves)}
        editions = {name: shelf.edition for name, shelf in self.shelves.items()}
        if now == self._catalogue and editions == self._editions:
            return False
        self._catalogue, self._editions = now, editions
        self._pages.clear()
        return True

    async def entry(self, name: str, number: int) -> Entry:
        return self._stored(name, number).entry(number)

    def entries(self, name: str, first: int, last: int) -> AsyncIterator[Sequence[Entry]]:
        return self._entries_of(self.mailing_list(name), first, last)

    async def changed(self, name: str, revision: int) -> Sequence[int]:
        record = self.mailing_list(name)
        messages = self.shelves[name].messages
        return [
            number
            for run in record.present(1, record.high)
            for number in run
            if number in messages and revision < messages[number].revision <= record.revision
        ]

    async def removed(self, name: str, revision: int) -> Sequence[int]:
        record = self.mailing_list(name)
        removals = self.shelves[name].removals
        return sorted(
            number
            for number, stone in removals.items()
            if revision < stone.revision <= record.revision and number <= record.high
        )

    async def served(self, name: str, number: int) -> Served:
        message = self._stored(name, number).message
        elsewhere = [place for place in await self.find(message.message_id) if place.name != name]
        return Served(
            message.message_id, serve(message.raw, message.head), message.dotted, elsewhere
        )

    async def raw(self, name: str, number: int) -> bytes:
        return self._stored(name, number).message.raw

    async def find(self, message_id: bytes) -> Sequence[Location]:
        return [
            Location(name, holder.number)
            for name in self._catalogue
            if (holder := self.shelves[name].ids.get(message_id))
            and self._catalogue[name].has(holder.number)
        ]

    def pages(self, kind: Rendition, name: str, first: int, last: int) -> AsyncIterator[Page]:
        record = self.mailing_list(name)
        return self._pages_of(kind, record, max(first, record.low), min(last, record.high))

    async def made(
        self, form: Form, name: str, page: int, make: Callable[[], Awaitable[bytes]]
    ) -> bytes:
        record = self.mailing_list(name)
        if page == page_of(record.high + 1):
            return b""
        pieces = [form.besides]
        first = page << PAGE_BITS
        for kind in form.kinds:
            async for each in self.pages(kind, name, first, first + (1 << PAGE_BITS) - 1):
                numbers = b" ".join(b"%d" % number for number in each.numbers)
                pieces += (numbers, *each.rows, encode_places(each.elsewhere))
        if len(pieces) == 1:
            return b""
        place, state = (name, page, form.name), digest_of(pieces)
        was, made = self._made.get(place, (b"", b""))
        if was != state:
            made = await make()
            if made:
                self._made[place] = state, made
        return made

    def narrow(
        self,
        name: str,
        first: int,
        last: int,
        clue: Clue,  # noqa: ARG002  the contract's
    ) -> AsyncIterator[Narrowed]:
        self.mailing_list(name)
        return _any(first, last)

    async def first_arrived(self, name: str, since: int) -> int:
        record = self.mailing_list(name)
        messages = self.shelves[name].messages
        late = (
            n
            for run in record.present(1, record.high)
            for n in run
            if n in messages and messages[n].arrived >= since
        )
        return next(late, record.high + 1)

    async def thread(self, name: str, number: int) -> Sequence[ThreadNode]:
        message_id = self._stored(name, number).message.message_id
        return draw(self.shelves[name].forest.nodes.values(), message_id)

    async def in_thread(self, name: str, thread: bytes) -> Sequence[int]:
        record = self.mailing_list(name)
        messages = self.shelves[name].messages
        return [
            number
            for run in record.present(1, record.high)
            for number in run
            if number in messages and messages[number].thread == thread
        ]

    async def days(self, name: str) -> Sequence[DayCount]:
        record = self.mailing_list(name)
        return memory_days.days(self.shelves[name], record)

    async def on_day(self, name: str, day: int) -> Sequence[Placed]:
        record = self.mailing_list(name)
        return memory_days.on_day(self.shelves[name], record, day)

    async def at_place(self, name: str, day: int, place: int) -> int:
        record = self.mailing_list(name)
        return memory_days.at_place(self.shelves[name], record, day, place)

    async def was_removed(self, name: str, message_id: bytes) -> bool:
        self.mailing_list(name)
        removals = self.shelves[name].removals.values()
        return any(each.message_id == message_id for each in removals)

    async def hashed(self, name: str, sha1: bytes) -> Sequence[int]:
        record = self.mailing_list(name)
        return memory_days.hashed(self.shelves[name], record, sha1)

    def links(self, name: str) -> AsyncIterator[Sequence[Link]]:
        return self._links_of(self.mailing_list(name))

    def replicas(self, name: str, first: int, last: int) -> AsyncIterator[Replica | Tombstone]:
        return self._replicas_of(self.mailing_list(name), first, last)

    async def changes(
        self, name: str, after: Mark, until: int, most: int
    ) -> Sequence[Change | Tombstone]:
        record = self.mailing_list(name)
        return memory_twin.changes(self.shelves[name], record, after, until, most)

    async def places(self, name: str, first: int, most: int) -> Sequence[DayPlace]:
        record = self.mailing_list(name)
        return memory_twin.places(self.shelves[name], record, first, most)

    async def rooted(self, name: str, after: Mark, until: int, most: int) -> Sequence[Rooted]:
        record = self.mailing_list(name)
        return memory_twin.rooted(self.shelves[name], record, after, until, most)

    def close(self) -> None:
        self._catalogue = {}

    def _stored(self, name: str, number: int) -> Stored:
        if not self.mailing_list(name).has(number) or number not in self.shelves[name].messages:
            raise NoSuchMessage(f"{name} {number}")
        return self.shelves[name].messages[number]

    async def _entries_of(
        self, record: MailingList, first: int, last: int
    ) -> AsyncIterator[Sequence[Entry]]:
        messages = self.shelves[record.name].messages
        found = (
            messages[number].entry(number)
            for run in record.present(first, last)
            for number in run
            if number in messages
        )
        while batch := list(islice(found, _BATCH)):
            yield batch

    async def _replicas_of(
        self, record: MailingList, first: int, last: int
    ) -> AsyncIterator[Replica | Tombstone]:
        for each in memory_twin.replicas(self.shelves[record.name], record, first, last):
            yield each

    async def _links_of(self, record: MailingList) -> AsyncIterator[Sequence[Link]]:
        nodes = self.shelves[record.name].forest.nodes
        keys = {message_id: key for key, message_id in enumerate(nodes)}
        found = (
            Link(
                key,
                None if node.above is None else keys[node.above],
                None if node.number is None or node.number > record.high else node.number,
                node.sent,
                node.thread,
            )
            for key, node in enumerate(nodes.values())
        )
        while batch := list(islice(found, _BATCH)):
            yield batch

    async def _pages_of(
        self, kind: Rendition, record: MailingList, first: int, last: int
    ) -> AsyncIterator[Page]:
        for at in range(page_of(first), page_of(last) + 1) if first <= last else ():
            page = self._pages.get((kind, record.name, at))
            if page is None:
                page = await self._page(kind, record, at)
                self._pages[kind, record.name, at] = page
            span = page.span(first, last)
            if span.start < span.stop:
                yield page

    async def _page(self, kind: Rendition, record: MailingList, at: int) -> Page:
        messages = self.shelves[record.name].messages
        numbers = [
            n
            for run in record.present(1, record.high)
            for n in run
            if page_of(n) == at and n in messages and kind in messages[n].message.rows
        ]
        elsewhere: dict[int, Sequence[Location]] = {}
        for number in numbers:
            places = await self.find(messages[number].message.message_id)
            if len(places) > 1:
                elsewhere[number] = [place for place in places if place.name != record.name]
        return Page(numbers, [messages[n].message.rows[kind] for n in numbers], elsewhere)


class MemoryWriter:
    """Writes a ``MemoryArchive``; see ``storage.writer.ArchiveWriter``."""

    def __init__(self, archive: MemoryArchive, versions: Mapping[Rendition, int]) -> None:
        self._archive = archive
        self._versions = dict(versions)

    @contextmanager
    def batch(self, clock: Callable[[], float] = time.time) -> Iterator[MemoryBatch]:
        batch = MemoryBatch(copy.deepcopy(self._archive.shelves), self._versions, clock)
        yield batch
        batch.arrive()
        self._archive.shelves = batch.shelves

    def has(self, name: str) -> bool:
        return name in self._archive.shelves

    def cursor(self, name: str, source: str) -> bytes:
        shelf = self._archive.shelves.get(name)
        return b"" if shelf is None else shelf.cursors.get(source, b"")

    def outdated(self) -> Iterator[tuple[str, Sequence[int]]]:
        for name, shelf in list(self._archive.shelves.items()):
            old = [
                number
                for number, stored in shelf.messages.items()
                if stored.versions != self._versions
            ]
            if old:
                yield name, old

    def damage(self) -> Iterator[str]:
        return iter(())

    def close(self) -> None:
        """Nothing is held open."""


class MemoryBatch:
    """One transaction on a copy of the archive; see ``storage.writer.Batch``."""

    def __init__(
        self,
        shelves: dict[str, Shelf],
        versions: Mapping[Rendition, int],
        clock: Callable[[], float],
    ) -> None:
        self._clock = clock
        self._came: list[tuple[Shelf, Stored]] = []
        self.shelves = shelves
        self._versions = versions
        for shelf in shelves.values():
            shelf.forest.stamp = shelf.record.revision + 1

    def mailing_list(self, name: str) -> MailingList:
        return self._shelf(name).record

    def describe(
        self, name: str, *, description: str | None = None, address: str | None = None
    ) -> None:
        shelf = self._shelf(name)
        record = shelf.record
        shelf.record = replace(
            record,
            description=record.description if description is None else description,
            address=record.address if address is None else address,
        )

    def incumbent(
        self, name: str, message_id: bytes, digest: bytes | None = None
    ) -> Incumbent | None:
        shelf = self._shelf(name)
        holder = shelf.ids.get(message_id)
        if holder is not None and digest is not None and holder.digest != digest:
            for stone in shelf.removals.values():
                if stone.message_id == message_id and digest in stone.digest:
                    return replace(memory_twin.as_incumbent(stone), digest=digest)
        return holder

    def entry(self, name: str, number: int) -> Entry:
        return self._message(name, number).entry(number)

    def raw(self, name: str, number: int) -> bytes:
        return self._message(name, number).message.raw

    def served(self, name: str, number: int) -> Served:
        message = self._message(name, number).message
        return Served(message.message_id, serve(message.raw, message.head), message.dotted)

    def next_number(self, name: str) -> int:
        return self._shelf(name).record.high + 1

    def forest(self, name: str) -> MemoryForest:
        return self._shelf(name).forest

    def add(self, name: str, message: NewMessage) -> int:
        shelf = self._own(name)
        number = shelf.record.high + 1
        revision = shelf.revise()
        shelf.record = replace(shelf.record, high=number, octets=shelf.record.octets + message.size)
        thread = shelf.forest.nodes[message.message_id].thread
        day = day_of(message.received)
        place = shelf.give(day)
        stored = Stored(replace(message, terms=None), revision, self._versions, thread, day, place)
        shelf.messages[number] = stored
        self._came.append((shelf, stored))
        shelf.ids[message.message_id] = Incumbent(
            number, message.digest, message.fidelity, removed=False
        )
        return number

    def replace(self, name: str, number: int, message: NewMessage) -> None:
        shelf, stored = self._own(name), self._message(name, number)
        octets = shelf.record.octets + message.size - stored.message.size
        shelf.record = replace(shelf.record, octets=octets)
        stored.message = replace(message, terms=None)
        stored.versions = self._versions
        stored.revision = shelf.revise()
        shelf.ids[message.message_id] = Incumbent(
            number, message.digest, message.fidelity, removed=False
        )

    def rerender(
        self,
        name: str,
        number: int,
        size: int,
        lines: int,
        rows: Mapping[Rendition, bytes],
        *,
        text: Searchable | None = None,  # noqa: ARG002  the contract's
    ) -> None:
        shelf, stored = self._shelf(name), self._message(name, number)
        octets = shelf.record.octets + size - stored.message.size
        shelf.record = replace(shelf.record, octets=octets)
        stored.message = replace(stored.message, size=size, lines=lines, rows=dict(rows))
        stored.versions = self._versions
        revision = shelf.revise()
        if not shelf.record.origin:
            stored.revision = revision

    def forgo(self, name: str, number: int) -> None:
        stored = self._message(name, number)
        old = stored.versions
        kept = {
            kind: row
            for kind, row in stored.message.rows.items()
            if kind not in self._versions or old.get(kind) == self._versions[kind]
        }
        stored.message = replace(stored.message, rows=kept)
        stored.versions = self._versions
        self._shelf(name).revise()

    def remove(self, name: str, number: int, *, withdrawn: bytes | None = None) -> None:
        shelf = self._own(name)
        stored = self._message(name, number)
        message = stored.message
        del shelf.messages[number]
        withdraw(shelf.forest, message.message_id)
        stone = Tombstone(
            number,
            shelf.revise(),
            message.message_id,
            message.digest if withdrawn in {None, message.digest} else message.digest + withdrawn,
            withdrawn=withdrawn is not None,
            day=stored.day,
            place=stored.place,
        )
        shelf.removals[number] = stone
        shelf.ids[message.message_id] = memory_twin.as_incumbent(stone)
        record = shelf.record
        low = min(shelf.messages, default=record.high + 1)
        shelf.record = replace(
            record,
            low=low,
            octets=record.octets - message.size,
            holes=[n for n in range(low, record.high + 1) if n not in shelf.messages],
            hidden=[n for n in record.hidden if n != number],
        )

    def hide(self, name: str, numbers: Iterable[int]) -> None:
        memory_days.hide(self._shelf(name), numbers)

    def unhide(self, name: str, numbers: Iterable[int]) -> None:
        memory_days.unhide(self._shelf(name), numbers)

    def twin(self, name: str, origin: str) -> memory_twin.MemoryTwin:
        shelf = self._shelf(name)
        if shelf.record.high and not shelf.record.origin:
            raise NotEmpty(name, origin)
        shelf.record = replace(shelf.record, origin=origin)
        return memory_twin.MemoryTwin(shelf, self._versions)

    def release(self, name: str) -> None:
        shelf = self._shelf(name)
        if shelf.record.origin:
            memory_twin.MemoryTwin(shelf, self._versions).show_all()
            shelf.record = replace(shelf.record, origin="")
            shelf.revise()

    def recount(self, name: str, *, repair: bool) -> Sequence[str]:  # noqa: ARG002  the contract's
        self._shelf(name)
        return []  # counted from the messages themselves at every change

    def set_cursor(self, name: str, source: str, cursor: bytes) -> None:
        self._shelf(name).cursors[source] = cursor

    def arrive(self) -> None:
        """Note when the batch's messages arrived: now, as it ends."""
        for shelf, stored in self._came:
            stored.arrived = shelf.arrived = max(shelf.arrived, int(self._clock()))

    def _shelf(self, name: str) -> Shelf:
        shelf = self.shelves.get(name)
        if shelf is None:
            now = int(self._clock())
            shelf = Shelf(MailingList(check_list_name(name), validity=now, created=now))
            self.shelves[name] = shelf
        return shelf

    def _own(self, name: str) -> Shelf:
        """Return a list that is no twin."""
        shelf = self._shelf(name)
        if shelf.record.origin:
            raise IsTwin(name, shelf.record.origin)
        return shelf

    def _message(self, name: str, number: int) -> Stored:
        try:
            return self._shelf(name).messages[number]
        except KeyError:
            raise NoSuchMessage(f"{name} {number}") from None


async def _any(first: int, last: int) -> AsyncIterator[Narrowed]:
    """Yield that any message is possible, as there is no index."""
    yield Narrowed(0, (1 << last + 1 - first) - 1)
