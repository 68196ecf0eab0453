"""The client's side of NNTP without I/O: requests in, octets out; octets in, responses out (RFC 3977, 4643, 4644).

Requests wait in a queue and are answered in their order, so any number may be on its way (RFC 3977 s. 3.5). Those that
must not be followed before they are answered are not: ``take`` ends with them until the answer is there. A response's
block is found and undone as a whole, never line by line: a megabyte costs some copies of it.

``take`` gives what may be sent now, ``feed`` takes what arrived, ``responses`` gives what is complete. Nothing that a
server sends raises anything but ``BadResponse``, after which the connection is of no use.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "BLOCK_CODES",
    "MAX_BLOCK",
    "MAX_STATUS_LINE",
    "BadResponse",
    "NntpClient",
    "Request",
    "Response",
    "block_of",
]

MAX_STATUS_LINE: Final = 4096
"""Octets of a response's first line. RFC 3977 s. 3.1 has 512; servers that quote what was asked send more."""

MAX_BLOCK: Final = 257 * 1024 * 1024
"""Octets of a block: the largest message that an archive takes (``storage.sources.base``), dots and all."""

BLOCK_CODES: Final = frozenset({100, 101, 215, 220, 221, 222, 224, 225, 230, 231, 282})
"""Codes that a block follows, whatever the command (RFC 3977 app. C, RFC 2980 s. 2.7); 211 is LISTGROUP's alone."""

_LISTGROUP_CODES: Final = BLOCK_CODES | {211}

_ALONE: Final = frozenset(
    {b"AUTHINFO", b"COMPRESS", b"IHAVE", b"MODE", b"POST", b"QUIT", b"STARTTLS"}
)
"""Commands that nothing may follow before they are answered (RFC 3977 s. 5.3, 5.4, 6.3; 4642, 4643, 8054 s. 2.2)."""

_ARTICLE_WANTED: Final = frozenset({335, 340})
"""What tells the client to send the article (RFC 3977 s. 6.3)."""

_CLOSING: Final = 400
"""What a server may say at any time before it closes (RFC 3977 s. 3.2.1)."""

_STATUS: Final = re.compile(rb"([1-5][0-9]{2})(?: (.*))?", re.DOTALL)
_END: Final = b"\r\n.\r\n"
_SHOWN: Final = 60
"""Octets of a wrong response that its error shows."""


class BadResponse(Exception):
    """The server sent what is no NNTP; the text says what, and shows how it begins."""


@dataclass(frozen=True, slots=True)
class Request:
    """A command without its CRLF, and what belongs to it.

    ``multiline`` are the codes that a block follows; None leaves it to the command. ``article`` is sent behind
    TAKETHIS at once and behind IHAVE when the server asks for it: CRLF line ends, the last one as well, not
    dot-stuffed.
    """

    command: bytes
    article: bytes | None = None
    multiline: frozenset[int] | None = None

    @property
    def keyword(self) -> bytes:
        """The command's first word in capitals."""
        return self.command.partition(b" ")[0].upper()

    @property
    def alone(self) -> bool:
        """Whether nothing may follow before it is answered."""
        return self.keyword in _ALONE

    @property
    def block_codes(self) -> frozenset[int]:
        """The codes that a block follows."""
        if self.multiline is not None:
            return self.multiline
        return _LISTGROUP_CODES if self.keyword == b"LISTGROUP" else BLOCK_CODES


@dataclass(frozen=True, slots=True)
class Response:
    """What the server answered.

    ``text`` is what follows the code. ``body`` is the block, with CRLF line ends and its dots undone, or None where
    there is none. Of a block that was ``too_large`` nothing is kept.
    """

    code: int
    text: bytes
    body: bytes | None = None
    too_large: bool = False

    @property
    def lines(self) -> list[bytes]:
        """The block's lines, without line ends."""
        return self.body.split(b"\r\n")[:-1] if self.body else []

    @property
    def shown(self) -> str:
        """The first line for an operator: on one line, with nothing that moves a cursor."""
        text = self.text[:MAX_STATUS_LINE].decode("utf-8", "replace")
        return f"{self.code} {''.join([c if c.isprintable() else ' ' for c in text])}".strip()


def block_of(article: bytes) -> bytes:
    """Return an article as a block that can be sent: dots put in, the end behind it. RFC 3977 s. 3.1.1."""
    if b"\r\n." in article:
        article = article.replace(b"\r\n.", b"\r\n..")
    begin = b"." if article.startswith(b".") else b""
    end = b".\r\n" if article.endswith(b"\r\n") or not article else _END
    return b"".join((begin, article, end))


class NntpClient:
    """One connection's conversation. The greeting is the first response, though nothing asked for it."""

    def __init__(self, max_block: int = MAX_BLOCK) -> None:
        self._max_block = max_block
        self._queued: deque[Request] = deque()  # not sent
        self._sent: deque[Request] = deque([Request(b"", multiline=frozenset())])
        self._barred = True  # until what was sent last is answered
        self._out: list[bytes] = []
        self._buffer = bytearray()
        self._status: Response | None = (
            None  # whose block is on its way, behind the CRLF in the buffer
        )
        self._scanned = 0  # where in the buffer the search goes on
        self._dropped = False  # of the block at hand
        self._closing: Response | None = None

    @property
    def outstanding(self) -> int:
        """How many requests have no answer yet, sent or not, the greeting among them."""
        return len(self._queued) + len(self._sent)

    @property
    def ready(self) -> bool:
        """Whether a further request could be sent at once."""
        return not self._queued and not self._barred

    @property
    def buffered(self) -> int:
        """How many octets arrived and belong to no response that was given."""
        return len(self._buffer)

    @property
    def closing(self) -> Response | None:
        """The 400 behind which the server closes; nothing is sent any more. RFC 3977 s. 3.2.1."""
        return self._closing

    def request(
        self,
        command: bytes,
        *,
        article: bytes | None = None,
        multiline: frozenset[int] | None = None,
    ) -> None:
        """Queue a command; the arguments are those of ``Request``, the errors those of ``add``."""
        self.add(Request(command, article, multiline))

    def add(self, request: Request) -> None:
        """Queue a request.

        Raises:
            ValueError: the command is no line: CR, LF or NUL in it would be another command.
        """
        if any(octet in request.command for octet in (b"\r", b"\n", b"\0")):
            raise ValueError(f"not one line: {request.command[:_SHOWN]!r}")
        self._queued.append(request)

    def take(self) -> bytes:
        """Return what may be sent now, each octet once; empty where there is nothing."""
        out, self._out = self._out, []
        while self._queued and not self._barred and self._closing is None:
            request = self._queued.popleft()
            self._sent.append(request)
            out += (request.command, b"\r\n")
            self._barred = request.alone
            if request.article is not None and not request.alone:
                out.append(block_of(request.article))
        return b"".join(out)

    def feed(self, data: bytes) -> None:
        """Take octets that arrived."""
        self._buffer += data

    def responses(self) -> Iterator[Response]:
        """Yield the responses that are complete, in the order of their requests.

        Raises:
            BadResponse: what arrived is no response, or answers nothing.
        """
        while self._status is not None or self._first_line():
            assert self._status is not None
            if self._sends_article(self._status):
                continue
            response = self._complete(self._status)
            if response is None:
                return
            self._status = None
            self._scanned = 0
            if response.code == _CLOSING:
                self._closing = response
            if self._sent:
                self._sent.popleft()
                self._barred = self._barred and bool(self._sent)
                yield response

    def _first_line(self) -> bool:
        """Read a response's first line, if it is there, up to its CRLF; return whether it was."""
        end = self._buffer.find(b"\r\n", self._scanned, MAX_STATUS_LINE)
        if end < 0:
            if len(self._buffer) >= MAX_STATUS_LINE:
                raise BadResponse(f"a first line without an end: {self._shown(_SHOWN)}")
            self._scanned = max(len(self._buffer) - 1, 0)
            return False
        match = _STATUS.fullmatch(self._buffer, 0, end)
        if match is None:
            raise BadResponse(f"not a response: {self._shown(end)}")
        status = Response(int(match[1]), bytes(match[2] or b""))
        if not self._sent and status.code != _CLOSING:
            raise BadResponse(f"an answer to nothing: {self._shown(end)}")
        self._status = status
        self._scanned = 0
        del self._buffer[:end]
        return True

    def _sends_article(self, status: Response) -> bool:
        """Send the article if that is what the server asks for, once. RFC 3977 s. 6.3.2."""
        request = self._sent[0] if self._sent else None
        if request is None or request.article is None or status.code not in _ARTICLE_WANTED:
            return False
        if not request.alone:
            return False
        self._out.append(block_of(request.article))
        self._sent[0] = Request(request.command, multiline=request.multiline)
        self._status = None
        del self._buffer[:2]
        return True

    def _complete(self, status: Response) -> Response | None:
        """Return the response with its block, or None where some of that is to come."""
        if not self._sent or status.code not in self._sent[0].block_codes:
            del self._buffer[:2]
            return status
        end = self._buffer.find(_END, self._scanned)
        if end < 0:
            self._scanned = max(len(self._buffer) - len(_END) + 1, 0)
            if self._scanned > self._max_block:
                self._dropped = True
                del self._buffer[: self._scanned]
                self._scanned = 0
            return None
        body = None if self._dropped or end > self._max_block else self._undone(end)
        self._dropped = False
        del self._buffer[: end + len(_END)]
        return Response(status.code, status.text, body, too_large=body is None)

    def _undone(self, end: int) -> bytes:
        """Return the block that ends at ``end`` in the buffer and has a CRLF in front, its dots undone."""
        if self._buffer.find(b"\r\n.", 0, end) < 0:
            with memoryview(self._buffer) as view:
                return bytes(view[2 : end + 2])
        with memoryview(self._buffer) as view:
            return bytes(view[: end + 2]).replace(b"\r\n.", b"\r\n")[2:]

    def _shown(self, end: int) -> str:
        """Return the line that ends there, as much of it as an operator wants to see."""
        return ascii(bytes(self._buffer[: min(end, _SHOWN)]))[1:]
