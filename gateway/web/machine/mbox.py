"""Mailboxes to take away: a thread, a month, or what a search found, as mboxrd, compressed.

The messages are as they came, in the order of their numbers; only where a list's addresses are shortened, they are as
they are served with that done, and the file's name says so. What is hidden is left out. The same messages give the same octets.
"""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING, Final

from gateway.web.answers import Answer
from gateway.web.body import obfuscating
from gateway.web.machine.documents import stamp, whole_or_in_pieces
from gateway.web.machine.gathering import of_month, thread_of
from gateway.web.routes import route
from storage.errors import NoSuchMessage
from storage.export import Exported, mboxrd_pieces

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from gateway.web.asks import Ask
    from gateway.web.reading import Reading

__all__ = ["GZIP", "mailbox"]

GZIP: Final = "application/gzip"  # RFC 6713

_GZIP_FORMAT: Final = (
    31  # of zlib: a window of 15 bits, and gzip's header, without a time (RFC 1952 s. 2.3.1)
)
_LEVEL: Final = 6
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9+_.-]")


@route("/{name}/m/{id}/thread.mbox.gz")
async def thread(reading: Reading, ask: Ask, name: str, id: bytes) -> Answer:
    """Send the messages of a thread."""
    numbers = sorted((await thread_of(reading, name, id)).at)
    return await _numbered(reading, name, numbers, f"{name}-thread-{numbers[0]}")


@route("/{name}/{year}/{month}/month.mbox.gz")
async def month(reading: Reading, ask: Ask, name: str, year: int, month: int) -> Answer:
    """Send the messages that a list received in a month."""
    numbers = sorted(step.number for step in await of_month(reading, name, year, month))
    return await _numbered(reading, name, numbers, f"{name}-{year:04}-{month:02}")


async def mailbox(
    reading: Reading,
    messages: AsyncIterator[tuple[str, int]],
    *,
    names: Sequence[str],
    called: str,
    lists: frozenset[str],
    etag: str = "",
) -> Answer:
    """Return an answer with messages, given by list and number, as a mailbox; ``names`` are the lists they may be of."""
    is_veiled = any(map(reading.settings.is_obfuscated, names))
    return Answer(
        await whole_or_in_pieces(_compressed(_records(reading, messages))),
        GZIP,
        lists=lists,
        is_indexed=False,
        headers={"Content-Disposition": _disposition(called, is_veiled=is_veiled)},
        etag=etag,
    )


async def _numbered(reading: Reading, name: str, numbers: Sequence[int], called: str) -> Answer:
    """Return the mailbox of a list's messages."""

    async def messages() -> AsyncIterator[tuple[str, int]]:
        for number in numbers:
            yield name, number

    return await mailbox(
        reading,
        messages(),
        names=[name],
        called=called,
        lists=frozenset({name}),
        etag=stamp(reading, [name], numbers),
    )


def _disposition(called: str, *, is_veiled: bool) -> str:
    """Return the value of Content-Disposition (RFC 6266)."""
    veil = "-addresses-shortened" if is_veiled else ""
    return f'attachment; filename="{_UNSAFE.sub("_", called)}{veil}.mbox.gz"'


async def _records(
    reading: Reading, messages: AsyncIterator[tuple[str, int]]
) -> AsyncIterator[bytes]:
    """Yield messages as the records of an mboxrd file, in pieces; one that has gone meanwhile is left out."""
    async for name, number in messages:
        try:
            entry = await reading.archive.entry(name, number)
            octets = await _octets(reading, name, number)
        except NoSuchMessage:
            continue
        for piece in mboxrd_pieces(Exported(number, entry.received, octets)):
            yield piece
            await reading.breathe()


async def _octets(reading: Reading, name: str, number: int) -> bytes:
    """Return a message as it came, or with its addresses shortened."""
    if not reading.settings.is_obfuscated(name):
        return await reading.archive.raw(name, number)
    served = await reading.archive.served(name, number)
    pieces = []
    for piece in obfuscating(served.octets):
        pieces.append(piece.replace(b"\r\n", b"\n"))
        await reading.breathe()
    return b"".join(pieces)


async def _compressed(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    squeeze = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP_FORMAT)
    async for piece in pieces:
        if made := squeeze.compress(piece):
            yield made
    yield squeeze.flush()
