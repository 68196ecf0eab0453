"""What is typed into a search box, read: any text is a tree or a sentence that says what is not understood of it.

    words        all have to match, each as it is or as the beginning of a longer word
    "a phrase"   whole words, one behind the other
    *word        also within a longer word
    -this        not this
    this or that, this | that; parentheses
    from:ann subject:"a phrase" before:2024-07 …

``or`` binds its neighbours, before all that is typed has to match. Signs are not looked for: only letters and digits are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from gateway.web.search.tree import Named, Term, Where, both, either, negated
from gateway.web.search.values import VALUES, QueryFault
from storage.message.phrase import words_of

if TYPE_CHECKING:
    from gateway.web.search.tree import Tree

__all__ = ["MAX_DEPTH", "MAX_QUERY", "MAX_TERMS", "QueryFault", "parse"]

MAX_QUERY: Final = 1000
"""Characters of what is typed."""

MAX_TERMS: Final = 32
"""Terms in it, of any kind."""

MAX_DEPTH: Final = 10
"""How deep parentheses may be nested."""

_PLACES: Final = {
    "subject": Where.SUBJECT,
    "s": Where.SUBJECT,
    "from": Where.FROM,
    "f": Where.FROM,
    "author": Where.FROM,
    "to": Where.TO,
    "t": Where.TO,
    "tc": Where.TO,
    "cc": Where.CC,
    "c": Where.CC,
    "who": Where.WHO,
    "a": Where.WHO,
    "body": Where.BODY,
    "b": Where.BODY,
    "nq": Where.BODY,
    "bs": Where.ANYWHERE,
}
"""Names before a colon behind which are words: ours, and those of public-inbox."""

_NAME: Final = re.compile(r"([A-Za-z]{1,10}):")
_QUOTES: Final = {ord(quote): '"' for quote in "“”„‟«»"}
_ODD: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_SPECIAL: Final = frozenset('()|"*<')
_NEGATED: Final = _SPECIAL - frozenset(")|")
_WORD: Final = re.compile(r'[^\s()|"]+')
_BARE_ID: Final = re.compile(r"<[^<>\s@]+@[^<>\s]+>")
_ID: Final = re.compile(r"<[^<>\s]*>?|[^\s()<]+")


def parse(text: str) -> Tree:
    """Return what a text asks for.

    Raises:
        QueryFault: it asks for nothing, for too much, or for something that is not understood.
    """
    if len(text) > MAX_QUERY:
        raise QueryFault(f"This is more than {MAX_QUERY} characters.")
    reader = _Reader(_ODD.sub(" ", text.translate(_QUOTES)))
    while reader.read():
        pass
    return reader.end()


@dataclass(slots=True)
class _Level:
    """A parenthesis that is being read: what all has to match, each of it one or several, of which one has to."""

    where: Where = Where.ANYWHERE
    groups: list[list[Tree]] = field(default_factory=list)
    is_joining: bool = False
    is_negating: bool = False

    def add(self, tree: Tree | None) -> None:
        """Add what comes next; where that is nothing, what stands before it means nothing either."""
        if tree is not None:
            if self.is_negating:
                tree = negated(tree)
            if self.is_joining and self.groups:
                self.groups[-1].append(tree)
            else:
                self.groups.append([tree])
        self.is_joining = self.is_negating = False

    def made(self) -> Tree | None:
        return both([either(group) for group in self.groups]) if self.groups else None


class _Reader:
    """One pass over the text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._levels = [_Level()]
        self._terms = 0

    def read(self) -> bool:
        """Read what comes next; return whether there was something."""
        self._skip()
        text, at = self._text, self._at
        if at >= len(text):
            return False
        level = self._levels[-1]
        mark = text[at]
        if mark == "(":
            self._open(level.where)
        elif mark == ")":
            self._at += 1
            self._close()
        elif mark == "|":
            self._at += 1
            level.is_joining = True
        elif mark == "-":
            self._at += 1
            level.is_negating = not level.is_negating
        elif mark in {'"', "*"}:
            self._add(self._term(level.where))
        else:
            self._word(level)
        return True

    def end(self) -> Tree:
        """Close what is open; return the whole."""
        while len(self._levels) > 1:
            self._close()
        tree = self._levels[0].made()
        if tree is None:
            raise QueryFault("There is no letter and no digit in this to look for.")
        return tree

    def _skip(self) -> None:
        """Skip blanks and signs that mean nothing; stand before a ``-`` only where it negates what is right behind it."""
        text = self._text
        while self._at < len(text):
            mark = text[self._at]
            if mark in _SPECIAL and mark != "<":
                return
            if mark == "<" and _BARE_ID.match(text, self._at):
                return
            if mark == "-" and self._is_negation():
                return
            if words_of(mark) and not mark.isspace():
                return
            self._at += 1

    def _is_negation(self) -> bool:
        text, at = self._text, self._at
        behind = text[at + 1 : at + 2]
        is_apart = at == 0 or text[at - 1].isspace() or text[at - 1] in "(|"
        return is_apart and bool(behind) and (behind in _NEGATED or bool(words_of(behind)))

    def _word(self, level: _Level) -> None:
        """Read a name with its value, an operator or a word."""
        text, at = self._text, self._at
        name = _NAME.match(text, at)
        if name and name[1].lower() in _PLACES:
            self._at = name.end()
            self._in_place(_PLACES[name[1].lower()], name[0])
        elif name and name[1].lower() in VALUES:
            self._at = name.end()
            self._add(VALUES[name[1].lower()](self._value(name[0])))
        elif bare := _BARE_ID.match(text, at):
            self._at = bare.end()
            self._add(Named(bare[0].encode()))
        else:
            word = _WORD.match(text, at)
            assert word is not None
            if word[0].lower() in ("or", "and"):
                self._at = word.end()
                level.is_joining = word[0].lower() == "or"
            elif word[0] == "NOT":
                self._at = word.end()
                level.is_negating = not level.is_negating
            else:
                self._add(self._term(level.where))

    def _in_place(self, where: Where, name: str) -> None:
        """Read what is looked for in one place: a term, or several in parentheses."""
        self._blanks()
        if self._text[self._at : self._at + 1] == "(":
            self._open(where)
        elif self._at < len(self._text) and self._text[self._at] not in ")|":
            self._add(self._term(where))
        else:
            raise _missing(name)

    def _value(self, name: str) -> str:
        self._blanks()
        quoted = self._quoted()
        if quoted is not None:
            return quoted
        form = _ID if VALUES[name[:-1].lower()] is VALUES["id"] else _WORD
        found = form.match(self._text, self._at)
        if found is None:
            raise _missing(name)
        self._at = found.end()
        return found[0]

    def _term(self, where: Where) -> Term | None:
        """Read a word or a phrase; None if there is no letter and no digit in it."""
        is_inner = self._text[self._at] == "*"
        while self._text[self._at : self._at + 1] == "*":
            self._at += 1
        quoted = self._quoted()
        if quoted is not None:
            quoted = " ".join(quoted.split())
            return (
                Term(quoted, where, is_whole=True, is_inner=is_inner) if words_of(quoted) else None
            )
        found = _WORD.match(self._text, self._at)
        if found is None:
            return None
        self._at = found.end()
        word = found[0].rstrip("*")
        if not words_of(word):
            return None
        start, end = 0, len(word)
        while not words_of(word[start]):
            start += 1
        while not words_of(word[end - 1]):
            end -= 1
        return Term(word[start:end], where, is_whole=end < len(word), is_inner=is_inner)

    def _quoted(self) -> str | None:
        """Read what is between quotes, if one comes next; what is not closed ends with the text."""
        text = self._text
        if text[self._at : self._at + 1] != '"':
            return None
        end = text.find('"', self._at + 1)
        end = len(text) if end < 0 else end
        found = text[self._at + 1 : end]
        self._at = end + 1
        return found

    def _blanks(self) -> None:
        text = self._text
        while self._at < len(text) and text[self._at].isspace():
            self._at += 1

    def _add(self, tree: Tree | None) -> None:
        self._terms += tree is not None
        if self._terms > MAX_TERMS:
            raise QueryFault(f"These are more than {MAX_TERMS} words.")
        self._levels[-1].add(tree)

    def _open(self, where: Where) -> None:
        self._at += 1
        self._levels.append(_Level(where))
        if len(self._levels) > MAX_DEPTH + 1:
            raise QueryFault(f"Parentheses are nested more than {MAX_DEPTH} deep.")

    def _close(self) -> None:
        """End a parenthesis; one that was not begun is a sign like others."""
        if len(self._levels) > 1:
            tree = self._levels.pop().made()
            self._levels[-1].add(tree)


def _missing(name: str) -> QueryFault:
    return QueryFault(f"Behind “{name}” comes what to look for, without a space.")
