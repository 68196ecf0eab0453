"""What a program says to a server: a connection in between that keeps the program's lines."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Wiretap", "tapped"]

_CHUNK: Final = 1 << 16


class Wiretap:
    """Listens on ``port`` and passes on; ``octets`` counts what the server sent."""

    def __init__(self, to: int) -> None:
        self._to = to
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.octets = 0
        self._said = bytearray()
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def take(self) -> list[bytes]:
        """Return the lines that were said since the last time, in capitals."""
        said, self._said = self._said, bytearray()
        return bytes(said).upper().splitlines()

    def close(self) -> None:
        """Let nobody in any more, and hang up."""
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for each in self._open:
            each.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                client, _ = self._listening.accept()
                server = socket.create_connection(("127.0.0.1", self._to))
                self._open += [client, server]
                for pair in ((client, server), (server, client)):
                    threading.Thread(target=self._pass, args=pair, daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):  # closed
            while data := source.recv(_CHUNK):
                if source.getpeername()[1] == self._to:
                    self.octets += len(data)
                else:
                    self._said += data
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def tapped(port: int) -> Iterator[Wiretap]:
    """Listen between a program and a server on this machine as long as this lasts."""
    tap = Wiretap(port)
    try:
        yield tap
    finally:
        tap.close()
