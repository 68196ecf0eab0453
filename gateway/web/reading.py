"""What a web page function reads the archive through: for one reader, who is mostly anybody."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from gateway.access import Access
from gateway.web.answers import not_found
from gateway.web.settings import Settings
from gateway.web.urls import Urls
from storage.errors import NoSuchList, NoSuchMessage
from storage.listing import decode_listing
from storage.model import Rendition

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    from storage.archive import Archive
    from storage.model import Entry, Location, MailingList, Served

__all__ = ["NOBODY", "NO_SUBJECT", "Reading", "Row", "runs_near"]

NO_SUBJECT: Final = "(no subject)"
NOBODY: Final = "(nobody)"
"""What stands for a subject and an author where there is none."""

_NEAR: Final = 256  # numbers that are no farther apart do


@dataclass(frozen=True, slots=True)
class Row:
    """What a listing shows of a message; ``zone`` is None where no date was written that could be read."""

    number: int
    message_id: bytes
    sent: int
    zone: int | None
    attachments: int
    is_patch: bool
    name: str
    address: str
    subject: str

    @property
    def author(self) -> str:
        """Who wrote it: the name, or the address where there is no name, which may have to be shortened."""
        return self.name or self.address or NOBODY


async def _go_on() -> None:
    """Do not pause."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The archive as one reader sees it. A list that may not be read is one that does not exist.

    ``breathe`` is awaited now and then in long work, so that others get their turn. ``now`` is the time in seconds.
    """

    archive: Archive
    settings: Settings = field(default_factory=Settings)
    urls: Urls = field(default_factory=Urls)
    access: Access = field(default_factory=Access)
    breathe: Callable[[], Awaitable[None]] = _go_on
    now: int = 0

    def lists(self) -> Sequence[MailingList]:
        """Return the lists that may be read, ordered by name."""
        return [record for record in self.archive.lists() if self.access.readable(record.name)]

    def mailing_list(self, name: str) -> MailingList:
        """Return a list.

        Raises:
            Refusal: there is none so called that may be read.
        """
        if self.access.readable(name):
            try:
                return self.archive.mailing_list(name)
            except NoSuchList:
                pass
        raise not_found("There is no such list here.")

    async def number(self, name: str, message_id: bytes) -> int:
        """Return the number of the message with this Message-ID in a list.

        Raises:
            Refusal: the list has none.
        """
        self.mailing_list(name)
        for place in await self.archive.find(message_id):
            if place.name == name:
                return place.number
        raise not_found("There is no such message in this list.")

    async def elsewhere(self, name: str, message_id: bytes) -> Sequence[Location]:
        """Return where else a message lies, in lists that may be read."""
        return [
            place
            for place in await self.archive.find(message_id)
            if place.name != name and self.access.readable(place.name)
        ]

    async def entry(self, name: str, number: int) -> Entry:
        """Return what is known of a message.

        Raises:
            Refusal: the list has no such message.
        """
        try:
            return await self.archive.entry(name, number)
        except NoSuchMessage:
            raise not_found("There is no such message in this list.") from None

    async def served(self, name: str, number: int) -> Served:
        """Return a message.

        Raises:
            Refusal: the list has no such message.
        """
        try:
            return await self.archive.served(name, number)
        except NoSuchMessage:
            raise not_found("There is no such message in this list.") from None

    async def rows(self, name: str, numbers: Sequence[int]) -> dict[int, Row]:
        """Return what a listing shows of the messages with these numbers; those that are not there are left out."""
        found: dict[int, Row] = {}
        for together in runs_near(sorted(numbers)):
            first, last = together[0], together[-1]
            ids: dict[int, bytes] = {}
            async for page in self.archive.pages(Rendition.OVERVIEW, name, first, last):
                for number, row in _picked(page.numbers, page.rows, together):
                    ids[number] = row.split(b"\t", 4)[3]
            async for page in self.archive.pages(Rendition.LISTING, name, first, last):
                for number, row in _picked(page.numbers, page.rows, together):
                    if number in ids:
                        found[number] = _row(number, ids[number], row)
                await self.breathe()
        return found


def runs_near(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    """Yield runs of ascending numbers that lie near each other, to be read together."""
    start = 0
    for at, (one, other) in enumerate(pairwise(numbers), 1):
        if other - one > _NEAR:
            yield numbers[start:at]
            start = at
    if numbers:
        yield numbers[start:]


def _picked(
    numbers: Sequence[int], rows: Sequence[bytes], wanted: Sequence[int]
) -> Iterator[tuple[int, bytes]]:
    """Yield those rows of a page that are wanted."""
    at = bisect_left(wanted, numbers[0])
    for number in wanted[at : bisect_left(wanted, numbers[-1] + 1)]:
        place = bisect_left(numbers, number)
        if numbers[place] == number:
            yield number, rows[place]


def _row(number: int, message_id: bytes, row: bytes) -> Row:
    shown = decode_listing(row)
    return Row(
        number,
        message_id,
        shown.sent,
        shown.zone,
        shown.attachments,
        shown.is_patch,
        shown.name,
        shown.address,
        shown.subject,
    )
