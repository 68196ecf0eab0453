"""Password hashes, and the users of the configuration file who log in with them.

A hash is kept as ``SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>``, salt and keys in base64: the form of
RFC 5803 s. 3. It serves a password sent as such (PLAIN, AUTHINFO USER) as well as SCRAM-SHA-256 (RFC 7677).
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from gateway.access import Reader
from gateway.sasl import MalformedMessage, prepare
from gateway.scram import ScramCredentials

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ITERATIONS", "BadHash", "PasswordHash", "Users", "hash_password"]

ITERATIONS: Final = 65_536
"""PBKDF2 rounds of a new hash: about 30 ms. At least 4096 (RFC 7677 s. 4).

SCRAM clients do them as well; those made with cyrus-sasl 2.1, such as mbsync, refuse to do more than this.
"""

_MOST_ITERATIONS: Final = 10_000_000
_SALT_OCTETS: Final = 16
_LONGEST_SALT: Final = 90
"""Octets in 120 characters of base64."""

_KEY_OCTETS: Final = 32
_FORM: Final = re.compile(
    r"SCRAM-SHA-256\$([0-9]{1,8}):([A-Za-z0-9+/=]{4,120})\$([A-Za-z0-9+/=]{44}):([A-Za-z0-9+/=]{44})"
)


class BadHash(ValueError):
    """The text is no password hash."""


@dataclass(frozen=True, slots=True)
class PasswordHash:
    """What is kept of a password. RFC 5802 s. 3."""

    iterations: int
    salt: bytes
    stored_key: bytes = field(repr=False)
    server_key: bytes = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> PasswordHash:
        """Read a hash as the configuration file holds it.

        Raises:
            BadHash: the text is none.
        """
        match = _FORM.fullmatch(text)
        if not match:
            raise BadHash("expected SCRAM-SHA-256$iterations:salt$key:key")
        iterations = int(match[1])
        try:
            salt, stored_key, server_key = (
                b64decode(part, validate=True) for part in match.group(2, 3, 4)
            )
        except ValueError:
            raise BadHash("the salt or a key is not base64") from None
        if len(stored_key) != _KEY_OCTETS or len(server_key) != _KEY_OCTETS:
            raise BadHash(f"a key is not {_KEY_OCTETS} octets long")
        if not 1 <= iterations <= _MOST_ITERATIONS:
            raise BadHash(f"the iterations are not between 1 and {_MOST_ITERATIONS}")
        return cls(iterations, salt, stored_key, server_key)

    def __str__(self) -> str:
        salt, stored, server = (
            b64encode(part).decode() for part in (self.salt, self.stored_key, self.server_key)
        )
        return f"SCRAM-SHA-256${self.iterations}:{salt}${stored}:{server}"

    def verify(self, password: str) -> bool:
        """Tell whether this is the hash of ``password``, in the same time either way. Takes tens of milliseconds."""
        try:
            text = prepare(password)
        except MalformedMessage:
            text = ""  # the hash of no password; the work is done nevertheless
        stored_key, _ = _keys(text, self.salt, self.iterations)
        return hmac.compare_digest(stored_key, self.stored_key) and text != ""


def hash_password(
    password: str, *, iterations: int = ITERATIONS, salt: bytes = b""
) -> PasswordHash:
    """Return the hash of ``password``, with a random salt if none is given.

    Raises:
        MalformedMessage: it is empty or holds characters that a password may not hold (RFC 4013).
    """
    text = prepare(password)
    if not text:
        raise MalformedMessage("the password is empty")
    salt = salt or secrets.token_bytes(_SALT_OCTETS)
    return PasswordHash(iterations, salt, *_keys(text, salt, iterations))


class Users:
    """The users who may log in, by name: an ``Authenticator``.

    A password is checked in a thread, because that takes longer than the reactor may be held; an unknown user costs
    the same time as a wrong password, so that names cannot be guessed by the clock.
    """

    def __init__(self, hashes: Mapping[str, PasswordHash]) -> None:
        self._secret = secrets.token_bytes(_KEY_OCTETS)
        self.replace(hashes)

    def replace(self, hashes: Mapping[str, PasswordHash]) -> None:
        """Take other users from now on; those who are logged in stay so."""
        self._hashes = dict(hashes)
        rounds = max((known.iterations for known in hashes.values()), default=ITERATIONS)
        self._nobody = PasswordHash(rounds, secrets.token_bytes(_SALT_OCTETS), b"", b"")
        self._models = [*hashes.values()] or [self._nobody]

    async def password(self, user: str, password: str) -> Reader | None:
        """Return the reader with this name and password, or None."""
        from twisted.internet.threads import deferToThread  # noqa: PLC0415 - only a server needs Twisted

        name = _prepared(user)
        known = self._hashes.get(name, self._nobody)
        return Reader(name) if await deferToThread(known.verify, password) else None

    async def scram(self, user: str) -> ScramCredentials:
        """Return what SCRAM-SHA-256 is to check a user by; for a name that nobody has, what no proof fits."""
        name = _prepared(user)
        known, nobody = self._hashes.get(name), self._made_up(name)
        kept = known or nobody
        return ScramCredentials(
            Reader(name) if known else None,
            kept.iterations,
            kept.salt,
            kept.stored_key,
            kept.server_key,
        )

    def _made_up(self, name: str) -> PasswordHash:
        """Return a hash for a name that nobody has, like one of the real ones, the same until the process ends.

        Only what is secret and random goes into it: anything made from a real password would let strangers try
        passwords on their own machine.
        """
        octets = hashlib.shake_256(self._secret + name.encode()).digest(8 + _LONGEST_SALT)
        model = self._models[int.from_bytes(octets[:8], "big") % len(self._models)]
        return PasswordHash(model.iterations, octets[8 : 8 + len(model.salt)], b"", b"")


def _prepared(user: str) -> str:
    """Return a user's name as it is compared; nobody's where it can be no name."""
    try:
        return prepare(user)
    except MalformedMessage:
        return ""


def _keys(password: str, salt: bytes, iterations: int) -> tuple[bytes, bytes]:
    """Return StoredKey and ServerKey. RFC 5802 s. 3."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    return hashlib.sha256(client_key).digest(), hmac.digest(salted, b"Server Key", "sha256")
