from __future__ import annotations

import socket
import ssl
import time
from typing import TYPE_CHECKING

import pytest

from gateway.mirror.connection import MAX_UNSENT, Connection
from gateway.mirror.nntp_client import Request
from storage.errors import SourceError
from tests.mirror.servers import Channel, Scripted, Server

if TYPE_CHECKING:
    from collections.abc import Iterator

READER = """
S: 200 hello
C: CAPABILITIES
S: 101 what I can
S: VERSION 2
S: READER
S: .
"""


def failure(script: str, *, login: str = "", scheme: str = "nntp", **options: float) -> str:
    """Return what goes wrong when a connection is made to a scripted server."""
    with Scripted(script) as server, pytest.raises(SourceError) as raised:
        Connection(f"{scheme}://{login}127.0.0.1:{server.port}/x", **options)  # type: ignore[arg-type]  # timeouts only
    assert str(raised.value).startswith(f"{scheme}://")
    assert "secret" not in str(raised.value)
    assert str(raised.value).isprintable()
    return str(raised.value)


def test_a_reader() -> None:
    script = READER + "C: GROUP a\nS: 211 1 1 1 a\nC: QUIT\nHANG"
    with Scripted(script) as server, Connection(f"nntp://127.0.0.1:{server.port}/a") as connection:
        assert connection.capabilities == {b"VERSION": (b"2",), b"READER": ()}
        assert 0 < connection.latency < 10
        assert connection.received > 0
        assert connection.ask(b"GROUP a").code == 211


def test_a_server_of_two_modes_is_asked_to_be_a_reader() -> None:
    script = """
        S: 200 innd
        C: CAPABILITIES
        S: 101 list
        S: VERSION 2
        S: MODE-READER
        S: .
        C: MODE READER
        S: 201 nnrpd
        C: CAPABILITIES
        S: 101 list
        S: VERSION 2
        S: READER
        S: .
        HANG"""
    with Scripted(script) as server, Connection(f"nntp://127.0.0.1:{server.port}/a") as connection:
        assert b"READER" in connection.capabilities


def test_a_peer_is_not_asked_to_be_a_reader() -> None:
    script = "S: 200 innd\nC: CAPABILITIES\nS: 101 x\nS: MODE-READER\nS: .\nC: MODE STREAM\nS: 203 ok\nHANG"
    with (
        Scripted(script) as server,
        Connection(f"nntp://127.0.0.1:{server.port}/", reader=False) as connection,
    ):
        assert connection.ask(b"MODE STREAM").code == 203


def test_a_server_without_capabilities() -> None:
    script = "S: 200 old\nC: CAPABILITIES\nS: 500 what\nC: MODE READER\nS: 500 what\nC: DATE\nS: 111 x\nHANG"
    with Scripted(script) as server, Connection(f"nntp://127.0.0.1:{server.port}/") as connection:
        assert connection.capabilities == {}
        assert connection.ask(b"DATE").code == 111


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("S: 502 not you", "not let in: 502 not you: "),
        ("S: 400 load too high", "not let in: 400 load too high: "),
        ("S: SSH-2.0-x", "no news server"),
        ("", "the server closed early: run it again later"),
        ("S: 200 x\nC: CAPABILITIES\nS: 400 going down", "the server closed"),
        ("S: 200 x\nC: CAPABILITIES\nS: 500 x\nC: MODE READER\nS: 502 no", "no reading: 502 no"),
        ("S: 200 x\\x1b[2J\nC: CAPABILITIES\nS: 500 x\nC: MODE READER\nSEND 502 \\x1b[2Jno\\r\\n", "[2Jno"),
    ],
)  # fmt: skip
def test_who_does_not_let_us_in_is_named(script: str, why: str) -> None:
    assert why in failure(script)


def test_a_silent_server() -> None:
    assert "silent for 0 s" in failure("HANG", timeout=0.05)
    assert "silent for 0 s" in failure("SEND 200 hel\nHANG", timeout=0.05)


def test_an_answer_that_never_ends() -> None:
    script = "S: 200 x\nC: CAPABILITIES\nS: 101 x\nTRICKLE x"
    assert "no whole answer in 0 s: run it again later" in failure(script, answer_timeout=0.1)


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with pytest.raises(SourceError, match=r"cannot connect .*refused.*check host and port"):
        Connection(f"nntp://u:secret@127.0.0.1:{port}/")
    with pytest.raises(SourceError, match=r"nntp://no\.such\.host\.invalid/: cannot connect"):
        Connection("nntp://no.such.host.invalid/")


LOGIN = """
S: 200 hello
C: CAPABILITIES
S: 101 list
S: READER
S: {ways}
S: .
"""
LOGGED_IN = "C: CAPABILITIES\nS: 101 list\nS: READER\nS: .\nHANG"


@pytest.mark.parametrize(
    ("ways", "rest"),
    [
        ("AUTHINFO USER SASL", "C: AUTHINFO USER ann\nS: 381 and\nC: AUTHINFO PASS secret word\nS: 281 ok\n"),
        ("AUTHINFO USER", "C: AUTHINFO USER ann\nS: 281 no password needed\n"),
        ("X-OTHER", "C: AUTHINFO USER ann\nS: 381 and\nC: AUTHINFO PASS secret word\nS: 281 ok\n"),
        ("AUTHINFO SASL\nS: SASL LOGIN PLAIN", "C: AUTHINFO SASL PLAIN AGFubgBzZWNyZXQgd29yZA==\nS: 281 ok\n"),
    ],
)  # fmt: skip
def test_logging_in(ways: str, rest: str) -> None:
    with Scripted(LOGIN.format(ways=ways) + rest + LOGGED_IN) as server:
        Connection(f"nntp://ann:secret%20word@127.0.0.1:{server.port}/").close()


@pytest.mark.parametrize(
    ("ways", "rest", "why"),
    [
        ("AUTHINFO USER", "C: AUTHINFO USER ann\nS: 381 and\nC: AUTHINFO PASS secret\nS: 481 not secret",
         "login refused: 481 not ...: check user and password"),
        ("AUTHINFO USER", "C: AUTHINFO USER ann\nS: 483 not here", "login refused: 483 not here"),
        ("AUTHINFO SASL\nS: SASL GSSAPI", "", "no login with a password offered: try nntps://"),
        ("AUTHINFO", "", "no login with a password offered"),
        ("STARTTLS", "C: STARTTLS\nS: 502 no", "STARTTLS refused: 502 no"),
        ("STARTTLS", "C: STARTTLS\nSEND 382 go\\r\\n101", "something came in between"),
        ("STARTTLS", "C: STARTTLS\nS: 382 go\nS: no TLS", "no TLS"),
    ],
)  # fmt: skip
def test_a_login_that_fails(ways: str, rest: str, why: str) -> None:
    assert why in failure(LOGIN.format(ways=ways) + rest, login="ann:secret@")


def test_where_starttls_is_offered_and_cannot_be_the_login_goes_on() -> None:
    script = LOGIN.format(ways="STARTTLS\nS: AUTHINFO USER")
    script += "C: STARTTLS\nS: 580 no certificate\nC: AUTHINFO USER ann\nS: 281 ok\n" + LOGGED_IN
    with Scripted(script) as server:
        Connection(f"nntp://ann:secret@127.0.0.1:{server.port}/").close()


@pytest.mark.usefixtures("trusted")
def test_a_password_goes_over_tls_where_the_server_can(server_tls: ssl.SSLContext) -> None:
    script = LOGIN.format(ways="STARTTLS") + "C: STARTTLS\nS: 382 go\nTLS\n"
    script += (
        "C: CAPABILITIES\nS: 101 list\nS: AUTHINFO USER\nS: .\nC: AUTHINFO USER ann\nS: 281 ok\n"
    )
    with Scripted(script + LOGGED_IN, server_tls) as server:
        Connection(f"nntp://ann:secret@localhost:{server.port}/").close()


@pytest.mark.usefixtures("trusted")
def test_tls_from_the_start(server_tls: ssl.SSLContext) -> None:
    with Scripted("TLS\n" + READER + "C: DATE\nS: 111 x\nHANG", server_tls) as server:
        with Connection(f"nntps://localhost:{server.port}/") as connection:
            assert connection.ask(b"DATE").code == 111
        with pytest.raises(SourceError, match=r"certificate does not hold .*mismatch"):
            Connection(f"nntps://127.0.0.1:{server.port}/")


def test_a_certificate_that_nobody_trusts(server_tls: ssl.SSLContext) -> None:
    with (
        Scripted("TLS\n" + READER, server_tls) as server,
        pytest.raises(
            SourceError, match=r"^nntps://localhost:\d+/: its certificate .*SSL_CERT_FILE"
        ),
    ):
        Connection(f"nntps://localhost:{server.port}/")


def test_tls_where_there_is_none() -> None:
    assert "no TLS" in failure("S: 200 hello", scheme="nntps")
    assert "cannot connect" in failure("HANG", scheme="nntps", connect_timeout=0.1)


COMPRESSED = LOGIN.format(ways="COMPRESS DEFLATE") + "C: COMPRESS DEFLATE\n"


def test_compression() -> None:
    script = COMPRESSED + "S: 206 go\nDEFLATE\nC: LIST\nS: 215 x\nS: " + "y" * 3000 + "\nS: .\nHANG"
    with Scripted(script) as server, Connection(f"nntp://127.0.0.1:{server.port}/") as connection:
        assert connection.ask(b"LIST").lines == [b"y" * 3000]
        assert connection.received < 1000


def test_compression_that_is_not_to_be_had_or_not_wanted() -> None:
    with (
        Scripted(COMPRESSED + "S: 403 no\nC: DATE\nS: 111 x\nHANG") as server,
        Connection(f"nntp://127.0.0.1:{server.port}/") as connection,
    ):
        assert connection.ask(b"DATE").code == 111
    script = LOGIN.format(ways="COMPRESS DEFLATE") + "C: DATE\nS: 111 x\nHANG"
    with (
        Scripted(script) as server,
        Connection(f"nntp://127.0.0.1:{server.port}/", compress=False) as connection,
    ):
        assert connection.ask(b"DATE").code == 111


def test_damaged_compressed_data() -> None:
    script = COMPRESSED + "S: 206 go\nHANG"
    with Scripted(COMPRESSED + "S: 206 go\nSEND \\xff\\xff\\xff\nHANG") as server:
        connection = Connection(f"nntp://127.0.0.1:{server.port}/")
        with pytest.raises(SourceError, match="damaged compressed data"):
            connection.ask(b"DATE")
        connection.close()
    assert "in between" in failure(script.replace("S: 206 go", "SEND 206 go\\r\\nx"))


class Greedy(Server):
    """Says much and hears much: neither side's octets fit into what the system keeps for them."""

    octets = 8 << 20

    def speak(self, channel: Channel) -> None:
        channel.send(b"200 x\r\n")
        assert channel.line() == b"CAPABILITIES"
        channel.send(b"101 x\r\nREADER\r\n.\r\n")
        assert channel.line() == b"LIST"
        channel.send(b"215 x\r\n" + (b"y" * 62 + b"\r\n") * (self.octets // 64) + b".\r\n")
        heard = 0
        while heard < self.octets:
            heard += len(channel.line()) + 2
        assert channel.line() == b"."
        channel.send(b"239 <a>\r\n")
        channel.line()


def test_two_sides_that_both_have_much_to_say_do_not_wait_for_each_other() -> None:
    article = (b"z" * 62 + b"\r\n") * (Greedy.octets // 64)
    with Greedy() as server, Connection(f"nntp://127.0.0.1:{server.port}/") as connection:
        listed, taken = connection.run([b"LIST", Request(b"TAKETHIS <a>", article)], 10)
        assert len(listed.body or b"") == Greedy.octets
        assert taken.code == 239


class Slow(Server):
    """Answers nothing before everything has come; tells how many requests that were at once."""

    def __init__(self, expected: int) -> None:
        super().__init__()
        self.expected = expected

    def speak(self, channel: Channel) -> None:
        channel.send(b"200 x\r\n")
        assert channel.line() == b"CAPABILITIES"
        channel.send(b"101 x\r\nREADER\r\n.\r\n")
        for _ in range(2):
            said = [channel.line() for _ in range(self.expected)]
            channel.socket.settimeout(0.05)
            with pytest.raises(TimeoutError):
                channel.line()
            channel.socket.settimeout(10)
            channel.send(b"".join(b"223 %b\r\n" % line[5:] for line in said))
        channel.line()


def test_as_many_requests_are_on_their_way_as_the_window_has() -> None:
    with Slow(7) as server, Connection(f"nntp://127.0.0.1:{server.port}/") as connection:
        responses = connection.run((b"STAT %d" % number for number in range(14)), 7)
        assert [int(response.text) for response in responses] == [*range(14)]


def test_requests_are_taken_only_as_they_can_be_sent() -> None:
    taken = 0

    def requests() -> Iterator[Request]:
        nonlocal taken
        for number in range(100):
            taken += 1
            yield Request(b"TAKETHIS <%d>" % number, b"x" * MAX_UNSENT + b"\r\n")

    script = READER + "DEAF"
    with (
        Scripted(script) as server,
        Connection(f"nntp://127.0.0.1:{server.port}/", timeout=0.3) as connection,
        pytest.raises(SourceError, match="silent"),
    ):
        [*connection.run(requests(), 100)]
    assert taken < 60


def test_ihave_is_one_at_a_time_whatever_the_window() -> None:
    taken: list[int] = []

    def requests() -> Iterator[Request]:
        for number in range(2):
            taken.append(number)
            yield Request(b"IHAVE <%d>" % number, b"x\r\n")

    script = (
        READER
        + "C: IHAVE <0>\nS: 435 no\nC: IHAVE <1>\nS: 335 yes\nC: x\nC: .\nS: 235 thanks\nHANG"
    )
    with Scripted(script) as server, Connection(f"nntp://127.0.0.1:{server.port}/") as connection:
        responses = connection.run(requests(), 10)
        assert next(responses).code == 435
        assert taken == [0]
        assert next(responses).code == 235


def test_requests_that_depend_on_responses() -> None:
    wanted: list[bytes] = [b"DATE", b"DATE"]

    def requests() -> Iterator[bytes | None]:
        while True:
            yield wanted.pop() if wanted else None

    script = READER + "C: DATE\nC: DATE\nS: 111 a\nC: HELP\nS: 111 b\nS: 100 c\nS: .\nHANG"
    with Scripted(script) as server, Connection(f"nntp://127.0.0.1:{server.port}/") as connection:
        codes = []
        for response in connection.run(requests(), 5):
            codes.append(response.code)
            if len(codes) == 1:
                wanted.append(b"HELP")
        assert codes == [111, 111, 100]


def test_a_connection_that_breaks() -> None:
    with Scripted(READER + "C: ARTICLE 1\nSEND 220 1 <a>\\r\\nhalf") as server:
        connection = Connection(f"nntp://127.0.0.1:{server.port}/a")
        with pytest.raises(SourceError, match="closed early"):
            connection.ask(b"ARTICLE 1")
        began = time.monotonic()
        connection.close()
        assert time.monotonic() - began < 1


def test_a_server_that_closes_with_a_word() -> None:
    with (
        Scripted(READER + "C: DATE\nC: DATE\nS: 111 x\nS: 400 idle too long") as server,
        Connection(f"nntp://127.0.0.1:{server.port}/a") as connection,
        pytest.raises(SourceError, match="the server closed: 400 idle too long"),
    ):
        [*connection.run([b"DATE", b"DATE", b"DATE"], 2)]


def test_what_a_run_that_was_given_up_left_is_passed_over() -> None:
    script = (
        READER
        + "C: STAT 1\nC: STAT 2\nC: STAT 3\nS: 223 1\nS: 223 2\nS: 223 3\nC: DATE\nS: 111 x\nHANG"
    )
    with Scripted(script) as server, Connection(f"nntp://127.0.0.1:{server.port}/a") as connection:
        for response in connection.run([b"STAT 1", b"STAT 2", b"STAT 3"], 3):
            assert response.text == b"1"
            break
        assert connection.ask(b"DATE").code == 111
