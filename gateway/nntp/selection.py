"""Which articles an argument names: a number, a range, a message-id, or nothing for the current one. RFC 3977 s. 6, 8."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gateway.nntp.responses import NntpError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.nntp.session import Session
    from storage.model import Location

__all__ = [
    "ArticleRef",
    "article_range",
    "find_article",
    "is_message_id",
]

# RFC 3977 s. 9.8: article-number = 1*16DIGIT, message-id = "<" 1*248A-NOTGT ">".
_NUMBER_DIGITS: Final = 16
_RANGE: Final = re.compile(rb"([0-9]{1,16})(-)?([0-9]{1,16})?")
_MESSAGE_ID: Final = re.compile(rb"<[\x21-\x3d\x3f-\x7e]{1,248}>")

_LARGEST: Final = 10**16 - 1


@dataclass(frozen=True, slots=True)
class ArticleRef:
    """One article: where it lies, and the number to show for it, which is 0 outside the selected newsgroup.

    ``by_number`` tells whether it was asked for by its number.
    """

    name: str
    number: int
    shown: int
    by_number: bool = False


def is_message_id(argument: bytes) -> bool:
    """Tell whether an argument is a message-id rather than a number or range.

    Raises:
        NntpError: it begins as one and is none.
    """
    if not argument.startswith(b"<"):
        return False
    if not _MESSAGE_ID.fullmatch(argument):
        raise NntpError(501, "syntax error in message-id")
    return True


def article_range(argument: bytes) -> tuple[int, int]:
    """Return the first and the last number of ``n``, ``n-`` or ``n-m``. RFC 3977 s. 8.3.2.

    Raises:
        NntpError: it is no range.
    """
    match = _RANGE.fullmatch(argument)
    if not match or (match[3] and not match[2]):
        raise NntpError(501, "syntax error in range")
    first = int(match[1])
    if match[3]:
        return first, int(match[3])
    return first, _LARGEST if match[2] else first


async def find_article(session: Session, arguments: Sequence[bytes]) -> ArticleRef:
    """Find the article that ``[message-id|number]`` names. RFC 3977 s. 6.2.1.2.

    A message-id in the selected newsgroup gets its number there, which costs nothing to know and lets a client mark
    it read. Changes nothing in the session.

    Raises:
        NntpError: 501 syntax, 412 no newsgroup, 420 no current article, 423 no such number, 430 no such message-id.
    """
    if not arguments:
        return _current_article(session)
    argument = arguments[0]
    if is_message_id(argument):
        return await _by_message_id(session, argument)
    if not argument.isdigit() or len(argument) > _NUMBER_DIGITS:
        raise NntpError(501, "syntax error in article number")
    number = int(argument)
    group = session.selected()
    if not group.has(number):
        raise NntpError(423, "no article with that number")
    return ArticleRef(group.name, number, number, by_number=True)


def _current_article(session: Session) -> ArticleRef:
    """Return the current article.

    Raises:
        NntpError: 412 no newsgroup, 420 no current article.
    """
    group = session.selected()
    if session.current is None or not group.has(session.current):
        raise NntpError(420, "no current article")
    return ArticleRef(group.name, session.current, session.current)


async def _by_message_id(session: Session, message_id: bytes) -> ArticleRef:
    first: Location | None = None
    for place in await session.archive.find(message_id):
        if place.name == session.group and session.access.readable(place.name):
            return ArticleRef(place.name, place.number, place.number)
        if first is None and session.access.readable(place.name):
            first = place
    if first is None:
        raise NntpError(430, "no article with that message-id")
    return ArticleRef(first.name, first.number, 0)
