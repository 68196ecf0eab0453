"""MULTISEARCH: one search in many mailboxes, by ESEARCH. RFC 7377; mailboxes are named as in RFC 5465 s. 6."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from gateway.imap.finding import Progress, Search, answer, find, saving
from gateway.imap.mailboxes import mailboxes, subscribed
from gateway.imap.names import mailbox_name
from gateway.imap.patterns import DELIMITER
from gateway.imap.registry import LOGGED_IN, capability, command
from gateway.imap.responses import Bad, No
from gateway.imap.results import Results, read_all, read_returns
from gateway.imap.searching import read_charset_option, read_criteria
from gateway.imap.view import View

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence

    from gateway.imap.grammar import Parser
    from gateway.imap.registry import Request
    from gateway.imap.results import Returns
    from gateway.imap.session import Session

    Names = Callable[[Session], Iterable[bytes]]

capability(b"MULTISEARCH")


@command(b"ESEARCH", LOGGED_IN, with_uid=True)
async def esearch_command(session: Session, request: Request) -> AsyncIterator[bytes]:
    """Tell which messages match, in UIDs, of each mailbox in which any does. RFC 7377 s. 2."""
    parser = request.parser
    parser.space()
    sources = _sources(parser)
    returns = read_returns(parser) or read_all(parser)
    if None in sources and session.view is None:
        raise Bad("select a mailbox first")
    if returns.saves and sources != [None]:
        raise Bad("SAVE is for the selected mailbox only")
    response = _search(session, request, sources, returns)
    async for piece in saving(session, returns, response):
        yield piece


async def _search(
    session: Session, request: Request, sources: Sequence[Names | None], returns: Returns
) -> AsyncIterator[bytes]:
    parser = request.parser
    charset = read_charset_option(parser)
    criteria = read_criteria(parser, charset)
    returns.check(criteria)
    request.by_uid = True
    views = [view for name in _chosen(session, sources) for view in _view(session, name)]
    progress = Progress(session, request, sum(view.record.count for view in views))
    for view in views:
        results = Results(view, by_uid=True)
        search = Search(session, criteria, returns, results, progress, returns.scores)
        async for piece in find(search, returns.parts()):
            yield piece
        own = mailbox_name(session, view.name), view.record.validity
        async for piece in answer(search, request, b" MAILBOX %b UIDVALIDITY %d" % own):
            yield piece


def _sources(parser: Parser) -> list[Names | None]:
    """Read which mailboxes are to be searched; None is the selected one. RFC 7377 s. 4, esearch-source-opts."""
    if not parser.takes(b"IN "):
        return [None]
    sources = parser.listed(lambda: _source(parser))
    if not sources:
        raise Bad("no mailboxes to search")
    parser.space()
    return sources


def _source(parser: Parser) -> Names | None:
    name = parser.word()
    if name == b"SELECTED":
        return None
    if name in {b"PERSONAL", b"INBOXES"}:  # there is one namespace, and mail comes to all of it
        return lambda session: mailboxes(session).names
    if name == b"SUBSCRIBED":
        return lambda session: subscribed(session).names
    below = {b"MAILBOXES": _only, b"SUBTREE": _subtree, b"SUBTREE-ONE": _children}.get(name)
    if below is None:
        raise Bad("unknown kind of mailboxes")
    parser.space()
    names = [each.encode() for each in parser.one_or_listed(parser.mailbox)]
    return lambda session: [each for top in names for each in below(session, top)]


def _only(_session: Session, name: bytes) -> Iterator[bytes]:
    yield name


def _subtree(session: Session, name: bytes) -> Iterator[bytes]:
    """Yield a name and all that are below it."""
    yield name
    names, start = mailboxes(session).names, name + DELIMITER
    at = bisect_left(names, start)
    while at < len(names) and names[at].startswith(start):
        yield names[at]
        at += 1


def _children(session: Session, name: bytes) -> Iterator[bytes]:
    """Yield a name and those one level below it."""
    level = name.count(DELIMITER) + 1
    return (each for each in _subtree(session, name) if each.count(DELIMITER) <= level)


def _chosen(session: Session, sources: Sequence[Names | None]) -> list[bytes]:
    """Return the mailboxes that sources name, each once; those that the reader may not read are left out."""
    readable = mailboxes(session)
    names: dict[bytes, None] = {}
    for source in sources:
        if source is None:
            names[session.selected().name.encode()] = None
        else:
            names.update(dict.fromkeys(each for each in source(session) if each in readable))
    return [*names]


def _view(session: Session, name: bytes) -> Iterator[View]:
    """Yield a mailbox to search: the selected one as the client knows it, others as they are; nothing if it is gone."""
    own = name.decode()
    if session.view is not None and session.view.name == own:
        yield session.view
        return
    try:
        record = session.mailing_list(own)
    except No:
        return
    if record.count:
        yield View(record, session.own_marks(record))
