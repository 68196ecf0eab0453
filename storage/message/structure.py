"""The MIME tree of a message: what parts it has, and where each begins and ends (RFC 2045, RFC 2046).

Takes the served form: CRLF line ends throughout. One pass over the lines with an explicit stack, in linear time:
neither depth nor number of boundaries makes it slower. What goes beyond the limits is a leaf.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from storage.message.fields import MAX_HEADER, Header
from storage.message.parameters import disposition, encoding, media_type, parameter
from storage.steps import finished

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from storage.message.parameters import Parameters

__all__ = [
    "MAX_DEPTH",
    "MAX_LANGUAGES",
    "MAX_PARTS",
    "Disposition",
    "Part",
    "structure",
    "structuring",
]

MAX_DEPTH: Final = 100
"""Parts within parts; one that lies deeper has no parts of its own."""

MAX_PARTS: Final = 10_000
"""Parts of one message; the last one holds whatever comes after it in its multipart."""

MAX_LANGUAGES: Final = 100
"""Languages of one part."""

_STEP: Final = 32  # delimiters, found or looked for in vain, after which others may do something

_Type = tuple[bytes, bytes, "Parameters"]
_TEXT: Final[_Type] = (b"text", b"plain", ())  # RFC 2045 s. 5.2
_MESSAGE: Final[_Type] = (b"message", b"rfc822", ())  # RFC 2046 s. 5.1.5
_NO_HEADER: Final = Header(b"")
_ENCLOSING: Final = frozenset((b"rfc822", b"global"))
_IDENTITIES: Final = frozenset((b"7bit", b"8bit", b"binary"))


class Disposition(NamedTuple):
    """What a Content-Disposition says (RFC 2183); the kind is in lower case."""

    kind: bytes
    parameters: Parameters


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A message, or a part of one.

    ``type``, ``subtype``, ``encoding`` are in lower case. ``start``, ``body`` and ``end`` are offsets into the
    message: of the part's header, of its body, and past it; the line end before a delimiter is the delimiter's.
    ``lines`` counts the line ends in the body of a text or a message. The children are a multipart's parts, at least one
    (RFC 2046 s. 5.1.1): where there is none, an empty text; or of a message/rfc822 the one message enclosed, if that can
    be read, whose header is then that message's.
    """

    type: bytes
    subtype: bytes
    parameters: Parameters
    id: bytes | None
    description: bytes | None
    encoding: bytes
    md5: bytes | None
    disposition: Disposition | None
    language: Sequence[bytes]
    location: bytes | None
    header: Header
    start: int
    body: int
    end: int
    lines: int
    children: Sequence[Part]

    @property
    def charset(self) -> bytes:
        """The declared charset; empty if there is none."""
        return parameter(self.parameters, b"charset")

    @property
    def is_multipart(self) -> bool:
        """Whether the type is multipart."""
        return self.type == b"multipart"

    @property
    def is_message(self) -> bool:
        """Whether the type is message/rfc822 or message/global, even if what it encloses cannot be read."""
        return self.type == b"message" and self.subtype in _ENCLOSING

    @property
    def message(self) -> Part | None:
        """The message that a message/rfc822 encloses, if that can be read."""
        return self.children[0] if self.children and not self.is_multipart else None


def structure(octets: bytes, header: Header | None = None) -> Part:
    """Return the MIME tree of a message; ``header`` is its header, if that was parsed already."""
    return finished(structuring(octets, header))


def structuring(octets: bytes, header: Header | None = None) -> Generator[None, None, Part]:
    """Do what ``structure`` does, and yield after every few milliseconds."""
    return _Walk(octets).steps(header)


class _Open:
    """A part whose end is not yet known."""

    __slots__ = ("body", "boundary", "children", "encoding", "header", "media", "start")

    def __init__(self, header: Header, start: int, body: int, default: _Type) -> None:
        self.header, self.start, self.body = header, start, body
        self.children: list[Part] = []
        names = header.names
        self.media = default
        if b"content-type" in names:
            self.media = media_type(header.first(b"content-type") or b"") or _TEXT
        self.encoding = b"7bit"
        if b"content-transfer-encoding" in names:
            self.encoding = encoding(header.first(b"content-transfer-encoding") or b"")
        self.boundary = b""
        if self.media[0] == b"multipart":
            self.boundary = parameter(self.media[2], b"boundary").rstrip(b" ")

    @property
    def encloses(self) -> bool:
        """Whether it is a message within a message: an encoded one is opaque (RFC 2046 s. 5.2.1)."""
        kind, subtype, _ = self.media
        return kind == b"message" and subtype in _ENCLOSING and self.encoding in _IDENTITIES

    def seal(self) -> None:
        """Make it a leaf: what has parts becomes octets, which can still be fetched."""
        kind, subtype, parameters = self.media
        if kind == b"multipart" or (kind == b"message" and subtype in _ENCLOSING):
            self.media = (b"application", b"octet-stream", parameters)

    def closed(self, octets: bytes, end: int) -> Part:
        """Return the part, now that its end is known.

        Where a delimiter comes at once, the line end before it was taken for the header's: it is the delimiter's.
        """
        start, body = min(self.start, end), min(self.body, end)
        kind, subtype, parameters = self.media
        counted = kind == b"text" or (kind == b"message" and subtype in _ENCLOSING)
        if kind == b"multipart" and not self.children:
            self.children.append(_Open(_NO_HEADER, body, body, _TEXT).closed(octets, body))
        written = self.header.names & _DESCRIBING
        values = {name: self.header.first(name) or b"" for name in written}
        language = values.get(b"content-language", b"")
        return Part(
            kind,
            subtype,
            parameters,
            values.get(b"content-id"),
            values.get(b"content-description"),
            self.encoding,
            values.get(b"content-md5"),
            _disposition(values.get(b"content-disposition", b"")),
            [tag for tag in map(bytes.strip, language.split(b",")[:MAX_LANGUAGES]) if tag]
            if language
            else (),
            values.get(b"content-location"),
            self.header,
            start,
            body,
            end,
            octets.count(b"\n", body, end) if counted else 0,
            self.children,
        )


_DESCRIBING: Final = frozenset((
    b"content-id", b"content-description", b"content-md5", b"content-disposition", b"content-language",
    b"content-location",
))  # fmt: skip  # a list of words


def _disposition(value: bytes) -> Disposition | None:
    found = disposition(value)
    return None if found is None else Disposition(*found)


class _Delimiter(NamedTuple):
    """A delimiter line: where the line end before it begins, where the next line does, whose it is, if the last one."""

    at: int
    after: int
    depth: int
    closing: bool


class _Walk:
    """One pass over a message."""

    __slots__ = ("_boundaries", "_empty", "_fresh", "_octets", "_parts", "_stack", "_table")

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._stack: list[_Open] = []
        self._boundaries: list[tuple[bytes, int]] = []
        self._table: _Boundaries | None = None
        self._empty = -1
        self._parts = 0
        self._fresh = 0  # delimiters since others could do something

    def steps(self, header: Header | None) -> Generator[None, None, Part]:
        octets = self._octets
        position = yield from self._open(0, _TEXT, header)
        while self._boundaries:
            found = yield from self._delimiter(position, len(octets))
            if found is None:
                break
            position = found.after
            if found.closing:
                self._close(found.depth + 1, found.at)
                self._forget(found.depth)
            elif self._parts < MAX_PARTS:
                self._close(found.depth + 1, found.at)
                digest = self._stack[found.depth].media[1] == b"digest"
                position = yield from self._open(position, _MESSAGE if digest else _TEXT)
        self._close(1, len(octets))
        return self._stack[0].closed(octets, len(octets))

    def _open(
        self, start: int, default: _Type, header: Header | None = None
    ) -> Generator[None, None, int]:
        """Open a part, and the messages it encloses; return where its parts or its text begin."""
        while True:
            stop, body = yield from self._extent(start)
            if header is None:
                header = Header(self._octets[start : min(stop, start + MAX_HEADER)])
            part = _Open(header, start, body, default)
            self._stack.append(part)
            self._parts += 1
            if len(self._stack) > MAX_DEPTH or self._parts >= MAX_PARTS:
                part.seal()
                return body
            if part.boundary:
                self._boundaries.append((part.boundary, len(self._stack) - 1))
                self._table = None
            if not part.encloses:
                return body
            start, default, header = body, _TEXT, None

    def _extent(self, start: int) -> Generator[None, None, tuple[int, int]]:
        """Return where a header ends, and where the body begins: at the empty line, or at a delimiter before it."""
        octets = self._octets
        if octets.startswith(b"\r\n", start):
            return start, start + 2
        if self._empty < start:
            self._empty = octets.find(b"\r\n\r\n", start)
            if self._empty < 0:
                self._empty = len(octets)
        end = min(self._empty + 2, len(octets))
        if self._boundaries:
            found = yield from self._delimiter(start, end)
            if found is not None:
                stop = max(found.at, start)
                return stop, stop
        return end, min(end + 2, len(octets))

    def _delimiter(self, start: int, stop: int) -> Generator[None, None, _Delimiter | None]:
        """Return the next delimiter line that begins between two offsets, the first of which begins a line."""
        octets = self._octets
        table = self._table
        if table is None:
            table = self._table = _Boundaries(self._boundaries)
        at = octets.find(table.common, start - 2, stop)
        while at >= 0:
            self._fresh += 1
            if self._fresh >= _STEP:
                self._fresh = 0
                yield
            matched = table.match(octets, at + 4)
            if matched is not None:
                boundary, depth = matched
                end = at + 4 + len(boundary)
                after = octets.find(b"\r\n", end)
                return _Delimiter(
                    at,
                    len(octets) if after < 0 else after + 2,
                    depth,
                    octets.startswith(b"--", end),
                )
            at = octets.find(table.common, at + 4, stop)
        return None

    def _close(self, depth: int, end: int) -> None:
        """Close the parts from a depth on."""
        stack = self._stack
        while len(stack) > depth:
            self._forget(len(stack) - 1)
            part = stack.pop().closed(self._octets, end)
            stack[-1].children.append(part)

    def _forget(self, depth: int) -> None:
        """Look for the boundary of a part no more."""
        if self._boundaries and self._boundaries[-1][1] == depth:
            self._boundaries.pop()
            self._table = None


class _Boundaries:
    """The boundaries of the open multiparts, to look lines up in.

    A delimiter is a line that begins with a boundary, whatever follows (RFC 2046 s. 5.1.1); of several boundaries the
    longest counts, of equal ones the innermost.
    """

    __slots__ = ("_depths", "_longest", "_shorter", "_sorted", "common")

    def __init__(self, boundaries: Sequence[tuple[bytes, int]]) -> None:
        self._depths = dict(boundaries)
        self._sorted = sorted(self._depths)
        self._longest = max(map(len, self._sorted), default=0)
        self._shorter: list[tuple[bytes, ...]] = []
        self.common = b"\r\n--" + (self._sorted[0] if len(self._sorted) == 1 else b"")
        run: tuple[bytes, ...] = ()
        for boundary in self._sorted:
            while run and not boundary.startswith(run[-1]):
                run = run[:-1]
            run = (*run, boundary)
            self._shorter.append(run)

    def match(self, octets: bytes, start: int) -> tuple[bytes, int] | None:
        """Return the boundary that stands at an offset, and its part's depth.

        The boundaries that a line begins with are among the last one that sorts before it and those that this one
        begins with; looked through from the shortest, no more are than the line has octets.
        """
        if len(self._sorted) == 1:  # it was found by it
            return self._sorted[0], self._depths[self._sorted[0]]
        line = octets[start : start + self._longest]
        at = bisect_right(self._sorted, line) - 1
        best = None
        for boundary in self._shorter[at] if at >= 0 else ():
            if not line.startswith(boundary):
                break
            best = boundary
        return None if best is None else (best, self._depths[best])
