"""What a part holds, decoded, and its text in runs, so that no large part keeps others waiting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from storage.message import charsets, encodings
from storage.message.lines import runs_of_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from storage.message.structure import Part

__all__ = ["RUN", "decoded_runs", "decoded_size", "text_runs"]

RUN: Final = 1 << 17
"""Octets, or characters, that are dealt with at once."""

# How Python's names of charsets begin in which a line means something only after those before it.
_STATEFUL: Final = ("utf_16", "utf_32", "iso2022", "hz")


def decoded_size(part: Part, octets: bytes) -> int:
    """Return how many octets a part's body has when it is decoded, without decoding it: exact unless it is damaged."""
    start, end = part.body, part.end
    size = end - start
    if part.encoding == b"base64":
        digits = size - octets.count(b"\n", start, end) - octets.count(b"\r", start, end)
        padding = octets.count(b"=", max(start, end - 8), end)
        return max(0, digits * 3 // 4 - padding)
    if part.encoding == b"quoted-printable":
        soft = octets.count(b"=\r\n", start, end)
        return max(0, size - 3 * soft - 2 * (octets.count(b"=", start, end) - soft))
    return size


def decoded_runs(written: bytes, encoding: bytes) -> Iterator[bytes]:
    """Yield what a body holds under its encoding; itself where that is unknown.

    Quoted-printable comes in runs of about ``RUN`` octets, as it may take long; all else at once.
    """
    is_quoted = encoding == b"quoted-printable"
    for run in runs_of_lines(written, RUN) if is_quoted else (written,):
        plain = encodings.decode(run, encoding)
        yield run if plain is None else plain


def text_runs(data: bytes, charset: bytes) -> Iterator[str]:
    """Yield what octets of a charset mean in runs of whole lines, of about ``RUN`` octets."""
    if len(data) <= RUN or charsets.codec(charset).startswith(_STATEFUL):
        yield from _runs(charsets.text(data, charset))
    else:
        for run in runs_of_lines(data, RUN):
            yield charsets.text(run, charset)


def _runs(text: str) -> Iterator[str]:
    at = 0
    while at < len(text):
        end = text.rfind("\n", at, at + RUN) + 1 or text.find("\n", at) + 1 or len(text)
        yield text[at:end]
        at = end
