from __future__ import annotations

from typing import Final

import pytest

from gateway.access import ANONYMOUS, Reader
from gateway.mechanisms import (
    MECHANISMS,
    Accepted,
    Challenge,
    Exchange,
    MalformedMessage,
    Refused,
    Terms,
    open_mechanisms,
)
from tests.mail import done
from tests.nntp.world import PASSWORD, USER, Users
from tests.server.scram_client import ScramClient

ALL: Final = Terms(Users(), protected=True, anonymous=True)


def begin(name: bytes, terms: Terms = ALL) -> Exchange:
    exchange = MECHANISMS[name](terms)
    assert exchange is not None
    return exchange


@pytest.mark.parametrize(
    ("terms", "names"),
    [
        (ALL, [b"SCRAM-SHA-256", b"PLAIN", b"ANONYMOUS"]),
        (Terms(Users(), protected=False), [b"SCRAM-SHA-256"]),
        (Terms(Users(), protected=True), [b"SCRAM-SHA-256", b"PLAIN"]),
        (Terms(None, protected=True), []),
        (Terms(None, protected=False, anonymous=True), [b"ANONYMOUS"]),
    ],
)
def test_what_is_open(terms: Terms, names: list[bytes]) -> None:
    assert open_mechanisms(terms) == names


def test_plain() -> None:
    message = f"\0{USER}\0{PASSWORD}".encode()
    assert done(begin(b"PLAIN").step(message)) == Accepted(Reader(USER))
    assert done(begin(b"PLAIN").step(USER.encode() + message)) == Accepted(Reader(USER))


def test_plain_for_anybody() -> None:
    assert done(begin(b"PLAIN").step(b"\0Anonymous\0me@x.example")) == Accepted(ANONYMOUS)
    with pytest.raises(Refused):
        done(begin(b"PLAIN", Terms(Users(), protected=True)).step(b"\0anonymous\0me@x.example"))


@pytest.mark.parametrize("message", [f"\0{USER}\0wrong", f"bob\0{USER}\0{PASSWORD}"])
def test_plain_refused(message: str) -> None:
    with pytest.raises(Refused):
        done(begin(b"PLAIN").step(message.encode()))


def test_scram() -> None:
    exchange, client = begin(b"SCRAM-SHA-256"), ScramClient(USER, PASSWORD)
    challenge = done(exchange.step(client.first()))
    assert isinstance(challenge, Challenge)
    accepted = done(exchange.step(client.final(challenge.data)))
    assert accepted == Accepted(Reader(USER), client.signature)


@pytest.mark.parametrize(("user", "password"), [(USER, "wrong"), ("bob", PASSWORD)])
def test_scram_refused(user: str, password: str) -> None:
    exchange, client = begin(b"SCRAM-SHA-256"), ScramClient(user, password)
    challenge = done(exchange.step(client.first()))
    assert isinstance(challenge, Challenge)
    with pytest.raises(Refused):
        done(exchange.step(client.final(challenge.data)))


def test_no_nonce_is_given_twice() -> None:
    def challenged() -> object:
        return done(begin(b"SCRAM-SHA-256").step(ScramClient(USER, PASSWORD).first()))

    assert challenged() != challenged()


@pytest.mark.parametrize("trace", [b"", b"sirhc", b"ann@x.example"])  # RFC 4505 s. 4
def test_anonymous(trace: bytes) -> None:
    assert done(begin(b"ANONYMOUS").step(trace)) == Accepted(ANONYMOUS)


@pytest.mark.parametrize("name", MECHANISMS)
def test_nonsense(name: bytes) -> None:
    with pytest.raises(MalformedMessage):
        done(begin(name).step(b"\xff"))
