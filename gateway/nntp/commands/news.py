"""NEWGROUPS, NEWNEWS, DATE: what came since. RFC 3977 s. 7.1, 7.3, 7.4."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from gateway.nntp.commands.lists import active_line
from gateway.nntp.registry import command
from gateway.nntp.responses import END, NntpError, lines, status
from gateway.nntp.wildmat import newsgroup_wildmat
from storage.model import Rendition

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from gateway.nntp.session import Session

# RFC 3977 s. 7.3.2: [xx]yymmdd and hhmmss; xx is 19 to 99.
_DATE: Final = re.compile(rb"(19|[2-9][0-9])?([0-9]{2})([0-9]{2})([0-9]{2})")
_TIME: Final = re.compile(rb"([0-9]{2})([0-9]{2})([0-9]{2})")
_LEAP_SECOND: Final = 60
_MESSAGE_ID: Final = 3
"""Where the message-id stands in a stored overview row."""


@command(b"DATE", before_login=True)
async def date(session: Session, arguments: Sequence[bytes]) -> AsyncIterator[bytes]:
    """Tell the time. RFC 3977 s. 7.1."""
    now = datetime.fromtimestamp(session.clock(), UTC)
    yield b"111 %b\r\n" % now.strftime("%Y%m%d%H%M%S").encode()


@command(b"NEWGROUPS date time [GMT]", range(2, 4))
async def newgroups(session: Session, arguments: Sequence[bytes]) -> AsyncIterator[bytes]:
    """List newsgroups made since a time. RFC 3977 s. 7.3."""
    since = _moment(session, arguments)
    new = [active_line(record) for record in session.lists() if record.created >= since]
    yield status(231, "new newsgroups follow") + lines(new) + END


@command(b"NEWNEWS wildmat date time [GMT]", range(3, 5), label=b"NEWNEWS")
async def newnews(session: Session, arguments: Sequence[bytes]) -> AsyncIterator[bytes]:
    """List the message-ids of what arrived in the archive since a time. RFC 3977 s. 7.4."""
    matches = newsgroup_wildmat(arguments[0])
    since = _moment(session, arguments[1:])
    archive = session.archive
    follows = status(230, "new articles follow")
    for record in session.lists():
        yield b""  # a pause: many lists may have nothing new
        if not matches(record.name):
            continue
        first = await archive.first_arrived(record.name, since)
        if first > record.high:
            continue
        async for page in archive.pages(Rendition.OVERVIEW, record.name, first, record.high):
            rows = page.rows[page.span(first, record.high)]
            yield follows + lines(row.split(b"\t", _MESSAGE_ID + 1)[_MESSAGE_ID] for row in rows)
            follows = b""
    yield follows + END


def _moment(session: Session, arguments: Sequence[bytes]) -> int:
    """Read ``date time [GMT]``, in seconds since 1970. The server's own time zone is UTC.

    Raises:
        NntpError: it is no time.
    """
    day, time = _DATE.fullmatch(arguments[0]), _TIME.fullmatch(arguments[1])
    if not day or not time or (len(arguments) > 2 and arguments[2].upper() != b"GMT"):
        raise NntpError(501, "syntax error in date or time")
    hour, minute, second = map(int, time.groups())
    year = int(day[2])
    if day[1]:
        year += int(day[1]) * 100
    else:  # a year of this century, or of the last where that is still to come
        now = datetime.fromtimestamp(session.clock(), UTC).year
        year += now - now % 100 - (100 if year > now % 100 else 0)
    leap = second == _LEAP_SECOND
    try:
        moment = datetime(
            year, int(day[3]), int(day[4]), hour, minute, second - leap, tzinfo=UTC
        ) + timedelta(seconds=leap)
    except (ValueError, OverflowError):
        raise NntpError(501, "no such date or time") from None
    return int(moment.timestamp())
