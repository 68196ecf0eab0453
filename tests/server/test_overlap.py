"""Articles from peers over the real transport: what is read, said and waited for while others are being stored."""

from __future__ import annotations

import zlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from gateway.acceptance import Outcome
from gateway.config import Limits
from gateway.connections import Connections
from gateway.nntp.late import MAX_OCTETS, MAX_REPLIES
from gateway.transport import SessionProtocol
from tests.mail import MemoryEngine
from tests.nntp.world import PEER_ADDRESS, PEERS, article, build, session, sink_of, takethis
from tests.server.scripted import Socket

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Held:
    """Takes what is handed in, and tells what became of it when it is told to."""

    def __init__(self) -> None:
        self.taken: list[tuple[Sequence[str], bytes]] = []
        self.answers: list[Deferred[Mapping[str, Outcome]]] = []
        self.octets = 0

    def accept(self, names: Sequence[str], raw: bytes) -> Deferred[Mapping[str, Outcome]]:
        self.taken.append((names, raw))
        self.answers.append(Deferred())
        return self.answers[-1]

    def pending(self) -> int:
        return self.octets

    def tell(self, at: int, outcome: Outcome = Outcome.ADDED) -> None:
        """Tell what became of one of them."""
        self.answers[at].callback(dict.fromkeys(self.taken[at][0], outcome))


class Served:
    """An archive, and what takes articles for it, of up to ``max_article`` octets."""

    def __init__(self, held: Held, max_article: int = 2000) -> None:
        self.archive = build(MemoryEngine())
        self.sink = sink_of(self.archive, held)
        self.sink.peers.replace([replace(grant, max_article=max_article) for grant in PEERS])


class Peer:
    """A peer's connection, as the server has it."""

    def __init__(
        self, served: Served, limits: Limits | None = None, address: str = PEER_ADDRESS
    ) -> None:
        self.clock = Clock()
        connections = Connections(limits or Limits(input_octets=4096), self.clock)
        talking = session(served.archive, sink=served.sink, address=address)
        self.socket = Socket()
        self.protocol = SessionProtocol(talking, connections, address, None)
        self.protocol.makeConnection(self.socket)
        self.hear()

    def say(self, *data: bytes) -> bytes:
        """Send octets; return what is said at once."""
        for piece in data:
            self.protocol.dataReceived(piece)
        return self.hear()

    def hear(self) -> bytes:
        """Return what is said, without anything more being sent."""
        self.clock.advance(0)
        return self.socket.take()

    def hang_up(self) -> None:
        self.protocol.connectionLost(Failure(ConnectionDone()))

    def is_deaf(self) -> bool:
        return self.socket.producerState == "paused"


@pytest.fixture
def held() -> Held:
    return Held()


@pytest.fixture
def served(held: Held) -> Served:
    return Served(held)


@pytest.fixture
def peer(served: Served) -> Peer:
    return Peer(served)


def test_commands_are_read_while_an_article_is_stored_and_answered_in_order(
    held: Held, peer: Peer
) -> None:
    assert peer.say(takethis("a", article("a")), takethis("b", article("b"))) == b""
    assert peer.say(b"CHECK <c@x.example>\r\n") == b""
    assert len(held.taken) == 2
    held.tell(1)
    assert peer.hear() == b""
    held.tell(0, Outcome.KNOWN)
    assert peer.hear() == (
        b"439 <a@x.example> duplicate\r\n239 <b@x.example>\r\n238 <c@x.example>\r\n"
    )
    assert peer.say(b"CHECK <c@x.example>\r\n") == b"238 <c@x.example>\r\n"


def test_replies_go_out_although_the_peer_sends_nothing_more(held: Held, peer: Peer) -> None:
    for own in ("a", "b", "c"):
        assert peer.say(takethis(own, article(own))) == b""
        held.tell(-1)
        assert peer.hear() == b"239 <%b@x.example>\r\n" % own.encode()


def test_what_ends_in_one_turn_is_told_in_one_write(held: Held, peer: Peer) -> None:
    for at in range(20):
        peer.say(takethis(f"m{at}", article(f"m{at}")))
    before = peer.socket.writes
    for at in range(20):
        held.tell(at)
    assert peer.hear().count(b"239 ") == 20
    assert peer.socket.writes == before + 1


def test_an_article_is_in_flight_for_every_connection_until_its_end_is_known(
    held: Held, peer: Peer, served: Served
) -> None:
    other = Peer(served)
    peer.say(takethis("a", article("a")))
    assert other.say(b"CHECK <a@x.example>\r\n") == b"431 <a@x.example>\r\n"
    assert other.say(b"IHAVE <a@x.example>\r\n") == b"436 try again later\r\n"
    assert peer.say(b"CHECK <a@x.example>\r\n") == b""
    held.tell(0, Outcome.WITHHELD)
    assert peer.hear() == b"439 <a@x.example> not wanted here\r\n431 <a@x.example>\r\n"
    assert peer.say(b"CHECK <a@x.example>\r\n") == b"238 <a@x.example>\r\n"


@pytest.mark.parametrize("by_ihave", [False, True])
def test_of_two_articles_with_one_id_the_first_is_stored(
    held: Held, served: Served, *, by_ihave: bool
) -> None:
    one, two, three = (Peer(served) for _ in range(3))
    if by_ihave:
        assert two.say(b"IHAVE <a@x.example>\r\n").startswith(b"335 ")
    assert one.say(takethis("a", article("a"))) == b""
    other = article("a", groups="lists.beta,lists.alpha", body=b"Other text.\r\n")
    sent = takethis("a", other)
    assert two.say(sent.partition(b"\r\n")[2] if by_ihave else sent) == b""
    assert three.say(takethis("a", article("a"))) == b""
    assert len(held.taken) == 1
    held.tell(0)
    assert one.hear() == b"239 <a@x.example>\r\n"
    assert held.taken[1:] == [(["lists.beta"], other)]  # where the id was free still
    assert two.hear() + three.hear() == b""
    held.tell(1)
    assert two.hear() == (b"235 article stored\r\n" if by_ihave else b"239 <a@x.example>\r\n")
    assert three.hear() == b"439 <a@x.example> duplicate\r\n"


def test_a_second_article_takes_the_place_of_one_that_could_not_be_stored(
    held: Held, served: Served
) -> None:
    one, two = Peer(served), Peer(served)
    one.say(takethis("a", article("a")))
    two.say(takethis("a", article("a")))
    one.hang_up()
    held.answers[0].errback(RuntimeError("as scripted"))
    assert len(held.taken) == 2
    held.tell(1)
    assert two.hear() == b"239 <a@x.example>\r\n"


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        (b"DATE", b"111 20261122063526"),
        (b"NOSUCH", b"500 unknown command"),
        (b"QUIT", b"205 goodbye"),
        (b"COMPRESS DEFLATE", b"206 compression begins now"),
        (b"IHAVE <one@x.example>", b"435 not wanted here"),
        (b"x" * 600, b"501 line too long"),
    ],
)
def test_other_commands_are_run_when_all_replies_before_are_out(
    held: Held, peer: Peer, command: bytes, answer: bytes
) -> None:
    peer.say(takethis("a", article("a")), takethis("b", article("b")))
    assert peer.say(command + b"\r\n") == b""
    held.tell(0)
    assert peer.hear() == b"239 <a@x.example>\r\n"
    held.tell(1)
    assert peer.hear() == b"239 <b@x.example>\r\n%b\r\n" % answer


def test_refusals_keep_their_place(held: Held, peer: Peer) -> None:
    peer.say(takethis("a", article("a")), takethis("a", article("b")))
    assert peer.say(b"CHECK b\r\nTAKETHIS\r\n.\r\n") == b""
    held.tell(0)
    assert peer.hear() == (
        b"239 <a@x.example>\r\n"
        b"439 <a@x.example> another Message-ID than the one offered (RFC 4644 s. 2.5)\r\n"
        b"501 syntax error in message-id\r\n"
        b"501 syntax: TAKETHIS message-id\r\n"
    )


def test_an_article_may_be_larger_than_the_input_that_may_wait(
    held: Held,
) -> None:
    peer = Peer(Served(held, max_article=1 << 20))
    text = article("a", body=b"x" * 70 + b"\r\n" + b".line\r\n" * 100_000)
    data = takethis("a", text)
    for at in range(0, len(data), 1000):
        assert peer.say(data[at : at + 1000]) == b""
        assert not peer.is_deaf()
    assert held.taken == [(["lists.alpha"], text)]


def test_input_waits_for_a_command_that_waits_for_replies(held: Held, peer: Peer) -> None:
    peer.say(takethis("a", article("a")), b"DATE\r\n")
    body = b"x" * 1500 + b"\r\n"
    peer.say(b"".join(takethis(own, article(own, body=body)) for own in "bcde"))
    assert peer.is_deaf()
    assert len(held.taken) == 1
    held.tell(0)
    assert peer.hear().startswith(b"239 <a@x.example>\r\n111 ")
    assert not peer.is_deaf()
    assert len(held.taken) == 5


def test_how_much_may_be_late_is_bounded(held: Held, peer: Peer) -> None:
    peer.say(takethis("a", article("a")))
    for _ in range(MAX_REPLIES + 1000):
        peer.say(b"CHECK <one@x.example>\r\n")
    assert peer.is_deaf()
    held.tell(0)
    said = peer.hear() + peer.socket.take_all()
    peer.clock.advance(1)
    said += peer.hear()
    assert said.count(b"438 ") == MAX_REPLIES + 1000
    assert not peer.is_deaf()


def test_how_many_octets_may_be_late_is_bounded(held: Held) -> None:
    peer = Peer(Served(held, max_article=2 * MAX_OCTETS))
    text = article("a", body=b"x" * MAX_OCTETS + b"\r\n")
    peer.say(takethis("a", text), takethis("b", article("b")))
    assert [raw for _, raw in held.taken] == [text]
    held.tell(0)
    peer.hear()
    assert len(held.taken) == 2


def test_what_cannot_be_stored_now_ends_the_connection_behind_what_was_before(
    held: Held, peer: Peer
) -> None:
    peer.say(*(takethis(own, article(own)) for own in "abc"))
    held.tell(1, Outcome.UNAVAILABLE)
    held.tell(2)
    assert peer.hear() == b""
    held.tell(0)
    assert peer.hear() == b"239 <a@x.example>\r\n400 try again later\r\n"
    assert peer.socket.is_closing()
    assert peer.say(b"DATE\r\n") == b""


def test_a_fault_of_the_acceptor_is_no_refusal(
    held: Held, peer: Peer, caplog: pytest.LogCaptureFixture
) -> None:
    peer.say(takethis("a", article("a")))
    held.answers[0].errback(RuntimeError("as scripted"))
    assert peer.hear() == b"400 try again later\r\n"
    assert "as scripted" in caplog.text


def test_a_lost_connection_leaves_nothing_in_flight(
    held: Held, peer: Peer, served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    peer.say(takethis("a", article("a")), b"DATE\r\n")  # so that the session waits for it as well
    peer.hang_up()
    other = Peer(served)
    assert other.say(b"CHECK <a@x.example>\r\n") == b"431 <a@x.example>\r\n"
    held.tell(0)
    assert other.say(b"CHECK <a@x.example>\r\n") == b"438 <a@x.example>\r\n"
    assert peer.hear() == b""
    assert not caplog.records


def test_an_article_that_came_by_ihave_is_stored_though_the_connection_is_lost(
    held: Held, peer: Peer, served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    assert peer.say(b"IHAVE <a@x.example>\r\n").startswith(b"335 ")
    assert peer.say(article("a") + b".\r\n") == b""
    peer.hang_up()
    other = Peer(served)
    assert other.say(b"CHECK <a@x.example>\r\n") == b"431 <a@x.example>\r\n"
    held.tell(0)
    assert other.say(b"CHECK <a@x.example>\r\n") == b"438 <a@x.example>\r\n"
    assert not caplog.records


def test_a_server_that_stops_tells_first_what_became_of_articles(held: Held, peer: Peer) -> None:
    peer.say(takethis("a", article("a")), takethis("b", article("b")))
    peer.protocol.end("bye")
    assert peer.say(takethis("c", article("c"))) == b""
    held.tell(0)
    assert peer.hear() == b"239 <a@x.example>\r\n"
    assert not peer.socket.is_closing()
    held.tell(1)
    assert peer.hear() == b"239 <b@x.example>\r\n400 bye\r\n"
    assert peer.socket.is_closing()
    assert len(held.taken) == 2


def test_a_slow_article_keeps_its_connection(held: Held) -> None:
    limits, served = Limits(idle_seconds=200), Served(held, max_article=1 << 20)
    peer, stranger = Peer(served, limits), Peer(served, limits, "198.51.100.1")
    for each in (peer, stranger):
        each.say(b"DATE\r\nTAKETHIS <a@x.example>\r\n" + article("a"))
        for _ in range(10):
            each.say(b"x" * 5000 + b"\r\n")
            each.clock.advance(100)
            each.protocol.end_if_overdue(each.clock.seconds())
    assert peer.hear() == b""
    assert peer.say(b".\r\n") == b""
    assert len(held.taken) == 1
    assert stranger.socket.is_closing()


def test_nothing_more_is_asked_for_while_much_waits(held: Held, peer: Peer) -> None:
    held.octets = 1 << 30
    peer.say(takethis("a", article("a")), takethis("b", article("b")))
    assert len(held.taken) == 1  # and one at a time is taken
    held.tell(0)
    assert peer.hear() == b"239 <a@x.example>\r\n"
    assert len(held.taken) == 2


def test_articles_may_come_compressed(held: Held) -> None:
    peer = Peer(Served(held, max_article=1 << 20))
    assert peer.say(b"COMPRESS DEFLATE\r\n").startswith(b"206 ")
    deflate, inflate = zlib.compressobj(wbits=-15), zlib.decompressobj(wbits=-15)
    text = article("a", body=b"Line.\r\n" * 50_000)
    sent = takethis("a", text) + takethis("b", article("b")) + b"DATE\r\n"
    data = deflate.compress(sent) + deflate.flush(zlib.Z_SYNC_FLUSH)
    assert peer.say(*(data[at : at + 100] for at in range(0, len(data), 100))) == b""
    peer.clock.advance(1)
    assert [raw for _, raw in held.taken] == [text, article("b")]
    held.tell(1)
    held.tell(0)
    assert inflate.decompress(peer.hear()) == (
        b"239 <a@x.example>\r\n239 <b@x.example>\r\n111 20261122063526\r\n"
    )
