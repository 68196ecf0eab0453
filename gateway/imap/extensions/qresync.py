"""QRESYNC: what happened to a mailbox while a client was away, in one answer. RFC 7162 s. 3.2.

VANISHED in place of EXPUNGE stands in ``gateway.imap.updates``. That a client may send what it knows of sequence
numbers (s. 3.2.5.2) is for servers that forget what was removed; here every removal leaves a tombstone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.imap.commands.fetch import fetch_responses
from gateway.imap.commands.items import FLAGS, UID
from gateway.imap.modseq import MODSEQ, changed_since, revision_of
from gateway.imap.numset import LARGEST_NUMBER, intersect, render, runs
from gateway.imap.registry import (
    ENABLED,
    FETCH_MODIFIERS,
    SELECT_PARAMETERS,
    Fetch,
    capability,
    entry,
)
from gateway.imap.responses import Bad

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from gateway.imap.grammar import Parser
    from gateway.imap.registry import Modify, Parameter, Request
    from gateway.imap.session import Session

capability(b"QRESYNC")
ENABLED[b"QRESYNC"] = (b"CONDSTORE",)


@entry(SELECT_PARAMETERS, b"QRESYNC")
def select_qresync(session: Session, parser: Parser) -> Parameter:
    """Tell what was removed and what changed since the client's last visit. RFC 7162 s. 3.2.5."""
    if b"QRESYNC" not in session.enabled:
        raise Bad("ENABLE QRESYNC comes first")
    parser.space()
    parser.expect(b"(")
    validity = parser.number()
    parser.space()
    since = parser.mod_sequence()
    known: Sequence[range] = [range(1, LARGEST_NUMBER + 1)]
    if parser.takes(b" ") and not parser.sees(b"("):
        known = _known_set(parser)
        parser.takes(b" ")
    if parser.takes(b"("):
        _known_set(parser)
        parser.space()
        _known_set(parser)
        parser.expect(b")")
    parser.expect(b")")

    async def resync(session: Session) -> AsyncIterator[bytes]:
        view = session.selected()
        if view.record.validity != validity:
            return
        yield await vanished_since(session, since, known)
        changed = intersect(await changed_since(session.archive, view, since), known)
        async for piece in fetch_responses(session, Fetch([UID, FLAGS, MODSEQ], changed)):
            yield piece

    return resync


@entry(FETCH_MODIFIERS, b"VANISHED")
def vanished(session: Session, parser: Parser) -> Modify:
    """Tell also which of the UIDs asked for were removed. RFC 7162 s. 3.2.6."""

    async def add(session: Session, request: Request, plan: Fetch) -> None:
        if not request.by_uid or b"QRESYNC" not in session.enabled or plan.since is None:
            raise Bad("VANISHED needs UID FETCH, CHANGEDSINCE, and QRESYNC enabled")
        plan.before.append(await vanished_since(session, plan.since, plan.asked))

    return add


async def vanished_since(session: Session, since: int, known: Sequence[range]) -> bytes:
    """Return the response that tells which UIDs among the known were removed. RFC 7162 s. 3.2.10.

    Those that the client counts among its messages are left: they vanish by a response that it counts on from.
    """
    record = session.selected().record
    removed = await session.archive.removed(record.name, revision_of(since))
    lost = intersect(runs([number for number in removed if not record.has(number)]), known)
    return b"* VANISHED (EARLIER) %b\r\n" % render(lost) if lost else b""


def _known_set(parser: Parser) -> Sequence[range]:
    """Read a set without ``*``. RFC 7162 s. 7, known-uids and known-sequence-set."""
    chosen = parser.numbers()
    if chosen is None or chosen.has_star:
        raise Bad("a set of known numbers has no $ or *")
    return chosen.ranges
