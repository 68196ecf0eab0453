"""SUBSCRIBE, UNSUBSCRIBE, LSUB, and LIST of subscribed names. RFC 9051 s. 6.3.7, 6.3.8, 6.3.9; RFC 3501 s. 6.3.9.

A user who never chose is subscribed to every mailbox, and so is everybody who is no user: many programs show nothing
but subscribed mailboxes. The first UNSUBSCRIBE makes the choice: from then on new lists are not subscribed to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.imap.commands.list import ROOT
from gateway.imap.mailboxes import Patterns, mailboxes, subscribed
from gateway.imap.names import mailbox_name
from gateway.imap.registry import (
    LIST_RETURNS,
    LIST_SELECTIONS,
    LOGGED_IN,
    ListReturn,
    ListSelection,
    command,
    entry,
)
from gateway.imap.responses import No
from storage.marks import TooMany

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from gateway.imap.grammar import Parser
    from gateway.imap.registry import Request
    from gateway.imap.session import Session

LIST_SELECTIONS[b"SUBSCRIBED"] = ListSelection(subscribed, implies=b"SUBSCRIBED")


@entry(LIST_RETURNS, b"SUBSCRIBED")
def return_subscribed(session: Session, parser: Parser) -> ListReturn:
    r"""Add \Subscribed. RFC 9051 s. 6.3.9.2."""
    names = subscribed(session)
    return ListReturn(attribute=lambda name: b"\\Subscribed" if name in names else b"")


@command(b"SUBSCRIBE", LOGGED_IN)
async def subscribe(session: Session, request: Request) -> AsyncIterator[bytes]:
    """Subscribe to a mailbox that there is. RFC 9051 s. 6.3.7.

    To subscribe where everything is subscribed to already is no choice: nothing is kept.
    """
    name = _name(request)
    session.mailing_list(name)
    if name.encode() not in subscribed(session):
        assert session.marks is not None
        assert session.user is not None
        try:
            session.marks.subscribe(session.user, name, ())
        except TooMany:
            raise No("too many subscriptions", b"LIMIT") from None
    yield b""


@command(b"UNSUBSCRIBE", LOGGED_IN)
async def unsubscribe(session: Session, request: Request) -> AsyncIterator[bytes]:
    """Undo a subscription, also to what is no mailbox any more. RFC 9051 s. 6.3.8."""
    name = _name(request)
    if name.encode() in subscribed(session):
        if session.marks is None or session.user is None:
            raise No("only users choose what they are subscribed to", b"NOPERM")
        default = (each.decode() for each in mailboxes(session).names)
        try:
            session.marks.unsubscribe(session.user, name, default)
        except TooMany:
            raise No("too many subscriptions would be left", b"LIMIT") from None
    yield b""


@command(b"LSUB", LOGGED_IN)
async def lsub(session: Session, request: Request) -> AsyncIterator[bytes]:
    r"""List subscribed names; with ``%`` what lies above them as well, as \Noselect. RFC 3501 s. 6.3.9."""
    parser = request.parser
    parser.space()
    reference = parser.mailbox().encode()
    parser.space()
    pattern = parser.mailbox_pattern().encode()
    parser.end()
    if not pattern:
        yield b"* LSUB %b\r\n" % ROOT
        return
    for batch in subscribed(session).matching(Patterns(reference, [pattern]), with_levels=True):
        yield b"".join(
            [
                b'* LSUB (%b) "." %b\r\n'
                % (b"" if is_subscribed else b"\\Noselect", mailbox_name(session, name.decode()))
                for name, is_subscribed in batch
            ]
        )


def _name(request: Request) -> str:
    parser = request.parser
    parser.space()
    name = parser.mailbox()
    parser.end()
    return name
