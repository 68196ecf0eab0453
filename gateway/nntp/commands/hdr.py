"""HDR, XHDR, XPAT, LIST HEADERS: one field of many articles. RFC 3977 s. 8.5, 8.6; RFC 2980 s. 2.6, 2.9."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Final, TypeAlias

from gateway.nntp.registry import command, list_variant
from gateway.nntp.render import overview, path
from gateway.nntp.responses import END, NntpError, lines, status
from gateway.nntp.selection import article_range, find_article, is_message_id
from gateway.nntp.wildmat import text_wildmat
from storage.errors import NoSuchMessage
from storage.message.fields import parse_header
from storage.model import Rendition

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Sequence

    from gateway.nntp.session import Session

Batch: TypeAlias = "Iterable[tuple[int, bytes]]"
"""Article numbers, each with the content of a field."""

_MATCHED_AT_ONCE: Final = 32

_FIELD: Final = re.compile(rb":?[\x21-\x39\x3b-\x7e]+")
_METADATA: Final = (b":bytes", b":lines")

# Where a field stands in a stored overview row.
_STORED: Final = {
    b"subject": 0,
    b"from": 1,
    b"date": 2,
    b"message-id": 3,
    b"references": 4,
    b":lines": 6,
}


@command(b"HDR field [message-id|range]", range(1, 3), label=b"HDR")
async def hdr(session: Session, arguments: Sequence[bytes]) -> AsyncIterator[bytes]:
    """Send a field of a range, of one article by message-id, or of the current one. RFC 3977 s. 8.5."""
    batches = _select(session, arguments, empty=423)
    async for piece in _block(225, batches):
        yield piece


@command(b"XHDR field [message-id|range]", range(1, 3))
async def xhdr(session: Session, arguments: Sequence[bytes]) -> AsyncIterator[bytes]:
    """Send a field as HDR does, with RFC 2980's codes, and a message-id where one was given. RFC 2980 s. 2.6."""
    batches = _select(session, arguments, empty=420)
    async for piece in _block(221, batches, by_id=_given_id(arguments)):
        yield piece


@command(b"XPAT field message-id|range pattern ...", range(3, 512), label=b"XPAT")
async def xpat(session: Session, arguments: Sequence[bytes]) -> AsyncIterator[bytes]:
    """Send a field of those articles where a pattern matches it; maybe of none. RFC 2980 s. 2.9."""
    matches = text_wildmat(b" ".join(arguments[2:]))
    batches = _select(session, arguments[:2], empty=None)
    async for piece in _block(221, batches, by_id=_given_id(arguments), matches=matches):
        yield piece


@list_variant(b"HEADERS [MSGID|RANGE]", range(2))
async def list_headers(session: Session, arguments: Sequence[bytes]) -> AsyncIterator[bytes]:
    """Say that every header and which metadata items can be had, in whatever form of HDR. RFC 3977 s. 8.6."""
    if arguments and arguments[0].upper() not in {b"MSGID", b"RANGE"}:
        raise NntpError(501, "syntax: LIST HEADERS [MSGID|RANGE]")
    yield status(215, "any header, and these metadata items") + lines((b":", *_METADATA)) + END


async def _block(
    code: int,
    batches: AsyncIterator[Batch],
    *,
    by_id: bytes | None = None,
    matches: Callable[[bytes], bool] | None = None,
) -> AsyncIterator[bytes]:
    """Send batches as a block, or what matches of them, under ``by_id`` in place of the number if given.

    What refuses them comes before the first.
    """
    follows = status(code, "header follows")
    async for rows in batches if matches is None else _matching(batches, matches):
        if by_id is None:
            texts = [b"%d %b\r\n" % row for row in rows]
        else:
            texts = [b"%b %b\r\n" % (by_id, content) for _, content in rows]
        yield follows + b"".join(texts)
        follows = b""
    yield follows + END


async def _matching(
    batches: AsyncIterator[Batch], matches: Callable[[bytes], bool]
) -> AsyncIterator[Batch]:
    """Yield the rows that match; after each few, so that others get their turn, be they none."""
    async for batch in batches:
        rows = iter(batch)
        while some := list(islice(rows, _MATCHED_AT_ONCE)):
            yield [row for row in some if matches(row[1])]


def _given_id(arguments: Sequence[bytes]) -> bytes | None:
    """Return the message-id that the article was asked for by, if it was."""
    return arguments[1] if len(arguments) > 1 and is_message_id(arguments[1]) else None


async def _select(
    session: Session, arguments: Sequence[bytes], *, empty: int | None
) -> AsyncIterator[Batch]:
    """Yield what ``field [message-id|range]`` asks for.

    Raises:
        NntpError: before the first batch: 501 syntax, 503 no such metadata, 412 no newsgroup, 420 no current article,
            430 no such message-id, or code ``empty``, if any, where no article is in the range.
    """
    field = arguments[0].lower()
    if not _FIELD.fullmatch(field):
        raise NntpError(501, "syntax error in field name")
    if field.startswith(b":") and field not in _METADATA:
        raise NntpError(503, "no such metadata item")
    if len(arguments) > 1 and not is_message_id(arguments[1]):
        first, last = article_range(arguments[1])
        group = session.selected()
        found = False
        async for batch in _contents(session, field, group.name, first, min(last, group.high)):
            found = True
            yield batch
        if not found and empty is not None:
            raise NntpError(empty, "no articles in that range")
        return
    ref = await find_article(session, arguments[1:])
    name, number = ref.name, ref.number
    async for batch in _contents(session, field, name, number, number):
        yield [(ref.shown, content) for _, content in batch]
        return
    raise NntpError(430 if len(arguments) > 1 else 420, "the article is gone")


def _contents(
    session: Session, field: bytes, name: str, first: int, last: int
) -> AsyncIterator[Batch]:
    """Return a field's contents in a range of a list, in batches, none of them empty."""
    if field in _STORED:
        return _from_rows(session, _STORED[field], name, first, last)
    if field in _RENDERED:
        return _from_overview(session, _RENDERED[field], name, first, last)
    return _from_heads(session, field, name, first, last)


async def _from_rows(
    session: Session, column: int, name: str, first: int, last: int
) -> AsyncIterator[Batch]:
    async for page in session.archive.pages(Rendition.OVERVIEW, name, first, last):
        span = page.span(first, last)
        contents = [row.split(b"\t", column + 1)[column] for row in page.rows[span]]
        yield zip(page.numbers[span], contents, strict=True)


async def _from_overview(
    session: Session, content: Callable[[Sequence[bytes]], bytes], name: str, first: int, last: int
) -> AsyncIterator[Batch]:
    host, access = session.settings.host, session.access
    async for page in session.archive.pages(Rendition.OVERVIEW, name, first, last):
        span = page.span(first, last)
        text = overview(page, host, name, access).lines(span)
        contents = [content(line.rsplit(b"\t", 3)) for line in text[:-2].split(b"\r\n")]
        yield zip(page.numbers[span], contents, strict=True)


async def _from_heads(
    session: Session, field: bytes, name: str, first: int, last: int
) -> AsyncIterator[Batch]:
    archive = session.archive
    for run in session.mailing_list(name).present(first, last):
        for number in run:
            try:
                served = await archive.served(name, number)
            except NoSuchMessage:  # removed since the list was read
                continue
            yield [(number, parse_header(served.head).first(field) or b"")]


def _octets(columns: Sequence[bytes]) -> bytes:
    return columns[1]


def _xref(columns: Sequence[bytes]) -> bytes:
    return columns[3].removeprefix(b"Xref: ")


def _newsgroups(columns: Sequence[bytes]) -> bytes:
    return b",".join([place.partition(b":")[0] for place in _xref(columns).split(b" ")[1:]])


def _path(columns: Sequence[bytes]) -> bytes:
    return path(_xref(columns).partition(b" ")[0])


# What depends on who asks: made of the last columns of an overview line, size, lines and Xref.
_RENDERED: Final = {b":bytes": _octets, b"xref": _xref, b"newsgroups": _newsgroups, b"path": _path}
