"""Header text for people to read: RFC 2047 encoded words, and guesses where nothing tells the charset.

For showing only: what is served stays undecoded.
"""

from __future__ import annotations

import binascii
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from storage.message.charsets import codec as codec_of
from storage.message.charsets import guessed
from storage.message.fields import unfold

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MAX_VALUE", "decode"]

MAX_VALUE: Final = 65_536
"""Octets of a value that are looked at; nobody reads on."""

_KEPT: Final = (
    2048  # decoded values: of one message the same are asked for again, and people write again
)
_MAX_KEPT: Final = 200  # octets of such a value

_WORD: Final = re.compile(rb"=\?([!->@-~]{1,64})\?([BbQq])\?([^?]*+)\?=")
_PRINTABLE: Final = bytes(range(0x20, 0x7F))
_NOT_BASE64: Final = bytes(
    octet
    for octet in range(256)
    if octet not in b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
)
_SHOWN: Final = {
    **dict.fromkeys((*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029), " "),
    **dict.fromkeys(range(0xD800, 0xE000), "\N{REPLACEMENT CHARACTER}"),
}


def decode(value: bytes) -> str:
    """Return a field's value as text on one line, without control characters.

    Encoded words are decoded (RFC 2047), also where blanks or neighbours make them illegal; a character that was split
    between two words is joined. What cannot be decoded is shown as it stands.
    """
    value = unfold(value[:MAX_VALUE])
    if b"=?" not in value and not value.translate(None, _PRINTABLE):  # as most are
        return value.decode("ascii")
    text = (_decoded_often if len(value) <= _MAX_KEPT else _decoded)(value)
    return text if text.isprintable() else text.translate(_SHOWN)


def _decoded(value: bytes) -> str:
    return "".join(
        octets.decode(codec, "replace") if codec else guessed(octets)
        for codec, octets in _runs(value)
    )


_decoded_often: Final = lru_cache(maxsize=_KEPT)(_decoded)


def _runs(value: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield runs of octets with the codec of each, empty where it is to be guessed.

    Neighbouring words of one charset are one run; the blanks between words are dropped (RFC 2047 s. 6.2).
    """
    start = 0
    codec = ""
    run: list[bytes] = []
    for word in _WORD.finditer(value):
        between = value[start : word.start()]
        declared = codec_of(word[1])
        if between.strip() or not run:
            yield codec, b"".join(run)
            yield "", between
            run = []
        elif declared != codec:
            yield codec, b"".join(run)
            run = []
        codec = declared
        run.append(_octets(word))
        start = word.end()
    yield codec, b"".join(run)
    yield "", value[start:]


def _octets(word: re.Match[bytes]) -> bytes:
    """Return what an encoded word encodes; itself where it holds text but nothing that is base64."""
    encoding, text = word[2], word[3]
    if encoding in b"Qq":
        return binascii.a2b_qp(text, header=True)
    digits = text.translate(None, _NOT_BASE64)
    if text and not digits:
        return word[0]
    if len(digits) % 4 == 1:
        digits = digits[:-1]
    return binascii.a2b_base64(digits + b"=" * (-len(digits) % 4))
