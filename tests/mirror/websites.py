"""A web server on loopback that gives files, breaks off, and remembers what it was asked."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from hashlib import blake2b
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

MODIFIED = 1_704_189_600


@dataclass(slots=True)
class Asked:
    """One request."""

    path: str
    headers: dict[str, str]
    status: int = 0
    port: int = 0  # the client's


@dataclass(slots=True)
class Website:
    """What it gives by path, and how. ``broken`` is after how many octets an answer to a path ends, once each."""

    files: dict[str, bytes] = field(default_factory=dict)
    answers: dict[str, tuple[int, dict[str, str]]] = field(default_factory=dict)
    broken: dict[str, list[int]] = field(default_factory=dict)
    modified: dict[str, int] = field(default_factory=dict)
    etags: bool = True
    undated: bool = False
    ranges: bool = True
    most: int | None = None  # octets of a rest
    chunked: bool = False
    ends_connections: bool = False
    asked: list[Asked] = field(default_factory=list)
    url: str = ""

    def paths(self) -> list[str]:
        """Return what was asked for since the last time, with the statuses."""
        paths = [f"{each.path} {each.status}" for each in self.asked]
        self.asked.clear()
        return paths


def etag(octets: bytes) -> str:
    return f'"{blake2b(octets, digest_size=8).hexdigest()}"'


@contextmanager
def website(context: ssl.SSLContext | None = None) -> Iterator[Website]:
    """Run a server while the block runs."""
    site = Website()
    server = _Server(("127.0.0.1", 0), _answerer(site))
    server.daemon_threads = True
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    scheme = "http" if context is None else "https"
    site.url = f"{scheme}://localhost:{server.server_address[1]}"
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _answerer(site: Website) -> type[BaseHTTPRequestHandler]:
    return type("Answerer", (_Answerer,), {"site": site})


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Be silent: a client may go at any time."""


class _Answerer(BaseHTTPRequestHandler):
    site: Website
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Be silent."""

    def do_GET(self) -> None:
        site = self.site
        asked = Asked(self.path, {k.lower(): v for k, v in self.headers.items()})
        asked.port = self.client_address[1]
        site.asked.append(asked)
        path = urlsplit(self.path).path
        if path in site.answers:
            status, headers = site.answers[path]
            self._answer(asked, status, headers, b"Not what was asked for.")
        elif path not in site.files:
            self._answer(asked, 404, {}, b"There is none.")
        else:
            self._give(asked, site.files[path], site.modified.get(path, MODIFIED))

    def _give(self, asked: Asked, octets: bytes, modified: int) -> None:
        version = {"Last-Modified": formatdate(modified, usegmt=True)}
        known = asked.headers.get("if-modified-since") == version["Last-Modified"]
        if self.site.undated:
            version.clear()
        if self.site.etags:
            version["ETag"] = etag(octets)
            known = asked.headers.get("if-none-match") == version["ETag"]
        start = int(asked.headers.get("range", "bytes=0-").partition("=")[2].rstrip("-"))
        is_same = asked.headers.get("if-range") in version.values()
        if known:
            self._answer(asked, 304, version, b"")
        elif start and is_same and start >= len(octets):
            self._answer(asked, 416, version, b"")
        elif start and is_same and self.site.ranges:
            rest = octets[start:][: self.site.most]
            version["Content-Range"] = f"bytes {start}-{start + len(rest) - 1}/{len(octets)}"
            self._answer(asked, 206, version, rest)
        else:
            self._answer(asked, 200, version, octets)

    def _answer(self, asked: Asked, status: int, headers: dict[str, str], body: bytes) -> None:
        asked.status = status
        breaks = self.site.broken.get(urlsplit(asked.path).path)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        chunked = self.site.chunked and status == 200
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        elif status != 304:
            self.send_header("Content-Length", str(len(body)))
        if body.startswith(b"<"):
            self.send_header("Content-Type", "text/html")
        self.end_headers()
        sent = body[: breaks.pop(0)] if breaks else body
        self.wfile.write(b"%x\r\n%b\r\n" % (len(sent), sent) if chunked else sent)
        if chunked and sent == body:
            self.wfile.write(b"0\r\n\r\n")
        self.close_connection = sent != body or self.site.ends_connections
