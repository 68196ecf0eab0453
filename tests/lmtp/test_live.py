"""A mail over the real transport: slow clients, ones that vanish, and a server that ends while a mail is being stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from gateway.acceptance import Outcome
from gateway.config import Limits
from gateway.connections import Connections
from gateway.lmtp import Session, Settings
from gateway.transport import SessionProtocol
from tests.lmtp.world import HOST, World
from tests.mail import MemoryEngine
from tests.server.scripted import Socket

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

BEGUN = b"LHLO mta\r\nMAIL FROM:<>\r\nRCPT TO:<lists.alpha>\r\nDATA\r\n"
MAIL = b"Message-ID: <a@x.example>\r\n\r\nText.\r\n"


class Held:
    """Takes mails, and tells what became of them when it is told to."""

    def __init__(self) -> None:
        self.taken: list[tuple[Sequence[str], bytes]] = []
        self.answer: Deferred[Mapping[str, Outcome]] = Deferred()

    def accept(self, names: Sequence[str], raw: bytes) -> Deferred[Mapping[str, Outcome]]:
        self.taken.append((names, raw))
        return self.answer

    def pending(self) -> int:
        return 0

    def tell(self) -> None:
        self.answer.callback({"lists.alpha": Outcome.ADDED})


class Sender:
    """A mail server's connection, as ours has it; it has begun a mail."""

    def __init__(self, held: Held) -> None:
        self.clock = Clock()
        self.limits = Limits()
        world = World(MemoryEngine())
        session = Session(held, world.recipients, Settings(HOST))
        self.socket = Socket()
        self.protocol = SessionProtocol(session, Connections(self.limits, self.clock), "", None)
        self.protocol.makeConnection(self.socket)
        assert self.say(BEGUN).endswith(b"\r\n354 end with a line that is a dot\r\n")

    def say(self, data: bytes) -> bytes:
        self.protocol.dataReceived(data)
        return self.socket.take()


@pytest.fixture
def held() -> Held:
    return Held()


@pytest.fixture
def sender(held: Held) -> Sender:
    return Sender(held)


def test_a_slow_mail_keeps_its_connection(held: Held, sender: Sender) -> None:
    sender.say(MAIL)
    for _ in range(10):
        assert sender.say(b"x" * 5000 + b"\r\n") == b""
        sender.clock.advance(sender.limits.idle_seconds * 2 / 3)
        sender.protocol.end_if_overdue(sender.clock.seconds())
    assert not sender.socket.is_closing()
    assert sender.say(b".\r\n") == b""
    assert len(held.taken) == 1


def test_one_that_sends_a_little_now_and_then_does_not(sender: Sender) -> None:
    for _ in range(2):
        assert sender.say(b"x\r\n") == b""
        sender.clock.advance(sender.limits.idle_seconds * 2 / 3)
        sender.protocol.end_if_overdue(sender.clock.seconds())
    assert sender.socket.is_closing()


def test_who_vanishes_disturbs_nobody(
    held: Held, sender: Sender, caplog: pytest.LogCaptureFixture
) -> None:
    assert sender.say(MAIL + b".\r\n") == b""
    sender.protocol.connectionLost(Failure(ConnectionDone()))
    held.tell()
    assert not caplog.records


def test_what_became_of_a_mail_is_told_before_the_server_ends(held: Held, sender: Sender) -> None:
    assert sender.say(MAIL + b".\r\n") == b""
    sender.protocol.end("bye")
    assert sender.say(b"MAIL FROM:<>\r\n") == b""
    held.tell()
    assert sender.socket.take() == (
        b"250 2.6.0 lists.alpha: stored\r\n421 4.3.2 mail.x.example bye\r\n"
    )
    assert sender.socket.is_closing()


def test_half_a_mail_is_not_taken_when_the_server_ends(held: Held, sender: Sender) -> None:
    sender.say(MAIL)
    sender.protocol.end("bye")
    assert sender.say(b".\r\n") == b"421 4.3.2 mail.x.example bye\r\n"
    assert held.taken == []
