from __future__ import annotations

import contextlib
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.access import Reader
from gateway.passwords import hash_password
from gateway.sasl import MalformedMessage
from gateway.scram import Challenged, ClientFirst, Refused, ScramCredentials, challenge
from tests.server.scram_client import ScramClient

if TYPE_CHECKING:
    from gateway.passwords import PasswordHash

HASH = hash_password("pencil", iterations=4096, salt=b64decode("W22ZaJ0SNY7soEsUEjb6gQ=="))
FIRST = b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
SERVER_NONCE = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
NONCE = b"rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
PROOF = b"dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
FINAL = b"c=biws,r=%b,p=%b" % (NONCE, PROOF)


def credentials(kept: PasswordHash = HASH, user: str | None = "user") -> ScramCredentials:
    reader = None if user is None else Reader(user)
    return ScramCredentials(reader, kept.iterations, kept.salt, kept.stored_key, kept.server_key)


def challenged(first: bytes = FIRST, known: ScramCredentials | None = None) -> Challenged:
    return challenge(ClientFirst.parse(first), known or credentials(), SERVER_NONCE)


def test_the_example_of_the_rfc() -> None:
    """RFC 7677 s. 3."""
    server = challenged()
    assert server.message == b"r=%b,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096" % NONCE
    assert server.prove(FINAL) == (
        Reader("user"),
        b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
    )


def test_the_client_of_these_tests_says_what_the_rfc_shows() -> None:
    client = ScramClient("user", "pencil")
    assert client.first() == FIRST
    assert client.final(challenged().message) == FINAL
    assert client.signature == b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="


@pytest.mark.parametrize(
    ("message", "user", "nonce", "binding"),
    [
        (b"n,,n=user,r=abc", "user", "abc", b"n,,"),
        (b"y,,n=user,r=abc", "user", "abc", b"y,,"),  # we offer none: RFC 5802 s. 6
        (b"n,a=user,n=user,r=abc", "user", "abc", b"n,a=user,"),
        (b"n,a=u=2Cr,n=u=2Cr,r=!~+-", "u,r", "!~+-", b"n,a=u=2Cr,"),
        (b"n,,n==3D2C,r=abc", "=2C", "abc", b"n,,"),
        (b"n,,n==2C=3D,r=a=b", ",=", "a=b", b"n,,"),
        (b"n,,n=I\xc2\xadX,r=abc", "IX", "abc", b"n,,"),
        (b"n,,n=\xe2\x85\xa8,r=abc", "IX", "abc", b"n,,"),
        (b"n,,n=user,r=abc,x=y,Z==", "user", "abc", b"n,,"),  # extensions are ignored
    ],
)
def test_first_messages(message: bytes, user: str, nonce: str, binding: bytes) -> None:
    first = ClientFirst.parse(message)
    assert (first.user, first.nonce, first.binding) == (user, nonce, binding)
    assert first.binding + first.bare == message  # as received: RFC 5802 s. 5.1, n


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"n",
        b"n,n=user,r=abc",
        b"x,,n=user,r=abc",
        b"N,,n=user,r=abc",
        b"F,n,,n=user,r=abc",
        b"n,,r=abc,n=user",
        b"n,,n=user",
        b"n,,n=user,r=",
        b"n,,n=,r=abc",
        b"n,a=,n=user,r=abc",
        b"n,,n=us=er,r=abc",
        b"n,,n=us=2cer,r=abc",
        b"n,,n=us=3,r=abc",
        b"n,,n=us\0er,r=abc",
        b"n,,n=us\x07er,r=abc",  # RFC 4013
        b"n,,n=\xc2\xad,r=abc",  # nothing, once prepared
        b"n,a=\xc2\xad,n=user,r=abc",
        b"n,,n=\xff,r=abc",
        b"n,,n=user,r=a bc",
        b"n,,n=user,r=\xc3\xa9",
        b"n,,n=user,r=abc,",
        b"n,,n=user,r=abc,x",
        b"n,,n=user,r=abc,x=",
        b"n,,n=user,r=abc,xy=z",
        b"n,,n=user,r=abc\n",
        b"p=,,n=user,r=abc",
        b"n,,n=user,r=" + b"a" * 1013,
    ],
)
def test_what_is_no_first_message(message: bytes) -> None:
    with pytest.raises(MalformedMessage):
        ClientFirst.parse(message)


@pytest.mark.parametrize(
    "message",
    [
        b"p=tls-unique,,n=user,r=abc",
        b"n,a=other,n=user,r=abc",
        b"n,,m=x,n=user,r=abc",  # RFC 5802 s. 5.1, m: must fail
        b"n,,n=user,r=abc,m=x",
        b"n,,n=user,r=abc,x=y,m=x",
    ],
)
def test_first_messages_that_ask_for_too_much(message: bytes) -> None:
    with pytest.raises(Refused):
        ClientFirst.parse(message)


def test_the_longest_first_message() -> None:
    assert len(ClientFirst.parse(b"n,,n=user,r=" + b"a" * 1012).nonce) == 1012


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"c=biws,r=%b" % NONCE,
        b"r=%b,c=biws,p=%b" % (NONCE, PROOF),
        b"c=biws,p=%b,r=%b" % (PROOF, NONCE),
        b"c=biws,r=%b,p=" % NONCE,
        b"c=biws,r=%b,p=AAAA" % NONCE,
        b"c=biws,r=%b,p=%b" % (NONCE, PROOF[:-1]),
        b"c=biws,r=%b,p=%bA" % (NONCE, PROOF[:-1]),
        b"c=biws,r=%b,p=%b,x=y" % (NONCE, PROOF),
        b"c=bi-s,r=%b,p=%b" % (NONCE, PROOF),
        b"c=,r=%b,p=%b" % (NONCE, PROOF),
        FINAL + b"\n",
        FINAL + b"\xff",
        b"c=biws,r=%b,p=%b" % (b"a" * 1000, PROOF),
    ],
)
def test_what_is_no_last_message(message: bytes) -> None:
    with pytest.raises(MalformedMessage):
        challenged().prove(message)


@pytest.mark.parametrize(
    "message",
    [
        b"c=eSws,r=%b,p=%b" % (NONCE, PROOF),  # y,,
        b"c=biwsYQ==,r=%b,p=%b" % (NONCE, PROOF),  # n,,a
        b"c=biw,r=%b,p=%b" % (NONCE, PROOF),
        b"c=biws,r=%bx,p=%b" % (NONCE, PROOF),
        b"c=biws,r=%b,p=%b" % (NONCE[:-1], PROOF),
        b"c=biws,r=rOprNGfwEbeRWgbNEkqO,p=%b" % PROOF,
        b"c=biws,r=%b,m=x,p=%b" % (NONCE, PROOF),
        b"c=biws,r=%b,x=y,p=%b" % (NONCE, PROOF),  # the proof does not cover the extension
        b"c=biws,r=%b,p=%b" % (NONCE, b"E" + PROOF[1:]),
    ],
)
def test_last_messages_that_prove_nothing(message: bytes) -> None:
    with pytest.raises(Refused):
        challenged().prove(message)


def test_extensions_are_ignored_but_part_of_what_is_proved() -> None:
    client = ScramClient("user", "pencil", extensions=",x=y,z==")
    server = challenged(client.first())
    assert server.prove(client.final(server.message)) == (Reader("user"), client.signature)


@given(
    st.sampled_from(["n,,", "y,,", "n,a=us=2Cer,", "y,a=us=2Cer,"]), st.text("abc!~=", min_size=1)
)
def test_who_knows_the_password_gets_in(gs2: str, nonce: str) -> None:
    kept = hash_password("pencil", iterations=2)
    client = ScramClient("us=2Cer", "pencil", nonce, gs2)
    server = challenged(client.first(), credentials(kept, "us,er"))
    assert server.prove(client.final(server.message)) == (Reader("us,er"), client.signature)


@pytest.mark.parametrize("password", ["pencil ", "Pencil", "x"])
def test_who_does_not_stays_out(password: str) -> None:
    client = ScramClient("user", password)
    server = challenged(client.first())
    with pytest.raises(Refused):
        server.prove(client.final(server.message))


def test_nobody_gets_in_even_with_a_proof_that_fits() -> None:
    server = challenged(known=credentials(user=None))
    with pytest.raises(Refused):
        server.prove(FINAL)


def test_no_proof_fits_no_key() -> None:
    server = challenged(known=ScramCredentials(None, 1, b"salt", b"", b""))
    with pytest.raises(Refused):
        server.prove(FINAL)


@given(st.binary(max_size=60))
def test_no_message_does_worse_than_be_refused(message: bytes) -> None:
    with contextlib.suppress(MalformedMessage, Refused):
        assert ClientFirst.parse(b"n,,n=" + message).user
    with pytest.raises((MalformedMessage, Refused)):
        challenged().prove(b"c=biws,r=%b" % message + b",p=" + b64encode(bytes(32)))


def test_keys_are_not_shown() -> None:
    assert repr(HASH.stored_key) not in repr(credentials())
    assert repr(HASH.server_key) not in repr(challenged())
