"""Servers in a thread: one that follows a script, one that has newsgroups and faults."""

from __future__ import annotations

import socket
import ssl
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self

from gateway.deflate import DeflateLayer
from gateway.mirror.nntp_client import block_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

__all__ = ["GROUP", "News", "Scripted", "Server"]

GROUP: Final = "lists.made"

_PATIENCE: Final = 10
"""Seconds that a client may take for what it has to say."""


class Channel:
    """The server's end of a connection: lines in, octets out, through the layers that are put under it."""

    def __init__(self, connected: socket.socket) -> None:
        self.socket = connected
        self._buffer = b""
        self._layer: DeflateLayer | None = None

    def line(self) -> bytes:
        """Return the next line without its CRLF; empty at the end."""
        while b"\r\n" not in self._buffer:
            data = self.socket.recv(65536)
            if not data:
                return b""
            if self._layer is not None:
                self._layer.feed(data)
                data = self._layer.received(1 << 20)
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\r\n")
        return line

    def send(self, data: bytes) -> None:
        self.socket.sendall(data if self._layer is None else self._layer.sent(data))

    def deflate(self) -> None:
        self._layer = DeflateLayer()

    def tls(self, context: ssl.SSLContext) -> None:
        self.socket = context.wrap_socket(self.socket, server_side=True)


class Server:
    """Listens on a port of its own and has each connection, one after the other, spoken to by ``speak``."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.failure: BaseException | None = None
        self.over = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def speak(self, channel: Channel) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.over.set()
        self._listening.shutdown(socket.SHUT_RDWR)
        self._thread.join(_PATIENCE)
        self._listening.close()
        if self.failure is not None and error is None:
            raise self.failure

    def _serve(self) -> None:
        while True:
            try:
                connected, _ = self._listening.accept()
            except OSError:  # closed
                return
            connected.settimeout(_PATIENCE)
            channel = Channel(connected)
            try:
                self.speak(channel)
            except (ConnectionError, ssl.SSLError):  # the client has gone
                pass
            except BaseException as failure:  # noqa: BLE001 - it is the test's
                self.failure = failure
            finally:
                channel.socket.close()


class Scripted(Server):
    """Follows a script: ``S:`` lines are sent, ``C:`` lines are what the client must say.

    ``TLS`` and ``DEFLATE`` put a layer under the rest, ``SEND`` sends octets as they are, ``HANG`` waits for the client
    to say one thing more or to go, ``DEAF`` for the test to end; ``TRICKLE`` sends text again and again until then. At the end the connection is closed; the next one begins the script again.
    """

    def __init__(self, script: str, context: ssl.SSLContext | None = None) -> None:
        super().__init__()
        self._script = [line.strip() for line in script.splitlines() if line.strip()]
        self._context = context

    def speak(self, channel: Channel) -> None:
        for step in self._script:
            word, _, text = step.partition(" ")
            if word == "S:":
                channel.send(text.encode() + b"\r\n")
            elif word == "SEND":
                channel.send(text.encode().decode("unicode_escape").encode("latin-1"))
            elif word == "C:":
                said = channel.line().decode()
                assert said == text, f"the client said {said!r}, not {text!r}"
            elif word == "TLS":
                assert self._context is not None
                channel.tls(self._context)
            elif word == "DEFLATE":
                channel.deflate()
            elif word == "TRICKLE":
                while not self.over.wait(0.002):
                    channel.send(text.encode())
            elif word == "DEAF":
                self.over.wait(_PATIENCE)
            else:
                assert word == "HANG", step
                channel.line()


@dataclass
class News(Server):
    """A reader's server with one newsgroup; what it can get wrong is told when it is made.

    ``articles`` are by number, with CRLF line ends. ``high`` is the water mark, never lower than the last one.
    ``listgroup`` is ``range``, ``all`` (the range is not looked at), ``broken`` (as in public-inbox 1.9) or ``none``.
    ``unknown`` are commands that it does not know. ``dies_after`` is how many articles it sends before it breaks off.
    """

    articles: dict[int, bytes]
    high: int = 0
    listgroup: str = "range"
    unknown: tuple[bytes, ...] = ()
    dies_after: int | None = None
    heard: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    @property
    def url(self) -> str:
        return f"nntp://127.0.0.1:{self.port}/{GROUP}"

    def asked(self, keyword: bytes) -> list[bytes]:
        """Return the arguments of every such command heard, and forget what was heard."""
        found = [line[len(keyword) + 1 :] for line in self.heard if line.split()[0] == keyword]
        self.heard.clear()
        return found

    def speak(self, channel: Channel) -> None:
        channel.send(b"201 made\r\n")
        sent = 0
        while line := channel.line():
            self.heard.append(line)
            keyword, _, argument = line.partition(b" ")
            answer = self._answer(keyword, argument)
            if answer.startswith(b"220"):
                if self.dies_after is not None and sent >= self.dies_after:
                    channel.send(answer[: len(answer) // 2])
                    return
                sent += 1
            channel.send(answer)

    def _answer(self, keyword: bytes, argument: bytes) -> bytes:
        answers: dict[bytes, Callable[[bytes], bytes]] = {
            b"MODE": lambda _: b"201 reader\r\n",
            b"GROUP": self._group,
            b"STAT": lambda number: self._found(number, b"223"),
            b"ARTICLE": self._article,
            b"LISTGROUP": self._listgroup,
            b"HDR": lambda field: self._rows(field, b"225"),
            b"XHDR": lambda field: self._rows(field, b"221"),
            b"XOVER": lambda numbers: self._rows(b"x " + numbers, b"224"),
            b"QUIT": lambda _: b"205 bye\r\n",
        }
        if keyword in self.unknown or keyword not in answers:
            return b"500 what?\r\n"
        return answers[keyword](argument)

    def _group(self, name: bytes) -> bytes:
        if name != GROUP.encode():
            return b"411 no such group\r\n"
        numbers = self.articles.keys() or {1}
        high = max(self.high, *numbers) if self.articles else self.high
        return b"211 %d %d %d %b\r\n" % (len(self.articles), min(numbers), high, name)

    def _found(self, number: bytes, code: bytes) -> bytes:
        article = self.articles.get(int(number))
        if article is None:
            return b"423 no such article\r\n"
        own = article.partition(b"Message-ID: ")[2].partition(b"\r\n")[0]
        return b"%b %b %b\r\n" % (code, number, own)

    def _article(self, number: bytes) -> bytes:
        found = self._found(number, b"220")
        return found + block_of(self.articles[int(number)]) if found.startswith(b"2") else found

    def _listgroup(self, arguments: bytes) -> bytes:
        _, numbers = arguments.split()
        if self.listgroup == "broken":
            return b"211 9 1 9 x\r\nARRAY(0x55d0c8)\r\n.\r\n"
        within = self._within(numbers if self.listgroup == "range" else b"0-999999999")
        return b"211 9 1 9 x\r\n" + b"".join(b"%d\r\n" % number for number in within) + b".\r\n"

    def _rows(self, arguments: bytes, code: bytes) -> bytes:
        within = self._within(arguments.split()[1])
        if not within:
            return b"420 none\r\n"
        rows = b"".join(b"%d\t<x>\r\n" % number for number in within)
        return code + b" rows\r\n" + rows + b".\r\n"

    def _within(self, numbers: bytes) -> list[int]:
        low, high = map(int, numbers.split(b"-"))
        return [number for number in sorted(self.articles) if low <= number <= high]
