"""Conversations of HTTP octet for octet, with a responder that says what it is told to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from gateway.config import Limits
from gateway.connections import Connections
from gateway.web.responses import Response
from gateway.wire import CHUNK_OCTETS
from tests.mail import NOW
from tests.web.site.conversation import DATE, HOST, Conversation

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from gateway.connections import Peer
    from gateway.web.requests import Request
    from gateway.web.session import Talk

FIELDS: Final = b"X: y\r\n"


class Told:
    """Answers by the path."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self.talks: list[Talk] = []
        self.closed = 0
        self.pulled = 0
        self.later: Deferred[Response] = Deferred()

    def seconds(self) -> float:
        return NOW

    async def respond(self, request: Request, peer: Peer, talk: Talk) -> Response:  # noqa: ARG002 - a Responder's
        self.asked.append(request.target)
        match request.target:
            case b"/large":
                return whole(200, bytes(3 * CHUNK_OCTETS))
            case b"/pieces":
                return Response(200, FIELDS, self.pieces([b"one", b"", b"t" * 20]))
            case b"/endless":
                return Response(200, FIELDS, self.pieces([b"x" * CHUNK_OCTETS] * 1000))
            case b"/huge":
                return Response(200, FIELDS, self.pieces([b"x" * 3 * CHUNK_OCTETS]))
            case b"/broken":
                return Response(200, FIELDS, self.pieces([b"one", None]))
            case b"/known":
                return Response(304, FIELDS)
            case b"/later":
                return await self.later
        return whole(200, b"hello\n")

    async def pieces(self, pieces: list[bytes | None]) -> AsyncIterator[bytes]:
        try:
            for piece in pieces:
                if piece is None:
                    raise RuntimeError("as told")
                self.pulled += 1
                yield piece
        finally:
            self.closed += 1

    def refusal(self, status: int, text: str) -> Response:  # noqa: ARG002 - a Responder's
        return whole(status, b"no\n")

    def ended(self, talk: Talk) -> None:
        self.talks.append(talk)


def whole(status: int, body: bytes) -> Response:
    return Response(status, FIELDS + b"Content-Length: %d\r\n" % len(body), body)


def ok(ending: bytes = b"") -> bytes:
    return b"HTTP/1.1 200 OK\r\n" + DATE + b"X: y\r\nContent-Length: 6\r\n" + ending + b"\r\n"


OK: Final = ok() + b"hello\n"
BAD: Final = (
    b"HTTP/1.1 400 Bad Request\r\n"
    + DATE
    + b"X: y\r\nContent-Length: 3\r\nConnection: close\r\n\r\nno\n"
)


@pytest.mark.parametrize(
    ("sent", "came", "closes"),
    [
        (b"GET / HTTP/1.1\r\n" + HOST + b"\r\n", OK, False),
        (b"HEAD / HTTP/1.1\r\n" + HOST + b"\r\n", ok(), False),
        (b"\r\nGET / HTTP/1.1\r\n" + HOST + b"\r\n", OK, False),
        (
            b"GET / HTTP/1.1\r\nConnection: close\r\n" + HOST + b"\r\n",
            ok(b"Connection: close\r\n") + b"hello\n",
            True,
        ),
        (b"GET / HTTP/1.0\r\n\r\n", ok(b"Connection: close\r\n") + b"hello\n", True),
        (
            b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
            ok(b"Connection: keep-alive\r\n") + b"hello\n",
            False,
        ),
        (
            b"GET /known HTTP/1.1\r\n" + HOST + b"\r\n",
            b"HTTP/1.1 304 Not Modified\r\n" + DATE + b"X: y\r\n\r\n",
            False,
        ),
        (
            b"GET /pieces HTTP/1.1\r\n" + HOST + b"\r\n",
            b"HTTP/1.1 200 OK\r\n"
            + DATE
            + b"X: y\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n14\r\ntttttttttttttttttttt\r\n0\r\n\r\n",
            False,
        ),
        (
            b"HEAD /pieces HTTP/1.1\r\n" + HOST + b"\r\n",
            b"HTTP/1.1 200 OK\r\n" + DATE + b"X: y\r\nTransfer-Encoding: chunked\r\n\r\n",
            False,
        ),
        (
            b"GET /pieces HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
            b"HTTP/1.1 200 OK\r\n"
            + DATE
            + b"X: y\r\nConnection: close\r\n\r\nonetttttttttttttttttttt",
            True,
        ),
        (
            b"POST / HTTP/1.1\r\nContent-Length: 6\r\n" + HOST + b"\r\nGET / ",
            ok(b"Connection: close\r\n") + b"hello\n",
            True,
        ),
        (b"GET /\r\n", BAD, True),
        (b"GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n" + HOST + b"\r\n", BAD, True),
        (b"GET / HTTP/1.1\r\n" + HOST + b"\r\n\xff\n", OK + BAD, True),
    ],
)
def test_octet_for_octet(sent: bytes, came: bytes, closes: bool) -> None:
    told = Told()
    talk = Conversation(told)
    assert talk.say(sent) == came
    assert talk.socket.is_closing() is closes
    assert talk.say(b"GET / HTTP/1.1\r\n" + HOST + b"\r\n") == (b"" if closes else OK)


def test_requests_that_come_together() -> None:
    talk = Conversation(Told())
    requests = [b"GET / HTTP/1.1\r\n", b"HEAD / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\n"]
    assert talk.say(b"".join(each + HOST + b"\r\n" for each in requests)) == OK + ok() + OK
    assert not talk.socket.is_closing()


def test_answers_come_in_order() -> None:
    told = Told()
    talk = Conversation(told)
    assert talk.say(b"GET /later HTTP/1.1\r\n%b\r\nGET / HTTP/1.1\r\n%b\r\n" % (HOST, HOST)) == b""
    assert told.asked == [b"/later"]
    told.later.callback(whole(200, b"late\n"))
    late = ok().replace(b"Content-Length: 6", b"Content-Length: 5") + b"late\n"
    assert talk.heard() == late + OK
    assert told.asked == [b"/later", b"/"]


def test_what_is_large_comes_whole() -> None:
    said = Conversation(Told()).say(b"GET /large HTTP/1.1\r\n" + HOST + b"\r\n")
    assert said.partition(b"\r\n\r\n")[2] == bytes(3 * CHUNK_OCTETS)


def test_a_slow_client_costs_little() -> None:
    told = Told()
    talk = Conversation(told)
    talk.protocol.dataReceived(b"GET /endless HTTP/1.1\r\n" + HOST + b"\r\n")
    assert told.pulled <= 3
    assert talk.socket.take()
    assert told.pulled <= 6
    assert told.closed == 0
    talk.hang_up()
    assert told.closed == 1
    assert [(each.status, each.octets > 0) for each in told.talks] == [(200, True)]


def test_pieces_are_cut() -> None:
    talk = Conversation(Told())
    said = talk.say(b"GET /huge HTTP/1.1\r\n" + HOST + b"\r\n")
    assert said.count(b"\r\n10000\r\n") == 3


def test_what_breaks_off_is_seen_to(caplog: pytest.LogCaptureFixture) -> None:
    told = Told()
    talk = Conversation(told)
    said = talk.say(b"GET /broken HTTP/1.1\r\n" + HOST + b"\r\n")
    assert not said.endswith(b"0\r\n\r\n")  # the last chunk
    assert talk.socket.is_closing()
    assert told.closed == 1
    assert "as told" in caplog.text


def test_who_goes_away_while_waiting() -> None:
    told = Told()
    talk = Conversation(told)
    talk.say(b"GET /later HTTP/1.1\r\n" + HOST + b"\r\n")
    talk.hang_up()
    assert [each.status for each in told.talks] == [0]


class TestEnds:
    def test_one_connection_too_many(self) -> None:
        clock = Clock()
        connections = Connections(Limits(connections=1), clock)
        Conversation(Told(), clock, connections=connections)
        second = Conversation(Told(), clock, connections=connections)
        said = second.heard()
        assert said.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
        assert b"\r\nConnection: close\r\n" in said
        assert second.socket.is_closing()

    def test_idle(self) -> None:
        talk = Conversation(Told())
        talk.connections.start()
        assert talk.say(b"GET / HTTP/1.1\r\n" + HOST + b"\r\n") == OK
        talk.clock.pump([5] * 12)
        assert not talk.socket.is_closing()
        talk.clock.pump([5])
        assert talk.heard() == b""
        assert talk.socket.is_closing()

    @pytest.mark.parametrize("first", [b"", b"GET / HTTP/1.1\r\n" + HOST + b"\r\n"])
    def test_a_request_that_does_not_end(self, first: bytes) -> None:
        talk = Conversation(Told())
        talk.connections.start()
        talk.say(first)
        said = b""
        for octet in b"GET / HTTP/1.1 ":
            said += talk.say(bytes([octet]))
            talk.clock.advance(5)
        assert said.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
        assert said.count(b"HTTP/1.1") == 1
        assert talk.socket.is_closing()

    def test_a_stopping_server(self) -> None:
        told = Told()
        busy = Conversation(told)
        idle = Conversation(told, busy.clock, connections=busy.connections)
        partial = Conversation(told, busy.clock, connections=busy.connections)
        partial.say(b"GET")
        busy.say(b"GET /later HTTP/1.1\r\n" + HOST + b"\r\n")
        busy.connections.drain("the server is shutting down")
        assert idle.socket.is_closing()
        assert idle.heard() == b""
        assert partial.heard().startswith(b"HTTP/1.1 408 ")
        assert not busy.socket.is_closing()
        told.later.callback(whole(200, b"hello\n"))
        assert busy.heard() == OK
        assert busy.socket.is_closing()

    def test_tell_news_says_nothing(self) -> None:
        talk = Conversation(Told())
        talk.connections.tell_news()
        assert talk.heard() == b""
        assert talk.connections.faces() == {"web": 1}


PIECES = st.sampled_from(
    [
        b"GET / HTTP/1.1\r\n",
        b"GET /pieces HTTP/1.1\r\n",
        b"HEAD / HTTP/1.1\r\n",
        b"GET / HTTP/1.0\r\n",
        b"POST / HTTP/1.1\r\n",
        HOST,
        HOST + b"\r\n",
        b"\r\n",
        b"Content-Length: 3\r\n",
        b"Connection: close\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"abc",
        b"\n",
    ]
)


@settings(max_examples=200, deadline=None)
@given(st.lists(PIECES | st.binary(max_size=5), max_size=12), st.data())
def test_any_octets_in_any_packets(pieces: list[bytes], data: st.DataObject) -> None:
    octets = b"".join(pieces)
    at_once = Conversation(Told())
    said = at_once.say(octets)
    in_packets = Conversation(Told())
    cuts = sorted(data.draw(st.lists(st.integers(0, len(octets)), max_size=8)))
    bounds = zip([0, *cuts], [*cuts, len(octets)], strict=True)
    assert b"".join(in_packets.say(octets[start:end]) for start, end in bounds) == said
    assert in_packets.socket.is_closing() is at_once.socket.is_closing()
    assert said.count(b"HTTP/1.1 5") == said.count(b"HTTP/1.1 50")
    assert b" 500 " not in said
