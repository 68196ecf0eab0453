"""What every protocol session shares with the transport, without I/O: lines in, chunks out, and the ``Session`` between.

Only CRLF ends a line. A bare CR or LF is an octet like others, so that no two parties disagree where a command stops.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Coroutine, Generator, Iterator

__all__ = [
    "CHUNK_OCTETS",
    "Beside",
    "Deflated",
    "EndlessLine",
    "LineBuffer",
    "LineTooLong",
    "Session",
    "Upgrade",
    "chunks",
]

CHUNK_OCTETS: Final = 64 * 1024
"""How much a session hands to the transport at once."""

_ENDLESS_OCTETS: Final = 1024 * 1024
"""How much of an overlong line is thrown away before its end is no longer waited for."""

_START_OCTETS: Final = 160
"""How much of an overlong line's beginning is remembered: an IMAP tag and the command's name."""

_END_OCTETS: Final = 32
"""How much of its end: what announces an IMAP literal, and the CR of the line's end."""


class Upgrade(enum.Enum):
    """A layer that goes under the session."""

    TLS = enum.auto()
    DEFLATE = enum.auto()


class Beside:
    """Awaited by a session to have some work done beside it, for which it need not wait.

    Who steps the session begins the work at once, steps the session on, and pulls it again when the work has ended,
    if it has news then. What ``await`` returns can be awaited for that end. The work is done to its end, even where the
    connection is lost; it must not raise.
    """

    def __init__(self, work: Coroutine[Any, Any, None]) -> None:
        self.work = work
        self.end: Awaitable[None] | None = None
        """Set by who steps the session."""

    def __await__(self) -> Generator[Beside, None, Awaitable[None]]:
        yield self
        assert self.end is not None
        return self.end


class Deflated(bytes):
    """A piece of a reply as DEFLATE has it already, which goes into the stream as it is.

    It is whole blocks, none of them the last, that end where an octet ends and refer to nothing in front of them. Only what
    goes over DEFLATE (``Session.upgraded``) may be so, and no such piece is cut.
    """

    __slots__ = ()


class Session(Protocol):
    """One client's conversation, as the transport sees it: octets in, octets out.

    ``closing`` becomes true when nothing will follow what ``respond`` yields. ``least_idle_seconds`` is how long the
    protocol's RFC wants a silent client to be kept at least. ``upgrade`` is set when the reply that
    asked for another layer is complete: the transport sends it, drops input that came before the client can have seen
    it (RFC 4642 s. 2.2.1), changes the layer, and calls ``upgraded``.
    """

    closing: bool
    upgrade: Upgrade | None
    least_idle_seconds: int

    @property
    def buffered(self) -> int:
        """How many octets were fed and not yet answered."""
        ...

    def greeting(self) -> bytes:
        """Return what is sent when a connection opens."""
        ...

    def feed(self, data: bytes) -> None:
        """Take octets that the client sent."""
        ...

    def respond(self) -> AsyncGenerator[bytes, None]:
        """Answer the complete commands fed so far, in order, in pieces of less than twice ``CHUNK_OCTETS``.

        A piece may be empty: a pause in long work. Ends when no complete command is left, or ``upgrade`` or
        ``closing`` is set. One at a time.
        """
        ...

    def has_news(self) -> bool:
        """Tell whether ``respond`` has something to say that the client did not ask for just now."""
        ...

    def upgraded(self, which: Upgrade) -> None:
        """Go on over the layer that was asked for."""
        ...

    def expire(self, reason: str) -> bytes:
        """End the conversation; return what to say. Between responses only."""
        ...


class LineTooLong(Exception):
    """A line exceeded the limit; all of it has been thrown away but for how it began and ended."""

    def __init__(self, start: bytes, end: bytes) -> None:
        super().__init__(start, end)
        self.start = start
        self.end = end


class EndlessLine(Exception):
    """A line exceeds every limit and still has no end."""


class LineBuffer:
    """Splits what arrives into lines of at most ``limit`` octets, CRLF included."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._octets = bytearray()
        self._start = b""  # of the line that is being discarded
        self._discarded = 0

    def __len__(self) -> int:
        return len(self._octets)

    def feed(self, data: bytes) -> None:
        """Take octets that arrived."""
        self._octets += data

    def line(self) -> bytes | None:
        """Return the next complete line without its CRLF, or None.

        Raises:
            LineTooLong: the next line was longer than the limit.
            EndlessLine: the next line is far longer than the limit, and goes on.
        """
        end = self._octets.find(b"\r\n")
        if end < 0:
            if len(self._octets) >= self._limit:
                self._discard()
            if self._discarded > _ENDLESS_OCTETS:
                raise EndlessLine
            return None
        line = bytes(self._octets[:end])
        del self._octets[: end + 2]
        too_long, self._discarded = end + 2 + self._discarded > self._limit, 0
        if too_long:
            start, self._start = self._start or line[:_START_OCTETS], b""
            raise LineTooLong(start, line[-_END_OCTETS:])
        return line

    def put_back(self, line: bytes) -> None:
        """Have a line that was returned come once more."""
        self._octets[:0] = line + b"\r\n"

    def find(self, octets: bytes) -> int:
        """Return where these octets begin in what arrived, or -1."""
        return self._octets.find(octets)

    def begins_with(self, octets: bytes) -> bool:
        """Tell whether what arrived begins so."""
        return self._octets.startswith(octets)

    def take(self, count: int) -> bytes:
        """Return up to ``count`` octets that arrived, whatever they are."""
        taken = bytes(self._octets[:count])
        del self._octets[:count]
        return taken

    def clear(self) -> None:
        """Forget what arrived."""
        self._octets.clear()
        self._start = b""
        self._discarded = 0

    def _discard(self) -> None:
        """Let go of all but the end of a line that is too long already."""
        self._start = self._start or bytes(self._octets[:_START_OCTETS])
        kept = min(_END_OCTETS, self._limit - 1)
        self._discarded += len(self._octets) - kept
        del self._octets[:-kept]


def chunks(piece: bytes) -> Iterator[bytes]:
    """Yield a piece of a response in chunks of at most ``CHUNK_OCTETS``."""
    for start in range(0, len(piece), CHUNK_OCTETS):
        yield piece[start : start + CHUNK_OCTETS]
