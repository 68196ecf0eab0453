"""Days and places: the names that messages have by when they came, and the counts of a calendar.

A message's day is that on which its list received it, in UTC; its place is its rank among those of that day in the order in
which they came into the archive, from 1. Both are given with its number and stay for ever: a better copy that was received
on another day does not change them, and the place of a message that was removed is given to no other.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from hashlib import sha1
from typing import Final, NamedTuple

__all__ = [
    "MAX_DAY",
    "SHA1_OCTETS",
    "DayCount",
    "Placed",
    "date_of",
    "day_of",
    "day_on",
    "hash_key",
    "id_sha1",
]

MAX_DAY: Final = 2_932_896
"""9999-12-31: behind it there is no date that programs can write."""

SHA1_OCTETS: Final = 20

_DAY_SECONDS: Final = 86_400
_KEY_OCTETS: Final = 8
_EPOCH: Final = dt.date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class DayCount:
    """How many messages of a day (since 1970-01-01) are present, and how many of them are hidden."""

    day: int
    count: int
    hidden: int = 0


class Placed(NamedTuple):
    """Which place of a day a message has, by its number."""

    place: int
    number: int


def day_of(received: int) -> int:
    """Return the day of a time; one before 1970 or after 9999 is that of the first or the last day."""
    return max(0, min(received // _DAY_SECONDS, MAX_DAY))


def date_of(day: int) -> dt.date:
    """Return the date of a day."""
    return dt.date.fromordinal(day + _EPOCH)


def day_on(date: dt.date) -> int:
    """Return the day of a date."""
    return date.toordinal() - _EPOCH


def id_sha1(message_id: bytes) -> bytes:
    """Return the SHA-1 of a Message-ID without its angle brackets, by which Mailman and HyperKitty name a message.

    They write it in base32, as the field X-Message-ID-Hash has it.
    """
    bare = message_id.removeprefix(b"<").removesuffix(b">")
    return sha1(bare, usedforsecurity=False).digest()


def hash_key(digest: bytes) -> int:
    """Return what a SHA-1 is looked up by: the first octets of it, as a signed integer."""
    return int.from_bytes(digest[:_KEY_OCTETS], "big", signed=True)
