"""The ways to log in through SASL, for every face alike: the table of mechanisms, and their exchanges.

A face sends what the client says, base64 taken off, to ``Exchange.step``, and its answer back, until somebody is
accepted or an exception ends the exchange. All mechanisms here let the client speak first: where its message did not
come along with the command, the face asks for it with an empty challenge (RFC 4422 s. 5.1).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from gateway.access import ANONYMOUS
from gateway.sasl import MalformedMessage, anonymous, plain
from gateway.scram import ClientFirst, Refused, challenge

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gateway.access import Authenticator, Reader
    from gateway.scram import Challenged

__all__ = [
    "ANYBODY",
    "MECHANISMS",
    "Accepted",
    "Challenge",
    "Exchange",
    "MalformedMessage",
    "Refused",
    "Terms",
    "open_mechanisms",
]

ANYBODY: Final = "anonymous"
"""The user's name that means nobody in particular, for programs that cannot do ANONYMOUS; any password will do."""

_NONCE_OCTETS: Final = 18


@dataclass(frozen=True, slots=True)
class Challenge:
    """The client is to answer ``data``."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Accepted:
    """The client is ``reader``; where ``data`` is not None it is to get that along with the news. RFC 4422 s. 5."""

    reader: Reader
    data: bytes | None = None


class Exchange(Protocol):
    """A client's attempt to log in; over once a step accepts it or raises."""

    async def step(self, message: bytes) -> Challenge | Accepted:
        """Take the client's next message.

        Raises:
            MalformedMessage: it is none of the mechanism's.
            Refused: it does not let the client in.
        """
        ...


class Plain:
    """PLAIN: name and password at once. RFC 4616. ``anonymous`` tells whether ``ANYBODY`` may come in."""

    def __init__(self, authenticator: Authenticator, *, anonymous: bool = False) -> None:
        self._authenticator = authenticator
        self._anonymous = anonymous

    async def step(self, message: bytes) -> Accepted:
        claimed = plain(message)
        if claimed.acting_as not in {"", claimed.user}:
            raise Refused("nobody can act as another user")
        if self._anonymous and claimed.user.lower() == ANYBODY:
            return Accepted(ANONYMOUS)
        reader = await self._authenticator.password(claimed.user, claimed.password)
        if reader is None:
            raise Refused("wrong user or password")
        return Accepted(reader)


class Scram:
    """SCRAM-SHA-256: a proof that the client knows the password, and one that the server does. RFC 5802, RFC 7677."""

    def __init__(self, authenticator: Authenticator) -> None:
        self._authenticator = authenticator
        self._challenged: Challenged | None = None

    async def step(self, message: bytes) -> Challenge | Accepted:
        if self._challenged is not None:
            return Accepted(*self._challenged.prove(message))
        first = ClientFirst.parse(message)
        known = await self._authenticator.scram(first.user)
        self._challenged = challenge(first, known, secrets.token_urlsafe(_NONCE_OCTETS))
        return Challenge(self._challenged.message)


class Anonymous:
    """ANONYMOUS: anybody. The trace has no meaning (RFC 4505 s. 2) and is not kept: nobody needs to know who reads."""

    async def step(self, message: bytes) -> Accepted:
        anonymous(message)
        return Accepted(ANONYMOUS)


@dataclass(frozen=True, slots=True)
class Terms:
    """Under which a session lets somebody log in.

    There may be no users at all. ``protected`` tells whether a password may be sent as it is, for instance through
    TLS; ``anonymous`` whether anybody may come in without one.
    """

    authenticator: Authenticator | None
    protected: bool
    anonymous: bool = False


def _scram(terms: Terms) -> Exchange | None:
    return Scram(terms.authenticator) if terms.authenticator else None


def _plain(terms: Terms) -> Exchange | None:
    if terms.authenticator is None or not terms.protected:
        return None
    return Plain(terms.authenticator, anonymous=terms.anonymous)


def _anonymous(terms: Terms) -> Exchange | None:
    return Anonymous() if terms.anonymous else None


MECHANISMS: Final[Mapping[bytes, Callable[[Terms], Exchange | None]]] = {
    b"SCRAM-SHA-256": _scram,
    b"PLAIN": _plain,
    b"ANONYMOUS": _anonymous,
}
"""What begins an exchange, by the mechanism's name, the best first; None where the terms do not allow it."""


def open_mechanisms(terms: Terms) -> Sequence[bytes]:
    """Return the names of the mechanisms that the terms allow."""
    return [name for name, begin in MECHANISMS.items() if begin(terms)]
