"""Translates what people look for into the archive's query, for one list at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.web.search import tree as t
from storage.query import (
    All,
    And,
    Attached,
    Larger,
    Not,
    Numbers,
    Or,
    Patched,
    Received,
    Smaller,
    Words,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from storage.query import Query

__all__ = ["query_of"]

_DAY: Final = 86_400

_ALL: Final = All()
_NONE: Final = Or(())

_BODY: Final = b""
_FIELDS: Final[Mapping[t.Where, Sequence[bytes]]] = {
    t.Where.ANYWHERE: (_BODY, b"subject", b"from"),
    t.Where.SUBJECT: (b"subject",),
    t.Where.FROM: (b"from",),
    t.Where.TO: (b"to", b"cc"),
    t.Where.CC: (b"cc",),
    t.Where.WHO: (b"from", b"to", b"cc"),
    t.Where.BODY: (_BODY,),
}


def query_of(
    tree: t.Tree, name: str, ids: Mapping[bytes, Mapping[str, int]], hidden: Collection[int] = ()
) -> Query | None:
    """Return the query for a list; None if nothing there can match.

    ``ids`` has the numbers, by list, of the messages whose Message-ID is asked for; those of ``hidden`` do not match.
    """
    found = _translated(tree, name, ids)
    if found == _NONE:
        return None
    return And((found, Not(Numbers.of(hidden)))) if hidden else found


def _translated(tree: t.Tree, name: str, ids: Mapping[bytes, Mapping[str, int]]) -> Query:
    """Translate; trees are no deeper than what is typed may be."""
    match tree:
        case t.Not(part):
            return _negated(_translated(part, name, ids))
        case t.And(parts):
            return _joined(And, [_translated(part, name, ids) for part in parts])
        case t.Or(parts):
            return _joined(Or, [_translated(part, name, ids) for part in parts])
        case t.Listed():
            return _ALL if tree.fits(name) else _NONE
        case t.Named(message_id):
            number = ids.get(message_id, {}).get(name)
            return _NONE if number is None else Numbers.of([number])
    return _single(tree)


def _single(tree: t.Tree) -> Query:
    match tree:
        case t.Term():
            return _term(tree)
        case t.Dated(since, before):
            return Received(
                None if since is None else since * _DAY, None if before is None else before * _DAY
            )
        case t.Has(feature):
            return Patched() if feature is t.Feature.PATCH else Attached()
        case t.Sized(octets, is_larger):
            return Larger(octets) if is_larger else Smaller(octets)
    raise TypeError(tree)


def _term(term: t.Term) -> Query:
    words = [
        Words(term.text, name, at_start=not term.is_inner, at_end=term.is_whole)
        for name in _FIELDS[term.where]
    ]
    return words[0] if len(words) == 1 else Or(tuple(words))


def _negated(part: Query) -> Query:
    if part == _ALL:
        return _NONE
    return _ALL if part == _NONE else Not(part)


def _joined(kind: type[And | Or], parts: Sequence[Query]) -> Query:
    """Return what joins parts, without those that change nothing of it."""
    nothing, everything = (_ALL, _NONE) if kind is And else (_NONE, _ALL)
    if everything in parts:
        return everything
    kept = tuple(part for part in parts if part != nothing)
    if not kept:
        return nothing
    return kept[0] if len(kept) == 1 else kind(kept)
