"""CONDSTORE: mod-sequences of messages. RFC 7162 s. 3.1. UNCHANGEDSINCE stands with STORE, MODSEQ of SEARCH with SEARCH."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.imap.modseq import MODSEQ, changed_since
from gateway.imap.numset import intersect
from gateway.imap.registry import (
    ENABLED,
    FETCH_MODIFIERS,
    SELECT_PARAMETERS,
    capability,
    entry,
    fetch_item,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from gateway.imap.grammar import Parser
    from gateway.imap.registry import Fetch, Modify, Parameter, Request
    from gateway.imap.session import Session

capability(b"CONDSTORE")
ENABLED[b"CONDSTORE"] = ()


@entry(SELECT_PARAMETERS, b"CONDSTORE")
def select_condstore(session: Session, parser: Parser) -> Parameter:
    """Switch it on; HIGHESTMODSEQ is told in any case. RFC 7162 s. 3.1.8."""
    return _enable


fetch_item(b"MODSEQ", MODSEQ)


@entry(FETCH_MODIFIERS, b"CHANGEDSINCE")
def changedsince(session: Session, parser: Parser) -> Modify:
    """Lessen FETCH to what changed after a mod-sequence. RFC 7162 s. 3.1.4.1."""
    parser.space()
    since = parser.mod_sequence()

    async def lessen(session: Session, request: Request, plan: Fetch) -> None:
        if MODSEQ not in plan.items:
            plan.items.append(MODSEQ)
        plan.since = since
        changed = await changed_since(session.archive, session.selected(), since)
        plan.runs = intersect(plan.runs, changed)

    return lessen


async def _enable(session: Session) -> AsyncIterator[bytes]:
    session.enabled.add(b"CONDSTORE")
    session.condstore_told = True
    yield b""
