"""Terms: the words of a text that are indexed, and which of them a needle is made of.

A term is a run of octets, in UTF-8 of folded text, that are ASCII letters, ASCII digits or part of any other character:
only ASCII's signs, blanks and controls stand between terms. So whether two neighbours are divided depends on nothing
but them, and a needle is divided where the text that contains it is:

- what stands between two divisions of the needle is a whole term of the text,
- what stands before the first is the end of one, what stands after the last the beginning of one,
- and a needle without a division lies within a term.

Long terms are cut into pieces that overlap by half, each long enough for any run of ``MAX_PIECE`` octets of the term to
lie within one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from storage.message.text import TEXT_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "MAX_PIECE",
    "MAX_TERM",
    "TERMS_VERSION",
    "Clue",
    "Piece",
    "clue_to_field",
    "clue_to_text",
    "terms",
]

TERMS_VERSION: Final = 1 << 8 | TEXT_VERSION
"""To be raised when ``terms`` changes, so that what was indexed is indexed again."""

MAX_PIECE: Final = 64
MAX_TERM: Final = 2 * MAX_PIECE

_DIVIDED: Final = bytes(
    octet if octet >= 0x80 or chr(octet).isalnum() else 0x20 for octet in range(256)
)


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

    pieces: Sequence[Piece]
    in_head: bool
    in_body: bool
    exact: bool


def terms(text: str) -> set[bytes]:
    """Return the terms of a folded text."""
    octets = text.encode("utf-8", "replace").translate(_DIVIDED)
    found = set(octets.split())
    if max(map(len, found), default=0) > MAX_TERM:
        for term in [term for term in found if len(term) > MAX_TERM]:
            found.remove(term)
            found.update(_cut(term))
    return found


def clue_to_text(needle: str, *, in_head: bool) -> Clue | None:
    """Return what to look for where a folded needle is to be in the body, or else, if ``in_head``, in the header.

    None where nothing can be told.
    """
    octets = needle.encode("utf-8", "replace")
    pieces = _pieces(octets)
    is_one_piece = len(octets) <= MAX_PIECE and b" " not in octets.translate(_DIVIDED)
    return Clue(pieces, in_head, True, is_one_piece) if pieces else None


def clue_to_field(name: str, needle: str) -> Clue | None:
    """Return what to look for where a folded needle is to be in a field of a folded name; None where nothing is told.

    That they are in the header does not tell that they are in one field.
    """
    pieces = _pieces(f"\0{name}\0".encode()) + _pieces(needle.encode("utf-8", "replace"))
    return Clue(pieces, True, False, False) if pieces else None


def _pieces(needle: bytes) -> list[Piece]:
    """Return the pieces of a needle, the longest first, as they are the rarest."""
    runs = needle.translate(_DIVIDED).split(b" ")
    last = len(runs) - 1
    pieces = [
        Piece(run[:MAX_PIECE], at > 0, at < last and len(run) <= MAX_PIECE)
        for at, run in enumerate(runs)
        if run
    ]
    return sorted(pieces, key=lambda piece: len(piece.octets), reverse=True)


def _cut(term: bytes) -> Iterable[bytes]:
    """Return the pieces of a long term; the first begins as it does, the last ends as it does."""
    last = len(term) - MAX_TERM
    starts = [*range(0, last, MAX_PIECE), last]
    return [term[start : start + MAX_TERM] for start in starts]
