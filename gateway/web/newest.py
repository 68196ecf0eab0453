"""Which messages came to a list last, of those that are shown, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from storage.errors import NoSuchMessage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.web.reading import Reading
    from storage.archive import Archive
    from storage.model import MailingList

__all__ = ["latest_numbers", "received_at", "shown_below"]

_MAX_PASSED_OVER: Final = 1000  # hidden messages behind which no others are looked for

_kept: Final[WeakKeyDictionary[Archive, dict[str, tuple[MailingList, int, int]]]] = (
    WeakKeyDictionary()
)


def latest_numbers(record: MailingList, most: int) -> Sequence[int]:
    """Return the numbers of the last messages that are not hidden, the newest first."""
    found: list[int] = []
    number = shown_below(record, record.high + 1)
    while number is not None and len(found) < most:
        found.append(number)
        number = shown_below(record, number)
    return found


def shown_below(record: MailingList, number: int) -> int | None:
    """Return the highest number below one of which a message is present and not hidden, or None."""
    found = record.previous_present(number)
    for _ in range(_MAX_PASSED_OVER):
        if found is None or not record.is_hidden(found):
            return found
        found = record.previous_present(found)
    return None


async def received_at(reading: Reading, record: MailingList, number: int | None) -> int | None:
    """Return when a list received a message, or None where that has gone; for each list the last one asked for is kept."""
    if number is None:
        return None
    kept = _kept.setdefault(reading.archive, {})
    known = kept.get(record.name)
    if known is None or known[0] is not record or known[1] != number:
        try:
            entry = await reading.archive.entry(record.name, number)
        except NoSuchMessage:
            return None
        known = kept[record.name] = record, number, entry.received
    return known[2]
