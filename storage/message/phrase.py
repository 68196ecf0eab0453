"""Phrases: words that stand one behind the other in a text, whatever signs, blanks and line ends are between them.

A word is a term, as ``storage.message.terms`` says, and of a script that puts no spaces between words any run of its
characters. Looser than a needle, which has to be in the text as it stands: what people mean who type some words.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from storage.message.terms import MAX_PIECE, RUN_ON, Clue, Piece, longest, pairs, without_signs
from storage.message.text import fold_needle

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Phrase", "divided", "words_of"]

_SPACED: Final = bytes(
    octet if octet >= 0x80 or octet == 0 or chr(octet).isalnum() else 0x20 for octet in range(256)
)
_PADDED: Final = r" \g<0> "


class Phrase:
    """Some words, the first of which has to begin a word of the text if ``at_start``, the last to end one if ``at_end``."""

    def __init__(self, text: str, *, at_start: bool = True, at_end: bool = False) -> None:
        self._words = words_of(text)
        self._ends = at_start, at_end
        last = len(self._words) - 1
        parts = [
            self._part(word, at_start=at_start or at > 0, at_end=at_end or at < last)
            for at, word in enumerate(self._words)
        ]
        self._pattern = re.compile(b" *+".join(parts))

    def __bool__(self) -> bool:
        """Tell whether there are words at all."""
        return bool(self._words)

    def clue(self, *, in_head: bool) -> Clue:
        """Return what to look for in the index where the words are to be in the header, or else in the body.

        One word is told by its terms alone, but for those of more than ``MAX_TERM`` octets, which are cut.
        """
        at_start, at_end = self._ends
        last = len(self._words) - 1
        pieces: list[Piece] = []
        for at, word in enumerate(self._words):
            if RUN_ON.match(word):
                ends = len(word) > 1
                pieces += [Piece(_octets(pair), ends, ends) for pair in pairs(word)]
            else:
                octets = _octets(word)
                is_end = (at_end or at < last) and len(octets) <= MAX_PIECE
                pieces.append(Piece(octets[:MAX_PIECE], at_start or at > 0, is_end))
        is_exact = (
            not last and not RUN_ON.match(self._words[0]) and len(pieces[0].octets) < MAX_PIECE
        )
        return Clue(tuple(longest(pieces)), in_head, not in_head, is_exact)

    def is_in(self, text: bytes) -> bool:
        """Tell whether a folded text, given in UTF-8, has the phrase."""
        return self._pattern.search(divided(text)) is not None

    @staticmethod
    def _part(word: str, *, at_start: bool, at_end: bool) -> bytes:
        octets = re.escape(_octets(word))
        if RUN_ON.match(word):
            return octets
        return b"%b%b%b" % (b" " * at_start, octets, b" " * at_end)


def words_of(text: str) -> Sequence[str]:
    """Return the words of a needle in their order, folded."""
    folded = _octets(fold_needle(text, in_header=True))
    return [word.decode("utf-8", "surrogatepass") for word in divided(folded).split()]


def divided(octets: bytes) -> bytes:
    """Return a folded text, given in UTF-8, with spaces for all that stands between words, and one at either end.

    NUL stays: no phrase lies across one.
    """
    if not octets.isascii():
        text = without_signs(octets.decode("utf-8", "surrogatepass"))
        octets = _octets(RUN_ON.sub(_PADDED, text))
    return b" %b " % octets.translate(_SPACED).replace(b"\0", b" \0 ")


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
