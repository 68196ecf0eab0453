"""The web archive over real sockets: what needs the kernel, TLS or the whole server."""

from __future__ import annotations

import http.client
import socket
import ssl
from typing import TYPE_CHECKING

import pytest

from gateway.access import Policy
from gateway.config import Config, Limits
from gateway.listeners import parse_listener
from gateway.metrics_face import METRICS_MANNERS, Measured, MetricsFace
from gateway.passwords import Users
from gateway.server import Face, Server
from gateway.slots import Slots
from gateway.tls import ServerCertificate
from gateway.web_face import WebFace
from tests.mail import SqliteEngine, fill, mail

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from twisted.internet.base import ReactorBase

    from tests.server.conftest import RunInReactor

NONE = {"nntp": (), "imap": ()}


class Served:
    """A server with a web face, one with TLS, and metrics."""

    def __init__(self, ports: list[int], directory: Path) -> None:
        self.plain, self.tls, self.metrics = ports
        self.log = directory / "access.log"

    def connect(self, port: int) -> socket.socket:
        return socket.create_connection(("127.0.0.1", port), timeout=20)


@pytest.fixture
def served(
    reactor: ReactorBase,
    run_in_reactor: RunInReactor,
    tmp_path: Path,
    pem: tuple[Path, Path],
) -> Iterator[Served]:
    engine = SqliteEngine(tmp_path / "archive")
    fill(engine.writer(), "lists.alpha", [mail("one"), mail("large", body="x" * 3_000_000)])
    archive = engine.archive()
    config = Config()
    web = WebFace(archive, config, NONE, Policy(), Users({}), reactor=reactor)
    web.replace(config)
    measured = Measured(tmp_path / "archive", archive, web.counts, web.site, lambda: server)
    listener = parse_listener("127.0.0.1:0")
    server = Server(
        archive,
        [
            Face(
                "",
                "http",
                [listener, parse_listener("127.0.0.1:0", tls=True)],
                web.session,
                web.manners,
            ),
            Face(
                "",
                "http",
                [listener],
                MetricsFace(measured, Slots(1), 0, reactor).session,
                METRICS_MANNERS,
            ),
        ],
        Limits(drain_seconds=1),
        reactor,
        certificate=ServerCertificate(*pem),
    )
    urls = run_in_reactor(server.start)
    yield Served([int(url.rstrip("/").rpartition(":")[2]) for url in urls], tmp_path)
    run_in_reactor(server.stop)
    web.close()
    engine.close()


def read_all(connected: socket.socket) -> bytes:
    pieces = []
    while piece := connected.recv(1 << 16):
        pieces.append(piece)
    return b"".join(pieces)


def test_our_last_words_are_heard_by_who_still_sends(served: Served) -> None:
    with served.connect(served.plain) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000\r\n\r\n")
        for _ in range(20):
            client.sendall(bytes(50_000))
        said = read_all(client)
    assert said.startswith(b"HTTP/1.1 405 ")
    assert said.rstrip().endswith(b"</html>")


def test_tls(served: Served) -> None:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    client = http.client.HTTPSConnection("127.0.0.1", served.tls, context=context, timeout=20)
    for _ in range(2):
        client.request("GET", "/lists.alpha/m/large@x.example/raw")
        response = client.getresponse()
        assert response.status == 200
        assert len(response.read()) > 3_000_000
    client.request("GET", "/lists.alpha/m/one@x.example")
    assert b'href="https://127.0.0.1:%d/' % served.tls in client.getresponse().read()
    client.close()


def test_keep_alive(served: Served) -> None:
    client = http.client.HTTPConnection("127.0.0.1", served.plain, timeout=20)
    client.connect()
    first = client.sock
    for path, status in (("/", 200), ("/nothing", 404), ("/lists.alpha/", 200)):
        client.request("GET", path)
        response = client.getresponse()
        assert response.status == status
        response.read()
        assert client.sock is first
    client.close()


def test_metrics(served: Served) -> None:
    with served.connect(served.plain) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.recv(1 << 16).startswith(b"HTTP/1.1 200 ")
        scraped = http.client.HTTPConnection("127.0.0.1", served.metrics, timeout=20)
        scraped.request("GET", "/metrics")
        response = scraped.getresponse()
        text = response.read().decode()
        assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        scraped.close()
    lines = set(text.splitlines())
    for line in (
        'listgate_http_requests_total{status="2xx",worker="1"} 1',
        'listgate_http_request_duration_seconds_count{worker="1"} 1',
        'listgate_http_request_duration_seconds_bucket{le="+Inf",worker="1"} 1',
        "listgate_lists 1",
        "listgate_messages 2",
        'listgate_connections{face="metrics",worker="1"} 1',
        'listgate_connections{face="web",worker="1"} 1',
        'listgate_answered_total{face="web",worker="1"} 1',
        "# TYPE process_resident_memory_bytes gauge",
    ):
        assert line in lines, line
    for path, status in (("/", 404), ("/metrics?x", 200)):
        scraped = http.client.HTTPConnection("127.0.0.1", served.metrics, timeout=20)
        scraped.request("GET", path)
        assert scraped.getresponse().status == status
        scraped.close()
