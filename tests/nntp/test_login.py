"""Logging in by SCRAM-SHA-256, whose messages are never the same twice: what no transcript can show."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import TYPE_CHECKING

import pytest

from gateway.nntp import Settings
from tests.mail import MemoryEngine
from tests.nntp.world import HOST, PASSWORD, USER, Client, Users, build, session
from tests.server.scram_client import ScramClient

if TYPE_CHECKING:
    from storage.archive import Archive


@pytest.fixture(scope="module")
def archive() -> Archive:
    return build(MemoryEngine())


@pytest.mark.parametrize("at_once", [True, False])
def test_scram_without_tls(archive: Archive, *, at_once: bool) -> None:
    client = Client(session(archive, Settings(HOST), users=Users()))
    scram = ScramClient(USER, PASSWORD)
    begin, first = b"AUTHINFO SASL SCRAM-SHA-256", b64encode(scram.first())
    if at_once:
        code, challenge = client.ask(begin + b" " + first).split()
    else:
        assert client.ask(begin) == b"383 =\r\n"
        code, challenge = client.ask(first).split()
    assert code == b"383"
    code, signature = client.ask(b64encode(scram.final(b64decode(challenge)))).split()
    assert code == b"283"  # RFC 4643 s. 2.4.2: success with data
    assert b64decode(signature) == scram.signature
    assert client.ask(b"GROUP lists.secret").startswith(b"211 ")
    assert client.ask(begin) == b"502 already logged in\r\n"


def test_a_wrong_password_counts_once(archive: Archive) -> None:
    talking = session(archive, Settings(HOST), users=Users())
    client = Client(talking)
    scram = ScramClient(USER, "wrong")
    answer = client.ask(b"AUTHINFO SASL SCRAM-SHA-256 " + b64encode(scram.first()))
    proof = b64encode(scram.final(b64decode(answer.split()[1])))
    assert client.ask(proof) == b"481 wrong user or password\r\n"
    assert talking.failed_logins == 1
    assert client.ask(b"GROUP lists.secret").startswith(b"411 ")
