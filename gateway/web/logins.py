"""Who logs in: the Basic scheme of HTTP. RFC 7617.

A browser sends the password with every request, so that what was found right is remembered for a while, by a hash that
is worth nothing to who reads it.
"""

from __future__ import annotations

import binascii
import re
import secrets
from collections import OrderedDict
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from gateway.access import Authenticator, Reader

__all__ = ["CHALLENGE", "Logins"]

CHALLENGE: Final = 'Basic realm="listgate", charset="UTF-8"'

REMEMBERED_SECONDS: Final = 600
MOST_REMEMBERED: Final = 1000

_BASIC: Final = re.compile(rb"[Bb][Aa][Ss][Ii][Cc] ++([A-Za-z0-9+/]{1,2000}={0,2})")


class Logins:
    """Checks credentials, and remembers who had the right ones."""

    def __init__(self, authenticator: Authenticator) -> None:
        self._authenticator = authenticator
        self._secret = secrets.token_bytes(32)
        self._known: OrderedDict[bytes, tuple[Reader, float]] = OrderedDict()

    def known(self, field: bytes, now: float) -> Reader | None:
        """Return who sent an Authorization field that was found right not long ago."""
        reader, until = self._known.get(self._hash(field), (None, 0.0))
        return reader if now < until else None

    async def check(self, field: bytes, now: float) -> Reader | None:
        """Return who sends an Authorization field; None where it is wrong."""
        credentials = _credentials(field)
        if credentials is None:
            return None
        reader = await self._authenticator.password(*credentials)
        if reader is not None:
            self._known[self._hash(field)] = (reader, now + REMEMBERED_SECONDS)
            if len(self._known) > MOST_REMEMBERED:
                self._known.popitem(last=False)
        return reader

    def _hash(self, field: bytes) -> bytes:
        return blake2b(field, key=self._secret, digest_size=32).digest()


def _credentials(field: bytes) -> tuple[str, str] | None:
    """Return the name and the password. RFC 7617 s. 2."""
    found = _BASIC.fullmatch(field)
    if found is None:
        return None
    try:
        name, colon, password = binascii.a2b_base64(found[1]).decode().partition(":")
    except ValueError:
        return None
    return (name, password) if colon else None
