"""Marks what was looked for in texts as they are shown, and chooses the lines of a message that show it.

What is looked for is folded, and folding changes lengths (``ß`` becomes ``SS``): texts are folded in short pieces, and
where a match lies in a piece that is not ASCII, what becomes of each of its characters tells which are marked.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, Final, NamedTuple

from gateway.web.search.tree import And, Or, Term, Where
from storage.message.phrase import Phrase
from storage.message.text import fold

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Iterator, Sequence

    from gateway.web.search.tree import Tree

__all__ = ["MAX_CONTEXT", "Marker", "Marks", "Piece", "marks_of"]

MAX_CONTEXT: Final = 65_536
"""Characters of a text in which is looked for what to show."""

MAX_LINES: Final = 3
"""Lines of a message that are shown."""

MAX_LINE: Final = 200
"""Characters of a line that are shown, but for what lies between two words of a phrase."""

_BEFORE: Final = 80  # characters before what is marked
_MAX_SPANS: Final = 500  # of a term in a text
_FOLDED_AT_ONCE: Final = 512

_IN_TEXT: Final = frozenset((Where.ANYWHERE, Where.BODY))
_IN_SUBJECT: Final = frozenset((Where.ANYWHERE, Where.SUBJECT))
_IN_AUTHOR: Final = frozenset((Where.ANYWHERE, Where.FROM, Where.WHO))


class Piece(NamedTuple):
    """A piece of text, and whether it is marked."""

    text: str
    is_marked: bool


class Marks(NamedTuple):
    """What marks a text, a subject and an author."""

    text: Marker
    subject: Marker
    author: Marker


def marks_of(tree: Tree) -> Marks:
    """Return what marks what a tree looks for; what it excludes is not marked."""
    terms = list(_terms(tree))
    return Marks(
        *(
            Marker([term for term in terms if term.where in places])
            for places in (_IN_TEXT, _IN_SUBJECT, _IN_AUTHOR)
        )
    )


class Marker:
    """Marks what some terms look for."""

    def __init__(self, terms: Iterable[Term]) -> None:
        self._patterns = [
            Phrase(term.text, at_start=not term.is_inner, at_end=term.is_whole).pattern
            for term in dict.fromkeys(terms)
        ]

    def marked(self, text: str) -> Sequence[Piece]:
        """Return the pieces of a text that is shown whole."""
        return list(_pieces(text, 0, len(text), self._spans(text)))

    def lines(self, text: str) -> Sequence[Sequence[Piece]]:
        """Return the lines that tell most of what was looked for, in their order; empty if nothing is in the text."""
        text = text[:MAX_CONTEXT]
        spans = self._spans(text)
        chosen: dict[int, tuple[int, int]] = {}
        for start, end in spans:
            chosen.setdefault(text.rfind("\n", 0, start) + 1, (start, end))
        ranked = sorted(chosen, key=lambda line: (text[line : line + 1] in ">|", line))
        return [_line(text, *chosen[line], spans) for line in sorted(ranked[:MAX_LINES])]

    def _spans(self, text: str) -> Sequence[tuple[int, int]]:
        """Return where marks begin and end, ascending and apart."""
        if not self._patterns:
            return ()
        folded = _Folded(text)
        found = sorted(span for pattern in self._patterns for span in _found(pattern, folded.text))
        spans: list[tuple[int, int]] = []
        for start, end in map(folded.span, found):
            if spans and start <= spans[-1][1]:
                spans[-1] = spans[-1][0], max(end, spans[-1][1])
            else:
                spans.append((start, end))
        return spans


class _Folded:
    """A text folded, and where in the text is what is at a place of that."""

    def __init__(self, text: str) -> None:
        self._original = text
        self._offsets: dict[int, Sequence[int]] = {}
        if text.isascii():
            self.text, self._starts = fold(text), [0]
            return
        pieces = [
            fold(text[at : at + _FOLDED_AT_ONCE]) for at in range(0, len(text), _FOLDED_AT_ONCE)
        ]
        self.text = "".join(pieces)
        self._starts = [0, *accumulate(map(len, pieces))]

    def span(self, span: tuple[int, int]) -> tuple[int, int]:
        """Return the characters of which something is between two places."""
        start, end = span
        return self._at(start), self._at(end - 1) + 1

    def _at(self, place: int) -> int:
        """Return the character of which something is at a place."""
        if len(self._starts) == 1:
            return place
        piece = bisect_right(self._starts, place) - 1
        first = piece * _FOLDED_AT_ONCE
        offsets = self._offsets.get(piece)
        if offsets is None:
            offsets = self._offsets[piece] = _offsets(
                self._original[first : first + _FOLDED_AT_ONCE]
            )
        return first + bisect_right(offsets, place - self._starts[piece]) - 1


def _offsets(text: str) -> Sequence[int]:
    """Return where in a folded text each character begins."""
    if text.isascii():
        return range(len(text) + 1)
    lengths = (1 if character.isascii() else len(fold(character)) for character in text)
    return list(accumulate(lengths, initial=0))


def _terms(tree: Tree) -> Iterator[Term]:
    stack = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, And | Or):
            stack += node.parts
        elif isinstance(node, Term):
            yield node


def _found(pattern: re.Pattern[str], text: str) -> Iterator[tuple[int, int]]:
    for count, match in enumerate(pattern.finditer(text)):
        if count == _MAX_SPANS:
            return
        yield match.span()


def _line(text: str, start: int, end: int, spans: Sequence[tuple[int, int]]) -> Sequence[Piece]:
    """Return a line, or what is around a mark in it and has room."""
    first = max(text.rfind("\n", 0, start) + 1, start - _BEFORE)
    stop = text.find("\n", end)
    stop = min(len(text) if stop < 0 else stop, max(first + MAX_LINE, end))
    before = [Piece("… ", is_marked=False)] if first and text[first - 1] != "\n" else []
    behind = [Piece(" …", is_marked=False)] if text[stop : stop + 1] not in ("\n", "") else []
    return [*before, *_pieces(text, first, stop, spans), *behind]


def _pieces(text: str, first: int, stop: int, spans: Sequence[tuple[int, int]]) -> Iterator[Piece]:
    """Yield the pieces of a text between two places; none is empty."""
    at = first
    for start, end in spans[max(bisect_right(spans, (first, first)) - 1, 0) :]:
        if start >= stop:
            break
        if start > at:
            yield Piece(text[at:start], is_marked=False)
        if end > at:
            yield Piece(text[max(start, at) : min(end, stop)], is_marked=True)
            at = min(end, stop)
    if at < stop:
        yield Piece(text[at:stop], is_marked=False)
