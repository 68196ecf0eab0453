"""ARTICLE, HEAD, BODY, STAT: articles by number, by message-id, or the current one. RFC 3977 s. 6.2."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.nntp.registry import command
from gateway.nntp.render import prefix
from gateway.nntp.responses import END, NntpError, dot_stuffed
from gateway.nntp.selection import find_article, is_message_id
from storage.errors import NoSuchMessage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from gateway.nntp.selection import ArticleRef
    from gateway.nntp.session import Session
    from storage.model import Served


@command(b"ARTICLE [message-id|number]", range(2))
async def article(session: Session, arguments: Sequence[bytes]) -> AsyncIterator[bytes]:
    """Send an article. RFC 3977 s. 6.2.1."""
    ref, served = await _retrieve(session, arguments)
    text = dot_stuffed(served.octets) if served.dotted else served.octets
    first = b"220 %d %b\r\n" % (ref.shown, served.message_id)
    yield b"".join((first, _prefix(session, ref, served), text, END))


@command(b"HEAD [message-id|number]", range(2))
async def head(session: Session, arguments: Sequence[bytes]) -> AsyncIterator[bytes]:
    """Send an article's header. RFC 3977 s. 6.2.2."""
    ref, served = await _retrieve(session, arguments)
    first = b"221 %d %b\r\n" % (ref.shown, served.message_id)
    yield b"".join((first, _prefix(session, ref, served), dot_stuffed(served.head), END))


@command(b"BODY [message-id|number]", range(2))
async def body(session: Session, arguments: Sequence[bytes]) -> AsyncIterator[bytes]:
    """Send an article's body. RFC 3977 s. 6.2.3."""
    ref, served = await _retrieve(session, arguments)
    first = b"222 %d %b\r\n" % (ref.shown, served.message_id)
    yield b"".join((first, dot_stuffed(served.body), END))


@command(b"STAT [message-id|number]", range(2))
async def stat(session: Session, arguments: Sequence[bytes]) -> AsyncIterator[bytes]:
    """Tell whether an article exists. RFC 3977 s. 6.2.4."""
    ref = await find_article(session, arguments)
    try:
        entry = await session.archive.entry(ref.name, ref.number)
    except NoSuchMessage:
        raise _gone(arguments) from None
    _select(session, ref)
    yield b"223 %d %b\r\n" % (ref.shown, entry.message_id)


async def _retrieve(session: Session, arguments: Sequence[bytes]) -> tuple[ArticleRef, Served]:
    """Return the article that the arguments name, which becomes the current one if by number.

    Raises:
        NntpError: there is none.
    """
    ref = await find_article(session, arguments)
    try:
        served = await session.archive.served(ref.name, ref.number)
    except NoSuchMessage:
        raise _gone(arguments) from None
    _select(session, ref)
    return ref, served


def _prefix(session: Session, ref: ArticleRef, served: Served) -> bytes:
    """Return what stands in front of the served form."""
    others = [place for place in served.elsewhere if session.access.readable(place.name)]
    return prefix(session.settings.host, ref.name, ref.number, others)


def _select(session: Session, ref: ArticleRef) -> None:
    """Make an article that was asked for by number the current one. RFC 3977 s. 6.2.1.2."""
    if ref.by_number:
        session.current = ref.number


def _gone(arguments: Sequence[bytes]) -> NntpError:
    """Return the refusal of an article that was removed after it was found."""
    if not arguments:
        return NntpError(420, "the current article is gone")
    if is_message_id(arguments[0]):
        return NntpError(430, "no article with that message-id")
    return NntpError(423, "no article with that number")
