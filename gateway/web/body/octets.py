"""Raw messages with addresses obfuscated: what is handed out as a file where pages obfuscate.

Message-IDs that links and threads need stay whole: those of Message-ID, References, In-Reply-To, as in blists. So do the
boundaries of multiparts. Text that is transfer-encoded (base64, quoted-printable), and encoded words in a header, are
decoded, and encoded anew if there was an address in them. Signatures do not survive that; line structure does.
"""

from __future__ import annotations

import binascii
import re
from typing import TYPE_CHECKING, Final

from gateway.web.body.obfuscation import obfuscated_bytes
from storage.message.encodings import decode
from storage.message.structure import structure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from storage.message.structure import Part

__all__ = ["obfuscated_octets"]

_KEPT: Final = re.compile(
    rb"(?:x-original-|resent-)?(?:message-id|references|in-reply-to)[ \t]*+:", re.IGNORECASE
)
_FIELD_END: Final = re.compile(rb"\r\n(?![ \t])")
_WORD: Final = re.compile(rb"=\?([!->@-~]{1,64})\?([BbQq])\?([^? ]*+)\?=")
_ENCODED: Final = frozenset((b"base64", b"quoted-printable"))
_SOFT: Final = re.compile(rb"=\r?\n")
_LINE: Final = 57  # octets that a line of base64 encodes (RFC 2045 s. 6.8)


def obfuscated_octets(octets: bytes) -> bytes:
    """Return a message in its served form with its addresses obfuscated."""
    end = 2 if octets.startswith(b"\r\n") else octets.index(b"\r\n\r\n") + 4
    head = b"\r\n".join(map(_field, _FIELD_END.split(octets[:end])))
    return head + b"".join(_body(octets, end))


def _field(field: bytes) -> bytes:
    if _KEPT.match(field):
        return field
    if b"=?" in field:
        field = _WORD.sub(_word, field)
    return obfuscated_bytes(field)


def _word(found: re.Match[bytes]) -> bytes:
    """Return an encoded word, encoded anew if what it encodes has an address in it."""
    charset, encoding, text = found.groups()
    if encoding in b"Qq":
        plain = binascii.a2b_qp(text, header=True)
    else:
        plain = decode(text, b"base64") or b""
    hidden = obfuscated_bytes(plain)
    if hidden == plain:
        return found[0]
    return b"=?%b?B?%b?=" % (charset, binascii.b2a_base64(hidden, newline=False))


def _body(octets: bytes, start: int) -> Iterator[bytes]:
    for part in _encoded(octets):
        plain = decode(octets[part.body : part.end], part.encoding) or b""
        hidden = obfuscated_bytes(plain)
        if hidden != plain:
            yield obfuscated_bytes(octets[start : part.body])
            yield _encode(hidden, part.encoding)
            start = part.end
    yield obfuscated_bytes(octets[start:])


def _encoded(octets: bytes) -> Iterator[Part]:
    """Yield the texts of a message that are transfer-encoded, in their order."""
    stack = [structure(octets)]
    while stack:
        part = stack.pop()
        stack += reversed(part.children)
        if not part.children and part.encoding in _ENCODED and part.type in {b"text", b"message"}:
            yield part


def _encode(plain: bytes, encoding: bytes) -> bytes:
    if encoding == b"base64":
        pieces = (plain[at : at + _LINE] for at in range(0, len(plain), _LINE))
        return b"\r\n".join(binascii.b2a_base64(piece, newline=False) for piece in pieces) + b"\r\n"
    return _SOFT.sub(b"=\r\n", binascii.b2a_qp(plain))
