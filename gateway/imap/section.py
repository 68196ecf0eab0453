"""Sections of a message: ``BODY[...]`` and ``BINARY[...]``. RFC 9051 s. 6.4.5.1, RFC 3516.

What is absent: a part that the message has not got, and HEADER or TEXT of a part that is no message, is NIL. A part
that is there but empty is the empty string; so is what a window beyond the end shows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from gateway.imap.responses import Bad
from gateway.imap.strings import astring
from storage.message.encodings import decode
from storage.message.fields import parse_header

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gateway.imap.grammar import Parser
    from storage.message.structure import Part

__all__ = [
    "MAX_SECTION_DEPTH",
    "MAX_SECTION_FIELDS",
    "Section",
    "UnknownEncodingError",
    "Window",
    "decoded",
    "extract",
    "read_section",
    "read_window",
    "subset",
]

MAX_SECTION_DEPTH: Final = 200
"""Part numbers of one section; no message has parts that deep."""

MAX_SECTION_FIELDS: Final = 1000
"""Names of header fields of one section."""

_TEXTS: Final = (b"HEADER.FIELDS.NOT", b"HEADER.FIELDS", b"HEADER", b"TEXT", b"MIME")


class UnknownEncodingError(Exception):
    """A part's Content-Transfer-Encoding is not known: the refusal is ``NO [UNKNOWN-CTE]``. RFC 3516 s. 4.3."""


@dataclass(frozen=True, slots=True)
class Section:
    """Which section: the numbers of a part, what of it, and the header fields that are wanted, or not.

    ``text`` is HEADER, HEADER.FIELDS, HEADER.FIELDS.NOT, TEXT, MIME, or empty for all; ``names`` are in lower case, as
    they were written they are in ``written``.
    """

    part: tuple[int, ...] = ()
    text: bytes = b""
    written: tuple[bytes, ...] = ()

    @property
    def names(self) -> frozenset[bytes]:
        """The fields' names in lower case."""
        return frozenset(name.lower() for name in self.written)

    @property
    def label(self) -> bytes:
        """The section in brackets, as a response names it."""
        specifiers = [b"%d" % number for number in self.part]
        if self.text:
            specifiers.append(self.text)
        text = b".".join(specifiers)
        if self.written:
            text += b" (%b)" % b" ".join(map(astring, self.written))
        return b"[%b]" % text


class Window(NamedTuple):
    """``<start.length>``: part of a section. RFC 9051 s. 6.4.5."""

    start: int
    length: int

    def of(self, octets: bytes) -> bytes:
        """Return what the window shows: nothing, if it begins beyond the end."""
        return octets[self.start : self.start + self.length]


def read_section(parser: Parser, *, binary: bool = False) -> Section:
    """Read a section with its brackets; with ``binary`` a section of BINARY, which has part numbers only.

    Raises:
        Bad: it is not one.
    """
    parser.expect(b"[")
    part: list[int] = []
    while not parser.sees(b"]"):
        if part:
            parser.expect(b".")
        if not _digit(parser):
            text = b"" if binary else next(filter(parser.takes, _TEXTS), b"")
            if not text or (text == b"MIME" and not part):
                raise Bad("expected a section")
            written = _names(parser) if text.startswith(b"HEADER.") else ()
            parser.expect(b"]")
            return Section(tuple(part), text, written)
        part.append(parser.number())
        if not part[-1] or len(part) > MAX_SECTION_DEPTH:
            raise Bad("no such part number")
    parser.expect(b"]")
    return Section(tuple(part))


def read_window(parser: Parser) -> Window | None:
    """Read ``<start.length>``, if it is there.

    Raises:
        Bad: it is not one.
    """
    if not parser.takes(b"<"):
        return None
    start = parser.number64()
    parser.expect(b".")
    length = parser.number64()
    parser.expect(b">")
    if not length:
        raise Bad("a window of no octets")
    return Window(start, length)


def extract(octets: bytes, structure: Part, section: Section) -> bytes | None:
    """Return a section of a served form, or None where the message has no such section."""
    if not section.part:
        return _of_message(octets, structure, section)
    part = _find(structure, section.part)
    if part is None:
        return None
    if not section.text:
        return octets[part.body : part.end]
    if section.text == b"MIME":
        # Part 1 of a message that is no multipart has no MIME header of its own: the message's tells of it.
        return octets[part.start : part.body]
    return None if part.message is None else _of_message(octets, part.message, section)


def decoded(octets: bytes, structure: Part, section: Section) -> bytes | None:
    """Return a section with its Content-Transfer-Encoding undone, or None where there is none. RFC 3516 s. 4.2.

    A multipart, a message, and the message as a whole have no encoding to undo.

    Raises:
        UnknownEncodingError: nothing here can undo it.
    """
    if not section.part:
        return octets
    part = _find(structure, section.part)
    if part is None:
        return None
    text = octets[part.body : part.end]
    plain = text if part.is_multipart else decode(text, part.encoding)
    if plain is None:
        raise UnknownEncodingError
    return plain


def subset(head: bytes, names: Iterable[bytes], *, without: bool) -> bytes:
    """Return those fields of a header, with its empty line, whose names, in lower case, are listed, or are not.

    The empty line stays: it is not subject to the choice (RFC 9051 s. 6.4.5.1).
    """
    wanted = frozenset(names)
    header = parse_header(head)
    chosen = [
        head[field.start : field.end]
        for field in header.fields
        if (field.name.lower() in wanted) is not without
    ]
    return b"".join(chosen) + head[header.end :]


def _of_message(octets: bytes, message: Part, section: Section) -> bytes:
    """Return a section of a message, the whole one or an enclosed one."""
    if section.text == b"TEXT":
        return octets[message.body : message.end]
    if not section.text:
        return octets[message.start : message.end]
    head = octets[message.start : message.body]
    if section.text == b"HEADER":
        return head
    return subset(head, section.names, without=section.text == b"HEADER.FIELDS.NOT")


def _find(structure: Part, numbers: Iterable[int]) -> Part | None:
    """Return the part of some numbers, or None.

    A multipart's numbers are those of its parts. A message that is no multipart has one part, itself; behind that come
    the numbers of the message it encloses, if it does.
    """
    found: Part | None = None
    inner: Part | None = structure
    for number in numbers:
        if inner is None:
            return None
        if inner.is_multipart:
            if number > len(inner.children):
                return None
            found = inner.children[number - 1]
        elif number == 1:
            found = inner
        else:
            return None
        inner = found if found.is_multipart else found.message
    return found


def _names(parser: Parser) -> tuple[bytes, ...]:
    parser.space()
    names = parser.listed(parser.astring)
    if not names or len(names) > MAX_SECTION_FIELDS:
        raise Bad("expected names of fields")
    return tuple(names)


def _digit(parser: Parser) -> bool:
    return parser.octets[parser.position : parser.position + 1].isdigit()
