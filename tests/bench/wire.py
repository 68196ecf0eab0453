"""A connection that counts what it reads, and throws it away as fast as it can."""

from __future__ import annotations

import socket
import zlib
from typing import TYPE_CHECKING, Final, Self

from tests.bench.lines import Refused

if TYPE_CHECKING:
    from tests.bench.lines import Run

__all__ = ["Wire"]

_AT_ONCE: Final = 256 * 1024
_PATIENCE: Final = 300.0
_CRLF: Final = b"\r\n"


class Wire:
    """A connection to a run's server, whose octets are added to the run's."""

    def __init__(self, run: Run) -> None:
        self._run = run
        server = run.server
        self._socket = socket.create_connection((server.host, server.port), timeout=_PATIENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = bytearray()
        self._inflater: zlib._Decompress | None = None
        self._deflater: zlib._Compress | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Close it. What it takes to go is part of no line: it is the client's."""
        self._socket.close()

    def deflate(self) -> None:
        """Go on with DEFLATE in both directions (RFC 1951)."""
        self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        self._deflater = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)

    def send(self, octets: bytes) -> None:
        """Send it in one go."""
        if self._deflater is not None:
            octets = self._deflater.compress(octets) + self._deflater.flush(zlib.Z_SYNC_FLUSH)
        self._socket.sendall(octets)

    def line(self) -> bytes:
        """Return the next line without its end."""
        while (end := self._buffer.find(_CRLF)) < 0:
            self._read()
        found = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        return found

    def past(self, mark: bytes) -> None:
        """Throw away what comes, and the mark behind it."""
        while (at := self._buffer.find(mark)) < 0:
            del self._buffer[: max(len(self._buffer) - len(mark) + 1, 0)]
            self._read()
        del self._buffer[: at + len(mark)]

    def skip(self, octets: int) -> None:
        """Throw away so many octets."""
        while (here := len(self._buffer)) < octets:
            octets -= here
            self._buffer.clear()
            self._read()
        del self._buffer[:octets]

    def peek(self, octets: int) -> bytes:
        """Wait for so many octets, and return them; they stay to be read."""
        while len(self._buffer) < octets:
            self._read()
        return bytes(self._buffer[:octets])

    def pretend(self, octets: bytes) -> None:
        """Take it for having come already."""
        self._buffer[:0] = octets

    def _read(self) -> None:
        octets = self._socket.recv(_AT_ONCE)
        if not octets:
            raise Refused("the connection was closed")
        self._run.octets += len(octets)
        if self._inflater is not None:
            octets = self._inflater.decompress(octets)
        self._run.plain += len(octets)
        self._buffer += octets
