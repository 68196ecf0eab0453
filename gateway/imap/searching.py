"""Reads search keys into the neutral query: a tree is read and joined step by step, and nothing recurses. RFC 9051 s. 9.

A criteria is a program for a stack: conditions are put on it, and a join takes what it is about and puts back what
becomes of them. What a condition means in a mailbox is settled when the program is run there, so that one command can
search many (RFC 7377).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from gateway.imap.dates import read_day
from gateway.imap.numset import intersect
from gateway.imap.registry import SEARCH_JOINS, SEARCH_KEYS, Join, Later
from gateway.imap.responses import Bad, No
from gateway.imap.view import number_at
from storage.message.charsets import codec
from storage.query import And, Marked, Numbers

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.imap.grammar import Parser
    from gateway.imap.numset import NumberSet
    from gateway.imap.registry import Criterion
    from gateway.imap.session import Session
    from gateway.imap.view import View
    from storage.query import Query

__all__ = [
    "MAX_DEPTH",
    "MAX_KEYS",
    "SECONDS_A_DAY",
    "Criteria",
    "Keys",
    "read_charset",
    "read_charset_option",
    "read_criteria",
]

MAX_KEYS: Final = 1000
"""Search keys in one command, those that join others counted."""

MAX_DEPTH: Final = 500
"""How deep parentheses, NOT and OR may be nested."""

SECONDS_A_DAY: Final = 86_400

_CHARSETS: Final = b"BADCHARSET (US-ASCII UTF-8)"
_STRICT: Final = {b"US-ASCII": "ascii", b"ASCII": "ascii", b"UTF-8": "utf-8", b"UTF8": "utf-8"}
_IN_SET: Final = tuple(bytes([octet]) for octet in b"0123456789*$")


@dataclass(slots=True)
class Keys:
    """Where in a command its search keys are read; ``codec`` is that of their strings."""

    parser: Parser
    codec: str = "utf-8"
    names: set[bytes] = field(default_factory=set)

    def string(self) -> str:
        """Read a string behind a space, in the command's charset."""
        self.parser.space()
        octets = self.parser.astring()
        try:
            text = octets.decode(self.codec)
            text.encode()  # some charsets can write halves of characters
        except UnicodeError:
            raise Bad(f"a string is not in {self.codec}") from None
        return text

    def octets(self) -> bytes:
        """Read a string behind a space, whatever its octets mean."""
        self.parser.space()
        return self.parser.astring()

    def number(self) -> int:
        """Read a number behind a space."""
        self.parser.space()
        return self.parser.number64()

    def day(self) -> int:
        """Read a date behind a space; return its first second."""
        self.parser.space()
        try:
            return read_day(self.parser.astring()) * SECONDS_A_DAY
        except ValueError as error:
            raise Bad(f"a date: {error}") from None


@dataclass(frozen=True, slots=True)
class Criteria:
    """What is searched for. ``names`` are those of the search keys in it."""

    steps: tuple[Criterion | Join, ...]
    names: frozenset[bytes]

    async def bound(self, session: Session, view: View) -> Query:
        """Return what it means in a mailbox."""
        stack: list[Query] = []
        for step in self.steps:
            if isinstance(step, Join):
                parts = tuple(stack[-step.count :])
                del stack[-step.count :]
                stack.append(step.made(parts))
            else:
                stack.append(await step.bind(session, view) if isinstance(step, Later) else step)
        return stack[0]


@dataclass(slots=True)
class _Level:
    """A nesting that is being read: the ``wanted`` keys of a join, or those up to a parenthesis or the end."""

    closing: bytes = b""
    wanted: Join | None = None
    count: int = 0
    each: Callable[[Criterion], Criterion] | None = None


def read_charset(parser: Parser) -> str:
    """Read the name of a charset; return Python's.

    Raises:
        No: it is unknown.
    """
    name = parser.astring()
    found = _STRICT.get(name.upper()) or codec(name)
    if not found:
        raise No("unknown charset", _CHARSETS)
    return found


def read_charset_option(parser: Parser) -> str:
    """Read the charset that may stand before search keys, and the space behind it. RFC 9051 s. 9, search-program."""
    if not parser.takes(b"CHARSET "):
        return "utf-8"
    charset = read_charset(parser)
    parser.space()
    return charset


def read_criteria(parser: Parser, charset: str = "utf-8") -> Criteria:
    """Read search keys to the end of the command. RFC 9051 s. 9, search-key.

    Raises:
        Bad: they are none, or too many, or nested too deep.
    """
    keys = Keys(parser, charset)
    steps: list[Criterion | Join] = []
    levels = [_Level()]
    count = 0
    while levels:
        count += 1
        if count > MAX_KEYS:
            raise Bad(f"more than {MAX_KEYS} search keys")
        opened = _opened(keys)
        if opened is not None:
            opened.each = (opened.wanted and opened.wanted.each) or levels[-1].each
            levels.append(opened)
            if len(levels) > MAX_DEPTH:
                raise Bad(f"search keys nested more than {MAX_DEPTH} deep")
        else:
            condition, each = _condition(keys), levels[-1].each
            steps.append(condition if each is None else each(condition))
            _close(parser, levels, steps)
    return Criteria(tuple(steps), frozenset(keys.names))


def _opened(keys: Keys) -> _Level | None:
    """Read what begins a nesting, if that comes next."""
    parser = keys.parser
    if parser.takes(b"("):
        return _Level(b")")
    start = parser.position
    if parser.octets.startswith(_IN_SET, start):
        return None
    name = parser.word()
    join = SEARCH_JOINS.get(name)
    if join is None:
        parser.position = start
        return None
    keys.names.add(name)
    parser.space()
    return _Level(wanted=join)


def _condition(keys: Keys) -> Criterion:
    """Read a key that joins no others."""
    parser = keys.parser
    if parser.octets.startswith(_IN_SET, parser.position):
        return _of_msns(parser.numbers())
    name = parser.word()
    read = SEARCH_KEYS.get(name)
    if read is None:
        raise Bad("unknown search key")
    keys.names.add(name)
    return read(keys)


def _close(parser: Parser, levels: list[_Level], steps: list[Criterion | Join]) -> None:
    """Close the levels that are complete behind a key; stand before the next key, or at the end."""
    while levels:
        level = levels[-1]
        level.count += 1
        if level.wanted is not None:
            if level.count < level.wanted.count:
                parser.space()
                return
            steps.append(level.wanted)
        elif not (parser.takes(level.closing) if level.closing else parser.at_end()):
            parser.space()
            return
        elif level.count > 1:
            steps.append(Join(level.count, And))
        levels.pop()


def _of_msns(chosen: NumberSet | None) -> Later:
    """Return the condition to have one of some sequence numbers; those that no message has are none's.

    It is no error where a set goes on behind the last message (RFC 7377 s. 2).
    """

    async def bind(_session: Session, view: View) -> Query:
        if chosen is None:
            return Marked(view.saved)
        record = view.record
        ranges = intersect(chosen.resolve(record.count), [range(1, record.count + 1)])
        ends = [(number_at(record, part[0]), number_at(record, part[-1])) for part in ranges]
        return Numbers(tuple(ends))

    return Later(bind)
