"""What a search looks at, and what a match is: the one place that says so.

- A needle matches where it is a substring, both folded: letters of any case are one, and so is what Unicode holds
  compatible (ligatures, wide letters, composed and decomposed ones); accents count.
- Of a header, fields are looked at unfolded and with their encoded words decoded (RFC 2047), one a line, each control
  character and TAB as a space.
- Of a body, the decoded text of all parts of type text or message, their line ends as LF. A message that is enclosed
  is of the body with its header. What is in other parts (images, archives) is no text. The MIME fields of parts are of
  the header (RFC 9051 s. 6.4.4, TEXT).
- Blanks and line ends count as they stand, so that two words on two lines are not one phrase.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from storage.message import charsets, encodings
from storage.message.apart import MAX_APART, apart
from storage.message.structure import structure
from storage.message.words import decode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from storage.message.fields import Header
    from storage.message.structure import Part

__all__ = [
    "MAX_TEXT",
    "NO_TEXT",
    "TEXT_VERSION",
    "AsRead",
    "Searchable",
    "as_read",
    "body_pieces",
    "contains",
    "field_texts",
    "fold",
    "fold_needle",
    "folded",
    "searchable",
]

TEXT_VERSION: Final = 1
"""To be raised when ``fold``, ``field_texts`` or ``searchable`` change, so that what was made of them is made again."""

MAX_TEXT: Final = 8 << 20
"""Octets of a message's parts, still encoded, that are looked at."""

PIECE: Final = 1 << 15
"""Characters of a text that are folded at once where it is large."""

MAX_MARKS: Final = 64
"""So many marks on one letter are put in Unicode's order together, which takes the square of their number."""

_DECOMPOSED_MARKS: Final = "\u0f73\u0f75\u0f81\uff9e\uff9f"
_MARKS: Final = "".join(
    mark for mark in map(chr, range(0x300, 0x10000)) if unicodedata.combining(mark)
)
_MANY_MARKS: Final = re.compile(
    f"[{_MARKS}{_DECOMPOSED_MARKS}\U00010000-\U0010ffff]{{{MAX_MARKS + 1},}}+"
)

_ON_ONE_LINE: Final = {
    code: " " for code in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029) if code != 0x0A
}
_TAB_TO_SPACE: Final = bytes.maketrans(b"\t", b" ")
_FOLDED_HEADER: Final = bytes(
    0x20 if octet in _ON_ONE_LINE else ord(chr(octet).upper()) for octet in range(0x80)
) + bytes(range(0x80, 0x100))

_ENCODED: Final = (b"=?", b"\x1b", b"BASE64", b"QUOTED-PRINTABLE")
"""What stands in a message, in capitals, if some of its text is encoded, but for charsets."""

# A charset that is like ASCII, or is none and guessed, where it can be seen to be.
_GRAPHIC: Final = bytes(range(0x21, 0x7F))
_CHARSET: Final = re.compile(
    rb"CHARSET=\"?(?:US-ASCII|UTF-8|ISO-8859-\d|WINDOWS-125)[-\w]*+[\";\s]"
)
_OTHER_TYPE: Final = re.compile(rb"^CONTENT-TYPE(?!:\s*+TEXT/)", re.MULTILINE)

_KEPT: Final = 1024  # encoded lines of headers: mostly names of people, who write again
_MAX_KEPT: Final = 200  # octets of such a line

_BETWEEN: Final = b"\0"
"""Between the texts of two parts, so that no needle lies across them."""

_TEXTUAL: Final = frozenset((b"text", b"message"))
_IDENTITIES: Final = frozenset((b"7bit", b"8bit", b"binary"))
_LIKE_ASCII: Final = ("cp125", "iso8859", "koi8")
"""How the names of charsets begin in which octets of ASCII mean what they do there."""


@dataclass(frozen=True, slots=True)
class Searchable:
    """A message's text, folded, in UTF-8: that of its header and that of its body."""

    head: bytes
    body: bytes


class AsRead(NamedTuple):
    """A message folded, but for its line ends and folds; where its body begins; whether that is one text."""

    folded: bytes
    body: int
    is_single: bool


NO_TEXT: Final = Searchable(b"", b"")
"""That of a message that cannot be read."""


def fold(text: str) -> str:
    """Return text in the form in which it is compared.

    What i;unicode-casemap (RFC 5051) holds equal is equal, and so is what differs in case in more than one letter
    (``ß`` and ``SS``): NFKD, case folding, NFKD, and capitals, by whose octets RFC 5051 sorts.
    """
    if text.isascii():
        return text.upper()
    return "".join(map(_folded_piece, _pieces(text)))


def folded(text: str) -> bytes:
    """Return folded text in UTF-8.

    Where little is beyond ASCII, only that is folded as such: no character of ASCII has to do with its neighbours.
    """
    if text.isascii():
        return text.encode().upper()
    if len(text.encode("utf-8", "surrogatepass")) - len(text) < MAX_APART:
        return _folded_apart(text).upper()
    return _folded(text)


def fold_needle(needle: str, *, in_header: bool) -> str:
    """Return a needle in the form in which it is looked for."""
    needle = needle.replace("\r\n", "\n")
    return fold(needle.translate(_ON_ONE_LINE) if in_header else needle)


def field_texts(header: Header, name: bytes) -> list[str]:
    """Return the text of each field so named (lower case), folded."""
    return [fold(decode(value)) for value in header.every(name)]


def searchable(octets: bytes, root: Part | None = None) -> Searchable:
    """Return the text of a message in its served form; ``root`` is its structure, if that is known."""
    found: tuple[list[bytes], list[bytes]] = [], []
    for in_body, text in _texts(octets, root):
        found[in_body].append(text)
    head, body = found
    return Searchable(_BETWEEN.join(head), _BETWEEN.join(body))


def contains(octets: bytes, in_head: bytes | None, in_body: bytes) -> bool:
    """Tell whether a message in its served form contains a folded needle, in its header, if one is given, or its body.

    The same as a look at what is ``searchable``, but no further than needed.
    """
    plain = None if b"\n" in in_body else as_read(octets)
    if plain is not None:
        capitals, end, is_single = plain
        if is_single:
            return capitals.find(in_body, end, end + MAX_TEXT) >= 0 or (
                in_head is not None and _is_in_header(octets[:end], capitals, in_head)
            )
        if in_body not in capitals and not any(
            needle is not None and _is_in_header(octets, capitals, needle)
            for needle in (in_head, in_body)
        ):
            return False  # what is nowhere is in no part
    for is_body, text in _texts(octets, None):
        needle = in_body if is_body else in_head
        if needle is not None and needle in text:
            return True
    return False


def as_read(octets: bytes) -> AsRead | None:
    """Return a message in its served form as it is read, if that is in ASCII and nothing of it is encoded."""
    if not octets.isascii():
        return None
    capitals = octets.upper()
    if _is_encoded(capitals):
        return None
    end = _header_end(octets)
    return AsRead(capitals, end, not _OTHER_TYPE.search(capitals, 0, end))


def body_pieces(octets: bytes) -> Iterator[bytes]:
    """Yield the text of a message's body, folded, in pieces that take a few milliseconds each; some may be empty.

    A piece ends behind a line or a blank, if there is one. What follows a NUL is another text.
    """
    room = MAX_TEXT
    todo = [structure(octets)]
    while todo and room > 0:
        yield b""
        part = todo.pop()
        if part.message is not None:
            yield _header_text(octets[part.message.start : part.message.body]) + _BETWEEN
            todo.append(part.message)
        elif part.children:
            todo += reversed(part.children)
        elif part.type in _TEXTUAL:
            text = charsets.text(
                _decoded(octets[part.body : min(part.end, part.body + room)], part), part.charset
            )
            yield b""
            yield from _pieces_of(text)
            yield _BETWEEN
            room -= part.end - part.body


def _pieces_of(text: str) -> Iterator[bytes]:
    start = 0
    while start < len(text):
        stop = start + PIECE
        if stop < len(text):
            end = text.rfind("\n", start, stop) + 1 or text.rfind(" ", start, stop) + 1
            stop = end or stop
        yield folded(text[start:stop].replace("\r\n", "\n"))
        start = stop


def _is_in_header(header: bytes, capitals: bytes, needle: bytes) -> bool:
    """Tell whether a header in ASCII contains a needle; ``capitals`` begins with it. Folds matter to blanks only."""
    if not needle.translate(None, _GRAPHIC):
        return capitals.find(needle, 0, len(header)) >= 0
    return needle in _header_text(header)


def _is_encoded(capitals: bytes) -> bool:
    """Tell whether text of a message in ASCII may be another than it is read, but for case and line ends."""
    if any(sign in capitals for sign in _ENCODED):
        return True
    at = capitals.find(b"CHARSET")
    while at >= 0:
        if not _CHARSET.match(capitals, at):
            return True
        at = capitals.find(b"CHARSET", at + 7)
    return False


def _header_end(octets: bytes) -> int:
    """Return where the body begins."""
    if octets.startswith(b"\r\n"):
        return 2
    empty = octets.find(b"\r\n\r\n")
    return len(octets) if empty < 0 else empty + 4


def _texts(octets: bytes, root: Part | None) -> Iterator[tuple[bool, bytes]]:
    """Yield the folded texts of a message, the header first, and whether each is of the body."""
    yield False, _header_text(octets[: _header_end(octets)])
    room = MAX_TEXT
    todo = [structure(octets) if root is None else root]
    while todo and room > 0:
        part = todo.pop()
        if part.message is not None:
            yield True, _header_text(octets[part.message.start : part.message.body])
            todo.append(part.message)
        elif part.children:
            for child in part.children:
                yield False, _header_text(octets[child.start : child.body])
            todo += reversed(part.children)
        elif part.type in _TEXTUAL:
            yield True, _body_text(octets[part.body : min(part.end, part.body + room)], part)
            room -= part.end - part.body


def _header_text(header: bytes) -> bytes:
    """Return fields, one a line."""
    header = header.translate(_TAB_TO_SPACE, b"\r").replace(b"\n ", b" ")
    if not header.isascii() or b"\x1b" in header:
        return b"\n".join(map(_line_text, header.split(b"\n")))
    texts, start = [], 0
    at = header.find(b"=?")
    while at >= 0:  # of each line that may have encoded words: most have none
        line = header.rfind(b"\n", start, at) + 1 or start
        end = header.find(b"\n", at)
        end = len(header) if end < 0 else end
        fold_line = _kept_line if end - line <= _MAX_KEPT else _line_text
        texts += [header[start:line].translate(_FOLDED_HEADER), fold_line(header[line:end])]
        start, at = end, header.find(b"=?", end)
    return b"".join(texts) + header[start:].translate(_FOLDED_HEADER)


def _line_text(line: bytes) -> bytes:
    if line.isascii() and b"=?" not in line and b"\x1b" not in line:
        return line.translate(_FOLDED_HEADER)
    name, colon, value = line.partition(b":")
    return folded(f"{decode(name)}: {decode(value)}" if colon else decode(line))


_kept_line: Final = lru_cache(maxsize=_KEPT)(_line_text)


def _body_text(octets: bytes, part: Part) -> bytes:
    octets = _decoded(octets, part)
    known = charsets.codec(part.charset)
    is_like_ascii = not known or known.startswith(_LIKE_ASCII)
    if is_like_ascii and octets.isascii() and b"\x1b" not in octets:
        return octets.replace(b"\r\n", b"\n").upper()
    return folded(charsets.text(octets, part.charset).replace("\r\n", "\n"))


def _decoded(octets: bytes, part: Part) -> bytes:
    if part.encoding in _IDENTITIES:
        return octets
    decoded = encodings.decode(octets, part.encoding)
    return octets if decoded is None else decoded


def _folded(text: str) -> bytes:
    return fold(text).encode("utf-8", "surrogatepass")


_folded_apart: Final = apart("folded", _folded)


def _folded_piece(text: str) -> str:
    text = unicodedata.normalize("NFKD", text).casefold()
    return unicodedata.normalize("NFKD", text).upper()


def _pieces(text: str) -> Iterator[str]:
    """Yield text in pieces, mostly one, of which none has more than ``MAX_MARKS`` marks in a row."""
    start = 0
    for run in _MANY_MARKS.finditer(text):
        marks = 0
        for at in range(run.start(), run.end()):
            is_mark = unicodedata.combining(text[at]) or text[at] in _DECOMPOSED_MARKS
            marks = marks + 1 if is_mark else 0
            if marks > MAX_MARKS:
                yield text[start:at]
                start, marks = at, 1
    yield text[start:]
