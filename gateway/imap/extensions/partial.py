"""PARTIAL: a window of what is found, or of what is fetched. RFC 9394."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.imap.numset import intersect, total
from gateway.imap.registry import FETCH_MODIFIERS, SEARCH_RETURNS, Return, capability, entry
from gateway.imap.responses import Bad

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gateway.imap.grammar import Parser
    from gateway.imap.registry import Fetch, Modify, Request
    from gateway.imap.results import Results
    from gateway.imap.session import Session

capability(b"PARTIAL")


@entry(SEARCH_RETURNS, b"PARTIAL")
def partial_return(parser: Parser) -> Return:
    """Tell some of what is found. RFC 9394 s. 3.1."""
    text, which = _window(parser)

    def data(results: Results) -> Iterator[bytes]:
        numbers = results.part(which)
        yield b" PARTIAL (%b " % text
        if numbers:
            yield from results.sets(numbers)
        else:
            yield b"NIL"
        yield b")"

    return Return(data, which, replaces=b"ALL")


@entry(FETCH_MODIFIERS, b"PARTIAL")
def partial_fetch(session: Session, parser: Parser) -> Modify:
    """Lessen UID FETCH to some of the messages of its set, whatever else lessens it. RFC 9394 s. 3.3, s. 3.4."""
    _, which = _window(parser)

    async def lessen(session: Session, request: Request, plan: Fetch) -> None:
        if not request.by_uid:
            raise Bad("PARTIAL is for UID FETCH")
        record = session.selected().record
        present = [run for part in plan.asked for run in record.present(part[0], part[-1])]
        plan.runs = intersect(plan.runs, _some(present, which))

    return lessen


def _window(parser: Parser) -> tuple[bytes, slice]:
    """Read a partial range; return it as it was written, and as a slice. RFC 9394 s. 4, partial-range."""
    parser.space()
    start = parser.position
    minus = b"-" if parser.takes(b"-") else b""
    one = _place(parser)
    parser.expect(b":" + minus)
    low, high = sorted((one, _place(parser)))
    which = slice(-high, 1 - low or None) if minus else slice(low - 1, high)
    return parser.octets[start : parser.position], which


def _place(parser: Parser) -> int:
    place = parser.number()
    if place == 0:
        raise Bad("places begin with 1")
    return place


def _some(runs: Sequence[range], which: slice) -> list[range]:
    """Return a slice of the numbers in some runs, as runs."""
    start, stop, _ = which.indices(total(runs))
    some = []
    passed = 0
    for run in runs:
        part = run[max(start - passed, 0) : max(stop - passed, 0)]
        passed += len(run)
        if part:
            some.append(part)
    return some
