"""Previews: the beginning of what a message says, for people to choose by. RFC 8970."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from storage.message.charsets import text as text_of
from storage.message.encodings import decode
from storage.message.entities import unescaped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from storage.material import Material
    from storage.message.structure import Part

__all__ = ["MAX_CHARACTERS", "MAX_OCTETS", "PREVIEW_VERSION", "preview", "preview_row"]

PREVIEW_VERSION: Final = 1
"""To be raised when what is rendered changes, so that stored rows are made again."""

MAX_CHARACTERS: Final = 200
"""Characters of a preview (RFC 8970 s. 3.3)."""

MAX_OCTETS: Final = 16_384
"""Octets of a part that are looked at: what comes later is no beginning."""

_MAX_PARTS: Final = 100  # parts among which a text is looked for
_LINES: Final = 32  # lines taken at once: most previews need no more

_QUOTE: Final = (">", "|", "》")
# How mail programs say who wrote what is quoted next.
_SAYS: Final = (
    "wrote", "writes", "said", "schrieb", "a écrit", "escribió", "ha scritto", "skrev", "escreveu", "napisał",
    "пишет", "написал", "写道", "寫道",
)  # fmt: skip  # a list of words
_BEGINS: Final = ("On ", "Am ", "Le ", "El ", "Il ", "In article ", "* ", "At ")
_COLONS: Final = (":", "\uff1a", ": ", " :")
_FORWARD: Final = (
    "-----Original",
    "----- Original",
    "---------- Forwarded",
    "-----Forwarded",
    "________",
)
_ARMOUR: Final = "-----BEGIN PGP SIGNED"
_TAIL: Final = ("-----BEGIN PGP", "-----END PGP")  # what comes then is not for people
_SIGNATURE: Final = frozenset(("-- ", "--", "-- \r", "--\r"))

# Each alternative ends somewhere, be it at the end of the text: nothing is looked at twice.
_TAG: Final = re.compile(
    r"<!--.*?(?:-->|\Z)|<(script|style|head|title)\b.*?(?:</\1[^>]{0,20}>|\Z)|<[a-zA-Z/!?][^>]*+(?:>|\Z)",
    re.DOTALL | re.IGNORECASE,
)
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff]")


def preview_row(material: Material) -> bytes:
    """Return a message's preview as it is stored."""
    return preview(material.served.octets, material.structure).encode()


def preview(octets: bytes, structure: Part) -> str:
    """Return the beginning of the first text of a message, at most ``MAX_CHARACTERS``; empty if there is none.

    Quotations, who they are by, and the armour of PGP are left out, unless there is nothing else; white space is one
    space.
    """
    part = _text_part(structure)
    if part is None:
        return ""
    stop = min(part.end, part.body + MAX_OCTETS)
    plain = decode(octets[part.body : stop], part.encoding)
    text = text_of(octets[part.body : stop] if plain is None else plain, part.charset)
    if part.subtype == b"html":
        text = unescaped(_TAG.sub(" ", text))
    return _beginning(_own_lines(text)) or _beginning(_quoted_lines(text))


def _text_part(structure: Part) -> Part | None:
    """Return the first plain text that is no attachment, else the first HTML, else the first other text."""
    found: dict[bytes, Part] = {}
    stack = [structure]
    for _ in range(_MAX_PARTS):
        if not stack:
            break
        part = stack.pop()
        stack.extend(reversed(part.children))
        attached = part.disposition is not None and part.disposition.kind == b"attachment"
        if part.type == b"text" and not attached and part.end > part.body:
            if part.subtype == b"plain":
                return part
            found.setdefault(b"html" if part.subtype == b"html" else b"", part)
    return found.get(b"html") or found.get(b"")


def _beginning(lines: Iterator[str]) -> str:
    """Return as many lines as a preview has room for, on one line."""
    kept, length = [], 0
    for line in lines:
        words = " ".join(line.split())
        if words:
            kept.append(words)
            length += len(words) + 1
            if length > MAX_CHARACTERS:
                break
    text = " ".join(kept)
    if not text.isprintable():
        text = " ".join(_CONTROL.sub(" ", text).split())
    return text[:MAX_CHARACTERS].rstrip()


def _own_lines(text: str) -> Iterator[str]:
    """Yield the lines that the author wrote, up to the signature; some may be empty."""
    held = ""  # a line that may be the first half of who wrote what is quoted
    armoured = False
    for line in _lines(text):
        stripped = line.strip()
        if not held and stripped.startswith(_QUOTE):
            continue  # most lines of a reply; no part of an armour's end either
        if armoured:  # its header ends with an empty line
            armoured = bool(stripped)
        elif stripped.startswith(_ARMOUR):
            armoured = True
        elif line in _SIGNATURE or stripped.startswith(_TAIL):
            break
        elif held and _says_who(f"{held} {stripped}"):
            held = ""
        else:
            if held:
                yield held
            held = ""
            if stripped.startswith(_BEGINS) and not _says_who(stripped):
                held = stripped
            elif not stripped.startswith(_QUOTE) and not _says_who(stripped):
                yield stripped
    yield held


def _quoted_lines(text: str) -> Iterator[str]:
    """Yield all lines without their marks of quotation."""
    for line in _lines(text):
        stripped = line.strip().lstrip(">| ")
        if stripped.startswith(_TAIL) and not stripped.startswith(_ARMOUR):
            break
        if not stripped.startswith("-----"):
            yield stripped


def _lines(text: str) -> Iterator[str]:
    while text:
        *lines, text = text.split("\n", _LINES)
        if len(lines) < _LINES:
            lines.append(text)
            text = ""
        yield from lines


def _says_who(line: str) -> bool:
    """Tell whether a line says who wrote what is quoted next."""
    if line.endswith(_COLONS):
        return any(word in line[-200:] for word in _SAYS)
    return line.startswith(_FORWARD)
