"""A second opinion: whether one message matches a query, told from the message alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from storage.message.dates import written_day
from storage.message.fields import parse_header
from storage.message.text import Searchable, field_texts, fold_needle, searchable
from storage.query import (
    All,
    And,
    Arrived,
    Body,
    Digest,
    Field,
    Larger,
    Marked,
    Not,
    Numbers,
    Or,
    Received,
    Sent,
    Smaller,
    Text,
)
from tests.mail import done

if TYPE_CHECKING:
    from storage.archive import Archive
    from storage.message.fields import Header
    from storage.model import Entry
    from storage.query import Query

DAY = 86_400


@dataclass(frozen=True, slots=True)
class Known:
    """What there is to know of a message."""

    entry: Entry
    header: Header
    text: Searchable


def known(archive: Archive, name: str) -> list[Known]:
    """Return all messages of a list."""
    record = archive.mailing_list(name)
    numbers = [number for run in record.present(1, record.high) for number in run]
    found = []
    for number in numbers:
        octets = done(archive.served(name, number)).octets
        entry = done(archive.entry(name, number))
        found.append(Known(entry, parse_header(octets), searchable(octets)))
    return found


def matching(messages: list[Known], query: Query) -> list[int]:
    """Return the numbers of those that match."""
    return [each.entry.number for each in messages if matches(each, query)]


def matches(message: Known, query: Query) -> bool:  # noqa: C901, PLR0912  a branch each
    """Tell whether a message matches."""
    entry = message.entry
    match query:
        case All():
            return True
        case And(parts):
            return all(matches(message, part) for part in parts)
        case Or(parts):
            return any(matches(message, part) for part in parts)
        case Not(part):
            return not matches(message, part)
        case Numbers(runs):
            return any(low <= entry.number <= high for low, high in runs)
        case Marked(numbers):
            return entry.number in numbers
        case Sent(since, before):
            day = written_day(message.header.first(b"date") or b"")
            return day is not None and between(day * DAY, since, before)
        case Received(since, before):
            return between(entry.received, since, before)
        case Arrived(since, before):
            return between(entry.arrived, since, before)
        case Larger(size):
            return entry.size > size
        case Smaller(size):
            return entry.size < size
        case Digest(octets):
            return entry.digest == octets
        case Field(name, needle):
            texts = field_texts(message.header, name.lower())
            return any(fold_needle(needle, in_header=True) in text for text in texts)
        case Text(needle):
            in_head = octets_of(needle, in_header=True) in message.text.head
            return in_head or matches(message, Body(needle))
        case Body(needle):
            return octets_of(needle, in_header=False) in message.text.body


def octets_of(needle: str, *, in_header: bool) -> bytes:
    return fold_needle(needle, in_header=in_header).encode("utf-8", "surrogatepass")


def between(time: int, since: int | None, before: int | None) -> bool:
    return (since is None or since <= time) and (before is None or time < before)
