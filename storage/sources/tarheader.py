"""The headers of tar archives: POSIX ustar and pax, GNU, and the old v7 form."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

__all__ = ["BLOCK", "TarHeader", "parse_pax", "parse_tar_header"]

BLOCK: Final = 512
"""A tar archive consists of blocks of so many octets."""

_NAME: Final = slice(0, 100)
_SIZE: Final = slice(124, 136)
_CHECKSUM: Final = slice(148, 156)
_KIND: Final = slice(156, 157)
_MAGIC: Final = slice(257, 263)
_PREFIX: Final = slice(345, 500)
_POSIX_MAGIC: Final = b"ustar\0"
_FILES: Final = frozenset({b"0", b"\0", b"7"})
_WITHOUT_DATA: Final = frozenset({b"1", b"2", b"3", b"4", b"5", b"6"})
_OCTAL: Final = re.compile(rb"[0-7]+")
_NEGATIVE: Final = 0xFF
_BASE_256: Final = 0x80


@dataclass(frozen=True, slots=True)
class TarHeader:
    """One header: whose octets follow, ``size`` of them, and what they are (``kind`` is the type flag)."""

    name: bytes
    size: int
    kind: bytes

    @property
    def is_file(self) -> bool:
        """Whether a regular file follows."""
        return self.kind in _FILES and not self.name.endswith(b"/")

    @property
    def has_data(self) -> bool:
        """Whether ``size`` octets follow at all: not behind links, devices and folders."""
        return self.kind not in _WITHOUT_DATA


def parse_tar_header(block: bytes) -> TarHeader | None:
    """Return the header that a block holds, or None where its checksum tells that it is none."""
    if len(block) < BLOCK:
        return None
    checksum = _number(block[_CHECKSUM])
    if not checksum or checksum != sum(block) - sum(block[_CHECKSUM]) + 8 * ord(" "):
        return None
    size = _number(block[_SIZE])
    if size is None:
        return None
    name = block[_NAME].partition(b"\0")[0]
    prefix = block[_PREFIX].partition(b"\0")[0]
    if prefix and block[_MAGIC] == _POSIX_MAGIC:
        name = prefix + b"/" + name
    return TarHeader(name, size, block[_KIND])


def parse_pax(octets: bytes) -> dict[bytes, bytes]:
    """Return the keywords of a pax extended header; what follows something malformed is left out."""
    keywords = {}
    at = 0
    while at < len(octets):
        length, blank, _ = octets[at : at + 20].partition(b" ")
        if not blank or not length.isdigit() or int(length) <= len(length) + 1:
            break
        keyword, _, value = octets[at + len(length) + 1 : at + int(length) - 1].partition(b"=")
        keywords[keyword] = value
        at += int(length)
    return keywords


def _number(field: bytes) -> int | None:
    """Return a header's number: octal digits, or in GNU's base 256; None where it is neither or negative."""
    if field[0] == _NEGATIVE:
        return None
    if field[0] & _BASE_256:
        return int.from_bytes(bytes([field[0] & ~_BASE_256]) + field[1:], "big")
    digits = field.strip(b" \0") or b"0"
    return int(digits, 8) if _OCTAL.fullmatch(digits) else None
