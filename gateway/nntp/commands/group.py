"""GROUP, LISTGROUP, LAST, NEXT: selecting a newsgroup and walking in it. RFC 3977 s. 6.1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.nntp.registry import command
from gateway.nntp.responses import END, NntpError
from gateway.nntp.selection import article_range
from storage.errors import NoSuchMessage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from gateway.nntp.session import Session
    from storage.model import MailingList

_NUMBERS: Final = 4096
"""How many article numbers are sent at a time."""


@command(b"GROUP newsgroup", range(1, 2))
async def group(session: Session, arguments: Sequence[bytes]) -> AsyncIterator[bytes]:
    """Select a newsgroup and its first article. RFC 3977 s. 6.1.1."""
    yield _select(session, _find(session, arguments[0]))


@command(b"LISTGROUP [newsgroup [range]]", range(3))
async def listgroup(session: Session, arguments: Sequence[bytes]) -> AsyncIterator[bytes]:
    """Select a newsgroup and its first article, and list its article numbers. RFC 3977 s. 6.1.2."""
    first, last = article_range(arguments[1] if len(arguments) > 1 else b"1-")
    found = _find(session, arguments[0]) if arguments else session.selected()
    yield _select(session, found)
    for run in found.present(first, last):
        for start in range(0, len(run), _NUMBERS):
            numbers = run[start : start + _NUMBERS]
            yield b"%d\r\n" * len(numbers) % tuple(numbers)
    yield END


@command(b"NEXT")
async def next_article(session: Session, arguments: Sequence[bytes]) -> AsyncIterator[bytes]:
    """Go to the next article of the newsgroup. RFC 3977 s. 6.1.4."""
    found, current = _place(session)
    yield await _move(session, found, found.next_present(current), 421, "no next article")


@command(b"LAST")
async def last_article(session: Session, arguments: Sequence[bytes]) -> AsyncIterator[bytes]:
    """Go to the previous article of the newsgroup. RFC 3977 s. 6.1.3."""
    found, current = _place(session)
    yield await _move(session, found, found.previous_present(current), 422, "no previous article")


def _find(session: Session, argument: bytes) -> MailingList:
    """Return the list that a newsgroup name means.

    Where none has exactly that name but one, and only one, has it in other letters' case, that one is meant: mailing
    lists are known by addresses, in which people do not mind the case.

    Raises:
        NntpError: there is none that the reader may read.
    """
    name = argument.decode()
    try:
        return session.mailing_list(name)
    except NntpError:
        folded = name.lower()
        alike = [record for record in session.lists() if record.name.lower() == folded]
        if len(alike) != 1:
            raise
        return alike[0]


def _select(session: Session, found: MailingList) -> bytes:
    session.group = found.name
    session.current = found.low if found.count else None
    return b"211 %d %d %d %b\r\n" % (found.count, found.low, found.high, found.name.encode())


def _place(session: Session) -> tuple[MailingList, int]:
    """Return the selected newsgroup and the current article number, whether or not its article is still there."""
    found = session.selected()
    if session.current is None:
        raise NntpError(420, "no current article")
    return found, session.current


async def _move(
    session: Session, found: MailingList, number: int | None, code: int, refusal: str
) -> bytes:
    if number is None:
        raise NntpError(code, refusal)
    try:
        entry = await session.archive.entry(found.name, number)
    except NoSuchMessage:
        raise NntpError(code, refusal) from None
    session.current = number
    return b"223 %d %b\r\n" % (number, entry.message_id)
