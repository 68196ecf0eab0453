"""Days and places in memory, and which messages are hidden."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from storage.days import DayCount, Placed, id_sha1
from storage.errors import NoSuchMessage, Removed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from storage.memory_shelf import Shelf, Stored
    from storage.model import MailingList

__all__ = ["at_place", "days", "hashed", "hide", "on_day", "unhide"]


def days(shelf: Shelf, record: MailingList) -> Sequence[DayCount]:
    """Return the days that have messages, ascending."""
    counts: dict[int, DayCount] = {}
    for number, stored in _present(shelf, record):
        known = counts.get(stored.day, DayCount(stored.day, 0))
        hidden = known.hidden + record.is_hidden(number)
        counts[stored.day] = replace(known, count=known.count + 1, hidden=hidden)
    return [counts[day] for day in sorted(counts)]


def on_day(shelf: Shelf, record: MailingList, day: int) -> Sequence[Placed]:
    """Return the messages of a day, by their places."""
    found = (Placed(each.place, n) for n, each in _present(shelf, record) if each.day == day)
    return sorted(found)


def at_place(shelf: Shelf, record: MailingList, day: int, place: int) -> int:
    """Return the number of the message that has a place of a day.

    Raises:
        NoSuchMessage: no message has come to that place; ``Removed`` where it was removed.
    """
    where = f"{record.name}, day {day}: {place}"
    for number, stored in shelf.messages.items():
        if (stored.day, stored.place) == (day, place):
            if number > record.high:
                raise NoSuchMessage(where)
            return number
    if 0 < place <= shelf.given.get(day, 0):
        raise Removed(where)
    raise NoSuchMessage(where)


def hashed(shelf: Shelf, record: MailingList, sha1: bytes) -> Sequence[int]:
    """Return the numbers of the messages whose Message-ID has this SHA-1."""
    present = _present(shelf, record)
    return [number for number, each in present if id_sha1(each.message.message_id) == sha1]


def hide(shelf: Shelf, numbers: Iterable[int]) -> None:
    """Hide messages.

    Raises:
        NoSuchMessage: one of them is not there.
    """
    record = shelf.record
    hidden = {*record.hidden}
    for number in numbers:
        if number not in shelf.messages or number > record.high:
            raise NoSuchMessage(f"{record.name} {number}")
        hidden.add(number)
    shelf.record = replace(record, hidden=sorted(hidden))


def unhide(shelf: Shelf, numbers: Iterable[int]) -> None:
    """Hide messages no longer."""
    hidden = {*shelf.record.hidden}.difference(numbers)
    shelf.record = replace(shelf.record, hidden=sorted(hidden))


def _present(shelf: Shelf, record: MailingList) -> Iterator[tuple[int, Stored]]:
    """Yield the messages that readers see, and their numbers, ascending."""
    for run in record.present(1, record.high):
        for number in run:
            if number in shelf.messages:
                yield number, shelf.messages[number]
