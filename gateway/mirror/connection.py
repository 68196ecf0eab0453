"""A blocking connection to a news server: octets moved for ``nntp_client``, TLS, a login, compression, timeouts.

Reading and writing go on together, so that two sides which both have much to say never wait for each other. What is in
memory is bounded: some ``MAX_UNSENT`` octets to be sent, and the response at hand. Everything that goes wrong is a
``SourceError`` of one line that names the server and a remedy, and never the password.
"""

from __future__ import annotations

import base64
import math
import select
import socket
import ssl
import time
from typing import TYPE_CHECKING, Final, Self

from gateway.deflate import BadDeflate, DeflateLayer
from gateway.mirror.failures import failed, not_connected
from gateway.mirror.nntp_client import MAX_BLOCK, BadResponse, NntpClient, Request, Response
from gateway.mirror.url import PeerUrl, parse_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType

    from storage.errors import SourceError

__all__ = ["CONNECT_SECONDS", "IDLE_SECONDS", "Connection"]

CONNECT_SECONDS: Final = 30.0
IDLE_SECONDS: Final = 120.0
"""How long nothing may move while something is awaited. Servers that sort out a large group take their time."""

ANSWER_SECONDS: Final = 900.0
"""How long is waited for one answer in all, however it trickles."""

MAX_UNSENT: Final = 256 * 1024
"""No further request is taken while so many octets wait to be sent."""

_AT_ONCE: Final = 256 * 1024
"""Octets read, inflated or written at a time."""

MAX_CAPABILITIES: Final = 1000

_GREETED: Final = frozenset({200, 201})
_COMPRESSED: Final = 206
_LOGGED_IN: Final = 281
_PASSWORD_WANTED: Final = 381
_TLS_NOW: Final = 382
_UNKNOWN: Final = 500
_TLS_UNAVAILABLE: Final = 580


class Connection:
    """A connection to a server; ``client`` is its conversation.

    ``reader`` asks for the mode in which groups are read (RFC 3977 s. 5.3), ``compress`` takes COMPRESS DEFLATE where
    it is offered, ``max_block`` bounds what is kept of an answer. ``capabilities`` are the server's, by keyword in
    capitals with their arguments; none where it does not know the command. ``latency`` is how many seconds a short answer took. ``received`` counts the octets that
    came, compressed ones as they came.
    """

    def __init__(
        self,
        url: str | PeerUrl,
        *,
        reader: bool = True,
        compress: bool = True,
        connect_timeout: float = CONNECT_SECONDS,
        timeout: float = IDLE_SECONDS,
        answer_timeout: float = ANSWER_SECONDS,
        max_block: int = MAX_BLOCK,
        context: ssl.SSLContext | None = None,
    ) -> None:
        """Connect and log in.

        Raises:
            SourceError: it cannot be reached, is no news server, or refuses the login.
        """
        self.url = parse_url(url) if isinstance(url, str) else url
        self.client = NntpClient(max_block)
        self.capabilities: dict[bytes, tuple[bytes, ...]] = {}
        self.latency = 0.0
        self.received = 0
        self._timeout = timeout
        self._answer_timeout = answer_timeout
        self._waited = 0.0  # for the answer that is due
        self._context = context
        self._layer: DeflateLayer | None = None
        self._unsent = bytearray()
        self._write_needs_read = False  # TLS may want to hear something first
        self._socket = self._connected(connect_timeout)
        try:
            self._open(reader=reader, compress=compress)
        except BaseException:
            self._socket.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Say goodbye, where that can be done without waiting, and close."""
        try:
            if not self._unsent and not self.client.outstanding:
                self.client.request(b"QUIT")
                self._unsent += self._packed(self.client.take())
                self._write()
        except OSError:  # it is gone already
            pass
        finally:
            self._socket.close()

    def ask(self, command: bytes | Request) -> Response:
        """Return the response to one request.

        Raises:
            SourceError: as ``run``.
        """
        (response,) = self.run([command], window=1)
        return response

    def run(self, requests: Iterable[bytes | Request | None], window: int) -> Iterator[Response]:
        """Yield the responses to requests in order, with up to ``window`` of them on their way.

        ``requests`` is asked for more only while there is room. It may give None: nothing for now, ask again after a
        response. The run ends when nothing is given and everything has its response; what was still on its way when
        an earlier run was given up is passed over.

        Raises:
            SourceError: the server is silent for too long, closes early, or says what is no NNTP.
        """
        return self._run(iter(requests), window, self.client.outstanding)

    def _run(
        self, waiting: Iterator[bytes | Request | None], window: int, stale: int
    ) -> Iterator[Response]:
        """Do what ``run`` says; ``stale`` responses are owed to a run that nobody listened to until its end."""
        while True:
            self._fill(waiting, window)
            if not self.client.outstanding:
                return
            self._move()
            try:
                for response in self.client.responses():
                    self._waited = 0.0
                    if stale:
                        stale -= 1
                    else:
                        yield response
            except BadResponse as error:
                raise self._failed(
                    f"no news server, or a broken one ({error})", "check the port"
                ) from None
            self._unsent += self._packed(self.client.take())

    def _fill(self, waiting: Iterator[bytes | Request | None], window: int) -> None:
        """Take requests while there is room for them."""
        client = self.client
        while client.ready and client.outstanding < window and len(self._unsent) < MAX_UNSENT:
            request = next(waiting, None)
            if request is None:
                return
            client.add(request if isinstance(request, Request) else Request(request))
            self._unsent += self._packed(client.take())

    # Octets

    def _packed(self, data: bytes) -> bytes:
        return self._layer.sent(data) if self._layer is not None and data else data

    def _move(self) -> None:
        """Write and read what can be; wait until something can.

        Raises:
            SourceError: nothing could for too long, or the server has closed.
        """
        began = time.monotonic()
        try:
            while not (self._write() | self._read()):
                self._wait(began + self._timeout)
        except OSError as error:
            why = error.strerror or str(error)
            raise self._failed(f"the connection broke ({why})", "run it again") from None
        self._waited += time.monotonic() - began
        if self._waited > self._answer_timeout:
            raise self._failed(
                f"no whole answer in {self._answer_timeout:.0f} s", "run it again later"
            )

    def _write(self) -> bool:
        """Write what the system takes at once; return whether that is something."""
        if not self._unsent or self._write_needs_read:
            return False
        try:
            with memoryview(self._unsent) as view, view[:_AT_ONCE] as part:
                sent = self._socket.send(part)
        except (BlockingIOError, ssl.SSLWantWriteError):
            return False
        except ssl.SSLWantReadError:
            self._write_needs_read = True
            return False
        del self._unsent[:sent]
        return sent > 0

    def _read(self) -> bool:
        """Read what is there; return whether that is something."""
        layer = self._layer
        if layer is not None and layer.pending:
            return self._inflate(layer)
        try:
            data = self._socket.recv(_AT_ONCE)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return False
        self._write_needs_read = False
        if not data:
            closing = self.client.closing
            why = f"the server closed: {closing.shown}" if closing else "the server closed early"
            raise self._failed(why, "run it again later")
        self.received += len(data)
        if layer is None:
            self.client.feed(data)
            return True
        layer.feed(data)
        return self._inflate(layer)

    def _inflate(self, layer: DeflateLayer) -> bool:
        try:
            data = layer.received(_AT_ONCE)
        except BadDeflate as error:
            raise self._failed(f"damaged compressed data ({error})", "run it again") from None
        self.client.feed(data)
        return bool(data)

    def _wait(self, deadline: float) -> None:
        """Wait until something can be read, or written where something is to be."""
        seconds = deadline - time.monotonic()
        events = select.POLLIN
        if self._unsent and not self._write_needs_read:
            events |= select.POLLOUT
        poll = select.poll()
        poll.register(self._socket, events)
        if seconds <= 0 or not poll.poll(seconds * 1000):
            raise self._failed(f"silent for {self._timeout:.0f} s", "run it again later")

    # Opening

    def _connected(self, seconds: float) -> socket.socket:
        url = self.url
        try:
            connected = socket.create_connection((url.host, url.port), timeout=seconds)
        except OSError as error:
            raise not_connected(url, error) from None
        try:
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if url.tls:
                connected = self._secured(connected)
            connected.setblocking(False)
        except BaseException:
            connected.close()
            raise
        return connected

    def _secured(self, connected: socket.socket) -> ssl.SSLSocket:
        """Put TLS under a connection, whose timeout holds; the certificate must be the host's."""
        context = self._context or ssl.create_default_context()
        try:
            return context.wrap_socket(connected, server_hostname=self.url.host)
        except OSError as error:
            raise not_connected(self.url, error) from None

    def _open(self, *, reader: bool, compress: bool) -> None:
        """Hear the greeting, find out what the server can, log in."""
        (greeting,) = self._run(iter(()), 1, 0)
        if greeting.code not in _GREETED:
            raise self._failed(f"not let in: {greeting.shown}", "ask who runs it, or try later")
        self._learn()
        if reader and (not self.capabilities or b"MODE-READER" in self.capabilities):
            mode = self.ask(b"MODE READER")
            if mode.code not in _GREETED and mode.code != _UNKNOWN:
                raise self._failed(f"no reading: {mode.shown}", "ask who runs it")
            if self.capabilities:
                self._learn()
        if self.url.user:
            self._log_in()
        if compress and b"DEFLATE" in self.capabilities.get(b"COMPRESS", ()):
            self._compress()

    def _learn(self) -> None:
        """Ask what the server can, and how long it takes. RFC 3977 s. 5.2."""
        began = time.monotonic()
        response = self.ask(b"CAPABILITIES")
        self.latency = min(self.latency or math.inf, time.monotonic() - began)
        words = [line.upper().split() for line in response.lines[:MAX_CAPABILITIES]]
        self.capabilities = {first: tuple(rest) for first, *rest in filter(None, words)}

    def _start_tls(self) -> None:
        """Put TLS under the conversation, where the server can. RFC 4642 s. 2.2."""
        response = self.ask(b"STARTTLS")
        if response.code == _TLS_UNAVAILABLE:  # INN offers it without having a certificate
            return
        if response.code != _TLS_NOW:
            raise self._failed(f"STARTTLS refused: {response.shown}", "try nntps://")
        self._only_answered()
        self._socket.settimeout(self._timeout)
        self._socket = self._secured(self._socket)
        self._socket.setblocking(False)
        self._learn()

    def _log_in(self) -> None:
        """Log in with the URL's user and password. RFC 4643 s. 2.3, 2.4."""
        if not isinstance(self._socket, ssl.SSLSocket) and b"STARTTLS" in self.capabilities:
            self._start_tls()
        user, password = self.url.user.encode(), self.url.password.encode()
        ways = self.capabilities.get(b"AUTHINFO", (b"USER",))
        if b"USER" in ways:
            response = self.ask(b"AUTHINFO USER " + user)
            if response.code == _PASSWORD_WANTED:
                response = self.ask(b"AUTHINFO PASS " + password)
        elif b"PLAIN" in self.capabilities.get(b"SASL", ()):
            secret = base64.b64encode(b"\0%b\0%b" % (user, password))
            response = self.ask(b"AUTHINFO SASL PLAIN " + secret)
        else:
            raise self._failed("no login with a password offered", "try nntps://")
        if response.code != _LOGGED_IN:
            raise self._failed(f"login refused: {response.shown}", "check user and password")
        self._learn()

    def _compress(self) -> None:
        """Compress both ways from here on, where the server still wants to. RFC 8054 s. 2.2."""
        if self.ask(b"COMPRESS DEFLATE").code == _COMPRESSED:
            self._only_answered()
            self._layer = DeflateLayer()

    def _only_answered(self) -> None:
        """Make sure that nothing came behind a response that changes the layer: it could be anybody's."""
        if self.client.buffered:
            raise self._failed(
                "something came in between", "run it again; if it stays, use nntps://"
            )

    def _failed(self, why: str, remedy: str) -> SourceError:
        return failed(self.url, why, remedy)
