"""The one Twisted protocol: carries any session's octets, and its layers, limits and timeouts.

The session answers when it is pulled, in chunks (``gateway.wire.Session``). On a plain TCP connection a chunk goes to
the socket at once; what that does not take waits in Twisted's buffer, and no more is pulled before it is gone. Under TLS
Twisted pauses this producer when more than 64 KiB wait. So a slow client costs two chunks and a compressor's state, and
a huge reply gives way to other connections between chunks. (At once means one turn of the reactor less for every reply,
which is half the cost of a short one.)

With an embedded store a session never waits, so its generator is stepped directly; callbacks are added only when a
``Deferred`` is really awaited. What a session has done beside it (``gateway.wire.Beside``) makes it no slower: the session
is pulled again when that has ended. Time is measured by one sweep over all connections, not by a timer for each.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IProtocol, IPushProducer
from twisted.internet.tcp import Connection
from twisted.python.failure import Failure
from zope.interface import implementer

from gateway.deflate import BadDeflate, DeflateLayer
from gateway.wire import CHUNK_OCTETS, Beside, Upgrade

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Coroutine, Sequence

    from twisted.internet.interfaces import (
        IDelayedCall,
        IOpenSSLServerConnectionCreator,
        ITransport,
    )

    from gateway.connections import Connections
    from gateway.wire import Session

__all__ = ["Manners", "SessionProtocol"]

_TURN_SECONDS: Final = 0.01
"""How long one connection may hold the reactor where no other has said anything of late."""

_SHARED_TURN_SECONDS: Final = 0.00005
"""How long it may where another has: it gives way after each piece that takes about as long as a short answer."""


@dataclass(frozen=True, slots=True)
class Manners:
    """What the connections of a face do differently.

    ``idle_seconds`` is how long a client may be silent, where that is not as ``Limits`` has it. With ``linger_seconds`` a
    connection that we close hears the client out for so long, so that the client reads our last words although it is
    still sending (RFC 9112 s. 9.6). ``face`` is the name by which the connections are counted.
    """

    face: str = ""
    idle_seconds: int | None = None
    linger_seconds: float = 0


_USUAL: Final = Manners()

log = logging.getLogger(__name__)


class _Transport(Protocol):
    """What is asked of a stream transport, of which Twisted's interfaces each name a part."""

    def write(self, data: bytes) -> None: ...
    def writeSomeData(self, data: bytes) -> int | Exception: ...  # noqa: N802 - Twisted's name
    def loseConnection(self) -> None: ...  # noqa: N802 - Twisted's name
    def loseWriteConnection(self) -> None: ...  # noqa: N802 - Twisted's name
    def abortConnection(self) -> None: ...  # noqa: N802 - Twisted's name
    def setTcpNoDelay(self, enabled: bool) -> None: ...  # noqa: N802 - Twisted's name and signature
    def registerProducer(self, producer: object, streaming: bool) -> None: ...  # noqa: N802 - likewise
    def unregisterProducer(self) -> None: ...  # noqa: N802 - Twisted's name
    def pauseProducing(self) -> None: ...
    def resumeProducing(self) -> None: ...
    def startTLS(self, factory: IOpenSSLServerConnectionCreator) -> None: ...  # noqa: N802 - Twisted's name


@implementer(IProtocol, IPushProducer)
class SessionProtocol:
    """One connection: its session, its layers and the reply in progress.

    ``address`` is the peer's, empty for a local socket. It has slots because thousands of readers sit idle.
    """

    __slots__ = (
        "_beside",
        "_closing",
        "_connections",
        "_deaf",
        "_eager",
        "_ending",
        "_fault",
        "_full",
        "_layer",
        "_lingering",
        "_manners",
        "_patience",
        "_replies",
        "_session",
        "_since",
        "_starttls",
        "_step",
        "_transport",
        "_waiting",
        "address",
    )

    _transport: _Transport

    def __init__(
        self,
        session: Session,
        connections: Connections,
        address: str,
        starttls: IOpenSSLServerConnectionCreator | None,
        manners: Manners = _USUAL,
    ) -> None:
        self.address = address
        self._manners = manners
        self._lingering: IDelayedCall | None = None  # until which we hear the client out
        self._session = session
        self._connections = connections
        self._starttls = starttls
        self._replies: AsyncGenerator[bytes, None] | None = None  # the reply in progress
        self._step: Coroutine[Any, Any, bytes] | None = None  # its step that waits
        self._waiting: Deferred[object] | None = None  # what it waits for
        self._fault: BaseException | None = None  # with what that failed
        self._beside = 0  # how much the session has done beside it
        self._layer: DeflateLayer | None = None
        self._eager = False  # what the socket takes at once need not pass through Twisted's buffer
        self._full = False  # the transport wants no more
        self._deaf = False  # we want no more from the transport
        self._closing = False  # we have said our last
        self._ending: str | None = None  # why we shall, after the reply in progress
        self._patience: float = connections.limits.first_command_seconds
        self._since = connections.clock.seconds()  # when something last went out

    # What Twisted calls

    def makeConnection(self, transport: ITransport) -> None:  # noqa: N802 - Twisted's name
        """Take the transport."""
        self._eager = isinstance(transport, Connection) and not transport.TLS
        self._transport = cast("_Transport", transport)
        self.connectionMade()

    def connectionMade(self) -> None:
        """Greet the client, or tell it why it is refused."""
        if self.address:
            self._transport.setTcpNoDelay(True)
        self._transport.registerProducer(self, not self._eager)
        refusal = self._connections.admit(self)
        if refusal is None:
            self._write(self._session.greeting())
        else:
            self._say_last(refusal)

    def dataReceived(self, data: bytes) -> None:
        """Answer what is complete, unless a reply is in progress: then it comes after."""
        if self._closing or self._ending is not None:
            return
        self._connections.heard(self)
        if self._layer is None:
            self._session.feed(data)
        else:
            self._layer.feed(data)
        if self._is_busy():
            self._regulate_input()
        else:
            self._answer()
            self._pump()

    def pauseProducing(self) -> None:
        """Write no more: the client does not keep up."""
        self._full = True

    def resumeProducing(self) -> None:
        """Write on: everything has been sent."""
        self._full = False
        if self._replies is not None:
            self._pump()
        elif self._session.upgrade is not None and not self._closing:
            self._upgrade(self._session.upgrade)

    def stopProducing(self) -> None:
        """Do nothing: ``connectionLost`` follows."""

    def connectionLost(self, reason: Failure) -> None:  # noqa: ARG002 - Twisted's signature
        """Let go of everything."""
        self._closing = True
        if self._lingering is not None and self._lingering.active():
            self._lingering.cancel()
        self._abandon()
        self._connections.remove(self)

    # What the server calls

    def end(self, reason: str) -> None:
        """Tell the client why, and close, once the reply in progress is out; take no further command."""
        if self._closing:
            return
        if self._is_busy() or self._beside:
            self._ending = reason
        else:
            self._say_last(reason)

    def tell_news(self) -> None:
        """Let the session say what it has to say unasked, unless it is about to speak anyway."""
        if not (self._closing or self._is_busy()) and self._session.has_news():
            self._replies = self._session.respond()
            self._pump()

    def abort(self) -> None:
        """Close now, whatever is unsent."""
        self._closing = True
        self._abandon()
        self._transport.abortConnection()

    def end_if_overdue(self, now: float) -> None:
        """End the connection if its client has been silent, or has not read, for too long."""
        waited = now - self._since
        limits = self._connections.limits
        if self._closing or self._is_busy():
            if waited > limits.stalled_seconds:
                why = "does not read" if self._waiting is None else "waits for too long"
                log.info("%s %s: closed", self.address or "a local client", why)
                self.abort()
        elif waited > self._patience:
            self._say_last("idle for too long")

    @property
    def face(self) -> str:
        """The name of the face that the connection belongs to."""
        return self._manners.face

    def _idle_seconds(self) -> float:
        usual = self._manners.idle_seconds
        if usual is None:
            usual = self._connections.limits.idle_seconds
        return max(usual, self._session.least_idle_seconds)

    # The reply in progress

    def _is_busy(self) -> bool:
        return self._replies is not None or self._session.upgrade is not None

    def _answer(self) -> None:
        """Begin to answer what has been received."""
        self._connections.answered[self._manners.face] += 1
        if self._layer is not None:
            try:
                self._session.feed(self._layer.received(self._connections.limits.input_octets))
            except BadDeflate as error:  # RFC 8054 s. 2.2.2: close immediately
                log.info("%s sent damaged compressed data: %s", self.address, error)
                self.abort()
                return
        self._replies = self._session.respond()

    def _pump(self) -> None:
        """Write until the transport is full, the session waits or has answered everything, or the turn is over."""
        clock = self._connections.clock
        is_shared = self._connections.hears_another(self)
        turn_ends = clock.seconds() + (_SHARED_TURN_SECONDS if is_shared else _TURN_SECONDS)
        try:
            while self._may_go_on():
                pieces = self._collect(turn_ends)
                if pieces:
                    self._patience = self._idle_seconds()
                    self._write(*pieces)
                if self._replies is None:
                    self._replied()
                if clock.seconds() > turn_ends and self._may_go_on():
                    clock.callLater(0, self._pump)
                    break
        except Exception:  # whatever a session does must end this connection only
            log.exception("a session failed")
            self._close()
        self._regulate_input()

    def _collect(self, turn_ends: float) -> Sequence[bytes]:
        """Return the next part of the reply: a chunk, or what there is before the session waits or ends."""
        chunks: list[bytes] = []
        octets = 0
        while octets < CHUNK_OCTETS:
            try:
                awaited = self._advance()
            except StopIteration as produced:
                piece = produced.value
                octets += len(piece)
                if piece:
                    chunks.append(piece)
                else:  # a pause: it is not the client that is slow
                    self._since = self._connections.clock.seconds()
            except StopAsyncIteration:
                self._replies = None
                break
            else:
                if isinstance(awaited, Beside):
                    self._begin(awaited)
                    continue
                self._wait(awaited)
                break
            if self._connections.clock.seconds() > turn_ends:
                break
        return chunks

    def _may_go_on(self) -> bool:
        return self._replies is not None and self._waiting is None and not self._full

    def _advance(self) -> object:
        """Step the session; return what it awaits. What it yields comes as ``StopIteration``."""
        step, self._step = self._step, None
        fault, self._fault = self._fault, None
        if step is None:
            assert self._replies is not None
            step = self._replies.asend(None)
        awaited: object = step.send(None) if fault is None else step.throw(fault)
        self._step = step
        return awaited

    def _wait(self, awaited: object) -> None:
        if not isinstance(awaited, Deferred):
            raise TypeError(f"a session awaited {awaited!r}, which is no Deferred")
        self._since = self._connections.clock.seconds()
        self._waiting = awaited
        awaited.addBoth(self._woken)

    def _begin(self, beside: Beside) -> None:
        """Do some work beside the session, to its end, whatever becomes of this connection."""
        self._beside += 1
        beside.end = end = Deferred[None]()  # not the work: that goes on when nobody waits
        work: Deferred[None] = Deferred.fromCoroutine(beside.work)
        work.addErrback(_log_failure).addBoth(self._ended, end)

    def _ended(self, _: object, end: Deferred[None]) -> None:
        self._beside -= 1
        end.callback(None)
        self._connections.clock.callLater(0, self.tell_news)  # once for all that ends in this turn

    def _woken(self, result: object) -> object:
        """Go on: what the session awaited has come, or has failed.

        A result stays with the Deferred, from which the session takes it, perhaps only when the client reads again.
        """
        fault = result.value if isinstance(result, Failure) else None
        if self._waiting is not None:  # else the reply was abandoned
            self._waiting = None
            self._fault = fault
            self._pump()
        return result if fault is None else None

    def _replied(self) -> None:
        """Do what comes after a reply: close, change the layer, or answer what is still compressed."""
        if self._session.closing:
            self._close()
        elif self._ending is not None:
            if not self._beside:
                self._say_last(self._ending, is_answering=True)
        elif self._session.upgrade is not None:
            if not self._full:
                self._upgrade(self._session.upgrade)
        elif self._layer is not None and self._layer.pending:
            self._answer()

    def _upgrade(self, which: Upgrade) -> None:
        """Put the layer under the session that it asked for."""
        if which is Upgrade.TLS:
            assert self._starttls is not None, "a session offered TLS without a certificate"
            self._eager = False
            self._transport.unregisterProducer()
            self._transport.startTLS(self._starttls)
            self._transport.registerProducer(self, True)
        else:
            self._layer = DeflateLayer()
        self._session.upgraded(which)

    def _abandon(self) -> None:
        """End the reply in progress where it stands, so that what it holds is let go."""
        replies, self._replies = self._replies, None
        step, self._step = self._step, None
        waiting, self._waiting = self._waiting, None
        self._fault = None
        if step is not None:
            _unwind(step)
        if waiting is not None:
            waiting.cancel()
        if replies is not None:
            Deferred.fromCoroutine(replies.aclose()).addErrback(_log_failure)

    # Octets out and in

    def _write(self, *pieces: bytes) -> None:
        self._since = self._connections.clock.seconds()
        data = b"".join(pieces) if self._layer is None else self._layer.sent(*pieces)
        if not data:
            return
        if self._eager and not self._full:
            sent = self._transport.writeSomeData(data)
            if isinstance(sent, int):  # else the connection is lost, as Twisted will find out
                data = data[sent:]
            if not data:
                return
            self._full = True
        self._transport.write(data)

    def _say_last(self, reason: str, *, is_answering: bool = False) -> None:
        words = self._session.expire(reason)
        self._write(words)
        self._close(lingers=is_answering or bool(words))

    def _close(self, *, lingers: bool = True) -> None:
        """Take no more input; close when everything has been sent."""
        self._closing = True
        self._abandon()
        self._transport.unregisterProducer()  # with a producer, Twisted would wait for it to end
        if lingers and self._manners.linger_seconds and self._eager:
            self._transport.loseWriteConnection()
            self._lingering = self._connections.clock.callLater(
                self._manners.linger_seconds, self._transport.loseConnection
            )
        else:
            self._transport.loseConnection()

    def _regulate_input(self) -> None:
        """Stop reading while much input waits for a reply to end."""
        if self._closing:
            return
        waiting = self._session.buffered + (0 if self._layer is None else len(self._layer))
        deaf = self._is_busy() and waiting > self._connections.limits.input_octets
        if deaf is not self._deaf:
            self._deaf = deaf
            if deaf:
                self._transport.pauseProducing()
            else:
                self._transport.resumeProducing()


def _unwind(step: Coroutine[Any, Any, bytes]) -> None:
    """Make a waiting step run what it has to clean up."""
    try:
        step.throw(GeneratorExit())
    except (GeneratorExit, StopIteration, StopAsyncIteration):
        pass
    except Exception:  # it is lost anyway
        log.exception("a session failed while it was being closed")


def _log_failure(failure: Failure) -> None:
    log.error("a session failed out of turn", exc_info=failure.value)
