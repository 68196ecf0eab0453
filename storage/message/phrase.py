"""Phrases: words that stand one behind the other in a text, whatever signs, blanks and line ends are between them.

A word is a term, as ``storage.message.terms`` says, and of a script that puts no spaces between words any run of its
characters. Looser than a needle, which has to be in the text as it stands: what people mean who type some words.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Final

from storage.message.terms import (
    MAX_PIECE,
    RUN_ON,
    RUN_ON_SCRIPTS,
    SIGNS,
    Clue,
    Piece,
    longest,
    pairs,
    without_signs,
)
from storage.message.text import MAX_TEXT, as_read, body_pieces, fold_needle, searchable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Phrase", "words_of"]

OVERLAP: Final = 4096
"""Octets that are looked at again with the next piece of a large text, from the first blank in them on."""

_BLANK: Final = re.compile(rb"[ \n]")
_DIVIDED: Final = {code: " " for code in range(0x80) if not chr(code).isalnum()}
_PADDED: Final = r" \g<0> "

# Of folded text, which has no small letters. No phrase lies across a NUL, which stands between parts and fields.
_ASCII_SIGNS: Final = r"\x01-/:-@\[-`{-\x7f"
_SIGN: Final = f"[{_ASCII_SIGNS}{SIGNS}]"
_LETTER: Final = rf"[^\x00{_ASCII_SIGNS}{SIGNS}{RUN_ON_SCRIPTS}]"


class Phrase:
    """Some words, the first of which has to begin a word of the text if ``at_start``, the last to end one if ``at_end``."""

    def __init__(self, text: str, *, at_start: bool = True, at_end: bool = False) -> None:
        self._words = words_of(text)
        self._ends = at_start, at_end
        self._in_ascii = (
            re.compile(self._form(f"[{_ASCII_SIGNS}]", "[0-9A-Z]").encode())
            if "".join(self._words).isascii()
            else None
        )

    def __bool__(self) -> bool:
        """Tell whether there are words at all."""
        return bool(self._words)

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """What finds the phrase in folded text; a word that goes on is found as a whole."""
        return re.compile(self._form(_SIGN, _LETTER))

    def clue(self, *, in_head: bool) -> Clue:
        """Return what to look for in the index where the words are to be in the header, or else in the body."""
        pieces: list[Piece] = []
        for word, at_start, at_end in self._placed():
            octets = _octets(word)
            if RUN_ON.match(word):
                ends = len(word) > 1
                pieces += [Piece(_octets(pair), ends, ends) for pair in pairs(word)]
            else:
                is_end = at_end and len(octets) <= MAX_PIECE
                pieces.append(Piece(octets[:MAX_PIECE], at_start, is_end))
        first = self._words[0]
        is_exact = (
            len(self._words) == 1 and not RUN_ON.match(first) and len(_octets(first)) <= MAX_PIECE
        )
        return Clue(tuple(longest(pieces)), in_head, not in_head, is_exact)

    def is_in(self, text: bytes) -> bool:
        """Tell whether a folded text, given in UTF-8, has the phrase."""
        if text.isascii():
            return self._in_ascii is not None and self._in_ascii.search(text) is not None
        return self.pattern.search(text.decode("utf-8", "surrogatepass")) is not None

    def is_in_body(self, octets: bytes) -> bool:
        """Tell whether a message in its served form has the phrase in its body."""
        plain = as_read(octets)
        if plain is not None:
            if self._in_ascii is None:
                return False
            end = plain.body + MAX_TEXT if plain.is_single else len(octets)
            found = self._in_ascii.search(plain.folded, plain.body, end)
            if plain.is_single or found is None:
                return found is not None  # what is nowhere is in no part
        return self.is_in(searchable(octets).body)

    def look_through(self, octets: bytes) -> Iterator[bool]:
        """Tell the same of a large message, in steps of a few milliseconds: yield whether it was found yet.

        Where more than ``OVERLAP`` octets of signs are between its words, a phrase may not be found.
        """
        tail = b""
        for piece in body_pieces(octets):
            window = tail + piece
            yield bool(piece) and self.is_in(window)
            if piece:
                tail = _end(window)

    def _placed(self) -> Sequence[tuple[str, bool, bool]]:
        """Return each word, and whether one of the text has to begin and to end with it."""
        at_start, at_end = self._ends
        last = len(self._words) - 1
        return [
            (word, at_start or at > 0, at_end or at < last) for at, word in enumerate(self._words)
        ]

    def _form(self, sign: str, letter: str) -> str:
        """Return the regular expression; each word begins with itself, so that it is quickly looked for."""
        parts = []
        for word, at_start, at_end in self._placed():
            part = re.escape(word)
            if not RUN_ON.match(word):
                before = f"(?<!{letter}{part})" if at_start else ""
                part = f"{part}{before}(?!{letter})" if at_end else f"{part}{before}{letter}*+"
            parts.append(part)
        return f"{sign}*+".join(parts)


def _end(text: bytes) -> bytes:
    """Return the last words of a text, not beginning within one."""
    if len(text) <= OVERLAP:
        return text
    blank = _BLANK.search(text, len(text) - OVERLAP)
    return text[blank.end() :] if blank else b""


def words_of(text: str) -> Sequence[str]:
    """Return the words of a needle in their order, folded."""
    folded = without_signs(fold_needle(text, in_header=True))
    return [word for word in RUN_ON.sub(_PADDED, folded.translate(_DIVIDED)).split(" ") if word]


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
