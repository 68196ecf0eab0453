"""What is looked for, as a tree, and its text: the inverse of ``gateway.web.search.grammar.parse``.

In its normal form, which ``both``, ``either`` and ``negated`` make, ``And`` and ``Or`` have two parts at least and none of
their own kind, and what a ``Not`` negates is none. Days count from 1970-01-01.
"""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = [
    "And",
    "Dated",
    "Feature",
    "Has",
    "Listed",
    "Named",
    "Not",
    "Or",
    "Sized",
    "Term",
    "Tree",
    "Where",
    "both",
    "either",
    "leaves",
    "negated",
    "render",
]

OPERATORS: Final = frozenset(("or", "and", "not"))
PLAIN: Final = "bs"
"""Stands before a word that would be taken for something else."""

EPOCH: Final = dt.date(1970, 1, 1).toordinal()


class Where(enum.Enum):
    """In what a term is looked for; the value is what is typed before it."""

    ANYWHERE = ""
    """Subject, author and text."""
    SUBJECT = "subject"
    FROM = "from"
    TO = "to"
    """To and Cc."""
    CC = "cc"
    WHO = "who"
    """From, To and Cc."""
    BODY = "body"


class Feature(enum.Enum):
    """What a message may have; the value is what is typed."""

    PATCH = "patch"
    ATTACHMENT = "attachment"


@dataclass(frozen=True, slots=True)
class Term:
    """Some words, one behind the other; a word may go on, unless it ``is_whole``, and may begin before if ``is_inner``."""

    text: str
    where: Where = Where.ANYWHERE
    is_whole: bool = False
    is_inner: bool = False


@dataclass(frozen=True, slots=True)
class Dated:
    """What the list received on the days ``since <= day < before``; one of them may be None, which leaves that open."""

    since: int | None
    before: int | None


@dataclass(frozen=True, slots=True)
class Has:
    """What has a feature."""

    feature: Feature


@dataclass(frozen=True, slots=True)
class Sized:
    """What has more octets, or fewer."""

    octets: int
    is_larger: bool


@dataclass(frozen=True, slots=True)
class Listed:
    """What is in a list of this name, in lower case: the whole, or its last parts; with ``*`` at the end its beginning."""

    pattern: str

    def fits(self, name: str) -> bool:
        """Tell whether a list is meant."""
        name = name.lower()
        if self.pattern.endswith("*"):
            return name.startswith(self.pattern[:-1])
        return f".{name}".endswith(f".{self.pattern}")


@dataclass(frozen=True, slots=True)
class Named:
    """The message with this Message-ID, which is given in angle brackets."""

    message_id: bytes


@dataclass(frozen=True, slots=True)
class Not:
    """What does not match."""

    part: Tree


@dataclass(frozen=True, slots=True)
class And:
    """What matches all parts."""

    parts: Sequence[Tree]


@dataclass(frozen=True, slots=True)
class Or:
    """What matches a part."""

    parts: Sequence[Tree]


Tree: TypeAlias = Term | Dated | Has | Sized | Listed | Named | Not | And | Or


def both(parts: Sequence[Tree]) -> Tree:
    """Return the tree that all of some parts, of which there is one at least, have to match."""
    flat = tuple(_flat(parts, And))
    return flat[0] if len(flat) == 1 else And(flat)


def either(parts: Sequence[Tree]) -> Tree:
    """Return the tree that one of some parts, of which there is one at least, has to match."""
    flat = tuple(_flat(parts, Or))
    return flat[0] if len(flat) == 1 else Or(flat)


def negated(part: Tree) -> Tree:
    """Return the tree of what does not match."""
    return part.part if isinstance(part, Not) else Not(part)


def leaves(tree: Tree) -> Iterator[Tree]:
    """Yield what has no parts, also what is negated."""
    stack = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, And | Or):
            stack += reversed(node.parts)
        elif isinstance(node, Not):
            stack.append(node.part)
        else:
            yield node


def render(tree: Tree) -> str:
    """Return the text of a tree; as deep as it is, this calls itself."""
    match tree:
        case And(parts):
            return " ".join(map(_grouped, parts))
        case Or(parts):
            return " or ".join(map(_grouped, parts))
        case Not(part):
            return f"-{_grouped(part)}"
        case Term():
            return _term(tree)
        case Dated(since, before):
            return _dated(since, before)
    return _single(tree)


def _single(tree: Tree) -> str:
    match tree:
        case Has(feature):
            return f"has:{feature.value}"
        case Sized(octets, is_larger):
            return f"{'larger' if is_larger else 'smaller'}:{octets}"
        case Listed(pattern):
            return f"list:{pattern}"
        case Named(message_id):
            return f"id:{message_id.decode('utf-8', 'replace')}"
    raise TypeError(tree)


def _flat(parts: Sequence[Tree], kind: type[And | Or]) -> Iterator[Tree]:
    for part in parts:
        if isinstance(part, kind):
            yield from part.parts
        else:
            yield part


def _grouped(part: Tree) -> str:
    text = render(part)
    return f"({text})" if isinstance(part, And | Or) else text


def _term(term: Term) -> str:
    before = f"{term.where.value}:" if term.where.value else ""
    inner = "*" if term.is_inner else ""
    if term.is_whole:
        return f'{before}{inner}"{term.text}"'
    if not before + inner and (":" in term.text or term.text.lower() in OPERATORS):
        before = f"{PLAIN}:"
    return f"{before}{inner}{term.text}"


def _dated(since: int | None, before: int | None) -> str:
    if before is None:
        return f"after:{_date(since or 0)}"
    return (
        f"before:{_date(before)}" if since is None else f"date:{_date(since)}..{_date(before - 1)}"
    )


def _date(day: int) -> str:
    return dt.date.fromordinal(EPOCH + day).isoformat()
