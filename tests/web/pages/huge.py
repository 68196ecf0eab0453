"""A list of a million messages that are nowhere: each is made when it is asked for, and what is asked for is counted."""

# ruff: noqa: ARG002  the archive's signatures

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NoReturn

from storage.days import DayCount, Placed
from storage.errors import NoSuchList, NoSuchMessage
from storage.model import Entry, Link, MailingList, Page, Rendition, Served

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

NAME: Final = "lists.huge"
COUNT: Final = 1_000_000

CROWDED: Final = 30_000
"""Messages of the first day; the next days have ``DAILY`` each."""

DAILY: Final = 400
FIRST_DAY: Final = 10_957  # 2000-01-01

THREAD: Final = 4
"""Messages of a thread; but every tenth message is of one that is as long as the list is."""

_DAY: Final = 86_400
_PAGE: Final = 256


class Huge:
    """As much of an archive as listings read; ``most`` is how much was read at most before others had their turn."""

    def __init__(self, count: int = COUNT) -> None:
        self.record = MailingList(NAME, "A large one", low=1, high=count, revision=1)
        self.read = self.most = 0

    async def breathe(self) -> None:
        self.read = 0

    def _count(self, number: int) -> None:
        self.read += number
        self.most = max(self.most, self.read)

    def lists(self) -> Sequence[MailingList]:
        return [self.record]

    def mailing_list(self, name: str) -> MailingList:
        if name != NAME:
            raise NoSuchList(name)
        return self.record

    def _stands(self, number: int) -> tuple[int, int]:
        behind = number - 1 - CROWDED
        if behind < 0:
            return FIRST_DAY, number
        return FIRST_DAY + 1 + behind // DAILY, behind % DAILY + 1

    def _at(self, day: int, place: int) -> int:
        if day == FIRST_DAY:
            return place
        return CROWDED + (day - FIRST_DAY - 1) * DAILY + place

    async def days(self, name: str) -> Sequence[DayCount]:
        last, place = self._stands(self.record.high)
        full = [DayCount(day, DAILY) for day in range(FIRST_DAY + 1, last)]
        return [DayCount(FIRST_DAY, CROWDED), *full, DayCount(last, place)]

    async def on_day(self, name: str, day: int) -> Sequence[Placed]:
        count = {each.day: each.count for each in await self.days(name)}.get(day, 0)
        self._count(count)
        return [Placed(place, self._at(day, place)) for place in range(1, count + 1)]

    async def at_place(self, name: str, day: int, place: int) -> int:
        self._count(1)
        number = self._at(day, place)
        if number > self.record.high or self._stands(number) != (day, place):
            raise NoSuchMessage(f"{day} {place}")
        return number

    def _thread(self, number: int) -> bytes:
        return b"long...." if number % 10 == 0 else b"%08d" % (number // THREAD)

    async def in_thread(self, name: str, thread: bytes) -> Sequence[int]:
        if thread == b"long....":
            return range(10, self.record.high + 1, 10)
        first = int(thread) * THREAD
        return [
            number
            for number in range(max(first, 1), min(first + THREAD, self.record.high + 1))
            if number % 10
        ]

    def _entry(self, number: int) -> Entry:
        day, place = self._stands(number)
        received = day * _DAY + place
        return Entry(
            number,
            b"<%d@x.example>" % number,
            bytes(16),
            received,
            received,
            received,
            100,
            1,
            1,
            self._thread(number),
            day=day,
            place=place,
        )

    async def entry(self, name: str, number: int) -> Entry:
        self._count(1)
        if not self.record.has(number):
            raise NoSuchMessage(f"{number}")
        return self._entry(number)

    def entries(self, name: str, first: int, last: int) -> AsyncIterator[Sequence[Entry]]:
        return self._entries(first, min(last, self.record.high))

    async def _entries(self, first: int, last: int) -> AsyncIterator[Sequence[Entry]]:
        for start in range(first, last + 1, 1000):
            numbers = range(start, min(start + 1000, last + 1))
            self._count(len(numbers))
            yield [self._entry(number) for number in numbers]

    def pages(self, kind: Rendition, name: str, first: int, last: int) -> AsyncIterator[Page]:
        return self._pages(kind, max(first, 1), min(last, self.record.high))

    async def _pages(self, kind: Rendition, first: int, last: int) -> AsyncIterator[Page]:
        for at in range(first // _PAGE, last // _PAGE + 1):
            numbers = range(max(at * _PAGE, 1), min((at + 1) * _PAGE, self.record.high + 1))
            self._count(len(numbers))
            yield Page(numbers, [self._row(kind, number) for number in numbers])

    def _row(self, kind: Rendition, number: int) -> bytes:
        if kind is Rendition.OVERVIEW:
            fields = b"Topic", b"A", b"", b"<%d@x.example>" % number, b"", b"100\t1"
            return b"\t".join(fields)
        if kind is Rendition.LISTING:
            day, place = self._stands(number)
            return b"%d\n\n0\n\nA\na@x.example\nTopic %d" % (day * _DAY + place, number)
        return b"How it begins"

    async def served(self, name: str, number: int) -> Served:
        return Served(b"<%d@x.example>" % number, b"Subject: x\r\n\r\nText\r\n", dotted=False)

    def links(self, name: str) -> AsyncIterator[Sequence[Link]]:
        return self._links()

    async def _links(self) -> AsyncIterator[Sequence[Link]]:
        for start in range(1, self.record.high + 1, 1000):
            numbers = range(start, min(start + 1000, self.record.high + 1))
            self._count(len(numbers))
            yield [Link(number, None, number, 0, self._thread(number)) for number in numbers]

    def __getattr__(self, name: str) -> NoReturn:
        raise AssertionError(f"listings have no use for {name}")
