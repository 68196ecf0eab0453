"""SCRAM-SHA-256 as the server speaks it, without I/O: RFC 5802 with the hash function of RFC 7677.

Three messages: ``ClientFirst.parse`` reads the first, ``challenge`` answers it, and ``Challenged.prove`` reads the last
and answers that. Without channel binding, which is a mechanism of another name.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from gateway.sasl import MalformedMessage, prepare

if TYPE_CHECKING:
    from gateway.access import Reader

__all__ = ["Challenged", "ClientFirst", "Refused", "ScramCredentials", "challenge"]

_MESSAGE_OCTETS: Final = 1024
"""The longest message of a client: room for two names of 255 octets, and a nonce."""

# RFC 5802 s. 7. Extensions are read over, but for "m", which must be understood.
_NAME: Final = r"(?:[^\0,=]|=2C|=3D)++"
_NONCE: Final = r"[!-+\--~]++"
_EXTENSIONS: Final = r"((?:,[A-Za-z]=[^\0,]++)*)"
_FIRST: Final = re.compile(
    rf"((?:n|y|p=[A-Za-z0-9.-]++),(?:a=({_NAME}))?,)((m=[^\0,]++,)?n=({_NAME}),r=({_NONCE}){_EXTENSIONS})"
)
_FINAL: Final = re.compile(
    rf"(c=([A-Za-z0-9+/]++={{0,2}}),r=({_NONCE}){_EXTENSIONS}),p=([A-Za-z0-9+/]{{43}}=)"
)


class Refused(Exception):
    """The client's message is one, but does not let it in."""


@dataclass(frozen=True, slots=True)
class ScramCredentials:
    """What a server keeps of a user's password (RFC 5802 s. 3), and the reader that it lets in; None for nobody."""

    reader: Reader | None
    iterations: int
    salt: bytes
    stored_key: bytes = field(repr=False)
    server_key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ClientFirst:
    """A client's first message: the user, prepared; its nonce; and the octets that go into the proof as received."""

    user: str
    nonce: str
    binding: bytes
    bare: bytes

    @classmethod
    def parse(cls, message: bytes) -> ClientFirst:
        """Read a client-first-message. RFC 5802 s. 5, 7.

        Raises:
            MalformedMessage: it is not one.
            Refused: it asks for a channel binding, a mandatory extension, or to act as another user.
        """
        match = _FIRST.fullmatch(_text(message))
        if not match:
            raise MalformedMessage("not the first message of SCRAM")
        binding, acting_as, bare, mandatory, name, nonce, extensions = match.groups()
        if binding.startswith("p"):
            raise Refused("channel binding is not supported")
        if mandatory or ",m=" in extensions:
            raise Refused("an extension is not supported")
        user = _prepared(name)
        if acting_as is not None and _prepared(acting_as) != user:
            raise Refused("nobody can act as another user")
        return cls(user, nonce, binding.encode(), bare.encode())


@dataclass(frozen=True, slots=True)
class Challenged:
    """A client that has the server's first message, which is ``message``, and owes a proof."""

    first: ClientFirst
    credentials: ScramCredentials
    nonce: str
    message: bytes

    def prove(self, message: bytes) -> tuple[Reader, bytes]:
        """Check a client-final-message. Return who it is, and the server-final-message. RFC 5802 s. 3, 5.

        Raises:
            MalformedMessage: it is not one.
            Refused: it proves nothing.
        """
        match = _FINAL.fullmatch(_text(message))
        if not match:
            raise MalformedMessage("not the last message of SCRAM")
        without_proof, binding, nonce, extensions, proof = match.groups()
        if binding != b64encode(self.first.binding).decode() or ",m=" in extensions:
            raise Refused("the channel binding is another, or an extension is not supported")
        if nonce != self.nonce:
            raise Refused("the nonce is another")
        said = b",".join((self.first.bare, self.message, without_proof.encode()))
        known = self.credentials
        signature = hmac.digest(known.stored_key, said, "sha256")
        client_key = bytes(a ^ b for a, b in zip(b64decode(proof), signature, strict=True))
        is_proved = hmac.compare_digest(hashlib.sha256(client_key).digest(), known.stored_key)
        if not is_proved or known.reader is None:
            raise Refused("wrong user or password")
        return known.reader, b"v=" + b64encode(hmac.digest(known.server_key, said, "sha256"))


def challenge(first: ClientFirst, credentials: ScramCredentials, nonce: str) -> Challenged:
    """Answer a client's first message; ``nonce`` is the server's part, random and printable. RFC 5802 s. 5."""
    whole = first.nonce + nonce
    salt = b64encode(credentials.salt).decode()
    message = f"r={whole},s={salt},i={credentials.iterations}".encode()
    return Challenged(first, credentials, whole, message)


def _text(message: bytes) -> str:
    if len(message) > _MESSAGE_OCTETS:
        raise MalformedMessage("the message is too long")
    try:
        return message.decode()
    except UnicodeDecodeError:
        raise MalformedMessage("the message is not UTF-8") from None


def _prepared(name: str) -> str:
    """Return the name that is written as ``name``. RFC 5802 s. 5.1, n."""
    user = prepare(name.replace("=2C", ",").replace("=3D", "="))
    if not user:
        raise MalformedMessage("the user is empty")
    return user
