"""Modified UTF-7, in which IMAP4rev1 writes mailbox names. RFC 3501 s. 5.1.3."""

from __future__ import annotations

import re
from binascii import a2b_base64, b2a_base64
from typing import Final

__all__ = ["decode", "encode"]

_SPECIAL: Final = re.compile(r"[^\x20-\x7e]++|&")
_SHIFT: Final = re.compile(rb"&([^-]*+)-")


def encode(name: str) -> bytes:
    """Return ``name`` in modified UTF-7.

    Raises:
        ValueError: it holds a lone surrogate.
    """
    return _SPECIAL.sub(_shifted, name).encode("ascii")


def decode(text: bytes) -> str:
    """Return the name that ``encode`` writes as ``text``; so no two texts are one name.

    Raises:
        ValueError: there is none.
    """
    plain, *shifts = _SHIFT.split(text)
    try:
        name = plain.decode("ascii") + "".join(
            _unshifted(shifted) + after.decode("ascii")
            for shifted, after in zip(shifts[::2], shifts[1::2], strict=True)
        )
        canonical = encode(name)
    except ValueError:
        raise ValueError("not modified UTF-7") from None
    if canonical != text:
        raise ValueError("not canonical modified UTF-7")
    return name


def _shifted(match: re.Match[str]) -> str:
    if match[0] == "&":
        return "&-"
    octets = b2a_base64(match[0].encode("utf-16-be"), newline=False)
    return f"&{octets.decode().rstrip('=').replace('/', ',')}-"


def _unshifted(text: bytes) -> str:
    if not text:
        return "&"
    padding = b"=" * (-len(text) % 4)
    return a2b_base64(text.replace(b",", b"/") + padding).decode("utf-16-be")
