"""The entries of feeds, made once of each message and kept until its list tells that the message changed. RFC 4287.

An entry is the same whoever asks. Only the scheme and authority of the addresses in it are another's, where the archive
is not told its own: NUL, which XML cannot hold, stands for them until it is sent.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote_from_bytes
from weakref import WeakKeyDictionary

from gateway.web.body.rendering import render as render_body
from gateway.web.machine.documents import moment, veiled
from gateway.web.machine.gathering import parsed
from gateway.web.reading import NO_SUBJECT
from gateway.web.templates import render
from gateway.web.urls import SAFE
from storage.errors import NoSuchMessage
from storage.message.fields import parse_header
from storage.message.ids import references
from storage.model import Rendition

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from gateway.web.body import Parsed
    from gateway.web.reading import Reading, Row
    from storage.archive import Archive
    from storage.model import MailingList, Served

__all__ = ["ORIGIN", "FeedEntry", "entries", "id_iri", "xml_text"]

ORIGIN: Final = "\0"
"""Stands for scheme and authority in what is kept."""

KEPT_OCTETS: Final = 32 << 20
"""Octets of entries that are kept."""

MAX_CONTENT: Final = 1 << 17
"""Characters of the HTML that an entry holds of a message; of one that has more, it holds the beginning of the text."""

MAX_EXCERPT: Final = 1 << 14
"""Characters of that beginning."""

_MAX_LOOKED_UP: Final = 20  # messages that one mentions of which it is asked where they are

_ADDRESS: Final = re.compile(r"[^\s@]+@\S+")
_NO_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What XML 1.0 s. 2.2 does not allow, not even as a reference."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """What stands in an entry."""

    id: str
    title: str
    updated: str
    published: str
    author: str
    address: str
    url: str
    list: str
    parent: str
    summary: str
    content: str


class FeedEntry(NamedTuple):
    """An entry as it is written; whose it is, and when that was received; and whether it mentions other messages.

    Those may come into the list later, or go.
    """

    written: bytes
    message_id: bytes
    received: int
    is_mentioning: bool


_Key = tuple[str, int, bool, str]


@dataclass(slots=True)
class _Kept:
    """The entries kept of an archive, those used last, and as what each list was when they were right."""

    made: OrderedDict[_Key, FeedEntry] = field(default_factory=OrderedDict)
    seen: dict[str, MailingList] = field(default_factory=dict)
    octets: int = 0

    def get(self, key: _Key) -> FeedEntry | None:
        """Return an entry, if it is kept."""
        entry = self.made.get(key)
        if entry is not None:
            self.made.move_to_end(key)
        return entry

    def keep(self, key: _Key, entry: FeedEntry) -> None:
        """Keep an entry, and let go of those that were not used for longest."""
        self.forget([key])
        self.made[key] = entry
        self.octets += len(entry.written)
        while self.octets > KEPT_OCTETS:
            self.forget([next(iter(self.made))])

    def forget(self, keys: Sequence[_Key]) -> None:
        """Let go of entries."""
        for key in keys:
            entry = self.made.pop(key, None)
            if entry is not None:
                self.octets -= len(entry.written)


_kept: Final[WeakKeyDictionary[Archive, _Kept]] = WeakKeyDictionary()


async def entries(reading: Reading, name: str, numbers: Sequence[int]) -> Sequence[FeedEntry]:
    """Return the entries of a list's messages, in the order of their numbers as given; ``ORIGIN`` is yet to be put in.

    Those that are not there are left out.
    """
    kept = _kept.setdefault(reading.archive, _Kept())
    record = reading.mailing_list(name)
    await _refresh(kept, reading, record)
    keys = {
        number: (name, number, reading.settings.is_obfuscated(name), reading.urls.root)
        for number in numbers
    }
    found = {number: kept.get(key) for number, key in keys.items()}
    rows = await reading.rows(name, [number for number, entry in found.items() if entry is None])
    for number, row in rows.items():
        made = found[number] = await _made(reading, name, row)
        if made is not None and kept.seen[name] is record:  # nobody saw a change meanwhile
            kept.keep(keys[number], made)
        await reading.breathe()
    return [entry for entry in found.values() if entry is not None]


async def _refresh(kept: _Kept, reading: Reading, record: MailingList) -> None:
    """Let go of what may have changed since the list was looked at last."""
    before = kept.seen.setdefault(record.name, record)
    if before is record:
        return
    changed: Collection[int] = ()
    if before.validity == record.validity:
        changed = frozenset(await reading.archive.changed(record.name, before.revision))
    kept.forget(
        [
            key
            for key, entry in kept.made.items()
            if key[0] == record.name
            and (before.validity != record.validity or entry.is_mentioning or key[1] in changed)
        ]
    )
    kept.seen[record.name] = record  # only now, for whoever asks meanwhile


async def _made(reading: Reading, name: str, row: Row) -> FeedEntry | None:
    """Return the entry of a message, or None where that has gone."""
    try:
        served = await reading.archive.served(name, row.number)
        entry = await reading.archive.entry(name, row.number)
    except NoSuchMessage:
        return None
    there = replace(reading, urls=replace(reading.urls, root=ORIGIN + reading.urls.root))
    parent = _parent(served)
    said = await parsed(reading, name, served.octets)
    written = render(
        "atom_entry.xml",
        entry=_Entry(
            id=id_iri(row.message_id),
            title=_shown(reading, name, row.subject) or NO_SUBJECT,
            updated=moment(entry.received),
            published=moment(row.sent, row.zone),
            author=_shown(reading, name, row.author),
            address=_address(reading, name, row),
            url=there.urls.message(name, row.message_id),
            list=name,
            parent=id_iri(parent) if parent else "",
            summary=_shown(reading, name, await _preview(reading, name, row.number)),
            content=await _content(there, name, served, said),
        ),
    )
    return FeedEntry(
        written + b"\n", row.message_id, entry.received, is_mentioning=bool(said.mentioned)
    )


async def _preview(reading: Reading, name: str, number: int) -> str:
    """Return the beginning of a message."""
    row = b""
    async for page in reading.archive.pages(Rendition.PREVIEW, name, number, number):
        row = b"".join(page.rows[page.span(number, number)])
    return row.decode("utf-8", "replace")


def _parent(served: Served) -> bytes | None:
    """Return the id of the message that one answers, as its References tell."""
    found = references(b" ".join(parse_header(served.head).every(b"references")))
    return found[-1] if found else None


async def _content(reading: Reading, name: str, served: Served, said: Parsed) -> str:
    """Return the HTML of a message."""
    known = {}
    for message_id in said.mentioned[:_MAX_LOOKED_UP]:
        if await _is_shown(reading, name, message_id):
            known[message_id] = reading.urls.message(name, message_id)
    whole = render_body(
        said, known, lambda at: reading.urls.attachment(name, served.message_id, at)
    )
    if len(whole) <= MAX_CONTENT and not said.left_out:
        return str(whole)
    text, url = said.plain[:MAX_EXCERPT], reading.urls.message(name, served.message_id)
    return render("atom_excerpt.html", text=text, url=url).decode()


async def _is_shown(reading: Reading, name: str, message_id: bytes) -> bool:
    places = await reading.archive.find(message_id)
    record = reading.mailing_list(name)
    return any(place.name == name and not record.is_hidden(place.number) for place in places)


def _address(reading: Reading, name: str, row: Row) -> str:
    """Return the author's address, if there is one that may be shown (RFC 4287 s. 3.2.3)."""
    if reading.settings.is_obfuscated(name) or not _ADDRESS.fullmatch(row.address):
        return ""
    return xml_text(row.address)


def _shown(reading: Reading, name: str, text: str) -> str:
    return xml_text(veiled(reading, name, text))


def xml_text(text: str) -> str:
    """Return text without what XML cannot hold."""
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def id_iri(message_id: bytes) -> str:
    """Return what a message is called wherever it is: a URL of RFC 2392."""
    return "mid:" + quote_from_bytes(message_id[1:-1], safe=SAFE)
