"""IHAVE, MODE STREAM, CHECK, TAKETHIS: taking articles from peers. RFC 3977 s. 6.3.2, RFC 4644."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from gateway.nntp.block import Block
from gateway.nntp.late import Late, Reply
from gateway.nntp.registry import capability, command, mode
from gateway.nntp.responses import NntpError, status
from gateway.nntp.selection import is_message_id
from gateway.nntp.sink import DUPLICATE, Fate, NotNow, NotTaken, Wish
from gateway.wire import Beside

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from gateway.nntp.session import Session
    from gateway.nntp.sink import Article, Sink
    from gateway.peers import Grant

_SHOWN_OCTETS: Final = 255
"""How much of an argument is sent back that is no message-id: a response has at most 512 octets."""

_LATER: Final = "try again later"
_REFUSED: Final = "not wanted here"
_AGAIN: Final = status(400, _LATER)

log = logging.getLogger(__name__)


@mode(b"STREAM")
async def stream(session: Session, arguments: Sequence[bytes]) -> AsyncIterator[bytes]:
    """Permit streaming, as is always the case for peers. RFC 4644 s. 2.3."""
    _granted(session)
    yield status(203, "streaming permitted")


@capability
def ihave_line(session: Session) -> bytes | None:
    """Offer IHAVE to those who may feed. RFC 3977 s. 3.3.2."""
    return None if session.grant is None else b"IHAVE"


@capability
def streaming_line(session: Session) -> bytes | None:
    """Offer CHECK and TAKETHIS to those who may feed. RFC 4644 s. 2.2."""
    return None if session.grant is None else b"STREAMING"


@command(b"CHECK message-id", range(1, 2), before_login=True, overlaps=True)
async def check(session: Session, arguments: Sequence[bytes]) -> AsyncIterator[bytes]:
    """Tell whether an article is wanted. RFC 4644 s. 2.4."""
    sink, grant = _granted(session)
    message_id = _message_id(arguments[0])
    code, text = _CHECKED[await sink.wish(grant, message_id)]
    yield session.in_order(_status(code, message_id, text))


@command(b"TAKETHIS message-id", range(1, 512), before_login=True, overlaps=True, announces=True)
async def takethis(session: Session, arguments: Sequence[bytes]) -> AsyncIterator[bytes]:
    """Read an article, and store it if it is one: whatever the verdict, it is never read as commands. RFC 4644 s. 2.5."""
    offered = b" ".join(arguments)

    async def proceed(octets: bytes | None) -> AsyncIterator[bytes]:
        sink, grant = _granted(session)
        try:
            article = await sink.examine(grant, offered, octets)
        except NotTaken as refused:
            why = _noted(grant, offered, str(refused))
            yield session.in_order(_status(439, offered, why))
        except NotNow:
            _late(session).add(Reply(_AGAIN, closes=True))
        else:
            await _store_beside(session, sink, grant, article, _after_takethis)

    grant = session.grant
    session.block = Block(0 if grant is None else grant.max_article, proceed)
    yield b""


@command(b"IHAVE message-id", range(1, 2), before_login=True)
async def ihave(session: Session, arguments: Sequence[bytes]) -> AsyncIterator[bytes]:
    """Ask for an article that is wanted, and store it if it is one. RFC 3977 s. 6.3.2."""
    sink, grant = _granted(session)
    message_id = _message_id(arguments[0])

    async def proceed(octets: bytes | None) -> AsyncIterator[bytes]:
        try:
            article = await sink.examine(grant, message_id, octets)
        except NotTaken as refused:
            yield status(437, _noted(grant, message_id, str(refused)))
        except NotNow:
            yield status(436, _LATER)
        else:
            await _store_beside(session, sink, grant, article, _after_ihave)

    wish = await sink.wish(grant, message_id)
    if wish is Wish.SEND:
        session.block = Block(grant.max_article, proceed)
    yield _OFFERED[wish]


async def _store_beside(
    session: Session,
    sink: Sink,
    grant: Grant,
    article: Article,
    reply_to: Callable[[Fate, bytes], Reply],
) -> None:
    """Have an article stored while the commands behind it are read; the reply comes when that is certain."""
    reply = Reply(octets=len(article.raw))

    async def stored() -> None:
        fate = await sink.store(article)
        if fate in _WHY:
            _noted(grant, article.message_id, _WHY[fate])
        known = reply_to(fate, article.message_id)
        reply.text, reply.closes = known.text, known.closes

    _late(session).add(reply)
    reply.end = await Beside(stored())


def _after_takethis(fate: Fate, message_id: bytes) -> Reply:
    """Return the reply to TAKETHIS. RFC 4644 s. 2.5.2: it has no other code for what may come again than the end."""
    if fate is Fate.TAKEN:
        return Reply(_status(239, message_id))
    if fate is Fate.LATER:
        return Reply(_AGAIN, closes=True)
    return Reply(_status(439, message_id, _WHY[fate]))


def _after_ihave(fate: Fate, _: bytes) -> Reply:
    """Return the reply to IHAVE, its article sent. RFC 3977 s. 6.3.2."""
    if fate is Fate.TAKEN:
        return Reply(status(235, "article stored"))
    if fate is Fate.LATER:
        return Reply(status(436, _LATER))
    return Reply(status(437, _WHY[fate]))


def _late(session: Session) -> Late:
    if session.late is None:
        session.late = Late()
    return session.late


def _granted(session: Session) -> tuple[Sink, Grant]:
    """Return what takes the client's articles, and which.

    Raises:
        NntpError: it is no peer. RFC 3977 s. 3.2.1.
    """
    sink, grant = session.sink, session.grant
    if sink is not None:
        if grant is not None:
            return sink, grant
        if sink.peers.login_helps(session.address, session.reader.user):
            raise NntpError(480, "log in first")
    raise NntpError(502, "articles are taken from peers only")


def _message_id(argument: bytes) -> bytes:
    """Return the argument.

    Raises:
        NntpError: it is no message-id.
    """
    if not is_message_id(argument):
        raise NntpError(501, "syntax error in message-id")
    return argument


def _noted(grant: Grant, message_id: bytes, why: str) -> str:
    """Return why an article is refused for good, noted for the operator unless it is the usual reason."""
    if why != DUPLICATE:
        shown = message_id[:_SHOWN_OCTETS].decode("utf-8", "replace")
        log.info("peer %s: %s refused: %s", grant.name, shown, why)
    return why


def _status(code: int, message_id: bytes, text: str = "") -> bytes:
    """Return a status line with the message-id as the client gave it. RFC 4644 s. 3.3."""
    return (
        b" ".join(
            (b"%d %b" % (code, message_id[:_SHOWN_OCTETS]), *([text.encode()] if text else []))
        )
        + b"\r\n"
    )


_WHY: Final = {Fate.KNOWN: DUPLICATE, Fate.REFUSED: _REFUSED}
_CHECKED: Final = {
    Wish.SEND: (238, ""),
    Wish.KNOWN: (438, ""),
    Wish.LATER: (431, ""),
}
_OFFERED: Final = {
    Wish.SEND: status(335, "send it; end with a dot on a line"),
    Wish.KNOWN: status(435, _REFUSED),
    Wish.LATER: status(436, _LATER),
}
