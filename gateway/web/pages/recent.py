"""The newest messages of a list, and those that came after a number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.web.pages.calendars import calendar_of
from gateway.web.pages.lines import lines_of, listed
from gateway.web.pages.walks import backwards
from gateway.web.routes import route
from gateway.web.templates import page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.web.answers import Answer
    from gateway.web.asks import Ask
    from gateway.web.pages.lines import Line
    from gateway.web.reading import Reading
    from storage.model import MailingList

__all__ = ["numbers_since", "recent"]

RECENT: Final = 100
"""Messages on the page, as blists has it."""

MAX_SINCE: Final = 500
"""Messages that are shown of those that came after a number."""


@route("/{name}/recent")
async def recent(reading: Reading, ask: Ask, name: str) -> Answer:
    """Show the newest messages, the last to come first."""
    record = reading.mailing_list(name)
    lines = await _newest(reading, record)
    return page(
        "recent.html",
        reading,
        ask,
        f"Recent messages of {name}",
        name=name,
        count=len(lines),
        rows=listed(lines),
        total=record.count - len(record.hidden),
    )


async def _newest(reading: Reading, record: MailingList) -> Sequence[Line]:
    calendar = await calendar_of(reading, record)
    numbers: list[int] = []
    async for step in backwards(reading, record, calendar):
        numbers.append(step.number)
        if len(numbers) == RECENT:
            break
    lines = await lines_of(reading, record.name, sorted(numbers))
    return [lines[number] for number in numbers if number in lines]


async def numbers_since(
    reading: Reading, record: MailingList, after: int
) -> tuple[Sequence[int], bool]:
    """Return the numbers above one of messages that are shown, ascending, and whether they are all."""
    found: list[int] = []
    for run in record.present(after + 1, record.high):
        for number in run:
            if record.is_hidden(number):
                continue
            if len(found) == MAX_SINCE:
                return found, False
            found.append(number)
    return found, True
