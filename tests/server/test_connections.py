from __future__ import annotations

import pytest
from twisted.internet.address import IPv4Address, UNIXAddress
from twisted.internet.task import Clock

from gateway.config import Limits
from gateway.connections import Connections, Peer, SessionFactory
from gateway.wire import CHUNK_OCTETS
from tests.server.scripted import Client, ScriptedSession


def test_one_too_many_is_told_and_closed() -> None:
    connections = Connections(Limits(connections=2), Clock())
    clients = [Client(connections=connections, address=f"192.0.2.{at}") for at in range(3)]
    assert [client.greeting[:3] for client in clients] == [b"200", b"200", b"400"]
    assert clients[2].socket.is_closing()
    clients[0].hang_up()
    assert Client(connections=connections).greeting.startswith(b"200")


@pytest.mark.parametrize(
    ("first", "second", "counts_as_one"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2%eth0", True),
        ("127.0.0.1", "127.0.0.1", False),
        ("::1", "::1", False),
        ("::ffff:127.0.0.1", "::ffff:127.0.0.1", False),
        ("", "", False),
    ],
)
def test_one_address_has_its_share(first: str, second: str, counts_as_one: bool) -> None:
    connections = Connections(Limits(connections_per_address=1), Clock())
    one = Client(connections=connections, address=first)
    two = Client(connections=connections, address=second)
    assert two.greeting.startswith(b"400" if counts_as_one else b"200")
    two.hang_up()
    one.hang_up()
    assert Client(connections=connections, address=second).greeting.startswith(b"200")


class TestDrain:
    def test_idle_connections_end_at_once(self) -> None:
        client = Client()
        gone: list[None] = []
        client.connections.drain("closing down").addCallback(gone.append)
        assert client.socket.take() == b"400 closing down\r\n"
        assert client.socket.is_closing()
        assert not gone
        client.hang_up()
        assert gone == [None]
        assert not client.clock.calls

    def test_a_running_reply_ends_first(self) -> None:
        client = Client()
        client.protocol.dataReceived(b"BIG 5\r\n")
        client.connections.drain("closing down")
        client.protocol.dataReceived(b"ECHO too late\r\n")
        assert client.socket.take_all() == bytes(5 * CHUNK_OCTETS) + b"400 closing down\r\n"
        assert client.socket.is_closing()

    def test_a_reply_without_end_is_cut(self) -> None:
        client = Client(Limits(drain_seconds=10))
        client.protocol.dataReceived(b"BIG 5\r\n")
        client.connections.drain("closing down")
        client.clock.advance(9)
        assert not client.socket.was_aborted()
        client.clock.advance(1)
        assert client.socket.was_aborted()

    def test_without_connections_it_is_done(self) -> None:
        connections = Connections(Limits(), Clock())
        connections.start()
        assert connections.drain("closing down").called

    def test_newcomers_are_refused(self) -> None:
        client = Client()
        client.connections.drain("closing down")
        late = Client(connections=client.connections)
        assert late.greeting == b"400 closing down\r\n"

    def test_who_is_closing_already_is_told_nothing_more(self) -> None:
        client = Client()
        assert client.say(b"QUIT\r\n") == b"205 bye\r\n"
        client.connections.drain("closing down")
        assert client.socket.take() == b""


def test_one_faulty_connection_does_not_end_the_watch(caplog: pytest.LogCaptureFixture) -> None:
    connections = Connections(Limits(first_command_seconds=1), Clock())
    connections.start()
    faulty, other = Client(connections=connections), Client(connections=connections)
    faulty.session.expire = lambda reason: reason[99]  # type: ignore[method-assign,assignment,return-value]  # raises
    other.clock.advance(5)
    assert faulty.socket.was_aborted()
    assert other.socket.is_closing()
    assert "could not be ended" in caplog.text


def test_the_factory_tells_the_session_who_connected() -> None:
    connections = Connections(Limits(), Clock())
    seen: list[Peer] = []

    def make_session(peer: Peer) -> ScriptedSession:
        seen.append(peer)
        return ScriptedSession(peer)

    factory = SessionFactory(make_session, connections, secure=True)
    assert factory.buildProtocol(IPv4Address("TCP", "192.0.2.1", 5)).address == "192.0.2.1"
    assert factory.buildProtocol(UNIXAddress("/run/nntp")).address == ""
    assert seen == [Peer("192.0.2.1", True), Peer("", True)]
