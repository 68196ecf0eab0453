"""The threads of a list, by when they were last written to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gateway.web.answers import not_found
from gateway.web.body.obfuscation import obfuscated
from gateway.web.pages.calendars import calendar_of
from gateway.web.pages.lines import lines_of
from gateway.web.pages.numbers import parameter
from gateway.web.pages.walks import Step, backwards
from gateway.web.routes import route
from gateway.web.templates import page
from storage.errors import NoSuchMessage
from storage.model import Rendition

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence

    from gateway.web.answers import Answer
    from gateway.web.asks import Ask
    from gateway.web.pages.calendars import Calendar
    from gateway.web.pages.lines import Line
    from gateway.web.reading import Reading
    from storage.model import MailingList

__all__ = ["Latest", "ThreadRow", "latest_threads", "previews_of", "thread_rows"]

THREADS: Final = 50
"""Threads on a page."""

MAX_LOOKED_AT: Final = 2000
"""Messages among which the threads of one page are looked for."""

_BATCH: Final = 100  # messages that are looked at together

MAX_MEMBERS: Final = 40
"""Messages of a thread that are looked at for who wrote them."""

MAX_NAMES: Final = 4
"""Names of those who take part in a thread."""


@dataclass(frozen=True, slots=True)
class Found:
    """A thread: the numbers of its messages that are shown, ascending, and that of the last that came."""

    numbers: Sequence[int]
    last: int


@dataclass(frozen=True, slots=True)
class Latest:
    """Threads, the latest first; ``before`` is where others may be found, or 0."""

    threads: Sequence[Found] = ()
    before: int = 0


@dataclass(frozen=True, slots=True)
class ThreadRow:
    """What a listing shows of a thread; ``authors`` are some of those who take part, ``more`` tells of others."""

    first: Line
    last: Line
    url: str
    count: int
    authors: Sequence[str]
    more: bool
    preview: str = ""


@route("/{name}/threads")
async def threads(reading: Reading, ask: Ask, name: str) -> Answer:
    """Show the threads of a list, the latest first."""
    record = reading.mailing_list(name)
    calendar = await calendar_of(reading, record)
    number = parameter(ask, "before")
    before = await _step(reading, record, number) if number else None
    latest = await latest_threads(reading, record, calendar, THREADS, before)
    rows = await thread_rows(reading, name, latest.threads)
    return page(
        "threads.html",
        reading,
        ask,
        f"Threads of {name}",
        name=name,
        threads=rows,
        before=latest.before,
        is_first=before is None,
        is_indexed=before is None,
    )


async def latest_threads(
    reading: Reading,
    record: MailingList,
    calendar: Calendar,
    most: int,
    before: Step | None = None,
) -> Latest:
    """Return the threads of a list that were last active, or last active before a message came."""
    threads: list[Found] = []
    seen: set[bytes] = set()
    looked = last = 0
    async for steps in _batches(backwards(reading, record, calendar, before)):
        lines = await lines_of(reading, record.name, sorted(step.number for step in steps))
        for step in steps:
            if looked == MAX_LOOKED_AT or len(threads) == most:
                return Latest(threads, last)
            looked, last = looked + 1, step.number
            line = lines.get(step.number)
            if line is not None and line.thread not in seen:
                seen.add(line.thread)
                found = await _found(reading, record, step, line.thread)
                threads += [found] if found else []
                await reading.breathe()
    return Latest(threads)


async def _batches(steps: AsyncIterator[Step]) -> AsyncIterator[Sequence[Step]]:
    batch = []
    async for step in steps:
        batch.append(step)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


async def _found(reading: Reading, record: MailingList, step: Step, thread: bytes) -> Found | None:
    """Return the thread of a message; None if it was written to later.

    Whether it was is told by its message of the highest number, which is the last to come unless a list was put together
    in another order: then a thread may stand on two pages.
    """
    numbers = _shown(record, await reading.archive.in_thread(record.name, thread))
    if not numbers:
        return None
    if numbers[-1] != step.number:  # it mostly is the last to come
        try:
            last = await reading.archive.entry(record.name, numbers[-1])
        except NoSuchMessage:  # removed since
            return Found(numbers, step.number)
        if (last.day, last.place) > (step.day, step.place):
            return None
    return Found(numbers, step.number)


async def thread_rows(reading: Reading, name: str, found: Sequence[Found]) -> Sequence[ThreadRow]:
    """Return what is shown of threads."""
    wanted = {number for thread in found for number in (*_looked_at(thread.numbers), thread.last)}
    lines = await lines_of(reading, name, sorted(wanted))
    firsts = [each.numbers[0] for each in found]
    previews = await previews_of(reading, name, firsts)
    return [
        _thread_row(reading, name, each, lines, previews.get(each.numbers[0], ""))
        for each in found
        if each.numbers[0] in lines and each.last in lines
    ]


async def previews_of(reading: Reading, name: str, numbers: Iterable[int]) -> dict[int, str]:
    """Return how the texts of messages begin."""
    shown = obfuscated if reading.settings.is_obfuscated(name) else str
    found: dict[int, str] = {}
    for number in sorted(numbers):
        async for each in reading.archive.pages(Rendition.PREVIEW, name, number, number):
            for row in each.rows[each.span(number, number)]:
                found[number] = shown(row.decode("utf-8", "replace"))
        await reading.breathe()
    return found


def _shown(record: MailingList, numbers: Sequence[int]) -> Sequence[int]:
    """Return those numbers whose messages are not hidden."""
    if not record.hidden:
        return numbers
    hidden = frozenset(record.hidden)
    return [number for number in numbers if number not in hidden]


def _looked_at(numbers: Sequence[int]) -> Sequence[int]:
    return [*numbers[: MAX_MEMBERS // 2], *numbers[-MAX_MEMBERS // 2 :]]


def _thread_row(
    reading: Reading, name: str, found: Found, lines: dict[int, Line], preview: str
) -> ThreadRow:
    first = lines[found.numbers[0]]
    looked_at = [lines[each] for each in _looked_at(found.numbers) if each in lines]
    authors = list(dict.fromkeys(line.author for line in looked_at))
    return ThreadRow(
        first,
        lines[found.last],
        reading.urls.thread(name, first.message_id),
        len(found.numbers),
        authors[:MAX_NAMES],
        len(authors) > MAX_NAMES,
        preview,
    )


async def _step(reading: Reading, record: MailingList, number: int) -> Step:
    """Return where a message stands, which may have been removed since its number was given out."""
    present = number if record.has(number) else record.previous_present(number)
    try:
        entry = await reading.archive.entry(record.name, present or 0)
    except NoSuchMessage:
        raise not_found("There are no threads before that message.") from None
    return Step(entry.day, entry.place + (entry.number < number), entry.number)
