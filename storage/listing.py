"""Listings: what a list of messages shows of each, decoded once, when it arrives.

A row holds the time sent (received, where there is no sane one) in seconds, the zone that was written, in minutes east of
Greenwich, how many attachments there are, and whether there is a patch, in decimal; then who wrote it, by name and by
address, and the subject. They are joined by LF, which none contains.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from storage.message import encodings
from storage.message.addresses import MISSING_DOMAIN, MISSING_MAILBOX, first_address
from storage.message.dates import written_zone
from storage.message.words import decode

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from storage.material import Material
    from storage.message.structure import Part

__all__ = [
    "LISTING_VERSION",
    "Listing",
    "decode_listing",
    "has_attachments",
    "has_patches",
    "listing_row",
]

LISTING_VERSION: Final = 2
"""To be raised when ``listing_row`` changes, so that stored rows are made again."""

MAX_SUBJECT: Final = 500
"""Characters of a subject: what is longer fits into no listing."""

MAX_NAME: Final = 200
"""Characters of a name or an address."""

_MAX_FROM: Final = 4000  # octets of a field within which its first address has to end
_KEPT: Final = 2048  # authors: who wrote writes again
_MAX_KEPT: Final = 200  # octets of a field that is worth keeping
_MAX_PARTS: Final = 1000
_MAX_PATCH: Final = 1 << 20  # octets of a part in which a patch is looked for
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_PATCH: Final = re.compile(
    rb"^--- [^\r\n]++\r?\n\+\+\+ [^\r\n]++\r?\n@@ -\d", re.MULTILINE
)  # the beginning of a unified diff


@dataclass(frozen=True, slots=True)
class Listing:
    """What a listing shows of a message; ``zone`` is None where no date was written that could be read."""

    sent: int
    zone: int | None
    attachments: int
    is_patch: bool
    name: str
    address: str
    subject: str


def listing_row(material: Material) -> bytes:
    """Return a message's row."""
    header = material.header
    sent = material.received if material.sent is None else material.sent
    zone = None if material.sent is None else written_zone(header.first(b"date") or b"")
    sender = header.first(b"from") or b""
    name, address = (
        _author_often(sender) if len(sender) <= _MAX_KEPT else _author(sender[:_MAX_FROM])
    )
    attached, is_patch = _looked_at(material)
    fields = (
        str(sent),
        "" if zone is None else str(zone),
        str(attached),
        "1" if is_patch else "",
        name,
        address,
        _on_one_line(decode(header.first(b"subject") or b""), MAX_SUBJECT),
    )
    return "\n".join(fields).encode()


def decode_listing(row: bytes) -> Listing:
    """Return what a row holds.

    Raises:
        ValueError: it is none of a listing.
    """
    sent, zone, attached, patch, name, address, subject = row.decode().split("\n")
    return Listing(
        int(sent), int(zone) if zone else None, int(attached), bool(patch), name, address, subject
    )


def has_attachments(rows: Sequence[bytes]) -> list[bool]:
    """Tell of each row whether its message has an attachment."""
    return [row.split(b"\n", 3)[2] != b"0" for row in rows]


def has_patches(rows: Sequence[bytes]) -> list[bool]:
    """Tell of each row whether its message has a patch in its text."""
    return [row.split(b"\n", 4)[3] == b"1" for row in rows]


def _author(sender: bytes) -> tuple[str, str]:
    """Return the name and the address of who is first in a From."""
    name = address = ""
    for first in first_address(sender):
        name = decode(first.name or b"")
        written = (first.mailbox, first.host)
        known = [part for part in written if part and part not in (MISSING_MAILBOX, MISSING_DOMAIN)]
        address = b"@".join(known).decode("utf-8", "replace")
    return _on_one_line(name, MAX_NAME), _on_one_line(address, MAX_NAME)


_author_often: Final = lru_cache(maxsize=_KEPT)(_author)


def _looked_at(material: Material) -> tuple[int, bool]:
    """Return how many attachments a message has, and whether there is a patch in one of its texts."""
    attached, is_patch = 0, False
    octets = material.served.octets
    for part in _leaves(material.structure):
        named = part.disposition is not None and part.disposition.kind == b"attachment"
        attached += named or part.type != b"text"
        if part.type == b"text" and not is_patch:
            text = octets[part.body : min(part.end, part.body + _MAX_PATCH)]
            plain = encodings.decode(text, part.encoding)
            is_patch = _has_patch(text if plain is None else plain)
    return attached, is_patch


def _has_patch(text: bytes) -> bool:
    # Most texts have no such line at all, which is told at a tenth of the cost.
    return b"\n@@ -" in text and _PATCH.search(text) is not None


def _leaves(root: Part) -> Iterator[Part]:
    stack = [root]
    for _ in range(_MAX_PARTS):
        if not stack:
            return
        part = stack.pop()
        if part.is_multipart:
            stack += reversed(part.children)
        else:
            yield part


def _on_one_line(text: str, most: int) -> str:
    if not text.isprintable():
        text = _CONTROL.sub(" ", text)
    return " ".join(text[: 2 * most].split())[:most]
