"""The whole of it over real sockets; what has a clock or a fault in it is tested without, next door."""

from __future__ import annotations

import contextlib
import os
import re
import resource
import signal
import socket
import ssl
import subprocess
import sys
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from twisted.internet.task import Clock

from gateway.config import Limits
from gateway.listeners import parse_listener
from gateway.server import CannotListen, Face, Server
from gateway.tls import ServerCertificate
from gateway.wire import CHUNK_OCTETS
from storage.errors import ArchiveUnavailable
from tests.server.scripted import ScriptedSession

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from twisted.internet.base import ReactorBase

    from storage.archive import Archive
    from tests.server.conftest import RunInReactor


class Catalogue:
    """As much of an archive as a server asks for."""

    def __init__(self) -> None:
        self.refreshed = 0
        self.is_there = True

    def refresh(self) -> bool:
        self.refreshed += 1
        if not self.is_there:
            raise ArchiveUnavailable("locked")
        return False


class Running:
    """A server that listens, and clients of it."""

    def __init__(self, urls: Sequence[str]) -> None:
        self.urls = urls

    @contextlib.contextmanager
    def client(self, at: int = 0) -> Iterator[socket.socket]:
        port = int(self.urls[at].rstrip("/").rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connected:
            yield connected


@pytest.fixture
def serve(
    reactor: ReactorBase, run_in_reactor: RunInReactor, pem: tuple[Path, Path]
) -> Iterator[Callable[..., Running]]:
    """Start servers; they stop with the test."""
    servers = []

    def start(*texts: str, tls: bool = False, limits: Limits | None = None) -> Running:
        listeners = [parse_listener(text, tls=tls) for text in texts]
        face = Face("--nntp HOST:PORT", "nntp", listeners, ScriptedSession)
        server = Server(
            cast("Archive", Catalogue()),
            [face],
            limits or Limits(drain_seconds=1),
            reactor,
            certificate=ServerCertificate(*pem),
        )
        urls = run_in_reactor(server.start)
        servers.append(server)
        return Running(urls)

    yield start
    for server in servers:
        run_in_reactor(server.stop)


def _say(connected: socket.socket, data: bytes, until: bytes) -> bytes:
    connected.sendall(data)
    got = b""
    while not got.endswith(until):
        piece = connected.recv(1 << 16)
        assert piece, got
        got += piece
    return got


def test_the_port_given_by_the_system_is_told(serve: Callable[..., Running]) -> None:
    running = serve("127.0.0.1:0", "localhost:0")
    assert re.fullmatch(r"nntp://127\.0\.0\.1:[1-9]\d*/", running.urls[0])
    assert re.fullmatch(r"nntp://localhost:[1-9]\d*/", running.urls[1])
    for at in (0, 1):
        with running.client(at) as client:
            assert _say(client, b"ECHO a\r\n", b"a\r\n") == b"200 hello\r\na\r\n"


def test_a_face_on_all_addresses_is_told_under_the_machines_name(
    serve: Callable[..., Running],
) -> None:
    running = serve(":0")
    assert running.urls[0].startswith(f"nntp://{socket.gethostname()}:")
    with running.client() as client:
        _say(client, b"ECHO a\r\n", b"a\r\n")


def test_a_local_socket(serve: Callable[..., Running], tmp_path: Path) -> None:
    path = tmp_path / "s"
    running = serve(f"unix:{path}")
    assert running.urls == [f"unix:{path}"]
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(10)
        client.connect(str(path))
        _say(client, b"ECHO a\r\n", b"a\r\n")


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_ipv6(serve: Callable[..., Running]) -> None:
    try:
        running = serve("[::1]:0")
    except CannotListen:
        pytest.skip("no IPv6 here")
    assert re.fullmatch(r"nntp://\[::1\]:[1-9]\d*/", running.urls[0])
    assert re.fullmatch(r"nntp://\[::1\]:[1-9]\d*/", serve(r"tcp6:0:interface=\:\:1").urls[0])


def test_starttls_and_then_deflate(serve: Callable[..., Running], pem: tuple[Path, Path]) -> None:
    with serve("127.0.0.1:0").client() as client:
        _say(client, b"TLS\r\n", b"382 go on\r\n")
        with _trusting(pem).wrap_socket(client, server_hostname="localhost") as secure:
            _say(secure, b"ECHO safe\r\n", b"safe\r\n")
            big = _say(secure, b"BIG 20\r\nECHO end\r\n", b"end\r\n")
            assert len(big) == 20 * CHUNK_OCTETS + 5
            _say(secure, b"DEFLATE\r\n", b"382 go on\r\n")
            deflate = zlib.compressobj(wbits=-15)
            secure.sendall(deflate.compress(b"ECHO small\r\n") + deflate.flush(zlib.Z_SYNC_FLUSH))
            assert zlib.decompressobj(-15).decompress(secure.recv(1000)) == b"small\r\n"


def test_tls_from_the_start(serve: Callable[..., Running], pem: tuple[Path, Path]) -> None:
    running = serve("127.0.0.1:0", tls=True)
    assert running.urls[0].startswith("nntps://127.0.0.1:")
    with (
        running.client() as client,
        _trusting(pem).wrap_socket(client, server_hostname="localhost") as secure,
    ):
        assert (
            len(_say(secure, b"BIG 20\r\nQUIT\r\n", b"205 bye\r\n")) == 11 + 20 * CHUNK_OCTETS + 9
        )
        assert secure.recv(1) == b""


def test_a_port_in_use_is_one_line(serve: Callable[..., Running]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        where = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(CannotListen) as caught:
            serve("127.0.0.1:0", where)
    assert str(caught.value) == (
        f"cannot listen on {where}: address already in use; choose another with --nntp HOST:PORT"
    )


@pytest.mark.parametrize("text", ["tcp:nonsense", "tcp:1:2:3:4", "ssl:0", "no-such-host.invalid:0"])
def test_places_that_cannot_be_had_are_one_line(serve: Callable[..., Running], text: str) -> None:
    with pytest.raises(CannotListen) as caught:
        serve(text)
    assert str(caught.value).startswith(f"cannot listen on {text}: ")
    assert "\n" not in str(caught.value)


def test_without_a_certificate_there_is_no_implicit_tls(
    reactor: ReactorBase, run_in_reactor: RunInReactor
) -> None:
    face = Face("--nntp HOST:PORT", "nntp", [parse_listener("0", tls=True)], ScriptedSession)
    server = Server(cast("Archive", Catalogue()), [face], Limits(), reactor)
    with pytest.raises(CannotListen, match="needs a certificate"):
        run_in_reactor(server.start)


def test_the_catalogue_is_kept_fresh_and_trouble_is_told_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    catalogue, clock = Catalogue(), Clock()
    server = Server(cast("Archive", catalogue), [], Limits(), cast("ReactorBase", clock))
    starting = server.start()
    with pytest.raises(StopIteration):
        starting.send(None)
    assert catalogue.refreshed == 1
    clock.pump([0.5] * 4)
    assert catalogue.refreshed == 5
    catalogue.is_there = False
    clock.pump([0.5] * 4)
    assert caplog.text.count("locked") == 1
    catalogue.is_there = True
    clock.pump([0.5])
    assert catalogue.refreshed == 10


@pytest.mark.parametrize(
    ("soft", "hard", "raised_to"),
    [(100, 500, 266), (100, 200, 200), (100, -1, 266), (1000, 2000, None), (-1, -1, None)],
)
def test_as_many_files_may_be_open_as_connections_need(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    soft: int,
    hard: int,
    raised_to: int | None,
) -> None:
    limits: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda _, both: limits.append(both))
    clock = cast("ReactorBase", Clock())
    server = Server(cast("Archive", Catalogue()), [], Limits(connections=10), clock)
    with pytest.raises(StopIteration):
        server.start().send(None)
    assert limits == ([] if raised_to is None else [(raised_to, hard)])
    assert bool(caplog.records) is (raised_to == 200)


PROGRAM = """
import sys
from twisted.internet import reactor
from gateway.config import Limits
from gateway.listeners import parse_listener
from gateway.server import CannotListen, Face, Server, run
from tests.server.scripted import ScriptedSession
from tests.server.test_server import Catalogue
import logging
logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")

reloads = []
def reload():
    reloads.append(1)
    logging.info("reloaded %d", len(reloads))

face = Face("--nntp HOST:PORT", "nntp", [parse_listener(sys.argv[1])], ScriptedSession)
server = Server(Catalogue(), [face], Limits(drain_seconds=60), reactor)
try:
    run(server, reactor, ready=lambda urls: print(*urls, flush=True), reload=reload)
except CannotListen as error:
    sys.exit(f"listgate: {error}")
"""


@contextlib.contextmanager
def _program(where: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, where],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as program:
        yield program
        program.kill()


def test_signals() -> None:
    with _program("127.0.0.1:0") as program:
        assert program.stdout is not None
        assert program.stderr is not None
        running = Running(program.stdout.readline().split())
        for expected in ("INFO reloaded 1", "INFO reloaded 2"):
            os.kill(program.pid, signal.SIGHUP)
            assert program.stderr.readline().startswith(expected)
        with running.client() as idle, running.client() as busy:
            _say(idle, b"", b"hello\r\n")
            _say(busy, b"WAIT\r\n", b"before\r\n")
            os.kill(program.pid, signal.SIGTERM)
            assert _say(idle, b"", b"down\r\n") == b"400 the server is shutting down\r\n"
            assert idle.recv(1) == b""
            os.kill(program.pid, signal.SIGINT)
            with contextlib.suppress(ConnectionResetError):
                assert busy.recv(1) == b""
        assert program.wait(10) == 0
        assert program.stderr.read() == ""


def test_a_port_in_use_ends_the_program_with_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        where = f"127.0.0.1:{taken.getsockname()[1]}"
        with _program(where) as program:
            _, errors = program.communicate(timeout=20)
            assert program.returncode == 1
            assert re.fullmatch(r"listgate: cannot listen on [^\n]*\n", errors)


def _trusting(pem: tuple[Path, Path]) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(pem[0]))
