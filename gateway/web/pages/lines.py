"""Lines: what a listing shows of a message, written out once and kept as long as what it is made of."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Final, NamedTuple
from weakref import WeakKeyDictionary, ref

from markupsafe import Markup, escape

from gateway.web.body.obfuscation import obfuscated
from gateway.web.pages.outline import bare_subject
from gateway.web.reading import NO_SUBJECT, NOBODY, runs_near
from gateway.web.templates import iso
from storage.listing import decode_listing
from storage.model import Rendition
from storage.pages import page_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gateway.web.reading import Reading
    from storage.model import Entry, Page

__all__ = ["Line", "lines_of", "listed", "listed_by_place"]

KEPT_LINES: Final = 50_000
"""Lines that are kept, of all lists: some fifty megabytes."""


class Line(NamedTuple):
    """A message as listings show it; ``references`` are its ancestors, oldest first, ``thread`` is as in ``Entry``.

    ``topic`` is the subject without the marks of an answer. ``url``, ``title``, ``by`` and ``when`` are HTML: where it is,
    what it is about, who wrote it, when it was sent.
    """

    number: int
    message_id: bytes
    references: bytes
    thread: bytes
    subject: str
    topic: str
    author: str
    date: str
    time: str
    url: str
    title: str
    by: str
    when: str

    @property
    def item(self) -> str:
        """The item of a list, as HTML."""
        return f'<a href="{self.url}">{self.title}</a> <span class="meta">{self.by}, {self.when}</span></li>\n'

    @property
    def answer(self) -> str:
        """The item of a list, as HTML, without the subject."""
        return f'<a href="{self.url}">{self.by}</a> <span class="meta">{self.when}</span></li>\n'


class _Kept:
    """The lines made from one page of listings and one of overviews, in one manner."""

    __slots__ = ("lines", "manner", "overview")

    def __init__(self, overview: Page, manner: tuple[str, bool]) -> None:
        self.overview = ref(overview)
        self.manner = manner
        self.lines: dict[int, Line] = {}


class _Pages:
    """What is kept, by the page of listings; all is forgotten when there may be too much."""

    def __init__(self) -> None:
        self._kept: WeakKeyDictionary[Page, _Kept] = WeakKeyDictionary()
        self._made = 0

    def kept(self, listing: Page, overview: Page, manner: tuple[str, bool]) -> dict[int, Line]:
        """Return the lines of two pages that were made in a manner, to be added to."""
        kept = self._kept.get(listing)
        if kept is None or kept.overview() is not overview or kept.manner != manner:
            kept = self._kept[listing] = _Kept(overview, manner)
        return kept.lines

    def count(self, made: int) -> None:
        """Take note that lines were made."""
        self._made += made
        if self._made > KEPT_LINES:
            self._made = 0
            self._kept.clear()


_PAGES: Final = _Pages()


async def lines_of(reading: Reading, name: str, numbers: Sequence[int]) -> dict[int, Line]:
    """Return the lines of the messages with these numbers, which ascend; those that are not there are left out."""
    found: dict[int, Line] = {}
    archive, writing = reading.archive, _Writing(reading, name)
    for together in runs_near(numbers):
        first, last = together[0], together[-1]
        overviews = {
            page_of(page.numbers[0]): page
            async for page in archive.pages(Rendition.OVERVIEW, name, first, last)
        }
        async for listing in archive.pages(Rendition.LISTING, name, first, last):
            overview = overviews.get(page_of(listing.numbers[0]))
            if overview is not None:
                low = bisect_left(together, listing.numbers[0])
                high = bisect_left(together, listing.numbers[-1] + 1)
                await writing.take(found, together[low:high], listing, overview)
            await reading.breathe()
    return found


class _Writing:
    """Writes lines of a list, where they are not kept."""

    def __init__(self, reading: Reading, name: str) -> None:
        self._archive = reading.archive
        self._name = name
        self._urls = reading.urls
        self._is_obfuscated = reading.settings.is_obfuscated(name)

    async def take(
        self, found: dict[int, Line], numbers: Sequence[int], listing: Page, overview: Page
    ) -> None:
        """Add the lines of those numbers that are in both pages."""
        lines = _PAGES.kept(listing, overview, (self._urls.root, self._is_obfuscated))
        new = {number for number in numbers if number not in lines}
        if new:
            _PAGES.count(len(new))
            async for entries in self._archive.entries(self._name, min(new), max(new)):
                for entry in entries:
                    row, other = _row(listing, entry.number), _row(overview, entry.number)
                    if entry.number in new and row is not None and other is not None:
                        lines[entry.number] = self._line(entry, row, other)
        for number in numbers:
            line = lines.get(number)
            if line is not None:
                found[number] = line

    def _line(self, entry: Entry, row: bytes, overview: bytes) -> Line:
        shown = decode_listing(row)
        _, _, _, message_id, references, _ = overview.split(b"\t", 5)
        subject, author = shown.subject or NO_SUBJECT, shown.name or shown.address or NOBODY
        if self._is_obfuscated:
            subject, author = obfuscated(subject), obfuscated(author)
        date = iso(shown.sent)
        time = f"{date[:10]} {date[11:16]}"
        signs = _signs(shown.attachments, is_patch=shown.is_patch)
        return Line(
            entry.number,
            message_id,
            references,
            entry.thread,
            subject,
            bare_subject(subject),
            author,
            date,
            time,
            str(escape(self._urls.message(self._name, message_id))),
            str(escape(subject)),
            str(escape(author)),
            f'<time datetime="{date}">{time}</time>{signs}',
        )


def listed(lines: Iterable[Line]) -> Markup:
    """Return the items of a list of messages."""
    return Markup("".join([f"<li>{line.item}" for line in lines]))  # noqa: S704  escaped


def listed_by_place(url: str, placed: Iterable[tuple[int, Line]]) -> Markup:
    """Return the items of a list of the messages of a day, whose page has the address ``url``."""
    day = escape(url)
    items = [
        f'<li value="{place}"><a href="{day}{place}">{line.title}</a> <span class="meta">{line.by}, {line.when}</span></li>\n'
        for place, line in placed
    ]
    return Markup("".join(items))  # noqa: S704  escaped


def _row(page: Page, number: int) -> bytes | None:
    at = bisect_left(page.numbers, number)
    return page.rows[at] if at < len(page.numbers) and page.numbers[at] == number else None


def _signs(attachments: int, *, is_patch: bool) -> str:
    """Return what else there is in a message, in words to be added to others."""
    patch = ", patch" if is_patch else ""
    if attachments == 1:
        return f"{patch}, 1 attachment"
    return f"{patch}, {attachments} attachments" if attachments else patch
