"""Content-Transfer-Encodings undone: RFC 2045 s. 6, for damaged input too, in linear time."""

from __future__ import annotations

import binascii
from typing import Final

__all__ = ["decode", "decode_base64", "decode_quoted_printable"]

_IDENTITIES: Final = frozenset((b"7bit", b"8bit", b"binary", b""))
_DIGITS: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NOT_BASE64: Final = bytes(octet for octet in range(256) if octet not in _DIGITS)


def decode(octets: bytes, encoding: bytes) -> bytes | None:
    """Return what a body holds under its encoding, given in lower case; None where the encoding is unknown."""
    if encoding in _IDENTITIES:
        return octets
    if encoding == b"base64":
        return decode_base64(octets)
    if encoding == b"quoted-printable":
        return decode_quoted_printable(octets)
    return None


def decode_base64(octets: bytes) -> bytes:
    """Return what base64 digits encode, up to the padding, which ends them (RFC 2045 s. 6.8).

    Whatever else stands between them is skipped; of a last group that was cut off, whole octets are kept.
    """
    try:
        return binascii.a2b_base64(octets)
    except binascii.Error:  # cut off, or no padding
        digits = octets.translate(None, _NOT_BASE64)
        if len(digits) % 4 == 1:
            digits = digits[:-1]
        return binascii.a2b_base64(digits + b"=" * (-len(digits) % 4))


def decode_quoted_printable(octets: bytes) -> bytes:
    """Return what quoted-printable lines encode; a ``=`` that encodes nothing stands for itself.

    Blanks at the end of a line were added on the way (RFC 2045 s. 6.7 rule 3) and go, also behind a soft line break.
    """
    if b" \r\n" in octets or b"\t\r\n" in octets or octets.endswith((b" ", b"\t")):
        octets = b"\r\n".join([line.rstrip(b" \t") for line in octets.split(b"\r\n")])
    return binascii.a2b_qp(octets)
