"""STORE and UID STORE: a user's own flags. RFC 9051 s. 6.4.6; RFC 7162 s. 3.1.3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.imap.commands.fetch import fetch_responses
from gateway.imap.commands.items import FLAGS, UID
from gateway.imap.flags import is_settable, keyword_updates
from gateway.imap.marking import change_flags
from gateway.imap.modseq import MODSEQ, revision_of
from gateway.imap.numset import render
from gateway.imap.registry import Fetch, State, command
from gateway.imap.responses import Bad, No
from gateway.imap.updates import flag_updates
from gateway.imap.view import msn
from storage.bitmap import EMPTY, Bitmap
from storage.marks import Mode

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from gateway.imap.grammar import Parser
    from gateway.imap.registry import Request
    from gateway.imap.session import Session
    from gateway.imap.view import View
    from storage.marks import Changed

MAX_FLAGS: Final = 100
"""Flags in one command."""


@command(b"STORE", State.SELECTED, with_uid=True, keeps_msns=True)
async def store(session: Session, request: Request) -> AsyncIterator[bytes]:
    """Change the user's own flags; for anybody else do nothing, and answer OK.

    Programs that fetch mail, such as fetchmail (6.4), mark as read what they have read, and stop at a NO.
    """
    parser = request.parser
    parser.space()
    chosen = parser.numbers()
    parser.space()
    unchanged_since = _unchanged_since(parser)
    mode, is_silent, flags = _wanted(parser)
    parser.end()
    view = session.selected()
    numbers = view.chosen(chosen, by_uid=request.by_uid)
    if unchanged_since is not None:
        session.enabled.add(b"CONDSTORE")
    if not view.writable:
        request.text = "nothing is stored in a read-only mailbox"
        return
    settable = [flag for flag in flags if is_settable(flag)]
    if flags and not settable:
        raise No("these flags cannot be set in an archive", b"NOPERM")
    for piece in flag_updates(view, session.enabled):
        yield piece
    changed = await _change(session, numbers, mode, settable, unchanged_since)
    yield keyword_updates(view)
    if changed.refused:
        request.code = b"MODIFIED %b" % _as_asked(view, changed.refused, by_uid=request.by_uid)
        request.text = "some changed meanwhile"
    is_full = not is_silent or unchanged_since is not None
    told = Bitmap.of(numbers) - changed.refused if is_full else changed.numbers
    items = ([UID] if request.by_uid else []) + ([] if is_silent else [FLAGS])
    if b"CONDSTORE" in session.enabled:
        items.append(MODSEQ)
    if not is_silent or MODSEQ in items:
        async for piece in fetch_responses(session, Fetch(items, [*told.ranges()])):
            yield piece


async def _change(
    session: Session,
    numbers: Sequence[range],
    mode: Mode,
    flags: Sequence[bytes],
    unchanged_since: int | None,
) -> Changed:
    """Change flags. The archive's own changes count with those of the flags. RFC 7162 s. 3.1.3."""
    later = EMPTY
    if unchanged_since is not None:
        name, revision = session.selected().name, revision_of(unchanged_since)
        later = Bitmap.holding(await session.archive.changed(name, revision))
    return change_flags(session, numbers, mode, flags, unchanged_since=unchanged_since, later=later)


def _unchanged_since(parser: Parser) -> int | None:
    """Read the one modifier there is. RFC 7162 s. 7, store-modifier."""
    if not parser.takes(b"("):
        return None
    parser.expect(b"UNCHANGEDSINCE")
    parser.space()
    modseq = parser.number64()
    parser.expect(b")")
    parser.space()
    return modseq


def _wanted(parser: Parser) -> tuple[Mode, bool, list[bytes]]:
    """Read what is to become of which flags, and whether silently. RFC 9051 s. 9, store-att-flags."""
    mode = Mode.ADD if parser.takes(b"+") else Mode.REMOVE if parser.takes(b"-") else Mode.SET
    parser.expect(b"FLAGS")
    is_silent = parser.takes(b".SILENT")
    parser.space()
    if parser.sees(b"("):
        flags = parser.listed(parser.flag)
    else:
        flags = [parser.flag()]
        while not parser.at_end():
            parser.space()
            flags.append(parser.flag())
    if len(flags) > MAX_FLAGS:
        raise Bad("too many flags")
    return mode, is_silent, flags


def _as_asked(view: View, numbers: Bitmap, *, by_uid: bool) -> bytes:
    """Return a set of messages in the numbers that the command was given in."""
    if by_uid:
        return render([*numbers.ranges()])
    firsts = [(msn(view.record, run[0]), len(run)) for run in numbers.ranges()]
    return render([range(first, first + length) for first, length in firsts])
