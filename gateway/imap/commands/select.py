"""SELECT, EXAMINE, CLOSE, UNSELECT, CHECK: choosing a mailbox. RFC 9051 s. 6.3.2, 6.3.3, 6.4.1, 6.4.2; RFC 3501 s. 6.4.1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.imap.flags import first_unseen, flags_line, permanent_line
from gateway.imap.modseq import highest_line
from gateway.imap.names import mailbox_name
from gateway.imap.registry import (
    LOGGED_IN,
    SELECT_PARAMETERS,
    SELECT_RESPONSES,
    State,
    capability,
    command,
)
from gateway.imap.responses import Bad
from gateway.imap.view import View, msn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from gateway.imap.grammar import Parser
    from gateway.imap.registry import Parameter, Request
    from gateway.imap.session import Session

_CLOSED: Final = b"* OK [CLOSED] the mailbox selected before is closed\r\n"
"""RFC 7162 s. 3.2.11; RFC 9051 s. 7.1."""

capability(b"UNSELECT")


@command(b"SELECT", LOGGED_IN)
async def select(session: Session, request: Request) -> AsyncIterator[bytes]:
    """Select a mailbox; users may change their own flags in it. RFC 9051 s. 6.3.2."""
    async for piece in _open(session, request, writable=True):
        yield piece


@command(b"EXAMINE", LOGGED_IN)
async def examine(session: Session, request: Request) -> AsyncIterator[bytes]:
    """Select a mailbox without changing anything. RFC 9051 s. 6.3.3."""
    async for piece in _open(session, request, writable=False):
        yield piece


@command(b"CLOSE", State.SELECTED)
async def close(session: Session, request: Request) -> AsyncIterator[bytes]:
    """Leave the mailbox; there is never anything to expunge. RFC 9051 s. 6.4.1."""
    request.parser.end()
    session.view = None
    yield b""


@command(b"UNSELECT", State.SELECTED)
async def unselect(session: Session, request: Request) -> AsyncIterator[bytes]:
    """Leave the mailbox. RFC 9051 s. 6.4.2."""
    request.parser.end()
    session.view = None
    yield b""


@command(b"CHECK", State.SELECTED)
async def check(session: Session, request: Request) -> AsyncIterator[bytes]:
    """Do nothing: what is stored is stored. RFC 3501 s. 6.4.1."""
    request.parser.end()
    yield b""


async def _open(session: Session, request: Request, *, writable: bool) -> AsyncIterator[bytes]:
    parser = request.parser
    parser.space()
    name = parser.mailbox()
    parameters: dict[bytes, Parameter] = {}
    if not parser.at_end():
        parser.space()
        parameters = dict(parser.listed(lambda: _parameter(session, parser)))
    parser.end()
    if session.view is not None:
        session.view = None
        yield _CLOSED
    record = session.mailing_list(name)
    marks = session.own_marks(record)
    view = View(record, marks, writable=writable and marks is not None)
    if marks is not None:
        view.told, view.flags_told = marks.stamp, len(marks.flags)
    session.view = view
    session.condstore_told = session.condstore_told or b"CONDSTORE" in session.enabled
    yield _opening(session, view)
    for parameter in parameters.values():
        async for piece in parameter(session):
            yield piece
    request.code = b"READ-WRITE" if view.writable else b"READ-ONLY"


def _opening(session: Session, view: View) -> bytes:
    """Return the responses that describe the mailbox. RFC 9051 s. 6.3.2; RFC 3501 s. 6.3.1."""
    record = view.record
    lines = [flags_line(view), permanent_line(view), b"* %d EXISTS\r\n" % record.count]
    if b"IMAP4REV2" in session.enabled:
        lines.append(b'* LIST () "." %b\r\n' % mailbox_name(session, record.name))
    else:
        lines.append(b"* 0 RECENT\r\n")
        unseen = first_unseen(view)
        if unseen is not None:
            at = msn(record, unseen)
            lines.append(b"* OK [UNSEEN %d] the first that is not seen\r\n" % at)
    lines += [
        b"* OK [UIDVALIDITY %d] UIDs are valid\r\n" % record.validity,
        b"* OK [UIDNEXT %d] the next UID\r\n" % (record.high + 1),
        highest_line(view),
        *(describe(record) for describe in SELECT_RESPONSES),
    ]
    return b"".join(lines)


def _parameter(session: Session, parser: Parser) -> tuple[bytes, Parameter]:
    name = parser.word()
    read = SELECT_PARAMETERS.get(name)
    if read is None:
        raise Bad("unknown parameter")
    return name, read(session, parser)
