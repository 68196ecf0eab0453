"""HDR, XHDR, XPAT, LIST HEADERS: one field of many articles. RFC 3977 s. 8.5, 8.6; RFC 2980 s. 2.6, 2.9."""

from __future__ import annotations

import re
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
    from collections.abc import AsyncIterator, Callable, Sequence

    from gateway.nntp.session import Session

Batch: TypeAlias = "Sequence[tuple[bytes, bytes]]"
"""Article numbers, each with the content of a field."""

_FIELD: Final = re.compile(rb":?[\x21-\x39\x3b-\x7e]+")
_METADATA: Final = (b":bytes", b":lines")


@command(b"HDR field [message-id|range]", range(1, 3), label=b"HDR")
async def hdr(session: Session, arguments: Sequence[bytes]) -> AsyncIterator[bytes]:
    """Send a field of a range, of one article by message-id, or of the current one. RFC 3977 s. 8.5."""
    batches = _select(session, arguments, empty=423)
    async for piece in _block(225, batches):
        yield piece


@command(b"XHDR field [message-id|range]", range(1, 3))
async def xhdr(session: Session, arguments: Sequence[bytes]) -> AsyncIterator[bytes]:
    """Send a field as HDR does, with RFC 2980's codes, and a message-id where one was given. RFC 2980 s. 2.6."""
    batches = _as_asked(arguments, _select(session, arguments, empty=420))
    async for piece in _block(221, batches):
        yield piece


@command(b"XPAT field message-id|range pattern ...", range(3, 512), label=b"XPAT")
async def xpat(session: Session, arguments: Sequence[bytes]) -> AsyncIterator[bytes]:
    """Send a field of those articles where a pattern matches it; maybe of none. RFC 2980 s. 2.9."""
    matches = text_wildmat(b" ".join(arguments[2:]))
    asked = arguments[:2]
    batches = _as_asked(asked, _select(session, asked, empty=None))
    async for piece in _block(221, batches, matches):
        yield piece


@list_variant(b"HEADERS [MSGID|RANGE]", range(2))
async def list_headers(session: Session, arguments: Sequence[bytes]) -> AsyncIterator[bytes]:
    """Say that every header and which metadata items can be had, in whatever form of HDR. RFC 3977 s. 8.6."""
    if arguments and arguments[0].upper() not in {b"MSGID", b"RANGE"}:
        raise NntpError(501, "syntax: LIST HEADERS [MSGID|RANGE]")
    yield status(215, "any header, and these metadata items") + lines((b":", *_METADATA)) + END


async def _block(
    code: int, batches: AsyncIterator[Batch], matches: Callable[[bytes], bool] | None = None
) -> AsyncIterator[bytes]:
    """Send batches as a block, or what matches of them; what refuses them comes before the first."""
    follows = status(code, "header follows")
    async for batch in batches:
        rows = [row for row in batch if matches(row[1])] if matches else batch
        yield follows + b"".join([b"%b %b\r\n" % row for row in rows])
        follows = b""
    yield follows + END


async def _as_asked(
    arguments: Sequence[bytes], batches: AsyncIterator[Batch]
) -> AsyncIterator[Batch]:
    """Yield the batches, with the message-id in place of the number if the article was asked for by it."""
    by_id = arguments[1] if len(arguments) > 1 and is_message_id(arguments[1]) else None
    async for batch in batches:
        yield [(by_id, content) for _, content in batch] if by_id else batch


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
    name, number = ref.location.name, ref.location.number
    async for batch in _contents(session, field, name, number, number):
        yield [(b"%d" % ref.shown, content) for _, content in batch]
        return
    raise NntpError(430 if len(arguments) > 1 else 420, "the article is gone")


def _contents(
    session: Session, field: bytes, name: str, first: int, last: int
) -> AsyncIterator[Batch]:
    """Return a field's contents in a range of a list, in batches, none of them empty."""
    if field in _COLUMNS:
        return _from_overview(session, field, name, first, last)
    return _from_heads(session, field, name, first, last)


async def _from_overview(
    session: Session, field: bytes, name: str, first: int, last: int
) -> AsyncIterator[Batch]:
    column, edit = _COLUMNS[field]
    host, access = session.settings.host, session.access
    async for page in session.archive.pages(Rendition.OVERVIEW, name, first, last):
        text = overview(page, host, name, access).lines(page.span(first, last))
        rows = [line.split(b"\t", column + 1) for line in text[:-2].split(b"\r\n")]
        if edit is None:
            yield [(row[0], row[column]) for row in rows]
        else:
            yield [(row[0], edit(row[column])) for row in rows]


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
            yield [(b"%d" % number, parse_header(served.head).first(field) or b"")]


def _xref(column: bytes) -> bytes:
    return column.removeprefix(b"Xref: ")


def _newsgroups(column: bytes) -> bytes:
    return b",".join([place.partition(b":")[0] for place in _xref(column).split(b" ")[1:]])


def _path(column: bytes) -> bytes:
    return path(_xref(column).partition(b" ")[0])


# Where a field is found in an overview line, counted from the article number, and what is made of it.
_COLUMNS: Final[dict[bytes, tuple[int, Callable[[bytes], bytes] | None]]] = {
    b"subject": (1, None),
    b"from": (2, None),
    b"date": (3, None),
    b"message-id": (4, None),
    b"references": (5, None),
    b":bytes": (6, None),
    b":lines": (7, None),
    b"xref": (8, _xref),
    b"newsgroups": (8, _newsgroups),
    b"path": (8, _path),
}
