"""All connections of a server together: who may come in, who has been silent for too long, and how they all end."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory
from twisted.internet.task import LoopingCall

from gateway.networks import network_of
from gateway.transport import Manners, SessionProtocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.internet.interfaces import (
        IAddress,
        IDelayedCall,
        IOpenSSLServerConnectionCreator,
        IReactorTime,
    )

    from gateway.config import Limits
    from gateway.wire import Session

__all__ = ["Connections", "Peer", "SessionFactory"]

_SWEEP_SECONDS: Final = 5
"""How often every connection is looked at, and so how late a timeout may be."""

_RECENT_SECONDS: Final = 0.1
"""How long a client that said something is thought of as about to say more."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Peer:
    """Who connected: the address, empty for a local socket, and whether TLS is there from the start."""

    address: str
    secure: bool


class Connections:
    """Admits connections, ends those that are overdue, and ends them all when the server stops."""

    def __init__(self, limits: Limits, clock: IReactorTime) -> None:
        self.limits = limits
        self.clock = clock
        self._all: set[SessionProtocol] = set()
        self._admitted: dict[SessionProtocol, str] = {}
        self._by_origin: Counter[str] = Counter()
        self.answered: Counter[str] = Counter()
        """How many times something that came in was answered, by face: once for all that came together."""
        self._heard: SessionProtocol | None = None
        self._heard_at = self._another_heard_at = -_RECENT_SECONDS
        self._sweep = LoopingCall(self._end_overdue)
        self._sweep.clock = clock
        self._ending: str | None = None
        self._all_gone: Deferred[None] | None = None
        self._last_call: IDelayedCall | None = None

    def __len__(self) -> int:
        return len(self._all)

    def faces(self) -> Counter[str]:
        """Return how many connections each face has."""
        return Counter(each.face for each in self._all)

    def heard(self, connection: SessionProtocol) -> None:
        """Note that a client has said something."""
        if self._heard is not connection:
            self._heard = connection
            self._another_heard_at = self._heard_at
        self._heard_at = self.clock.seconds()

    def hears_another(self, connection: SessionProtocol) -> bool:
        """Tell whether another client has said something of late, if there is one still."""
        if len(self._all) < 2:
            return False
        at = self._another_heard_at if self._heard is connection else self._heard_at
        return self.clock.seconds() - at < _RECENT_SECONDS

    def start(self) -> None:
        """Begin to look for connections that are overdue."""
        self._sweep.start(_SWEEP_SECONDS, now=False)

    def admit(self, connection: SessionProtocol) -> str | None:
        """Count a new connection in; return why it is refused, or None if it is not."""
        self._all.add(connection)
        if self._ending is not None:
            return self._ending
        if len(self._admitted) >= self.limits.connections:
            return "too many connections, try again later"
        origin = _origin(connection.address)
        if origin and self._by_origin[origin] >= self.limits.connections_per_address:
            return "too many connections from your address"
        self._admitted[connection] = origin
        self._by_origin[origin] += 1
        return None

    def remove(self, connection: SessionProtocol) -> None:
        """Count a connection out."""
        self._all.discard(connection)
        if self._heard is connection:
            self._heard = None
        origin = self._admitted.pop(connection, None)
        if origin is not None:
            self._by_origin[origin] -= 1
            if not self._by_origin[origin]:
                del self._by_origin[origin]
        if not self._all:
            self._tell_all_gone()

    def tell_news(self) -> None:
        """Let every connection say what its client waits for."""
        for connection in tuple(self._all):
            try:
                connection.tell_news()
            except Exception:  # one connection must not keep news from others
                log.exception("a connection could not be told its news")
                connection.abort()

    def drain(self, reason: str) -> Deferred[None]:
        """End every connection once its reply is out, and cut those that take longer than ``drain_seconds``.

        The Deferred fires when none is left.
        """
        if self._sweep.running:
            self._sweep.stop()
        self._ending = reason
        gone: Deferred[None] = Deferred()
        self._all_gone = gone
        for connection in tuple(self._all):
            connection.end(reason)
        if self._all:
            self._last_call = self.clock.callLater(self.limits.drain_seconds, self.abort)
        else:
            self._tell_all_gone()
        return gone

    def abort(self) -> None:
        """Cut every connection now."""
        for connection in tuple(self._all):
            connection.abort()

    def _tell_all_gone(self) -> None:
        gone, self._all_gone = self._all_gone, None
        if self._last_call is not None and self._last_call.active():
            self._last_call.cancel()
        if gone is not None:
            gone.callback(None)

    def _end_overdue(self) -> None:
        now = self.clock.seconds()
        for connection in tuple(self._all):
            try:
                connection.end_if_overdue(now)
            except Exception:  # one connection must not end the watch over the others
                log.exception("a connection could not be ended in order")
                connection.abort()


class SessionFactory(Factory):
    """Makes a protocol and its session for each connection to one listener.

    ``starttls`` is the certificate for sessions that offer TLS; ``secure`` tells that connections begin with TLS.
    ``manners`` are what its connections do differently.
    """

    noisy = False

    def __init__(
        self,
        make_session: Callable[[Peer], Session],
        connections: Connections,
        *,
        starttls: IOpenSSLServerConnectionCreator | None = None,
        secure: bool = False,
        manners: Manners | None = None,
    ) -> None:
        self._make_session = make_session
        self._connections = connections
        self._starttls = starttls
        self._secure = secure
        self._manners = manners or Manners()

    def buildProtocol(self, addr: IAddress | None) -> SessionProtocol:  # type: ignore[override]  # Twisted demands its own class, and needs IProtocol only
        address = getattr(addr, "host", "")  # a local socket's address has none
        session = self._make_session(Peer(address, self._secure))
        return SessionProtocol(session, self._connections, address, self._starttls, self._manners)


def _origin(address: str) -> str:
    """Return what counts as one client: an IPv4 address or 64 bits of an IPv6 address; empty for this machine."""
    return network_of(address, 32, 64)
