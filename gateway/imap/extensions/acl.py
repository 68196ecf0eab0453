r"""ACL: what a reader may do with a mailbox. RFC 4314.

Everybody may look a list up and read it (``l``, ``r``), users may keep \Seen and other flags of their own (``s``, ``w``).
Nobody may do more, least of all administer (``a``): who may read what, the operator decides.

RFC 4314 s. 5.2 would have SELECT answer READ-ONLY where no right changes what others see. It answers READ-WRITE to a
user all the same: programs take READ-ONLY for a mailbox in which no flag can be kept, and would not keep any.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from gateway.imap.names import mailbox_name
from gateway.imap.registry import LOGGED_IN, capability, command
from gateway.imap.responses import Bad, No

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from gateway.imap.grammar import Parser
    from gateway.imap.registry import Request
    from gateway.imap.session import Session
    from storage.model import MailingList

__all__ = ["myrights_response"]

_RIGHTS: Final = re.compile(rb"[+-]?[lrswipkxteacd0-9]*")
"""All that are known, those of RFC 2086 and none of anybody's own. RFC 4314 s. 2.1, s. 2.2."""

capability(b"ACL")
capability(b"RIGHTS=kxte")


@command(b"MYRIGHTS", LOGGED_IN)
async def myrights(session: Session, request: Request) -> AsyncIterator[bytes]:
    """Tell the reader's rights in a mailbox. RFC 4314 s. 3.5."""
    parser = request.parser
    parser.space()
    record = session.mailing_list(parser.mailbox())
    parser.end()
    yield myrights_response(session, record)


def myrights_response(session: Session, record: MailingList) -> bytes:
    """Return the MYRIGHTS response for a mailbox. RFC 4314 s. 3.8."""
    rights = b"lr" if session.marks is None or session.user is None else b"lrsw"
    return b"* MYRIGHTS %b %b\r\n" % (mailbox_name(session, record.name), rights)


@command(b"GETACL", LOGGED_IN)
async def getacl(session: Session, request: Request) -> AsyncIterator[bytes]:
    """Refuse to tell everybody's rights. RFC 4314 s. 3.3."""
    parser = request.parser
    parser.space()
    name = parser.mailbox()
    parser.end()
    yield b""
    raise _refusal(session, name)


@command(b"LISTRIGHTS", LOGGED_IN)
@command(b"DELETEACL", LOGGED_IN)
async def listrights(session: Session, request: Request) -> AsyncIterator[bytes]:
    """Refuse to tell what rights somebody could have, or to take them. RFC 4314 s. 3.2, s. 3.4."""
    name = _mailbox_and_identifier(request.parser)
    request.parser.end()
    yield b""
    raise _refusal(session, name)


@command(b"SETACL", LOGGED_IN)
async def setacl(session: Session, request: Request) -> AsyncIterator[bytes]:
    """Refuse to give rights. RFC 4314 s. 3.1."""
    parser = request.parser
    name = _mailbox_and_identifier(parser)
    parser.space()
    rights = parser.astring()
    parser.end()
    if not _RIGHTS.fullmatch(rights):
        raise Bad("a right is not known")
    yield b""
    raise _refusal(session, name)


def _mailbox_and_identifier(parser: Parser) -> str:
    """Read the name of a mailbox and somebody's; return the first. RFC 4314 s. 3."""
    parser.space()
    name = parser.mailbox()
    parser.space()
    if not parser.astring():
        raise Bad("an identifier is empty")
    return name


def _refusal(session: Session, name: str) -> No:
    """Return what is said to who may not administer a mailbox, or as anybody that there is none. RFC 4314 s. 6."""
    session.mailing_list(name)
    return No("the operator alone decides who may read", b"NOPERM")
