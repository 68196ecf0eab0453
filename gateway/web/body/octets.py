"""Raw messages with addresses obfuscated: what is handed out as a file where pages obfuscate.

- The ids of Message-ID, References and In-Reply-To stay whole, as in blists: links and threads need them. So do the
  boundaries of multiparts, and parts that are no text.
- Text that is transfer-encoded (base64, quoted-printable), and encoded words in a header, are decoded, and encoded
  anew if there was an address in them. What is encoded in other ways (``%40``, ``&#64;``) is not looked for.
- Lines stay lines, and end with CRLF. Signatures do not survive; who needs them gets the message by NNTP or IMAP.
"""

from __future__ import annotations

import binascii
import re
from typing import TYPE_CHECKING, Final

from gateway.web.body.decoding import decoded_runs
from gateway.web.body.obfuscation import obfuscated_bytes
from storage.message.encodings import decode
from storage.message.lines import runs_of_lines, with_lf
from storage.message.parameters import parameter
from storage.message.structure import structuring

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from storage.message.structure import Part

__all__ = ["obfuscated_octets", "obfuscating"]

_KEPT: Final = re.compile(
    rb"(?:x-original-|resent-)?(?:message-id|references|in-reply-to)[ \t]*+:(?:[\s,]*+<[^<>\s]*+>)*+[\s,]*+\Z",
    re.IGNORECASE,
)
"""A field of nothing but ids: one that has words in it may have addresses as well."""

_FIELD_END: Final = re.compile(rb"\r\n(?![ \t])")
_WORD: Final = re.compile(rb"=\?([!->@-~]{1,64})\?([BbQq])\?([^? ]*+)\?=")
_ENCODED: Final = frozenset((b"base64", b"quoted-printable"))
_TEXTUAL: Final = frozenset((b"text", b"message"))
_LINE: Final = 57  # octets that a line of base64 encodes (RFC 2045 s. 6.8)
_LINES: Final = 1024  # lines of base64 that are made at once
_PIECE: Final = 1 << 17  # octets that are looked through at once
_FIELDS: Final = 256  # fields that are looked through at once
_MAX_BOUNDARIES: Final = 10  # boundaries with an address in them that are kept


def obfuscated_octets(octets: bytes) -> bytes:
    """Return a message in its served form with its addresses obfuscated; in linear time."""
    return b"".join(obfuscating(octets))


def obfuscating(octets: bytes) -> Iterator[bytes]:
    """Yield what ``obfuscated_octets`` returns in pieces, some of them empty: each takes some milliseconds."""
    leaves, boundaries = _read((yield from _structuring(octets)))
    hidden = _hider(boundaries) if boundaries else obfuscated_bytes
    end = 2 if octets.startswith(b"\r\n") else octets.index(b"\r\n\r\n") + 4
    yield from _header(octets, end, hidden)
    yield from _body(octets, end, leaves, hidden)


def _structuring(octets: bytes) -> Generator[bytes, None, Part]:
    """Return the structure of a message; yield nothing now and then."""
    steps = structuring(octets)
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            root: Part = stop.value
            return root
        yield b""


def _read(root: Part) -> tuple[list[Part], list[bytes]]:
    """Return the parts without parts of a message, in their order, and the boundaries in which there is an ``@``."""
    leaves, boundaries = [], []
    stack = [root]
    while stack:
        part = stack.pop()
        stack += reversed(part.children)
        if not part.children:
            leaves.append(part)
        elif part.is_multipart and b"@" in (boundary := parameter(part.parameters, b"boundary")):
            boundaries.append(boundary)
    return leaves, boundaries[:_MAX_BOUNDARIES]


def _hider(boundaries: list[bytes]) -> Callable[[bytes], bytes]:
    """Return what obfuscates text but for the boundaries, where these are looked for."""
    longest_first = sorted(map(re.escape, boundaries), key=len, reverse=True)
    kept = re.compile(
        rb"((?:^--|(?i:boundary)[ \t]*+=[ \t]*+\"?)(?:%b))" % b"|".join(longest_first), re.MULTILINE
    )

    def hidden(octets: bytes) -> bytes:
        pieces = kept.split(octets)
        pieces[::2] = map(obfuscated_bytes, pieces[::2])
        return b"".join(pieces)

    return hidden


def _header(octets: bytes, end: int, hidden: Callable[[bytes], bytes]) -> Iterator[bytes]:
    """Yield what ends at an offset, with the empty line behind it."""
    start = 0
    for count, found in enumerate(_FIELD_END.finditer(octets, 0, end), 1):
        if not count % _FIELDS:
            yield b""
        field = octets[start : found.end()]
        start = found.end()
        if _KEPT.match(field):
            yield field
        else:
            for lines in runs_of_lines(field, _PIECE):
                yield hidden(_WORD.sub(_word, lines) if b"=?" in lines else lines)


def _word(found: re.Match[bytes]) -> bytes:
    """Return an encoded word, encoded anew if what it encodes has an address in it. RFC 2047."""
    charset, encoding, text = found.groups()
    if encoding in b"Qq":
        plain = binascii.a2b_qp(text, header=True)
    else:
        plain = decode(text, b"base64") or b""
    hidden = obfuscated_bytes(plain)
    if hidden == plain:
        return found[0]
    return b"=?%b?B?%b?=" % (charset, binascii.b2a_base64(hidden, newline=False))


def _body(
    octets: bytes, start: int, leaves: list[Part], hidden: Callable[[bytes], bytes]
) -> Iterator[bytes]:
    """Yield what follows the header."""
    for part in leaves:
        if part.type in _TEXTUAL and part.encoding not in _ENCODED:
            continue
        yield from map(hidden, runs_of_lines(octets[start : part.body], _PIECE))
        written = octets[part.body : part.end]
        if part.type in _TEXTUAL:
            yield from _reencoded(written, part.encoding)
        else:
            yield written
        start = part.end
    yield from map(hidden, runs_of_lines(octets, _PIECE, start))


def _reencoded(written: bytes, encoding: bytes) -> Iterator[bytes]:
    """Yield an encoded text, encoded anew if there is an address in it; a line end at its end stays one."""
    runs: list[bytes] = []
    for run in decoded_runs(written, encoding):
        runs.append(run)
        yield b""
    plain = b"".join(runs)
    pieces = []
    for run in runs_of_lines(plain, _PIECE):
        pieces.append(obfuscated_bytes(run))
        yield b""
    hidden = b"".join(pieces)
    if hidden == plain:
        yield written
        return
    end = b"\r\n" if written.endswith(b"\r\n") else b""
    yield from _in_base64(hidden, end) if encoding == b"base64" else _quoted(hidden, end)


def _in_base64(octets: bytes, end: bytes) -> Iterator[bytes]:
    between = b""
    for start in range(0, len(octets), _LINE * _LINES):
        lines = (
            binascii.b2a_base64(octets[at : at + _LINE], newline=False)
            for at in range(start, min(start + _LINE * _LINES, len(octets)), _LINE)
        )
        yield between + b"\r\n".join(lines)
        between = b"\r\n"
    yield end


def _quoted(octets: bytes, end: bytes) -> Iterator[bytes]:
    encoded = b""
    for run in runs_of_lines(with_lf(octets), _PIECE):
        # A line end for binascii to see which one to write.
        encoded = binascii.b2a_qp(b"\r\n" + run.replace(b"\n", b"\r\n"))[2:]
        yield encoded
    if end and not encoded.endswith(end):
        yield b"=\r\n"
