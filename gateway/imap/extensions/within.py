"""WITHIN: how long ago a message came. RFC 5032."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.imap.registry import SEARCH_KEYS, Later, capability, entry
from gateway.imap.responses import Bad
from storage.query import Received

if TYPE_CHECKING:
    from gateway.imap.registry import Criterion
    from gateway.imap.searching import Keys
    from gateway.imap.session import Session
    from gateway.imap.view import View
    from storage.query import Query

capability(b"WITHIN")


@entry(SEARCH_KEYS, b"OLDER")
def older(keys: Keys) -> Criterion:
    """Match what came so many seconds ago, or earlier."""
    seconds = _interval(keys)

    async def bind(session: Session, _view: View) -> Query:
        return Received(before=int(session.clock()) - seconds + 1)

    return Later(bind)


@entry(SEARCH_KEYS, b"YOUNGER")
def younger(keys: Keys) -> Criterion:
    """Match what came so many seconds ago, or later."""
    seconds = _interval(keys)

    async def bind(session: Session, _view: View) -> Query:
        return Received(since=int(session.clock()) - seconds)

    return Later(bind)


def _interval(keys: Keys) -> int:
    seconds = keys.number()
    if seconds == 0:
        raise Bad("an interval is not 0")
    return seconds
