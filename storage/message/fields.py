"""The header as fields: where it ends, which fields it has, what they hold.

Invariants:

- The fields cover the header without a gap: each starts where the one before it ends, the first at 0, the last ends
  at ``Header.end``.
- A field's name is either legal (RFC 5322 s. 2.2: printable US-ASCII without the colon) or empty, for lines that are
  no field.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import compress
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import KeysView, Sequence

__all__ = ["BYTE_ORDER_MARK", "MAX_HEADER", "Field", "Header", "extent", "parse_header", "unfold"]

MAX_HEADER: Final = 1 << 20
"""Octets after which a header that does not end by itself is ended; the rest is body."""

BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
"""What some editors put in front of a saved message; never part of the first field's name."""

_MAX_NAME: Final = 998  # a line has no more (RFC 5322 s. 2.1.1)
_NAME_OCTETS: Final = bytes(octet for octet in range(33, 127) if octet != ord(":"))
_EMPTY_LINE: Final = re.compile(rb"\n\r*\n")
_LEADING_EMPTY_LINE: Final = re.compile(rb"\r*\n")
_NEXT_FIELD: Final = re.compile(rb"\n(?![ \t])")
_TO_SPACE: Final = bytes.maketrans(b"\t\r\0", b"   ")


class Field(NamedTuple):
    """One field as it was written, or a run of lines that is none (then ``name`` is empty).

    ``value`` is everything after the colon, folding included, without the last line end. ``start`` and ``end`` are
    offsets into the message's octets; ``end`` is past the line end.
    """

    name: bytes
    value: bytes
    start: int
    end: int


class _Index:
    """What of a header's fields does not depend on their line ends."""

    __slots__ = ("names", "texts", "values")

    def __init__(self, texts: Sequence[bytes]) -> None:
        self.names: list[bytes] = []
        self.texts: dict[bytes, list[bytes]] = {}
        self.values: dict[bytes, Sequence[bytes]] = {}
        names, index = self.names, self.texts
        for text in texts:  # written out: this loop is most of what parsing takes
            colon = text.find(b":")
            name = _known(text[:colon]) if 0 < colon <= _MAX_NAME else b""
            names.append(name)
            if name in index:
                index[name].append(text)
            else:
                index[name] = [text]


class Header:
    """A message's header.

    ``end`` is the offset just past the last field's line end; ``body`` that of the body's first octet, past the empty
    line. They are equal where no empty line follows the header.
    """

    __slots__ = ("_fields", "_index", "_texts", "body", "end")

    def __init__(self, raw: bytes, known: _Index | None = None) -> None:
        self.end, self.body = extent(raw) if known is None else (len(raw), len(raw))
        self._fields: Sequence[Field] | None = None
        self._texts = _NEXT_FIELD.split(raw[: self.end].removesuffix(b"\n")) if self.end else []
        self._index = _Index(self._texts) if known is None else known

    def with_line_ends_of(self, head: bytes) -> Header:
        """Return the header of ``head``, which has the same fields, but perhaps other line ends, and nothing after them.

        What is known of the fields is not found out again.
        """
        return Header(head, self._index if len(head) <= MAX_HEADER else None)

    @property
    def names(self) -> KeysView[bytes]:
        """The names that occur, in lower case; the empty one stands for lines that are no field."""
        return self._index.texts.keys()

    @property
    def fields(self) -> Sequence[Field]:
        """The fields in their order."""
        if self._fields is None:
            self._fields = self._split()
        return self._fields

    def first(self, name: bytes) -> bytes | None:
        """Return the unfolded value of the first field so named (lower case), or None."""
        values = self.every(name)
        return values[0] if values else None

    def every(self, name: bytes) -> Sequence[bytes]:
        """Return the unfolded values of all fields so named (lower case), in their order."""
        values = self._index.values.get(name)
        if values is None:  # kept, since a dozen fields are asked for again and again
            values = self._index.values[name] = [unfold(value) for value in self.written(name)]
        return values

    def written(self, name: bytes) -> Sequence[bytes]:
        """Return the values of all fields so named (lower case), in their order, as ``Field`` holds them.

        Where the header was derived from another one, they have the line ends of that.
        """
        return [text.partition(b":")[2].rstrip(b"\r") for text in self._index.texts.get(name, ())]

    def chosen(self, names: frozenset[bytes]) -> list[bytes]:
        """Return the fields whose names (lower case) are among ``names``, as they were written, each with its line end.

        Where the last one ends the octets without one, it gets LF.
        """
        is_chosen = map(names.__contains__, self._index.names)
        return [text + b"\n" for text in compress(self._texts, is_chosen)]

    def _split(self) -> list[Field]:
        fields = []
        start = 0
        for is_named, text in zip(self._index.names, self._texts, strict=True):
            end = min(start + len(text) + 1, self.end)
            if is_named:
                name, _, value = text.partition(b":")
                name = name.removeprefix(BYTE_ORDER_MARK)
                fields.append(Field(name.rstrip(b" \t"), value.rstrip(b"\r"), start, end))
            else:
                fields.append(Field(b"", text.rstrip(b"\r"), start, end))
            start = end
        return fields


def parse_header(raw: bytes) -> Header:
    """Parse the header of a message, whatever its line ends: LF, CRLF or a mixture."""
    return Header(raw)


def extent(raw: bytes) -> tuple[int, int]:
    """Return the offsets of the header's end and of the body's first octet.

    The first empty line divides them and belongs to neither. A header that never ends takes all, up to
    ``MAX_HEADER`` octets of whole lines.
    """
    if raw.startswith((b"\n", b"\r")):
        leading = _LEADING_EMPTY_LINE.match(raw)
        if leading:
            return 0, leading.end()
    empty = _EMPTY_LINE.search(raw, 0, MAX_HEADER)
    if empty:
        return empty.start() + 1, empty.end()
    end = len(raw) if len(raw) <= MAX_HEADER else raw.rfind(b"\n", 0, MAX_HEADER) + 1
    return end, end


def unfold(value: bytes) -> bytes:
    """Return a field's value on one line, undecoded, without blanks around it.

    Line ends go, TAB becomes a space (RFC 3977 s. 8.3.2); so do NUL and a lone CR, which cannot be sent.
    """
    if b"\n" in value:
        value = value.replace(b"\r\n", b"\n").replace(b"\n", b"")
    return value.translate(_TO_SPACE).strip(b" ")


@lru_cache(maxsize=4096)
def _known(written: bytes) -> bytes:
    """Return the field name that was ``written`` before a colon, in lower case; empty when it is none."""
    # Blanks before the colon were once allowed (RFC 5322 s. 4.5), and are never part of the name.
    name = written.removeprefix(BYTE_ORDER_MARK).rstrip(b" \t")
    return b"" if name.translate(None, _NAME_OCTETS) else name.lower()
