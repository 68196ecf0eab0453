"""Thread-Index: the ancestry that Outlook writes instead of References."""

from __future__ import annotations

import binascii
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from storage.message.fields import Header

__all__ = ["conversation"]

_ROOT: Final = (
    22  # octets: a reserved one, five of a time, sixteen of a GUID (MS-OXOMSG s. 2.2.1.3)
)
_REPLY: Final = 5  # octets that each reply appends
_MAX_INDEX: Final = 8192  # octets of base64: more than 1200 replies deep


def conversation(header: Header) -> tuple[bytes | None, bytes | None]:
    """Return the keys of a message and of its parent in a conversation; None for what is not told.

    A reply's key is its parent's with five octets appended.
    """
    value = header.first(b"thread-index")
    if value is None or len(value) > _MAX_INDEX:
        return None, None
    try:
        key = binascii.a2b_base64(value.translate(None, b" "), strict_mode=True)
    except binascii.Error:
        return None, None
    if len(key) < _ROOT or (len(key) - _ROOT) % _REPLY:
        return None, None
    return key, key[:-_REPLY] if len(key) > _ROOT else None
