"""Which messages a document is of: those of a thread, those of a month. What is hidden is of none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.web.answers import not_found
from gateway.web.body.rendering import parsing
from gateway.web.machine.archived import archived_id
from gateway.web.pages.bodies import finished
from gateway.web.pages.calendars import Month, calendar_of
from gateway.web.pages.drawings import drawing
from gateway.web.pages.located import by_id
from gateway.web.pages.walks import of_days

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.web.body.rendering import Parsed
    from gateway.web.pages.drawings import Drawing
    from gateway.web.pages.walks import Step
    from gateway.web.reading import Reading

__all__ = ["of_month", "parsed", "thread_of"]


async def thread_of(reading: Reading, name: str, message_id: bytes) -> Drawing:
    """Return the thread of a message.

    Raises:
        Refusal: the list does not show a message with this Message-ID.
    """
    return await drawing(reading, name, await by_id(reading, name, message_id))


async def of_month(reading: Reading, name: str, year: int, month: int) -> Sequence[Step]:
    """Return the messages that a list received in a month, by day and place.

    Raises:
        Refusal: there is no such list, or none came to it in that month that is shown.
    """
    record = reading.mailing_list(name)
    calendar = await calendar_of(reading, record)
    shown = Month(year, month)
    if shown not in calendar.months:
        raise not_found(f"No message came to {name} in that month.")
    return await of_days(reading, record, calendar, calendar.of_month(shown), record.count)


async def parsed(reading: Reading, name: str, octets: bytes) -> Parsed:
    """Return what a message of a list says; others have their turns meanwhile."""
    hides = reading.settings.is_obfuscated(name)
    return await finished(reading, parsing(octets, obfuscate=hides, archived_id=archived_id))
