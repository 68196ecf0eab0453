"""The search keys of the base protocol, and those of CONDSTORE and SAVEDATE. RFC 9051 s. 6.4.4; RFC 3501 s. 6.4.4."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from gateway.imap.modseq import changed_since
from gateway.imap.numset import intersect
from gateway.imap.registry import SEARCH_JOINS, SEARCH_KEYS, Join, Later, entry
from gateway.imap.responses import Bad
from gateway.imap.searching import SECONDS_A_DAY
from storage.model import MAX_NUMBER
from storage.query import (
    All,
    Arrived,
    Body,
    Field,
    Larger,
    Marked,
    Not,
    Numbers,
    Or,
    Received,
    Sent,
    Smaller,
    Text,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.imap.registry import Criterion
    from gateway.imap.searching import Keys
    from gateway.imap.session import Session
    from gateway.imap.view import View
    from storage.query import Query

_FIELDS: Final = (b"BCC", b"CC", b"FROM", b"SUBJECT", b"TO")
_ENTRY_TYPES: Final = (b"PRIV", b"SHARED", b"ALL")
_FLAGS: Final = (b"ANSWERED", b"DELETED", b"DRAFT", b"FLAGGED", b"SEEN")

SEARCH_JOINS[b"NOT"] = Join(1, lambda parts: Not(parts[0]))
SEARCH_JOINS[b"OR"] = Join(2, Or)


@entry(SEARCH_KEYS, b"ALL")
@entry(SEARCH_KEYS, b"OLD")
def every(keys: Keys) -> Criterion:
    r"""Match every message; nothing is \Recent here, as nothing is delivered to a mailbox that is only read."""
    return All()


@entry(SEARCH_KEYS, b"NEW")
@entry(SEARCH_KEYS, b"RECENT")
def none(keys: Keys) -> Criterion:
    """Match no message."""
    return Numbers()


def dated(condition: Callable[[int | None, int | None], Query], prefix: bytes = b"") -> None:
    """Register the keys that are about a day of some clock: BEFORE, ON, SINCE. Days are those of UTC."""

    @entry(SEARCH_KEYS, prefix + b"BEFORE")
    def before(keys: Keys) -> Criterion:
        return condition(None, keys.day())

    @entry(SEARCH_KEYS, prefix + b"ON")
    def on(keys: Keys) -> Criterion:
        day = keys.day()
        return condition(day, day + SECONDS_A_DAY)

    @entry(SEARCH_KEYS, prefix + b"SINCE")
    def since(keys: Keys) -> Criterion:
        return condition(keys.day(), None)


dated(Received)
dated(Sent, b"SENT")
dated(Arrived, b"SAVED")  # RFC 8514 s. 4.3
SEARCH_KEYS[b"SAVEDATESUPPORTED"] = every


@entry(SEARCH_KEYS, b"LARGER")
def larger(keys: Keys) -> Criterion:
    """Match messages of more octets."""
    return Larger(keys.number())


@entry(SEARCH_KEYS, b"SMALLER")
def smaller(keys: Keys) -> Criterion:
    """Match messages of fewer octets."""
    return Smaller(keys.number())


@entry(SEARCH_KEYS, b"HEADER")
def header(keys: Keys) -> Criterion:
    """Match messages with a field so named that contains a string."""
    return Field(keys.octets().lower(), keys.string())


@entry(SEARCH_KEYS, b"BODY")
def body(keys: Keys) -> Criterion:
    """Match messages whose body contains a string."""
    return Body(keys.string())


@entry(SEARCH_KEYS, b"TEXT")
def text(keys: Keys) -> Criterion:
    """Match messages whose header or body contains a string."""
    return Text(keys.string())


@entry(SEARCH_KEYS, b"UID")
def uid(keys: Keys) -> Criterion:
    """Match messages of some UIDs, or those found last."""
    keys.parser.space()
    chosen = keys.parser.numbers()

    async def bind(session: Session, view: View) -> Query:
        if chosen is None:
            return Marked(view.saved)
        ranges = chosen.resolve(view.record.previous_present(view.record.high + 1) or 0)
        ranges = intersect(ranges, [range(1, MAX_NUMBER + 1)])
        return Numbers(tuple((part[0], part[-1]) for part in ranges))

    return Later(bind)


@entry(SEARCH_KEYS, b"KEYWORD")
def keyword(keys: Keys) -> Criterion:
    """Match messages with a keyword of the user's."""
    keys.parser.space()
    return _flagged(keys.parser.atom())


@entry(SEARCH_KEYS, b"UNKEYWORD")
def unkeyword(keys: Keys) -> Criterion:
    """Match messages without a keyword of the user's."""
    keys.parser.space()
    return _flagged(keys.parser.atom(), wanted=False)


@entry(SEARCH_KEYS, b"MODSEQ")
def modseq(keys: Keys) -> Criterion:
    """Match what has changed at a mod-sequence or since; of which flag counts for nothing. RFC 7162 s. 3.1.5."""
    parser = keys.parser
    parser.space()
    if parser.sees(b'"'):
        if not parser.string().lower().startswith(b"/flags/"):
            raise Bad("an entry is /flags/ and a flag")
        parser.space()
        if parser.word() not in _ENTRY_TYPES:
            raise Bad("an entry is of type priv, shared or all")
        parser.space()
    since = parser.number64()

    async def bind(session: Session, view: View) -> Query:
        if since == 0:
            return All()
        changed = await changed_since(session.archive, view, since - 1)
        return Numbers(tuple((run[0], run[-1]) for run in changed))

    return Later(bind)


def _flagged(flag: bytes, *, wanted: bool = True) -> Later:
    """Return the condition to have a flag of the user's own, or not to; for anybody else there are none."""

    async def bind(session: Session, view: View) -> Query:
        found = Numbers() if view.marks is None else Marked(view.marks.marked(flag))
        return found if wanted else Not(found)

    return Later(bind)


def _register() -> None:
    for name in _FLAGS:
        SEARCH_KEYS[name] = _constant(_flagged(b"\\" + name))
        SEARCH_KEYS[b"UN" + name] = _constant(_flagged(b"\\" + name, wanted=False))
    for name in _FIELDS:
        SEARCH_KEYS[name] = partial(_field, name.lower())


def _constant(criterion: Criterion) -> Callable[[Keys], Criterion]:
    return lambda _: criterion


def _field(name: bytes, keys: Keys) -> Criterion:
    return Field(name, keys.string())


_register()
