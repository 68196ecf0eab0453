"""Terms: the words of a text that are indexed, and which of them a needle is made of.

A term is a run of letters, digits and marks of folded text; signs, blanks and controls stand between terms. Which
characters are signs beyond ASCII is told by blocks, that is, in every version of Unicode the same. So whether two
neighbours are divided depends on nothing but them, and a needle is divided where the text that contains it is:

- what stands between two divisions of the needle is a whole term of the text,
- what stands before the first is the end of one, what stands after the last the beginning of one,
- and a needle without a division lies within a term.

Scripts that put no spaces between words are divided from others; of a run of their characters, the terms are all pairs
of neighbours. Other long terms are cut into parts that overlap by half, so that any ``MAX_PIECE`` octets of the term
lie within one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from storage.message.apart import MAX_APART, apart
from storage.message.text import TEXT_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable

    from storage.message.text import Searchable

__all__ = [
    "MAX_PIECE",
    "MAX_TERM",
    "NO_TERMS",
    "RUN_ON",
    "RUN_ON_SCRIPTS",
    "SIGNS",
    "TERMS_VERSION",
    "Clue",
    "Piece",
    "TextTerms",
    "clue_to_field",
    "clue_to_text",
    "longest",
    "pairs",
    "terms",
    "text_terms",
    "without_signs",
]

TERMS_VERSION: Final = 2 << 8 | TEXT_VERSION
"""To be raised when ``terms`` changes, so that what was indexed is indexed again."""

MAX_PIECE: Final = 64
MAX_TERM: Final = 2 * MAX_PIECE

MAX_PIECES: Final = 32
"""Pieces of a needle that are looked for; the longest."""

_DIVIDED: Final = bytes(
    octet if octet >= 0x80 or chr(octet).isalnum() else 0x20 for octet in range(256)
)

# Latin-1's; punctuation, currency; arrows, symbols, boxes, shapes; more punctuation, that of Han; what is no character;
# musical notes, pieces of games, emoji.
SIGNS: Final = (
    "\x80-\xa9\xab-\xb1\xb4\xb6-\xb8\xbb\xbf\xd7\xf7\u2000-\u206f\u20a0-\u20cf\u2190-\u2bff\u2e00-\u2e7f"
    "\u3000-\u3004\u3008-\u303f\ufe10-\ufe6f\ufeff\ufff0-\uffff\U0001d000-\U0001d24f\U0001f000-\U0001faff"
)
"""The signs beyond ASCII, as in a class of a regular expression."""

RUN_ON_SCRIPTS: Final = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\U00020000-\U0003ffff"
)
"""Thai and Lao, Burmese, Khmer; kana, Han: likewise."""

RUN_ON: Final = re.compile(f"[{RUN_ON_SCRIPTS}]+")
_SIGNS: Final = re.compile(f"[{SIGNS}]+")


_CUT: Final = b"\1"  # where a term was cut: no term begins or ends there


@dataclass(frozen=True, slots=True)
class Piece:
    """What of a needle lies within one term: at its start, at its end, both or anywhere."""

    octets: bytes
    at_start: bool
    at_end: bool


@dataclass(frozen=True, slots=True)
class Clue:
    """What the terms of a message have to be if a needle is to be in its header or its body.

    All pieces have to be in terms of the header, if ``in_head``, or all in terms of the body, if ``in_body``. ``exact``
    tells that nothing else is needed.
    """

    pieces: tuple[Piece, ...]
    in_head: bool
    in_body: bool
    exact: bool


class TextTerms(NamedTuple):
    """The terms of a message's header and body, each once, divided by blanks, which none contains."""

    head: bytes
    body: bytes


NO_TERMS: Final = TextTerms(b"", b"")
"""Those of a message that cannot be read."""


def text_terms(text: Searchable) -> TextTerms:
    """Return the terms of a message's text."""
    return TextTerms(b" ".join(terms(text.head)), b" ".join(terms(text.body)))


def terms(octets: bytes) -> set[bytes]:
    """Return the terms of a folded text, given in UTF-8."""
    if not octets.isascii():
        text = octets.decode("utf-8", "surrogatepass")
        octets = (_spaced_apart if len(octets) - len(text) < MAX_APART else _spaced)(text)
    octets = octets.translate(_DIVIDED)
    found = set(octets.split())
    if _is_long(octets):
        for term in [term for term in found if len(term) > MAX_TERM]:
            found.remove(term)
            found.update(_cut(term))
    return found


def clue_to_text(needle: str, *, in_head: bool) -> Clue | None:
    """Return what to look for where a folded needle is to be in the body, or else, if ``in_head``, in the header.

    None where nothing can be told.
    """
    pieces = _pieces(needle)
    is_exact = len(pieces) == 1 and pieces[0] == Piece(_octets(needle), False, False)
    return Clue(tuple(pieces), in_head, True, is_exact) if pieces else None


def clue_to_field(name: str, needle: str) -> Clue | None:
    """Return what to look for where a folded needle is to be in a field of a folded name; None where nothing is told.

    That both are in the header does not tell that one is in the other.
    """
    pieces = longest(_pieces(f"\0{name}\0") + _pieces(needle))
    return Clue(tuple(pieces), True, False, False) if pieces else None


def without_signs(text: str) -> str:
    """Return folded text with a space for each run of signs beyond ASCII."""
    return _SIGNS.sub(" ", text)


def _pieces(needle: str) -> list[Piece]:
    """Return the pieces of a needle."""
    needle = without_signs(needle)
    runs = _octets(RUN_ON.sub(" ", needle)).translate(_DIVIDED).split(b" ")
    last = len(runs) - 1
    pieces = [
        Piece(run[:MAX_PIECE], at > 0, at < last and len(run) <= MAX_PIECE)
        for at, run in enumerate(runs)
        if run
    ]
    for run in RUN_ON.findall(needle):
        is_pair = len(run) > 1
        pieces += [Piece(_octets(pair), is_pair, is_pair) for pair in pairs(run)]
    return longest(pieces)


def longest(pieces: list[Piece]) -> list[Piece]:
    """Return the longest pieces, as they are the rarest, once each."""
    return sorted(dict.fromkeys(pieces), key=lambda piece: -len(piece.octets))[:MAX_PIECES]


def pairs(run: str) -> list[str]:
    """Return all pairs of neighbours in a run, or what alone makes one."""
    return [run[at : at + 2] for at in range(max(len(run) - 1, 1))]


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _spaced(text: str) -> bytes:
    """Return a text with its terms between spaces, as far as what is beyond ASCII tells where they are."""
    return _octets(RUN_ON.sub(_spaced_pairs, without_signs(text)))


_spaced_apart: Final = apart("terms", _spaced)


def _spaced_pairs(run: re.Match[str]) -> str:
    return f" {' '.join(pairs(run[0]))} "


def _is_long(octets: bytes) -> bool:
    """Tell whether so many octets as no term has are between two spaces.

    A look at one octet in some hundred tells it; to measure each term would take a third of the time of finding them.
    """
    at, last = 0, len(octets) - MAX_TERM
    while at < last:
        at = octets.rfind(b" ", at, at + MAX_TERM + 1) + 1
        if not at:
            return True
    return False


def _cut(term: bytes) -> Iterable[bytes]:
    """Return the pieces of a long term; only the first begins as it does, only the last ends as it does."""
    last = len(term) - MAX_TERM
    starts = [*range(0, last, MAX_PIECE), last]
    return [
        b"%b%b%b" % (_CUT[: start > 0], term[start : start + MAX_TERM], _CUT[: start < last])
        for start in starts
    ]
