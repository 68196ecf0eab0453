"""Runs the faces: listens, keeps the catalogue fresh, reloads on SIGHUP, ends in order on SIGTERM and SIGINT."""

from __future__ import annotations

import gc
import logging
import math
import resource
import signal
import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred, DeferredList, maybeDeferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.error import CannotListenError
from twisted.internet.task import LoopingCall
from twisted.logger import STDLibLogObserver, globalLogBeginner
from twisted.protocols.tls import TLSMemoryBIOFactory

from gateway.connections import Connections, SessionFactory
from gateway.local_port import LocalPort
from gateway.sockets import BACKLOG, CannotListen
from gateway.transport import Manners
from storage.errors import ArchiveUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from twisted.internet.base import ReactorBase
    from twisted.internet.interfaces import IDelayedCall, IListeningPort, IProtocolFactory
    from twisted.python.failure import Failure

    from gateway.config import Limits
    from gateway.connections import Peer
    from gateway.listeners import Listener
    from gateway.tls import ServerCertificate
    from gateway.wire import Session
    from storage.archive import Archive
    from storage.marks import Marks

__all__ = ["CannotListen", "Face", "Server", "run"]

_REFRESH_SECONDS: Final = 0.5
"""How often the catalogue is brought up to date at least, and so how soon open connections see new messages at the latest."""

_REFRESH_LEAST_SECONDS: Final = 0.05
"""How long after the last time it is brought up to date at the soonest, however much is written meanwhile."""

_OTHER_FILES: Final = 256
"""File descriptors needed besides those of connections."""

_GARBAGE: Final = 20_000
"""How many objects are made between two searches for garbage: connections come and go without making any."""

_GOODBYE: Final = "the server is shutting down"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Face:
    """A way in: ``setting`` is where an operator says where it listens, ``scheme`` that of its URLs without TLS.

    ``serves`` makes a connection's session. ``manners`` are what its connections do differently.
    """

    setting: str
    scheme: str
    listeners: Sequence[Listener]
    serves: Callable[[Peer], Session]
    manners: Manners = field(default_factory=Manners)


class Server:
    """All faces over one archive; ``marks`` are what its users keep for themselves.

    ``certificate`` is given to sessions that offer TLS, and to listeners with TLS. ``sockets`` are those that were opened
    beforehand, by the name of a face and the place of a listener among its own.
    """

    def __init__(
        self,
        archive: Archive,
        faces: Sequence[Face],
        limits: Limits,
        reactor: ReactorBase,
        *,
        certificate: ServerCertificate | None = None,
        marks: Marks | None = None,
        sockets: Mapping[tuple[str, int], Sequence[socket.socket]] | None = None,
    ) -> None:
        self._archive = archive
        self._sockets = sockets or {}
        self._marks = marks
        self._faces = faces
        self._limits = limits
        self._reactor = reactor
        self._certificate = certificate
        self._connections = Connections(limits, reactor)
        self._ports: list[IListeningPort] = []
        self._refresh = LoopingCall(self.refresh)
        self._refresh.clock = reactor
        self._is_stale = False
        self._refreshed = -math.inf
        self._read = self._changed = reactor.seconds()
        self._refresh_call: IDelayedCall | None = None

    async def start(self) -> list[str]:
        """Listen everywhere; return the URLs under which the faces can be reached, in the order they were given.

        Raises:
            CannotListen: one place cannot be had; none is kept then.
        """
        _allow_open_files(self._limits.connections + _OTHER_FILES)
        urls = []
        try:
            for face in self._faces:
                for at, listener in enumerate(face.listeners):
                    opened = self._sockets.get((face.manners.face, at))
                    ports = (
                        [await self._listen(face, listener)]
                        if opened is None
                        else [self._adopt(face, listener, each) for each in opened]
                    )
                    self._ports += ports
                    urls.append(_url(face, listener, ports[0]))
        except CannotListen:
            await self._stop_listening()
            raise
        self._connections.start()
        gc.collect()
        gc.freeze()  # what is loaded now stays: not to be searched for garbage again and again
        gc.set_threshold(_GARBAGE)
        self._refresh.start(_REFRESH_SECONDS)
        return urls

    async def stop(self) -> None:
        """Let no one in any more, and end every connection after its reply, within ``drain_seconds``."""
        if self._refresh.running:
            self._refresh.stop()
        if self._refresh_call is not None and self._refresh_call.active():
            self._refresh_call.cancel()
        await self._stop_listening()
        await self._connections.drain(_GOODBYE)

    def abort(self) -> None:
        """Cut every connection now."""
        self._connections.abort()

    def connected(self) -> Mapping[str, int]:
        """Return how many connections each face has that is named in its manners."""
        return self._connections.faces()

    def answered(self) -> Mapping[str, int]:
        """Return how many times each face has answered something."""
        return self._connections.answered

    def ages(self) -> tuple[float, float]:
        """Return how many seconds ago the archive was read last, and how many ago it was found changed."""
        now = self._reactor.seconds()
        return now - self._read, now - self._changed

    def refresh_soon(self) -> None:
        """Refresh, at once or ``_REFRESH_LEAST_SECONDS`` after the last time: there may be thousands to tell."""
        if self._refresh_call is not None and self._refresh_call.active():
            return
        wait = self._refreshed + _REFRESH_LEAST_SECONDS - self._reactor.seconds()
        if wait <= 0:
            self.refresh()
        else:
            self._refresh_call = self._reactor.callLater(wait, self.refresh)

    def refresh(self) -> None:
        """Bring what is served up to date, and tell it to those who wait for it."""
        self._refreshed = self._reactor.seconds()
        try:
            if self._marks is not None:
                self._marks.refresh()  # first, so that no mark is of a revision that the catalogue does not know
            is_changed = self._archive.refresh()
        except ArchiveUnavailable as error:
            if not self._is_stale:
                log.warning(
                    "the archive cannot be read now, and what was read is served: %s", error
                )
            self._is_stale = True
        else:
            self._is_stale = False
            self._read = self._refreshed
            self._changed = self._refreshed if is_changed else self._changed
        self._connections.tell_news()

    async def _listen(self, face: Face, listener: Listener) -> IListeningPort:
        try:
            endpoint = serverFromString(self._reactor, listener.endpoint)
            port: IListeningPort = await endpoint.listen(self._factory(face, listener))
        except CannotListenError as error:
            why = getattr(error.socketError, "strerror", None) or str(error.socketError)
        except (
            OSError,
            ValueError,
            TypeError,
            LookupError,
        ) as error:  # what endpoint parsers raise
            why = str(error) or type(error).__name__
        else:
            return port
        why = why[:1].lower() + why[1:]
        raise CannotListen(
            f"cannot listen on {listener.text}: {why}; choose another with {face.setting}"
        )

    def _adopt(self, face: Face, listener: Listener, opened: socket.socket) -> IListeningPort:
        """Wait for connections on a socket that is bound."""
        opened.setblocking(False)
        opened.listen(BACKLOG)
        factory = self._factory(face, listener)
        if listener.path:
            local = LocalPort(opened, factory, self._reactor)  # type: ignore[arg-type]  # of those that have sockets
            local.startListening()
            return local
        port: IListeningPort = self._reactor.adoptStreamPort(  # type: ignore[attr-defined]  # of those that have sockets
            opened.fileno(), opened.family, factory
        )
        return port

    def _factory(self, face: Face, listener: Listener) -> IProtocolFactory:
        plain = SessionFactory(
            face.serves,
            self._connections,
            starttls=self._certificate,
            secure=listener.tls,
            manners=face.manners,
        )
        if not listener.tls or listener.endpoint.startswith(
            "ssl:"
        ):  # whose endpoint brings TLS along
            return plain
        if self._certificate is None:
            raise CannotListen(
                f"cannot listen on {listener.text}: implicit TLS needs a certificate"
            )
        return TLSMemoryBIOFactory(self._certificate, False, plain, self._reactor)

    async def _stop_listening(self) -> None:
        ports, self._ports = self._ports, []
        await DeferredList([maybeDeferred(port.stopListening) for port in ports])


def run(
    server: Server,
    reactor: ReactorBase,
    *,
    ready: Callable[[Sequence[str]], None],
    reload: Callable[[], None] | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM; a second one cuts the connections that still end in order.

    ``ready`` gets the URLs once all faces listen. ``reload`` is called on SIGHUP.

    Raises:
        CannotListen: a face cannot wait where it was told to.
    """
    _forward_twisted_log()
    faults: list[BaseException] = []

    async def begin() -> None:
        urls = await server.start()
        _handle_signals(server, reactor, reload)
        ready(urls)

    def give_up(failure: Failure) -> None:
        faults.append(failure.value or RuntimeError("the server did not start"))
        reactor.stop()

    reactor.callWhenRunning(lambda: Deferred.fromCoroutine(begin()).addErrback(give_up))
    reactor.addSystemEventTrigger(
        "before", "shutdown", lambda: Deferred.fromCoroutine(server.stop())
    )
    reactor.run()
    for fault in faults:
        raise fault


def _handle_signals(
    server: Server, reactor: ReactorBase, reload: Callable[[], None] | None
) -> None:
    stopping = False

    def stop() -> None:
        nonlocal stopping
        if stopping:
            server.abort()
        else:
            stopping = True
            reactor.stop()

    def read_again() -> None:
        if reload is not None:
            reload()

    for number, reaction in (
        (signal.SIGINT, stop),
        (signal.SIGTERM, stop),
        (signal.SIGHUP, read_again),
    ):
        signal.signal(number, lambda *_, reaction=reaction: reactor.callFromThread(reaction))


def _url(face: Face, listener: Listener, port: IListeningPort) -> str:
    """Return what a client needs to reach the face, with the port that was really given."""
    address = port.getHost()
    if not isinstance(address, IPv4Address | IPv6Address):
        return listener.text
    host = listener.host or address.host
    if host in {"", "0.0.0.0", "::"}:  # noqa: S104 - shown, not bound
        host = socket.gethostname()
    elif ":" in host and not host.startswith("["):
        host = f"[{host}]"
    return f"{face.scheme}{'s' if listener.tls else ''}://{host}:{address.port}/"


def _allow_open_files(wanted: int) -> None:
    """Raise the soft limit of open files, as far as the hard one lets us."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
        if allowed < wanted:
            log.warning("only %d files may be open: fewer connections than configured", allowed)


def _forward_twisted_log() -> None:
    """Send what Twisted logs, from warnings up, to the standard library's log, and nowhere else."""
    globalLogBeginner.beginLoggingTo(
        [STDLibLogObserver()], redirectStandardIO=False, discardBuffer=True
    )
    logging.getLogger("twisted").setLevel(logging.WARNING)
