"""STATUS: counts of a mailbox that need not be selected. RFC 9051 s. 6.3.11, s. 7.3.4; RFC 3501 s. 6.3.10."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.imap.flags import unseen_count
from gateway.imap.modseq import highest_modseq
from gateway.imap.names import mailbox_name
from gateway.imap.registry import LOGGED_IN, STATUS_ITEMS, command, entry
from gateway.imap.responses import Bad

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from gateway.imap.grammar import Parser
    from gateway.imap.registry import Request
    from gateway.imap.session import Session
    from storage.model import MailingList

__all__ = ["read_items", "status_response"]


@command(b"STATUS", LOGGED_IN)
async def status(session: Session, request: Request) -> AsyncIterator[bytes]:
    """Tell counts of a mailbox as it is now, also of the selected one."""
    parser = request.parser
    parser.space()
    name = parser.mailbox()
    parser.space()
    items = read_items(session, parser)
    parser.end()
    yield await status_response(session, session.mailing_list(name), items)


def read_items(session: Session, parser: Parser) -> list[bytes]:
    """Read the names of status items in parentheses.

    Raises:
        Bad: there are none, or one that is not known.
    """
    names = parser.listed(parser.word)
    if not names:
        raise Bad("no status items")
    if not STATUS_ITEMS.keys() >= set(names):
        raise Bad("unknown status item")
    if b"HIGHESTMODSEQ" in names:
        session.enabled.add(b"CONDSTORE")  # RFC 7162 s. 3.1
    return list(dict.fromkeys(names))


async def status_response(session: Session, record: MailingList, items: Iterable[bytes]) -> bytes:
    """Return the STATUS response for a mailbox."""
    values = [b"%b %b" % (item, await STATUS_ITEMS[item](session, record)) for item in items]
    return b"* STATUS %b (%b)\r\n" % (mailbox_name(session, record.name), b" ".join(values))


@entry(STATUS_ITEMS, b"MESSAGES")
async def messages(session: Session, record: MailingList) -> bytes:
    """Return how many messages there are."""
    return b"%d" % record.count


@entry(STATUS_ITEMS, b"UIDNEXT")
async def uidnext(session: Session, record: MailingList) -> bytes:
    """Return the number the next message will have. RFC 9051 s. 2.3.1.1."""
    return b"%d" % (record.high + 1)


@entry(STATUS_ITEMS, b"UIDVALIDITY")
async def uidvalidity(session: Session, record: MailingList) -> bytes:
    """Return what changes only if numbers were given anew."""
    return b"%d" % record.validity


@entry(STATUS_ITEMS, b"UNSEEN")
async def unseen(session: Session, record: MailingList) -> bytes:
    """Return how many messages the user has not seen; anybody else has seen none."""
    return b"%d" % unseen_count(record, session.own_marks(record))


@entry(STATUS_ITEMS, b"HIGHESTMODSEQ")
async def status_highest_modseq(session: Session, record: MailingList) -> bytes:
    """Return the highest mod-sequence. RFC 7162 s. 3.1.7."""
    return b"%d" % highest_modseq(record, session.own_marks(record))


@entry(STATUS_ITEMS, b"SIZE")
async def size(session: Session, record: MailingList) -> bytes:
    """Return the octets of all messages: the sum of RFC822.SIZE."""
    return b"%d" % record.octets


async def _none(session: Session, record: MailingList) -> bytes:
    """Return 0: nothing is recent or deleted, and no message is ever taken (RFC 7889 s. 5)."""
    return b"0"


for _name in (b"RECENT", b"DELETED", b"APPENDLIMIT"):
    STATUS_ITEMS[_name] = _none
