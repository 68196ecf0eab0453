"""What a search found, and how it is told: SEARCH, SORT and ESEARCH responses, and what SAVE keeps.

RFC 9051 s. 7.3.4; RFC 3501 s. 7.2.5; RFC 4466 s. 2.6.2; RFC 5182 s. 2.4; RFC 9394 s. 3.2.

What is told of a million messages is told in pieces, with nothing left that could fail between them.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Final

from gateway.imap.numset import render, runs
from gateway.imap.registry import SEARCH_RETURNS
from gateway.imap.responses import Bad
from gateway.imap.strings import string
from gateway.imap.view import msns
from storage.bitmap import EMPTY, Bitmap

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gateway.imap.grammar import Parser
    from gateway.imap.registry import Return
    from gateway.imap.searching import Criteria
    from gateway.imap.view import View

__all__ = [
    "BATCH",
    "Results",
    "Returns",
    "bitmaps",
    "esearch",
    "gathered",
    "number_list",
    "read_all",
    "read_returns",
]

BATCH: Final = 8192
"""Numbers told in one piece."""

_PIECE_OCTETS: Final = 32_768


@dataclass(slots=True)
class Results:
    """What was found in a mailbox, as numbers.

    ``found`` is all of it, ascending. In the order of the command ``head`` begins with the first, and ``tail`` ends
    with the last; both are all of it as well, unless less is asked for: then ``found`` is not all either. ``modseq`` is
    the highest mod-sequence of what is told, 0 where nobody asked. ``listed`` are the messages told one by one, in
    their order; ``scores`` are the relevancies of what is found, where somebody asked.
    """

    view: View
    by_uid: bool
    found: Sequence[int] = ()
    head: Sequence[int] = ()
    tail: Sequence[int] = ()
    modseq: int = 0
    listed: Sequence[int] = ()
    scores: bytearray = field(default_factory=bytearray)

    def scores_of(self, numbers: Sequence[int]) -> list[int]:
        """Return the relevancies of some of what is found."""
        return [self.scores[bisect_left(self.found, number)] for number in numbers]

    def part(self, which: slice | None) -> Sequence[int]:
        """Return a part of what was found, None for all of it."""
        if which is None:
            return self.head
        return (self.tail if which.start < 0 else self.head)[which]

    def shown(self, numbers: Sequence[int]) -> Sequence[int]:
        """Return numbers as they are told, as UIDs or as sequence numbers."""
        return numbers if self.by_uid else msns(self.view.record, numbers)

    def sets(self, numbers: Sequence[int]) -> Iterator[bytes]:
        """Yield numbers as one set, in their order; nothing of none. RFC 5267 s. 3.2."""
        comma = b""
        held = range(0)
        for start in range(0, len(numbers), BATCH):
            first, *others = runs(self.shown(numbers[start : start + BATCH]))
            if held and held.stop == first.start:
                first = range(held.start, first.stop)
            elif held:
                others.insert(0, first)
                first = held
            *whole, held = first, *others
            yield comma + render(whole) if whole else b""
            comma = b"," if whole else comma
        if held:
            yield comma + render([held])


@dataclass(frozen=True, slots=True)
class Returns:
    """The result options of a command."""

    options: dict[bytes, Return] = field(default_factory=dict)

    @property
    def saves(self) -> bool:
        """Whether ``$`` is to be what is found. RFC 5182 s. 2.1."""
        return b"SAVE" in self.options

    @property
    def scores(self) -> bool:
        """Whether relevancies are told. RFC 6203 s. 4."""
        return any(option.scores for option in self.options.values())

    @property
    def tells(self) -> bool:
        """Whether anything is to be told."""
        return any(option.data is not None for option in self.options.values())

    def check(self, criteria: Criteria) -> None:
        """Make sure that the options can stand together, and with what is searched for.

        Raises:
            Bad: they cannot.
        """
        for name, option in self.options.items():
            if option.replaces in self.options:
                raise Bad(f"{name.decode()} and {option.replaces.decode()} exclude each other")
            if option.scores and b"FUZZY" not in criteria.names:
                raise Bad(f"{name.decode()} needs FUZZY")

    def listed(self, results: Results) -> Sequence[int]:
        """Return the messages that are told one by one, in their order."""
        return results.part(next((o.part for o in self.options.values() if o.replaces), None))

    def parts(self) -> list[slice | None]:
        """Return what of the results is asked for; one that is None is all."""
        told = [option.part for option in self.options.values() if option.data is not None]
        return [None] if None in told or not told else told

    def asked(self, results: Results) -> Sequence[int]:
        """Return what of the results is told of or counted, ascending. RFC 9394 s. 3.2, table 1."""
        parts = self.parts()
        if None in parts:
            return results.found
        return sorted(set(chain.from_iterable(results.part(part) for part in parts)))


def read_returns(parser: Parser) -> Returns | None:
    """Read result options and the space behind them, None where there are none. RFC 4466 s. 3, search-return-opts.

    Raises:
        Bad: one is unknown.
    """
    if not parser.takes(b"RETURN "):
        return None
    options = dict(parser.listed(lambda: _option(parser)))
    parser.space()
    if not options:
        return read_all(parser)
    return Returns({name: options[name] for name in SEARCH_RETURNS if name in options})


def read_all(parser: Parser) -> Returns:
    """Return the options of a command that has none, and is to be answered as if it had. RFC 9051 s. 6.4.4."""
    return Returns({b"ALL": SEARCH_RETURNS[b"ALL"](parser)})


def number_list(name: bytes, results: Results) -> Iterator[bytes]:
    """Yield a SEARCH or SORT response in pieces. RFC 3501 s. 7.2.5; RFC 5256 s. 4; RFC 7162 s. 3.1.6."""
    yield b"* " + name
    for start in range(0, len(results.head), BATCH):
        shown = results.shown(results.head[start : start + BATCH])
        yield (" " + " ".join(map(str, shown))).encode()
    yield b" (MODSEQ %d)\r\n" % results.modseq if results.modseq else b"\r\n"


def esearch(
    tag: bytes, returns: Returns, results: Results, mailbox: bytes = b""
) -> Iterator[bytes]:
    """Yield an ESEARCH response in pieces. RFC 9051 s. 7.3.4; of a mailbox with the correlators of RFC 7377 s. 2.1."""
    yield b"* ESEARCH (TAG %b%b)" % (string(tag), mailbox)
    if results.by_uid:
        yield b" UID"
    for option in returns.options.values():
        if option.data is not None:
            yield from option.data(results)
    yield b" MODSEQ %d\r\n" % results.modseq if results.modseq else b"\r\n"


def gathered(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the pieces of a response in larger ones, and pauses among them."""
    held: list[bytes] = []
    octets = 0
    for piece in pieces:
        if not piece:
            yield b""
        held.append(piece)
        octets += len(piece)
        if octets >= _PIECE_OCTETS:
            yield b"".join(held)
            held, octets = [], 0
    yield b"".join(held)


def bitmaps(numbers: Sequence[int]) -> Iterator[Bitmap]:
    """Yield ascending numbers as a bitmap that grows; the last is all of them."""
    kept = EMPTY
    yield kept
    for start in range(0, len(numbers), BATCH):
        kept |= Bitmap.of(runs(numbers[start : start + BATCH]))
        yield kept


def _option(parser: Parser) -> tuple[bytes, Return]:
    name = parser.word()
    read = SEARCH_RETURNS.get(name)
    if read is None:
        raise Bad("unknown result option")
    return name, read(parser)
