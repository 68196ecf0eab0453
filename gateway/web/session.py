"""One HTTP client's conversation: octets in, responses out, in order. RFC 9112 s. 6 to 9.

No content is taken from a client: a request that brings some is answered, and the connection ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from gateway.web.begun import close
from gateway.web.conditional import http_date
from gateway.web.requests import Malformed, Request, RequestBuffer
from gateway.web.responses import STATUS_LINES
from gateway.wire import CHUNK_OCTETS, chunks

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from gateway.connections import Peer
    from gateway.web.responses import Response
    from gateway.wire import Upgrade

__all__ = ["Responder", "Session", "Talk"]

_SERVER: Final = b"Server: listgate\r\n"
_CLOSE: Final = b"Connection: close\r\n\r\n"
_KEEP: Final = b"Connection: keep-alive\r\n\r\n"  # which HTTP/1.0 needs to be told
_GO_ON: Final = b"\r\n"
_CHUNKED: Final = b"Transfer-Encoding: chunked\r\n"
_LAST_CHUNK: Final = b"0\r\n\r\n"


class Talk:
    """One request and what became of it, as it is counted and logged; ``request`` is None where none was understood.

    ``address`` is that of who asks, ``user`` the name by which they logged in.
    """

    __slots__ = ("address", "began", "octets", "request", "status", "user")

    def __init__(self, address: str, request: Request | None, began: float) -> None:
        self.address = address
        self.user: str | None = None
        self.request = request
        self.began = began
        self.status = 0
        self.octets = 0


class Responder(Protocol):
    """What answers the requests of every connection."""

    def seconds(self) -> float:
        """Return the time."""
        ...

    async def respond(self, request: Request, peer: Peer, talk: Talk) -> Response:
        """Return the response to a request; note in ``talk`` who asks. Raises nothing."""
        ...

    def refusal(self, status: int, text: str) -> Response:
        """Return the response to what cannot be answered."""
        ...

    def ended(self, talk: Talk) -> None:
        """Take note of a request that has been answered, or given up."""
        ...


class Session:
    """A connection's requests and the responses to them."""

    __slots__ = (
        "_is_admitted",
        "_peer",
        "_requests",
        "_responder",
        "closing",
        "least_idle_seconds",
        "upgrade",
    )

    def __init__(self, responder: Responder, peer: Peer) -> None:
        self.closing = False
        self.upgrade: Upgrade | None = None
        self.least_idle_seconds = 0
        self._responder = responder
        self._peer = peer
        self._requests = RequestBuffer()
        self._is_admitted = False

    @property
    def buffered(self) -> int:
        return len(self._requests)

    def greeting(self) -> bytes:
        self._is_admitted = True
        return b""

    def feed(self, data: bytes) -> None:
        self._requests.feed(data)

    def has_news(self) -> bool:
        return False

    def upgraded(self, which: Upgrade) -> None:
        raise AssertionError(f"nothing asked for {which}")

    def expire(self, reason: str) -> bytes:
        """End the conversation: with 503 where it may not begin, 408 within a request, silently between two."""
        self.closing = True
        if not self._is_admitted:
            return self._last(503, f"No further connection: {reason}.")
        if self.buffered:
            return self._last(408, "The request did not come to its end in time.")
        return b""

    async def respond(self) -> AsyncGenerator[bytes, None]:
        while not self.closing:
            try:
                request = self._requests.next()
            except Malformed as fault:
                self.closing = True
                yield self._last(fault.status, fault.text)
                return
            if request is None:
                return
            talk = Talk(self._peer.address, request, self._responder.seconds())
            try:
                response = await self._responder.respond(request, self._peer, talk)
                talk.status = response.status
                if isinstance(response.body, bytes):
                    body = b"" if request.method == b"HEAD" else response.body
                    head = self._head(request, response)
                    talk.octets = len(body)
                    if len(body) < CHUNK_OCTETS:
                        yield head + body
                    else:
                        yield head
                        for piece in chunks(body):
                            yield piece
                else:
                    async for piece in self._streamed(request, response, response.body, talk):
                        yield piece
            finally:
                self._responder.ended(talk)

    def _head(self, request: Request, response: Response, framing: bytes = b"") -> bytes:
        """Return the head of a response, and decide whether the connection goes on after it."""
        is_endless = not framing and not isinstance(response.body, bytes)
        if not request.keeps or request.has_content or is_endless:
            self.closing = True
            connection = _CLOSE
        else:
            connection = _GO_ON if request.minor else _KEEP
        return b"".join(
            (
                STATUS_LINES[response.status],
                b"Date: %b\r\n" % http_date(int(self._responder.seconds())),
                _SERVER,
                response.fields,
                framing,
                connection,
            )
        )

    async def _streamed(
        self, request: Request, response: Response, body: AsyncIterator[bytes], talk: Talk
    ) -> AsyncGenerator[bytes, None]:
        """Yield a response whose length is not known: chunked, or up to the end of the connection for HTTP/1.0."""
        is_chunked = request.minor > 0
        try:
            yield self._head(request, response, _CHUNKED if is_chunked else b"")
            if request.method == b"HEAD":
                return
            async for whole in body:
                if not whole:
                    yield b""  # a pause
                for piece in chunks(whole):
                    talk.octets += len(piece)
                    yield b"%x\r\n%b\r\n" % (len(piece), piece) if is_chunked else piece
            if is_chunked:
                yield _LAST_CHUNK
        finally:
            await close(body)

    def _last(self, status: int, text: str) -> bytes:
        """Return a response after which the connection ends."""
        response = self._responder.refusal(status, text)
        talk = Talk(self._peer.address, None, self._responder.seconds())
        talk.status = status
        assert isinstance(response.body, bytes)
        talk.octets = len(response.body)
        date = b"Date: %b\r\n" % http_date(int(talk.began))
        self._responder.ended(talk)
        return b"".join(
            (STATUS_LINES[status], date, _SERVER, response.fields, _CLOSE, response.body)
        )
