"""The messages of one page as FETCH reads them: columns, so that no message costs an object of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from itertools import compress
from typing import TYPE_CHECKING, Final, TypeVar
from weakref import WeakKeyDictionary

from gateway.imap.responses import No
from gateway.imap.view import msn
from storage.errors import NoSuchMessage
from storage.facts import Facts, decode_facts
from storage.model import Rendition
from storage.pages import PAGE_BITS

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence

    from gateway.imap.view import View
    from storage.archive import Archive
    from storage.model import Entry, MailingList, Page

__all__ = ["Rows", "lacks_rows", "not_ready", "page_runs", "read_rows"]

T = TypeVar("T")

KEPT_TEXTS: Final = 4
"""How many different texts are kept that were made of the same rows of a page."""

_made: Final[WeakKeyDictionary[Page, dict[Hashable, list[bytes]]]] = WeakKeyDictionary()


@dataclass(eq=False)
class Rows:
    """Some messages of one page: what is at ``i`` in each column is of ``numbers[i]``.

    ``msns`` are their sequence numbers, ``texts`` the rows of the renditions that were asked for, ``entries`` what the
    archive knows of each, if that was asked for. ``pages`` are where those rows come from, if that is one run of a page.
    """

    view: View
    numbers: Sequence[int]
    msns: Sequence[int]
    texts: Mapping[Rendition, Sequence[bytes]]
    entries: Sequence[Entry] = ()
    pages: Mapping[Rendition, tuple[Page, slice]] = field(default_factory=dict)

    def made(
        self, kind: Rendition, key: Hashable, make: Callable[[bytes], bytes]
    ) -> Sequence[bytes]:
        """Return what is made of each row of a rendition; of whole pages that is kept under ``key`` with the page."""
        page, span = self.pages.get(kind, (None, slice(0)))
        if page is None or 2 * len(self.numbers) < len(page.rows):
            return list(map(make, self.texts[kind]))
        kept = _made.setdefault(page, {})
        texts = kept.pop(key, None)
        if texts is None:
            texts = list(map(make, page.rows))
            if len(kept) == KEPT_TEXTS:
                del kept[next(iter(kept))]
        kept[key] = texts  # the last one, since it was asked for last
        return texts[span]

    @cached_property
    def facts(self) -> Facts:
        """Times and sizes."""
        return decode_facts(self.texts[Rendition.FACTS])

    @cached_property
    def flags(self) -> Sequence[bytes]:
        """The flags of each, separated by spaces."""
        marks = self.view.marks
        return [b""] * len(self.numbers) if marks is None else marks.column(self.numbers)


def page_runs(runs: Iterable[range], bits: int = PAGE_BITS) -> Iterator[list[range]]:
    """Yield runs of numbers, cut where pages end, those of one page together; or where shares of ``2 ** bits`` do."""
    held: list[range] = []
    page = -1
    for run in runs:
        start = run[0]
        while start <= run[-1]:
            at = start >> bits
            end = min(run[-1] + 1, (at + 1) << bits)
            if at != page and held:
                yield held
                held = []
            page = at
            held.append(range(start, end))
            start = end
    if held:
        yield held


async def read_rows(
    archive: Archive,
    view: View,
    current: MailingList,
    runs: Sequence[range],
    kinds: Iterable[Rendition] = (),
    *,
    with_entries: bool = False,
) -> Rows:
    """Read what is asked for of the messages of one page: those that are still there.

    ``runs`` are numbers that the view knows; ``current`` is the list as it is now.
    """
    if current is not view.record:
        runs = [part for run in runs for part in current.present(run[0], run[-1])]
    if not runs:
        return Rows(view, (), (), dict.fromkeys(kinds, ()))
    numbers, msns = _joined(runs), _joined([_msns(view.record, run) for run in runs])
    first, last = numbers[0], numbers[-1]
    texts: dict[Rendition, Sequence[bytes]] = {}
    pages: dict[Rendition, tuple[Page, slice]] = {}
    there: list[Sequence[int]] = []
    for kind in kinds:
        has: Sequence[int] = ()
        texts[kind] = ()
        async for page in archive.pages(kind, view.name, first, last):
            span = page.span(first, last)
            has, texts[kind] = page.numbers[span], page.rows[span]
            pages[kind] = page, span
        there.append(has)
    entries: list[Entry] = []
    if with_entries:
        async for batch in archive.entries(view.name, first, last):
            entries += batch
        there.append([entry.number for entry in entries])
    if all(len(has) == len(numbers) == last - first + 1 for has in there):
        return Rows(view, numbers, msns, texts, entries, pages)
    shared = set(numbers).intersection(*there)
    for kind, has in zip(texts, there, strict=False):
        texts[kind] = _chosen(texts[kind], has, shared)
    return Rows(
        view,
        _chosen(numbers, numbers, shared),
        _chosen(msns, numbers, shared),
        texts,
        [entry for entry in entries if entry.number in shared],
    )


def not_ready() -> No:
    """Return the refusal where messages have not been rendered yet. RFC 5530 s. 3, UNAVAILABLE."""
    return No("some messages are not ready yet, try again", b"UNAVAILABLE")


async def lacks_rows(
    archive: Archive, rows: Rows, current: MailingList, runs: Sequence[range]
) -> bool:
    """Tell whether messages of ``runs`` that are there have no rows; what was removed a moment ago is not there."""
    there = [part for run in runs for part in current.present(run[0], run[-1])]
    if len(rows.numbers) == sum(map(len, there)):
        return False
    has = set(rows.numbers)
    for number in (number for part in there for number in part if number not in has):
        try:
            await archive.entry(current.name, number)
        except NoSuchMessage:
            continue
        return True
    return False


def _msns(record: MailingList, run: range) -> range:
    start = msn(record, run[0])
    return range(start, start + len(run))


def _joined(runs: Sequence[range]) -> Sequence[int]:
    return runs[0] if len(runs) == 1 else [number for run in runs for number in run]


def _chosen(column: Sequence[T], numbers: Iterable[int], chosen: set[int]) -> Sequence[T]:
    """Return what of a column belongs to the chosen ones of ``numbers``."""
    return list(compress(column, map(chosen.__contains__, numbers)))
