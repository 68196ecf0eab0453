"""OVER, XOVER, LIST OVERVIEW.FMT: overview lines. RFC 3977 s. 8.3, 8.4; RFC 2980 s. 2.8."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.nntp.registry import command, list_variant
from gateway.nntp.render import overview, overview_form
from gateway.nntp.responses import END, NntpError, lines, status
from gateway.nntp.selection import article_range, find_article, is_message_id
from gateway.ready import covers_page, ready_text
from storage.model import Rendition
from storage.pages import page_of, page_ranges

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from gateway.nntp.session import Session
    from storage.model import MailingList

_FOLLOWS = status(224, "overview information follows")


@command(b"OVER [message-id|range]", range(2), label=b"OVER MSGID")
async def over(session: Session, arguments: Sequence[bytes]) -> AsyncIterator[bytes]:
    """Send the overview lines of a range, of one article by message-id, or of the current one. RFC 3977 s. 8.3."""
    if arguments and not is_message_id(arguments[0]):
        async for piece in _range(session, arguments[0], 423):
            yield piece
        return
    ref = await find_article(session, arguments)
    name, number = ref.name, ref.number
    async for line in _overview(session, name, number, number):
        _, fields = line.split(b"\t", 1)
        yield b"%b%d\t%b%b" % (_FOLLOWS, ref.shown, fields, END)
        return
    raise NntpError(430 if arguments else 420, "the article is gone")


@command(b"XOVER [range]", range(2))
async def xover(session: Session, arguments: Sequence[bytes]) -> AsyncIterator[bytes]:
    """Send overview lines as OVER does, but with RFC 2980's code for an empty range. RFC 2980 s. 2.8."""
    if arguments:
        async for piece in _range(session, arguments[0], 420):
            yield piece
    else:
        async for piece in over(session, arguments):
            yield piece


@list_variant(b"OVERVIEW.FMT")
async def overview_format(session: Session, arguments: Sequence[bytes]) -> AsyncIterator[bytes]:
    """Name the fields of an overview line. RFC 3977 s. 8.4.

    ``Bytes:`` and ``Lines:`` are the older names that the RFC allows for the metadata: slrn (1.0.3) takes other ones for
    an overview that it cannot read, and asks for every header instead.
    """
    fields = (b"Subject:", b"From:", b"Date:", b"Message-ID:", b"References:", b"Bytes:", b"Lines:")
    yield status(215, "order of fields in overview lines") + lines((*fields, b"Xref:full")) + END


async def _range(session: Session, argument: bytes, empty: int) -> AsyncIterator[bytes]:
    """Send the overview lines of a range of the selected newsgroup.

    Raises:
        NntpError: 501 syntax, 412 no newsgroup, or code ``empty`` where no article is in the range.
    """
    first, last = article_range(argument)
    group = session.selected()
    if session.compressed:
        texts = _ready_overview(session, group, first, last)
    else:
        texts = _overview(session, group.name, first, min(last, group.high))
    started = False
    async for text in texts:
        if text and not started:
            yield _FOLLOWS
            started = True
        yield text
    if not started:
        raise NntpError(empty, "no articles in that range")
    yield END


async def _overview(session: Session, name: str, first: int, last: int) -> AsyncIterator[bytes]:
    """Yield the overview lines of a range, a page's at a time."""
    host, access = session.settings.host, session.access
    async for page in session.archive.pages(Rendition.OVERVIEW, name, first, last):
        yield overview(page, host, name, access).lines(page.span(first, last))


async def _ready_overview(
    session: Session, group: MailingList, first: int, last: int
) -> AsyncIterator[bytes]:
    """Yield the same for a client that has it compressed: of whole pages, as it is kept.

    A piece that is empty is a page's of which nothing is left.
    """
    form = overview_form(session.settings.host, session.access)
    for numbers in page_ranges(max(first, group.low), min(last, group.high)):

        async def text(first: int = numbers[0], last: int = numbers[-1]) -> bytes:
            return b"".join([each async for each in _overview(session, group.name, first, last)])

        if covers_page(numbers, group):
            yield await ready_text(session.archive, form, group.name, page_of(numbers[0]), text)
        else:
            yield await text()
