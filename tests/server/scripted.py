"""A session that does what the client tells it to, and a transport that shows what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from gateway.config import Limits
from gateway.connections import Connections
from gateway.deflate import deflated
from gateway.transport import SessionProtocol
from gateway.wire import CHUNK_OCTETS, Deflated, LineBuffer, Upgrade

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

    from twisted.internet.interfaces import IOpenSSLServerConnectionCreator

    from gateway.connections import Peer

READY = b"".join(b"%d * %d = %d\r\n" % (n, n, n * n) for n in range(5000))
"""What ``READY`` answers, compressed ahead."""

READY_DEFLATED = Deflated(deflated(READY))


class ScriptedSession:
    """Answers ``ECHO``, ``BIG``, ``MANY``, ``READY``, ``WAIT``, ``FAIL``, ``JUNK``, ``TLS``, ``DEFLATE`` and ``QUIT``."""

    def __init__(self, peer: Peer | None = None) -> None:
        self.peer = peer
        self.closing = False
        self.upgrade: Upgrade | None = None
        self.least_idle_seconds = 0
        self.news: list[bytes] = []
        self.upgrades: list[Upgrade] = []
        self.awaited: Deferred[bytes] = Deferred()
        self.cleaned_up = 0
        self.chunks = 0
        self.is_clumsy = False
        self._lines = LineBuffer(1024)

    @property
    def buffered(self) -> int:
        return len(self._lines)

    def greeting(self) -> bytes:
        return b"200 hello\r\n"

    def feed(self, data: bytes) -> None:
        self._lines.feed(data)

    def has_news(self) -> bool:
        return bool(self.news)

    async def respond(self) -> AsyncGenerator[bytes, None]:
        try:
            while self.news:
                yield self.news.pop(0)
            while not self.closing and self.upgrade is None:
                line = self._lines.line()
                if line is None:
                    return
                async for chunk in self._answer(line):
                    self.chunks += 1
                    yield chunk
        finally:
            self.cleaned_up += 1
            if self.is_clumsy:
                raise RuntimeError("fell over")

    async def _answer(  # noqa: C901, PLR0912 - one case a command
        self, line: bytes
    ) -> AsyncGenerator[bytes, None]:
        keyword, _, argument = line.partition(b" ")
        match keyword:
            case b"ECHO":
                yield argument + b"\r\n"
            case b"BIG":
                for _ in range(int(argument)):
                    yield bytes(CHUNK_OCTETS)
            case b"MANY":
                for at in range(int(argument)):
                    yield b"%d\r\n" % at
            case b"READY":
                for at in range(int(argument)):
                    yield b"%d\r\n" % at
                    yield READY_DEFLATED
            case b"WAIT":
                yield b"before\r\n"
                yield await self.awaited
            case b"JUNK":
                await _Junk()
            case b"FAIL":
                yield b"before\r\n"
                raise RuntimeError("as scripted")
            case b"TLS" | b"DEFLATE":
                yield b"382 go on\r\n"
                self.upgrade = Upgrade[keyword.decode()]
            case b"QUIT":
                yield b"205 bye\r\n"
                self.closing = True
            case _:
                yield b"500 what?\r\n"

    def upgraded(self, which: Upgrade) -> None:
        self.upgrade = None
        self.upgrades.append(which)
        self._lines.clear()

    def expire(self, reason: str) -> bytes:
        self.closing = True
        return b"400 " + reason.encode() + b"\r\n"


class _Junk:
    def __await__(self) -> Generator[str, None, None]:
        yield "no Deferred"


class Socket(StringTransport):
    """A transport that pauses its producer as Twisted's do, and tells how it was closed."""

    full_at = 64 * 1024

    def __init__(self) -> None:
        super().__init__()
        self.writes = 0
        self._aborted = False
        self.no_delay = False
        self._tls: object = None
        self._paused = False

    def setTcpNoDelay(self, enabled: bool) -> None:  # noqa: N802 - Twisted's name
        self.no_delay = enabled

    def startTLS(self, factory: object) -> None:  # noqa: N802 - Twisted's name
        self._tls = factory

    def write(self, data: bytes) -> None:
        self.writes += 1
        super().write(data)
        if self.producer is not None and len(self.value()) > self.full_at:
            self._paused = True
            self.producer.pauseProducing()

    def abortConnection(self) -> None:  # noqa: N802 - Twisted's name
        self._aborted = True

    def tls(self) -> object:
        """Return the certificate TLS was started with, or None."""
        return self._tls

    def was_aborted(self) -> bool:
        """Tell whether the connection was cut."""
        return self._aborted

    def is_closing(self) -> bool:
        """Tell whether the connection closes once everything is sent."""
        return bool(self.disconnecting)

    def take(self) -> bytes:
        """Return what was written, as if it had all been sent."""
        data: bytes = self.value()
        self.clear()
        if self._paused:
            self._paused = False
            if self.producer is not None:
                self.producer.resumeProducing()
        return data

    def take_all(self) -> bytes:
        """Return everything, taking until nothing comes."""
        return b"".join(iter(self.take, b""))


class Client:
    """One connection without a socket: a scripted session, its protocol and its transport."""

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        connections: Connections | None = None,
        address: str = "192.0.2.1",
        certificate: IOpenSSLServerConnectionCreator | None = None,
    ) -> None:
        self.connections = (
            Connections(limits or Limits(), Clock()) if connections is None else connections
        )
        assert isinstance(self.connections.clock, Clock)
        self.clock = self.connections.clock
        self.session = ScriptedSession()
        self.protocol = SessionProtocol(self.session, self.connections, address, certificate)
        self.socket = Socket()
        self.protocol.makeConnection(self.socket)
        self.greeting = self.socket.take()

    def say(self, data: bytes) -> bytes:
        """Send octets; return what was written in answer, at once."""
        self.protocol.dataReceived(data)
        return self.socket.take()

    def hang_up(self) -> None:
        """Lose the connection."""
        self.protocol.connectionLost(Failure(ConnectionDone()))

    def is_deaf(self) -> bool:
        """Tell whether the protocol stopped reading."""
        return self.socket.producerState == "paused"
