"""How documents for programs are written: JSON, whole or in pieces, and what every one of them has in common.

A document is an object with ``version``, which grows only if something in it changes its meaning or goes; what is added
does not change it. Message-IDs stand without angle brackets; addresses of the web archive as paths; times as RFC 3339 has
them.
"""

from __future__ import annotations

import datetime as dt
import json
from array import array
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

from gateway.web.answers import Answer
from gateway.web.body.obfuscation import obfuscated

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping, Sequence

    from gateway.web.reading import Reading, Row

__all__ = [
    "JSON",
    "VERSION",
    "as_json",
    "bare",
    "document",
    "long_document",
    "moment",
    "row_document",
    "stamp",
    "veiled",
    "whole_or_in_pieces",
]

VERSION: Final = 1

JSON: Final = "application/json"

WHOLE: Final = 1 << 18
"""Octets of a document that is made whole, and so can be kept; a longer one is sent as it is made."""

_LAST_SECOND: Final = 253_402_300_799  # 9999-12-31T23:59:59Z, the last that RFC 3339 can write
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def as_json(value: object) -> bytes:
    """Return a value as JSON in UTF-8; half of a surrogate pair becomes a question mark."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def document(
    content: Mapping[str, object],
    lists: frozenset[str],
    *,
    status: int = 200,
    content_type: str = JSON,
) -> Answer:
    """Return an answer with a document, which depends on these lists."""
    body = as_json({"version": VERSION, **content})
    return Answer(body, content_type, status, lists, is_indexed=False)


async def long_document(
    begin: Mapping[str, object],
    key: str,
    items: AsyncIterator[Sequence[object]],
    lists: frozenset[str],
    etag: str,
) -> Answer:
    """Return an answer with a document whose last member is an array of many items, which come in batches."""
    start = as_json({"version": VERSION, **begin, key: []}).removesuffix(b"]}")
    body = await whole_or_in_pieces(_pieces(start, items))
    return Answer(body, JSON, lists=lists, is_indexed=False, etag=etag)


async def _pieces(begin: bytes, items: AsyncIterator[Sequence[object]]) -> AsyncIterator[bytes]:
    yield begin
    between = b""
    async for batch in items:
        if batch:
            yield between + as_json(batch)[1:-1]
            between = b","
    yield b"]}"


async def whole_or_in_pieces(pieces: AsyncIterator[bytes]) -> bytes | AsyncIterator[bytes]:
    """Return pieces joined if they are few octets, otherwise the pieces."""
    begun: list[bytes] = []
    octets = 0
    async for piece in pieces:
        begun.append(piece)
        octets += len(piece)
        if octets > WHOLE:
            return _rest(begun, pieces)
    return b"".join(begun)


async def _rest(begun: list[bytes], pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield b"".join(begun)
    begun.clear()
    async for piece in pieces:
        yield piece


def stamp(reading: Reading, names: Iterable[str], numbers: Iterable[int] = (), *what: str) -> str:
    """Return what tells a document of these messages of these lists from one of others, or of other versions of them."""
    versions = []
    for name in names:
        record = reading.mailing_list(name)
        is_veiled = reading.settings.is_obfuscated(name)
        versions.append((name, record.validity, record.revision, len(record.hidden), is_veiled))
    told = blake2b(repr((versions, reading.urls.root, what)).encode(), digest_size=12)
    told.update(array("i", numbers).tobytes())
    return told.hexdigest()


def moment(seconds: int, zone: int | None = None) -> str:
    """Return a time as RFC 3339 writes it, in a zone of so many minutes east of Greenwich; without one, in UTC."""
    written = max(0, min(seconds, _LAST_SECOND))
    if zone is None or not 0 <= written + 60 * zone <= _LAST_SECOND:
        return f"{_EPOCH + dt.timedelta(seconds=written):%Y-%m-%dT%H:%M:%S}Z"
    sign, minutes = ("-", -zone) if zone < 0 else ("+", zone)
    local = _EPOCH + dt.timedelta(seconds=written + 60 * zone)
    return f"{local:%Y-%m-%dT%H:%M:%S}{sign}{minutes // 60:02}:{minutes % 60:02}"


def bare(message_id: bytes) -> str:
    """Return a Message-ID without its angle brackets."""
    return message_id[1:-1].decode("ascii", "replace")


def veiled(reading: Reading, name: str, text: str) -> str:
    """Return text as it may be shown of a list: with its addresses shortened, if they are there."""
    return obfuscated(text) if reading.settings.is_obfuscated(name) else text


def row_document(reading: Reading, name: str, row: Row) -> dict[str, Any]:
    """Return what a document says of each message that it lists."""
    return {
        "number": row.number,
        "message_id": bare(row.message_id),
        "subject": veiled(reading, name, row.subject),
        "from": {
            "name": veiled(reading, name, row.name),
            "address": veiled(reading, name, row.address),
        },
        "sent": moment(row.sent, row.zone),
        "attachments": row.attachments,
        "is_patch": row.is_patch,
        "url": reading.urls.message(name, row.message_id),
    }
