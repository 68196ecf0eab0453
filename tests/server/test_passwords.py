from __future__ import annotations

import hashlib
import hmac
import inspect
from base64 import b64decode
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.access import Reader
from gateway.passwords import ITERATIONS, BadHash, PasswordHash, Users, hash_password
from gateway.sasl import MalformedMessage
from gateway.scram import ScramCredentials
from tests.mail import done

if TYPE_CHECKING:
    from tests.server.conftest import RunInReactor

PRINTABLE = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=30)


def test_the_keys_are_those_of_the_rfc() -> None:
    made = hash_password("pencil", iterations=4096, salt=b64decode("W22ZaJ0SNY7soEsUEjb6gQ=="))
    # The user of RFC 7677 s. 3; its ServerKey signs that exchange as the RFC shows (checked below).
    assert str(made).startswith("SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$")
    auth_message = (
        b"n=user,r=rOprNGfwEbeRWgbNEkqO,"
        b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,"
        b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    )
    signature = hmac.digest(made.server_key, auth_message, "sha256")
    assert signature == b64decode("6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")
    proof = b64decode("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")
    mask = hmac.digest(made.stored_key, auth_message, "sha256")
    client_key = bytes(a ^ b for a, b in zip(proof, mask, strict=True))
    assert hashlib.sha256(client_key).digest() == made.stored_key


@given(PRINTABLE, PRINTABLE)
def test_only_the_password_fits(password: str, other: str) -> None:
    made = hash_password(password, iterations=1)
    assert made.verify(password)
    assert made.verify(other) is (other == password)
    assert not made.verify("")
    assert not made.verify("\a")


@given(PRINTABLE)
def test_a_hash_can_be_written_and_read(password: str) -> None:
    made = hash_password(password, iterations=3)
    assert PasswordHash.parse(str(made)) == made


def test_two_hashes_of_a_password_differ() -> None:
    assert hash_password("a", iterations=1) != hash_password("a", iterations=1)


@pytest.mark.parametrize("password", ["", "\a", "\u00ad"])
def test_what_cannot_be_a_password(password: str) -> None:
    with pytest.raises(MalformedMessage):
        hash_password(password)


_KEY = "A" * 43 + "="


@pytest.mark.parametrize(
    "text",
    [
        "",
        "secret",
        "SCRAM-SHA-1$4096:c2FsdA==$" + _KEY + ":" + _KEY,
        "SCRAM-SHA-256$0:c2FsdA==$" + _KEY + ":" + _KEY,
        "SCRAM-SHA-256$99999999:c2FsdA==$" + _KEY + ":" + _KEY,
        "SCRAM-SHA-256$4096:c2=FsdA$" + _KEY + ":" + _KEY,
        "SCRAM-SHA-256$4096:c2FsdA==$" + "A" * 44 + ":" + _KEY,
        "SCRAM-SHA-256$4096:c2FsdA==$" + _KEY,
    ],
)
def test_what_is_no_hash(text: str) -> None:
    with pytest.raises(BadHash):
        PasswordHash.parse(text)


def test_keys_are_not_shown() -> None:
    made = hash_password("a", iterations=1)
    assert repr(made.stored_key) not in repr(made)


class TestUsers:
    users = Users({"alice": hash_password("rabbit", iterations=2)})

    @pytest.mark.parametrize(
        ("user", "password", "reader"),
        [
            ("alice", "rabbit", Reader("alice")),
            ("al\u00adice", "rabbit", Reader("alice")),
            ("alice", "hatter", None),
            ("bob", "rabbit", None),
            ("\a", "rabbit", None),
            ("", "", None),
        ],
    )
    def test_who_may_log_in(
        self, run_in_reactor: RunInReactor, user: str, password: str, reader: Reader | None
    ) -> None:
        assert run_in_reactor(lambda: self.users.password(user, password)) == reader

    def test_the_reactor_is_not_held_meanwhile(self) -> None:
        checking = self.users.password("alice", "rabbit")
        assert inspect.iscoroutine(checking)
        checking.close()

    def test_an_unknown_user_costs_as_much(self) -> None:
        assert self.users._nobody.iterations == 2
        assert Users({})._nobody.iterations == ITERATIONS

    def test_users_can_be_replaced(self, run_in_reactor: RunInReactor) -> None:
        users = Users({"alice": hash_password("rabbit", iterations=2)})
        users.replace({"bob": hash_password("carrot", iterations=2)})
        assert run_in_reactor(lambda: users.password("alice", "rabbit")) is None
        assert run_in_reactor(lambda: users.password("bob", "carrot")) == Reader("bob")

    def test_what_a_user_is_checked_by(self) -> None:
        kept = self.users._hashes["alice"]
        expected = ScramCredentials(
            Reader("alice"), kept.iterations, kept.salt, kept.stored_key, kept.server_key
        )
        assert done(self.users.scram("alice")) == expected
        assert done(self.users.scram("al\u00adice")) == expected

    def test_nobody_looks_like_somebody(self) -> None:
        hashes = {
            "alice": hash_password("rabbit", iterations=2),
            "carol": hash_password("tea", iterations=3, salt=b"s" * 90),
        }
        users = Users(hashes)
        seen = {name: done(users.scram(name)) for name in [f"u{n}" for n in range(64)]}
        assert {(made.iterations, len(made.salt)) for made in seen.values()} == {(2, 16), (3, 90)}
        assert len({made.salt for made in seen.values()}) == len(seen)
        assert all(made.reader is None for made in seen.values())
        users.replace(dict(hashes))
        assert {name: done(users.scram(name)) for name in seen} == seen

    def test_nobody_looks_like_somebody_where_there_are_no_users(self) -> None:
        made = done(Users({}).scram("\a"))
        assert (made.reader, made.iterations, len(made.salt)) == (None, ITERATIONS, 16)

    def test_what_is_made_up_cannot_be_foreseen(self) -> None:
        hashes = self.users._hashes
        assert done(Users(hashes).scram("bob")).salt != done(Users(hashes).scram("bob")).salt
