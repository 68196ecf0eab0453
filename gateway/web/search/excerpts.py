"""Excerpts: the lines of a message that show what was looked for, or else how it begins."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from gateway.web.body.obfuscation import obfuscated
from gateway.web.body.parts import Show, laid_out
from gateway.web.body.texts import clean, text_steps
from gateway.web.search.marking import MAX_CONTEXT, Piece
from storage.message.structure import structure
from storage.message.text import as_read
from storage.preview import preview
from storage.steps import finished

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.web.search.marking import Marker
    from storage.message.structure import Part

__all__ = ["excerpt"]

KEPT_TEXTS: Final = 256
"""Texts of messages that are kept: those of the newest are shown again and again."""

_SMALL: Final = 1 << 16  # octets
_MAX_TEXTS: Final = 10  # texts of a message in which is looked for lines
_CUT_OFF: Final = re.compile(r"(?<=\S)@[^\s.]\S{0,2}\Z")
_HTML: Final = b"TEXT/HTML"
_SHOWN: Final = (Show.TEXT, Show.FOLDED)


def excerpt(octets: bytes, marker: Marker, *, obfuscate: bool) -> Sequence[Sequence[Piece]]:
    """Return lines of a message in its served form, in marked pieces; addresses are shortened before it is marked."""
    text_of = _shown_often if len(octets) <= _SMALL else _shown
    lines = marker.lines(text_of(octets, obfuscate))
    if lines:
        return lines
    begins = preview(octets, structure(octets))
    if obfuscate:
        begins = _veiled(begins)
    return [[Piece(begins, is_marked=False)]] if begins else []


def _shown(octets: bytes, obfuscate: bool) -> str:
    text = _text(octets)
    return _veiled(text) if obfuscate else text


_shown_often: Final = lru_cache(KEPT_TEXTS)(_shown)


def _veiled(text: str) -> str:
    """Return text with its addresses shortened, also one at the end that was cut off there."""
    return _CUT_OFF.sub("@...", obfuscated(text))


def _text(octets: bytes) -> str:
    """Return the text of a message as its web page shows it, or the beginning of that."""
    plain = as_read(octets) if len(octets) <= _SMALL else None
    if plain is not None and plain.is_single and _HTML not in plain.folded[: plain.body]:
        return clean(octets[plain.body : plain.body + MAX_CONTEXT].decode("ascii"))
    shown, _ = laid_out(structure(octets), octets, obfuscate=False)
    parts = [part for show, part in shown if show in _SHOWN]
    texts: list[str] = []
    room = MAX_CONTEXT
    for part in parts[:_MAX_TEXTS]:
        texts.append(_decoded(part, octets, room))
        room -= len(texts[-1])
        if room <= 0:
            break
    return "\n".join(texts)


def _decoded(part: Part, octets: bytes, room: int) -> str:
    return finished(text_steps(part, octets, room)).text
