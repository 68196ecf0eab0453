"""Excerpts: the lines of a message that show what was looked for, or else how it begins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.web.body.obfuscation import obfuscated
from gateway.web.body.parts import Show, laid_out
from gateway.web.body.texts import text_steps
from gateway.web.search.marking import MAX_CONTEXT, Piece
from storage.message.structure import structure
from storage.preview import preview

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.web.search.marking import Marker
    from storage.message.structure import Part

__all__ = ["excerpt"]

_MAX_TEXTS: Final = 10  # texts of a message in which is looked for lines
_SHOWN: Final = (Show.TEXT, Show.FOLDED)


def excerpt(octets: bytes, marker: Marker, *, obfuscate: bool) -> Sequence[Sequence[Piece]]:
    """Return lines of a message in its served form, in marked pieces; addresses are shortened before it is marked."""
    root = structure(octets)
    lines = marker.lines(_text(octets, root, obfuscate=obfuscate))
    if lines:
        return lines
    begins = preview(octets, root)
    if obfuscate:
        begins = obfuscated(begins)
    return [[Piece(begins, is_marked=False)]] if begins else []


def _text(octets: bytes, root: Part, *, obfuscate: bool) -> str:
    """Return the text of a message as its web page shows it, or the beginning of that."""
    shown, _ = laid_out(root, octets, obfuscate=obfuscate)
    parts = [part for show, part in shown if show in _SHOWN]
    texts: list[str] = []
    room = MAX_CONTEXT
    for part in parts[:_MAX_TEXTS]:
        steps = text_steps(part, octets, room)
        while True:
            try:
                next(steps)
            except StopIteration as stop:
                texts.append(stop.value.text)
                break
        room -= len(texts[-1])
        if room <= 0:
            break
    text = "\n".join(texts)
    return obfuscated(text) if obfuscate else text
