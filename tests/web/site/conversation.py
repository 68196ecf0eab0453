"""One connection to a web archive, without a socket: what is sent, and what comes back."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from gateway.access import Policy
from gateway.config import Limits
from gateway.connections import Connections, Peer
from gateway.transport import Manners, SessionProtocol
from gateway.web.session import Session
from gateway.web.settings import Settings
from gateway.web.site import Site
from tests.mail import NOW
from tests.server.scripted import Socket

if TYPE_CHECKING:
    from gateway.web.config import WebConfig
    from gateway.web.session import Responder, Talk
    from storage.archive import Archive

HOST: Final = b"Host: x.example\r\n"
DATE: Final = b"Date: Tue, 14 Nov 2023 22:13:20 GMT\r\nServer: listgate\r\n"  # NOW


@dataclass(slots=True)
class Got:
    """A response: the status, the fields in lower case, and the body as it was sent."""

    status: int
    fields: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body, decoded."""
        is_coded = self.fields.get("content-encoding") == "gzip"
        return (gzip.decompress(self.body) if is_coded else self.body).decode()


class Conversation:
    """A connection; time stands still unless it is moved."""

    def __init__(
        self,
        responder: Responder,
        clock: Clock | None = None,
        *,
        address: str = "192.0.2.1",
        secure: bool = False,
        limits: Limits | None = None,
        connections: Connections | None = None,
    ) -> None:
        self.clock = clock or Clock()
        if connections is None:  # one that is empty is false
            connections = Connections(limits or Limits(), self.clock)
        self.connections = connections
        self.session = Session(responder, Peer(address, secure))
        self.protocol = SessionProtocol(
            self.session, self.connections, address, None, Manners("web", 60, 2)
        )
        self.socket = Socket()
        self.protocol.makeConnection(self.socket)

    def say(self, octets: bytes) -> bytes:
        """Send octets; return all that comes back."""
        self.protocol.dataReceived(octets)
        return self.heard()

    def heard(self) -> bytes:
        """Return all that comes, with turns of the reactor as long as there is something to do."""
        said = self.socket.take_all()
        while any(call.getTime() <= self.clock.seconds() for call in self.clock.getDelayedCalls()):
            self.clock.advance(0)
            said += self.socket.take_all()
        return said

    def hang_up(self) -> None:
        """Lose the connection."""
        self.protocol.connectionLost(Failure(ConnectionDone()))

    def get(self, target: str, *fields: str, method: str = "GET") -> Got:
        """Return the response to a request."""
        lines = [f"{method} {target} HTTP/1.1", "Host: x.example", *fields, "", ""]
        return parsed(self.say("\r\n".join(lines).encode("latin-1")), method)


def parsed(octets: bytes, method: str = "GET") -> Got:
    """Return the one response that these octets are."""
    head, _, body = octets.partition(b"\r\n\r\n")
    status, *lines = head.decode("ascii").split("\r\n")
    version, code, _ = status.split(" ", 2)
    assert version == "HTTP/1.1"
    fields: dict[str, str] = {}
    for line in lines:
        name, value = line.split(": ", 1)
        assert name.lower() not in fields, f"{name} stands twice"
        fields[name.lower()] = value
    if method != "HEAD" and fields.get("transfer-encoding") == "chunked":
        body = _unchunked(body)
    elif "content-length" in fields:
        assert len(body) == (0 if method == "HEAD" else int(fields["content-length"]))
    return Got(int(code), fields, body)


def _unchunked(octets: bytes) -> bytes:
    pieces: list[bytes] = []
    while True:
        size, _, octets = octets.partition(b"\r\n")
        count = int(size, 16)
        assert octets[count : count + 2] == b"\r\n"
        if not count:
            assert octets == b"\r\n"
            return b"".join(pieces)
        pieces.append(octets[:count])
        octets = octets[count + 2 :]


class World:
    """A web archive, and connections to it."""

    def __init__(
        self,
        archive: Archive,
        settings: Settings | None = None,
        config: WebConfig | None = None,
        policy: Policy | None = None,
        *,
        limits: Limits | None = None,
    ) -> None:
        self.clock = Clock()
        self.clock.advance(1000)
        self.archive = archive
        self.talks: list[Talk] = []
        self.connections = Connections(limits or Limits(), self.clock)
        self.site = Site(
            archive,
            settings or Settings(),
            policy or Policy(),
            self.clock,  # type: ignore[arg-type]  # of which the time is all that is asked
            config,
            tell=self.talks.append,
            now=lambda: NOW + self.clock.seconds() - 1000,
        )

    def connect(self, address: str = "192.0.2.1", *, secure: bool = False) -> Conversation:
        """Return a new connection."""
        return Conversation(
            self.site,
            self.clock,
            address=address,
            secure=secure,
            connections=self.connections,
        )

    def get(self, target: str, *fields: str, method: str = "GET") -> Got:
        """Return the response to a request, over a connection of its own, from this machine."""
        talk = self.connect("127.0.0.1")
        got = talk.get(target, *fields, method=method)
        talk.hang_up()
        return got
