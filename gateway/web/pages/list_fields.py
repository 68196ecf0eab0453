"""What the newest messages of a list say of it in their header: how to join it, to leave it, to write to it. RFC 2369."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from gateway.web.newest import latest_numbers
from storage.errors import NoSuchMessage
from storage.message.fields import parse_header

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.web.reading import Reading
    from storage.archive import Archive
    from storage.model import MailingList

__all__ = ["ListLink", "links_in", "list_links"]

_FIELDS: Final = (
    (b"list-subscribe", "Subscribe"),
    (b"list-unsubscribe", "Unsubscribe"),
    (b"list-post", "Write to the list"),
    (b"list-help", "Help of the list"),
    (b"list-archive", "Archive it names"),
)
"""Fields, and what the link is called."""

ASKED: Final = 5
"""Messages that are asked: what most of them say is believed, so that one message cannot lead readers astray."""

MAX_SIZE: Final = 200_000
"""Octets of a message that is asked."""

MAX_FIELD: Final = 1000
MAX_LINKS: Final = 3
"""Links that are taken of a field (RFC 2369 s. 2)."""

# Schemes that browsers open safely, and characters that URLs have.
_LINK: Final = re.compile(rb"<((?:mailto:|https?://)[!#-;=?-Z\[\]_a-z~]{1,500})>", re.IGNORECASE)

# Links that say who leaves: one with the subscriber's address in it, as ``list-unsubscribe-me=x.example@...``, and all
# of the web where one click is enough (RFC 8058 s. 3.2).
_OF_ONE: Final = re.compile(rb"mailto:[^@?]*=", re.IGNORECASE)
_ONE_CLICK: Final = re.compile(rb"http|mailto:[^@?]*=", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ListLink:
    """A link that the list gives, and what it is for."""

    purpose: str
    url: str


_kept: Final[WeakKeyDictionary[Archive, dict[str, tuple[MailingList, Sequence[ListLink]]]]] = (
    WeakKeyDictionary()
)


async def list_links(reading: Reading, record: MailingList) -> Sequence[ListLink]:
    """Return the links on which most of the newest messages agree; they are kept while the list does not change."""
    kept = _kept.setdefault(reading.archive, {})
    known = kept.get(record.name)
    if known is None or known[0] is not record:
        known = kept[record.name] = record, await _agreed(reading, record)
    return known[1]


async def _agreed(reading: Reading, record: MailingList) -> Sequence[ListLink]:
    counts: Counter[ListLink] = Counter()
    asked = 0
    for number in latest_numbers(record, 2 * ASKED):
        if asked == ASKED:
            break
        try:
            entry = await reading.archive.entry(record.name, number)
            if entry.size <= MAX_SIZE:
                served = await reading.archive.served(record.name, number)
                counts.update(set(links_in(served.head)))
                asked += 1
        except NoSuchMessage:
            pass  # removed since the catalogue was read
        await reading.breathe()
    purposes = [purpose for _, purpose in _FIELDS]
    agreed = [link for link, count in counts.items() if 2 * count > asked]
    return sorted(agreed, key=lambda link: (purposes.index(link.purpose), link.url))


def links_in(head: bytes) -> Sequence[ListLink]:
    """Return what the fields of a header say, but for what would make the archive itself leave the list."""
    header = parse_header(head)
    is_personal = _ONE_CLICK if header.first(b"list-unsubscribe-post") else _OF_ONE
    return [
        ListLink(purpose, f"{scheme.lower()}:{rest}")
        for name, purpose in _FIELDS
        for url in _LINK.findall((header.first(name) or b"")[:MAX_FIELD])[:MAX_LINKS]
        if name != b"list-unsubscribe" or not is_personal.match(url)
        for scheme, _, rest in [url.decode("ascii").partition(":")]
    ]
