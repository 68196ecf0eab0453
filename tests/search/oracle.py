"""A second opinion: whether one message matches a query, told from the message alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from storage.listing import decode_listing, listing_row
from storage.material import Material
from storage.message.dates import written_day
from storage.message.fields import parse_header
from storage.message.terms import RUN_ON, SIGNS
from storage.message.text import Searchable, field_texts, fold_needle, searchable
from storage.query import (
    All,
    And,
    Arrived,
    Attached,
    Body,
    Digest,
    Field,
    Larger,
    Marked,
    Not,
    Numbers,
    Or,
    Patched,
    Received,
    Sent,
    Smaller,
    Text,
    Words,
)
from tests.mail import done

if TYPE_CHECKING:
    from storage.archive import Archive
    from storage.listing import Listing
    from storage.message.fields import Header
    from storage.model import Entry
    from storage.query import Query

DAY = 86_400

SIGN = re.compile(f"[{SIGNS}]|[^a-zA-Z0-9\x80-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Known:
    """What there is to know of a message."""

    entry: Entry
    header: Header
    text: Searchable
    listing: Listing


def known(archive: Archive, name: str) -> list[Known]:
    """Return all messages of a list."""
    record = archive.mailing_list(name)
    numbers = [number for run in record.present(1, record.high) for number in run]
    found = []
    for number in numbers:
        octets = done(archive.served(name, number)).octets
        entry = done(archive.entry(name, number))
        material = Material.of(done(archive.served(name, number)), entry.sent, entry.received)
        listing = decode_listing(listing_row(material))
        found.append(Known(entry, parse_header(octets), searchable(octets), listing))
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
        case Words():
            return has_words(message, query)
        case Attached():
            return message.listing.attachments > 0
        case Patched():
            return message.listing.is_patch
        case Text(needle):
            in_head = octets_of(needle, in_header=True) in message.text.head
            return in_head or matches(message, Body(needle))
        case Body(needle):
            return octets_of(needle, in_header=False) in message.text.body


def has_words(message: Known, query: Words) -> bool:
    """Tell whether words stand one behind the other, by dividing all texts in the plainest way."""
    sought = units(fold_needle(query.text, in_header=True))
    if not sought:
        return True
    if query.name:
        texts = field_texts(message.header, query.name)
    else:
        texts = message.text.body.decode("utf-8", "surrogatepass").split("\0")
    return any(stands(units(text), sought, query) for text in texts)


def stands(text: list[str], sought: list[str], query: Words) -> bool:
    """Tell whether some words stand in others; those that have no spaces between them may be part of more."""
    return any(
        all(
            fits(
                text[start + at],
                word,
                at_start=at > 0 or query.at_start,
                at_end=at < len(sought) - 1 or query.at_end,
            )
            for at, word in enumerate(sought)
        )
        for start in range(len(text) - len(sought) + 1)
    )


def fits(unit: str, word: str, *, at_start: bool, at_end: bool) -> bool:
    if RUN_ON.match(word):
        return word in unit
    if RUN_ON.match(unit):
        return False
    if at_start and at_end:
        return unit == word
    if at_start:
        return unit.startswith(word)
    return unit.endswith(word) if at_end else word in unit


@cache
def units(text: str) -> list[str]:
    """Return the words of a folded text."""
    kinds = "".join("r" if RUN_ON.match(c) else "s" if SIGN.match(c) else "l" for c in text)
    return [text[each.start() : each.end()] for each in re.finditer("r+|l+", kinds)]


def octets_of(needle: str, *, in_header: bool) -> bytes:
    return fold_needle(needle, in_header=in_header).encode("utf-8", "surrogatepass")


def between(time: int, since: int | None, before: int | None) -> bool:
    return (since is None or since <= time) and (before is None or time < before)
