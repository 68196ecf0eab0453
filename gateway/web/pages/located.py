"""Which message an address is of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.web.answers import Refusal, not_found
from gateway.web.pages.calendars import day_number
from storage.errors import NoSuchMessage, Removed

if TYPE_CHECKING:
    from gateway.web.reading import Reading

__all__ = ["by_id", "by_place", "check_shown", "gone"]


async def by_id(reading: Reading, name: str, message_id: bytes) -> int:
    """Return the number of the message with a Message-ID in a list.

    Raises:
        Refusal: there is none, it was removed, or it is hidden.
    """
    try:
        number = await reading.number(name, message_id)
    except Refusal:
        reading.mailing_list(name)
        if await reading.archive.was_removed(name, message_id):
            raise gone("This message was removed.") from None
        raise
    check_shown(reading, name, number)
    return number


async def by_place(
    reading: Reading, name: str, *, year: int, month: int, day: int, place: int
) -> int:
    """Return the number of the message that has a place of a day in a list.

    Raises:
        Refusal: there is none, it was removed, or it is hidden.
    """
    reading.mailing_list(name)
    days = day_number(year, month, day)
    if days is None:
        raise not_found("There is no such day.")
    try:
        number = await reading.archive.at_place(name, days, place)
    except Removed:
        raise gone("This message was removed.") from None
    except NoSuchMessage:
        raise not_found("There is no such message in this list.") from None
    check_shown(reading, name, number)
    return number


def check_shown(reading: Reading, name: str, number: int) -> None:
    """Pass for a message that is shown.

    Raises:
        Refusal: it is hidden.
    """
    if reading.mailing_list(name).is_hidden(number):
        raise gone("This message was hidden by the operator of this archive.")


def gone(text: str) -> Refusal:
    """Return the refusal of what was there and is no more. RFC 9110 s. 15.5.11."""
    return Refusal(410, text)
