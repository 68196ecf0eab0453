"""Cursors: where a search goes on, list by list, as text in an address.

Each list has a number below which it was not looked at yet; 0 stands for one that was not begun. So what comes in
meanwhile, above, is neither shown twice nor lets anything be left out.
"""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from storage.model import MAX_NUMBER

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["decode_cursor", "encode_cursor"]

_MARK_OCTETS: Final = 4
_MORE: Final = 0x80


def encode_cursor(names: Sequence[str], below: Sequence[int]) -> str:
    """Return the text for the numbers below which each of these lists is to be searched; of one list it is the number."""
    if len(names) == 1:
        return str(below[0])
    octets = bytearray(_mark(names))
    for number in below:
        left = number
        while left >= _MORE:
            octets.append(left % _MORE + _MORE)
            left //= _MORE
        octets.append(left)
    return urlsafe_b64encode(octets).decode("ascii").rstrip("=")


def decode_cursor(names: Sequence[str], text: str) -> Sequence[int] | None:
    """Return the numbers again; None where the text is of no cursor, or of one for other lists."""
    if len(names) == 1:
        is_number = text.isascii() and text.isdigit() and len(text) <= len(str(MAX_NUMBER))
        return [int(text)] if is_number else None
    try:
        octets = urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4))
    except (ValueError, binascii.Error):
        return None
    if octets[:_MARK_OCTETS] != _mark(names):
        return None
    numbers = _numbers(octets[_MARK_OCTETS:])
    return numbers if len(numbers) == len(names) else None


def _numbers(octets: bytes) -> list[int]:
    numbers: list[int] = []
    number = shift = 0
    for octet in octets:
        number |= octet % _MORE << shift
        if octet >= _MORE:
            shift += 7
        else:
            numbers.append(min(number, MAX_NUMBER))
            number = shift = 0
    return numbers


def _mark(names: Sequence[str]) -> bytes:
    """Return what tells lists from others."""
    return blake2b("\n".join(names).encode(), digest_size=_MARK_OCTETS).digest()
