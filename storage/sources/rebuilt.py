"""Mboxes that archive software made anew of what it had kept: pipermail's text and HyperKitty's exports.

Both lost fields and write addresses as ``user at host``, HyperKitty in older versions. Each record is judged by itself,
by the exact fields that the software writes in the order in which it writes them, so that mail which merely looks alike
is left as it is; HyperKitty writes what any program may, and is known by the file's name as well.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from storage.message.copies import copy_field
from storage.message.dates import sent
from storage.message.fields import parse_header
from storage.model import Fidelity

if TYPE_CHECKING:
    from storage.message.fields import Header
    from storage.sources.base import Record

__all__ = ["charset_fields", "is_export_name", "mended", "phrase"]

_STARTS: Final = (b"From: ", b"Content-Type: multipart/mixed;", b"MIME-Version: ")
_PIPERMAIL: Final = ((b"from", b"date", b"subject"), (b"in-reply-to", b"references", b"message-id"))
"""The fields that pipermail always writes, and those that it writes where the message has them, in this order."""
_HYPERKITTY: Final = (b"from", b"to", b"subject", b"date", b"message-id")
_HYPERKITTY_MIME: Final = frozenset(
    (b"mime-version", b"content-type", b"content-transfer-encoding")
)
_EXPORT_NAME: Final = re.compile(r"@[^/@\s]+\.mbox(?:\.gz)?\Z", re.IGNORECASE)
_CTIME: Final = 24
"""The octets of a date as ``ctime`` writes it; pipermail puts two blanks before it."""
_ZONES: Final = 14 * 3600 + 900
"""How far a clock without zone may be from UTC, and what a mail may take on its way to be seen as that."""

_OBSCURED: Final = re.compile(rb"([^\s@<>()]+) ([^\s@<>()]{1,8}) ([^\s@<>()]+)")
_OBSCURED_AT_END: Final = re.compile(rb"(?:\A|(?<= )|(?<=<))([^\s@<>]+) at ([^\s@<>]+)(>?)\Z")
_ENCODED_WORD: Final = re.compile(rb"(=\?[^?\s]{1,80}\?[BbQq]\?[^?\s]{0,400}\?=)")
_IN_UTF_8: Final = (
    b"MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n"
)
_ATOMS: Final = re.compile(rb"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
_SPECIAL: Final = re.compile(rb'(["\\])')


def is_export_name(label: str) -> bool:
    """Tell whether a file is called as HyperKitty calls its exports: ``list@example.org-2024-01.mbox.gz``."""
    return _EXPORT_NAME.search(label) is not None


def mended(line: bytes, record: Record, *, is_export: bool) -> Record:
    """Return a record with what pipermail or HyperKitty did to its addresses undone, or as it is.

    ``line`` is its From_ line, and ``is_export`` what ``is_export_name`` says of its file. The text of a message stays:
    what looks like ``user at host`` there may be prose.
    """
    if not record.raw.startswith(_STARTS):
        return record
    header = parse_header(record.raw)
    names = tuple(field.name.lower() for field in header.fields)
    if _is_pipermail(names):
        return _from_pipermail(line, record, header)
    if is_export and _is_hyperkitty(names, header):
        return _from_hyperkitty(record, header)
    return record


def charset_fields(body: bytes) -> bytes:
    """Return the fields that tell a text's charset where it is not ASCII, but UTF-8; else nothing."""
    if body.isascii():
        return b""
    try:
        body.decode()
    except UnicodeDecodeError:
        return b""
    return _IN_UTF_8


def phrase(name: bytes) -> bytes:
    """Return a person's name as it may stand before ``<``: RFC 5322 s. 3.2.5, RFC 2047 s. 5."""
    words = []
    for at, text in enumerate(_ENCODED_WORD.split(name)):
        plain = text.strip()
        if at % 2 or not plain or _ATOMS.fullmatch(plain):
            words.append(plain)
        else:
            words.append(b'"%b"' % _SPECIAL.sub(rb"\\\1", plain))
    return b" ".join(word for word in words if word)


def _is_pipermail(names: tuple[bytes, ...]) -> bool:
    always, sometimes = _PIPERMAIL
    rest = names[len(always) :]
    return names[: len(always)] == always and rest == tuple(
        name for name in sometimes if name in rest
    )


def _author(line: bytes, header: Header) -> tuple[bytes, bytes] | None:
    """Return the address and the name that pipermail wrote into the From_ line and the From field, or None."""
    line = line.rstrip()
    address, blanks = line[len(b"From ") : -_CTIME - 2], line[-_CTIME - 2 : -_CTIME]
    if blanks != b"  " or not address:
        return None
    value = header.first(b"from") or b""
    before, middle, name = value.partition(b" (")
    if before == address and middle and name.endswith(b")"):
        return address, name[:-1].strip()
    return None


def _from_pipermail(line: bytes, record: Record, header: Header) -> Record:
    """Put the address right, and forget a time that is the Date's in an unknown zone."""
    author = _author(line, header)
    if author is None:
        return record
    raw = record.raw
    obscured = _OBSCURED.fullmatch(author[0])
    if obscured:
        value = address = b"%b@%b" % obscured.group(1, 3)
        if author[1] not in {b"", author[0], address}:
            value = b"%b <%b>" % (phrase(author[1]), address)
        raw = b"From: %b\n%b%b%b%b" % (
            value,
            raw[header.fields[0].end : header.end],
            _mark(raw, header),
            charset_fields(raw[header.body :]),
            raw[header.end :],
        )
    return replace(
        record, raw=raw, received=_received(record.received, header), fidelity=Fidelity.TEXT
    )


def _mark(raw: bytes, header: Header) -> bytes:
    """Return the mark that goes behind a header, unless that was cut off in a line."""
    return copy_field(Fidelity.TEXT) if raw[header.end - 1 : header.end] == b"\n" else b""


def _received(got: int | None, header: Header) -> int | None:
    """Return when a message came, or None where that is when it was sent, written in the zone of the server."""
    sent_at = sent(header)
    return None if got is None or (sent_at is not None and abs(got - sent_at) <= _ZONES) else got


def _is_hyperkitty(names: tuple[bytes, ...], header: Header) -> bool:
    written = tuple(name for name in names if name not in _HYPERKITTY_MIME)
    return (
        written in {_HYPERKITTY, (*_HYPERKITTY, b"in-reply-to")}
        and len(names) - len(written) >= 2
        and (header.first(b"content-type") or b"").startswith(b"multipart/mixed")
    )


def _from_hyperkitty(record: Record, header: Header) -> Record:
    """Put From and To right, where they are obscured as HyperKitty did it once."""
    pieces, done = [], 0
    for field in header.fields:
        if field.name in {b"From", b"To"}:
            obscured = _OBSCURED_AT_END.search(field.value.rstrip())
            if obscured:
                start = field.start + len(field.name) + 1 + obscured.start()
                pieces += [record.raw[done:start], b"%b@%b%b" % obscured.groups()]
                done = field.start + len(field.name) + 1 + obscured.end()
    if pieces:
        pieces += [record.raw[done : header.end], _mark(record.raw, header)]
        done = header.end
    pieces.append(record.raw[done:])
    return replace(record, raw=b"".join(pieces), fidelity=Fidelity.TEXT)
