"""LIST: what the server has. RFC 3977 s. 7.6; RFC 6048; RFC 2980 s. 2.7 (XGTITLE)."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from gateway.nntp.registry import LIST_VARIANTS, capability, command, list_variant
from gateway.nntp.responses import END, NntpError, dot_stuffed, lines, printable, status
from gateway.nntp.wildmat import newsgroup_wildmat

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from gateway.nntp.session import Session
    from storage.model import MailingList

_BATCH: Final = 256
"""How many newsgroups are sent at a time."""


@command(b"LIST [keyword [wildmat|argument]]", range(3))
async def list_(session: Session, arguments: Sequence[bytes]) -> AsyncIterator[bytes]:
    """Run a variant of LIST, ACTIVE where none is named. RFC 3977 s. 7.6.1."""
    keyword, *others = arguments or [b"ACTIVE"]
    row = LIST_VARIANTS.get(keyword.upper())
    if row is None:
        raise NntpError(501, "unknown LIST keyword")
    if len(others) not in row.arguments:
        raise NntpError(501, f"syntax: {row.usage.decode()}")
    async for piece in row.run(session, others):
        yield piece


@capability
def list_line(_: Session) -> bytes:
    """Name the variants of LIST. RFC 3977 s. 7.6."""
    return b" ".join((b"LIST", *sorted(LIST_VARIANTS)))


@list_variant(b"ACTIVE [wildmat]", range(2))
async def active(session: Session, arguments: Sequence[bytes]) -> AsyncIterator[bytes]:
    """List newsgroups with their water marks and status. RFC 3977 s. 7.6.3."""
    follows = status(215, "newsgroups follow")
    async for piece in _block(session, arguments, follows, active_line):
        yield piece


@list_variant(b"ACTIVE.TIMES [wildmat]", range(2))
async def active_times(session: Session, arguments: Sequence[bytes]) -> AsyncIterator[bytes]:
    """List newsgroups with the times they were made, and by whom: this server. RFC 3977 s. 7.6.4."""
    creator = b"news@" + session.settings.host

    def line(record: MailingList) -> bytes:
        return b"%b %d %b" % (record.name.encode(), record.created, creator)

    follows = status(215, "creation times follow")
    async for piece in _block(session, arguments, follows, line):
        yield piece


@list_variant(b"COUNTS [wildmat]", range(2))
async def counts(session: Session, arguments: Sequence[bytes]) -> AsyncIterator[bytes]:
    """List newsgroups with their water marks, numbers of articles, and status. RFC 6048 s. 2.2."""
    follows = status(215, "newsgroups follow")
    async for piece in _block(session, arguments, follows, _counts_line):
        yield piece


@list_variant(b"NEWSGROUPS [wildmat]", range(2))
async def newsgroups(session: Session, arguments: Sequence[bytes]) -> AsyncIterator[bytes]:
    """List newsgroups with their descriptions. RFC 3977 s. 7.6.6."""
    follows = status(215, "descriptions follow")
    async for piece in _block(session, arguments, follows, _description_line):
        yield piece


@command(b"XGTITLE [wildmat]", range(2))
async def xgtitle(session: Session, arguments: Sequence[bytes]) -> AsyncIterator[bytes]:
    """List newsgroups with their descriptions, the selected one by default. RFC 2980 s. 2.7."""
    wildmat = arguments or [session.selected().name.encode()]
    follows = status(282, "descriptions follow")
    async for piece in _block(session, wildmat, follows, _description_line):
        yield piece


@list_variant(b"SUBSCRIPTIONS [wildmat]", range(2))
async def subscriptions(session: Session, arguments: Sequence[bytes]) -> AsyncIterator[bytes]:
    """List the newsgroups recommended to newcomers, most important first. RFC 6048 s. 2.6."""
    if session.settings.subscriptions is None:
        raise NntpError(503, "no newsgroups are recommended")
    matches = _matcher(arguments)
    known = {record.name for record in session.lists()}
    recommended = session.settings.subscriptions
    names = [name.encode() for name in recommended if name in known and matches(name)]
    yield status(215, "recommended newsgroups follow") + lines(names) + END


@list_variant(b"MOTD")
async def motd(session: Session, arguments: Sequence[bytes]) -> AsyncIterator[bytes]:
    """Send the operator's message of the day. RFC 6048 s. 2.5."""
    if session.settings.motd is None:
        raise NntpError(503, "no message of the day")
    text = lines(printable(line) for line in session.settings.motd.splitlines())
    yield status(215, "message of the day follows") + dot_stuffed(text) + END


@list_variant(b"DISTRIB.PATS")
@list_variant(b"DISTRIBUTIONS")
@list_variant(b"MODERATORS")
async def nothing(session: Session, arguments: Sequence[bytes]) -> AsyncIterator[bytes]:
    """List what only concerns posting: nothing. RFC 3977 s. 7.6.5, RFC 6048 s. 2.3, 2.4."""
    yield status(215, "nothing follows: articles are not posted here") + END


def active_line(record: MailingList) -> bytes:
    """Return a newsgroup's line of LIST ACTIVE and NEWGROUPS. RFC 3977 s. 7.6.3."""
    return b"%b %d %d n" % (record.name.encode(), record.high, record.low)


def _counts_line(record: MailingList) -> bytes:
    return b"%b %d %d %d n" % (record.name.encode(), record.high, record.low, record.count)


def _description_line(record: MailingList) -> bytes:
    shown = printable(record.description)
    if not shown:
        address = printable(record.address)
        shown = b"mailing-list archive of " + address if address else b"mailing-list archive"
    return b"%b\t%b" % (record.name.encode(), shown)


def _matcher(arguments: Sequence[bytes]) -> Callable[[str], bool]:
    """Return the test of names that the wildmat is, if there is one.

    Raises:
        NntpError: it is no wildmat.
    """
    return newsgroup_wildmat(arguments[0]) if arguments else lambda _: True


async def _block(
    session: Session,
    arguments: Sequence[bytes],
    follows: bytes,
    line: Callable[[MailingList], bytes],
) -> AsyncIterator[bytes]:
    """Send a line for each list that matches; a piece for each batch looked at, so that others get their turn."""
    matches = _matcher(arguments)
    yield follows
    records = session.lists()
    while batch := list(islice(records, _BATCH)):
        yield lines(line(record) for record in batch if matches(record.name))
    yield END
