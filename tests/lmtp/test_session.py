"""What the transcripts do not show: what is stored, where packets end does not matter, and hostile input."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.lmtp import Settings
from gateway.lmtp import text as text_module
from gateway.wire import Upgrade
from storage.model import Location
from tests.lmtp.world import World
from tests.mail import MemoryEngine, done
from tests.nntp.world import Client

if TYPE_CHECKING:
    from tests.mail import Engine

GREETED = b"LHLO mta\r\n"
BEGUN = b"MAIL FROM:<>\r\nRCPT TO:<lists.alpha>\r\nRCPT TO:<lists.beta>\r\nDATA\r\n"

COMMANDS = st.sampled_from(
    [
        *(line + b"\r\n" for line in BEGUN.split(b"\r\n")[:-1]),
        GREETED,
        b"Message-ID: <a@x.example>\r\n",
        b"\r\n",
        b"..\r\n",
        b".\r\n",
        b"RSET\r\n",
        b"NOOP\r\n",
        b"x" * 5000 + b"\r\n",
        b"QUIT\r\n",
        b"\xff\r\n",
        b"\n",
    ]
)


def test_a_mail_is_stored_as_it_came_with_lf(engine: Engine) -> None:
    world = World(engine)
    client = Client(world.session())
    text = (
        b"Return-Path: <a@x.example>\r\nMessage-ID: <a@x.example>\r\nSubject: =?\xff\r\n\r\n"
        b"\xffbare\nlines\rand \0 NUL\r\n..dot\r\n" + b"x" * 5000 + b"\r\n \r\n\r\n"
    )
    client.send(GREETED + BEGUN)
    assert client.send(text + b".\r\n").count(b"250 2.6.0 ") == 2
    archive = engine.archive()
    kept = text.replace(b"\r\n", b"\n").replace(b"\n..", b"\n.")
    assert done(archive.raw("lists.alpha", 1)) == done(archive.raw("lists.Beta", 1)) == kept
    assert done(archive.find(b"<a@x.example>")) == [
        Location("lists.Beta", 1),
        Location("lists.alpha", 1),
    ]
    assert world.writer.batches == 1


@given(st.lists(COMMANDS, max_size=14), st.lists(st.integers(1, 60), max_size=40))
def test_replies_do_not_depend_on_where_packets_end(commands: list[bytes], cuts: list[int]) -> None:
    sent = GREETED + b"".join(commands)
    whole = Client(World(MemoryEngine()).session()).send(sent)
    client, pieces = Client(World(MemoryEngine()).session()), []
    for cut in [*cuts, len(sent)]:
        pieces.append(client.send(sent[:cut]))
        sent = sent[cut:]
    assert b"".join(pieces) == whole


@given(st.lists(COMMANDS | st.binary(max_size=30), max_size=20))
def test_every_reply_is_one_of_the_protocols(commands: list[bytes]) -> None:
    client = Client(World(MemoryEngine()).session())
    for line in client.send(GREETED + b"".join(commands)).split(b"\r\n")[:-1]:
        assert line[:3].isdigit()
        assert line[3:4] in b" -"


def test_a_line_without_end_ends_the_connection() -> None:
    session = World(MemoryEngine()).session()
    client = Client(session)
    answer = b""
    for _ in range(40):
        answer += client.send(b"x" * 65536)
    assert answer.startswith(b"500 5.5.6 the line is too long\r\n421 4.3.2 ")
    assert session.closing


def test_a_text_without_end_ends_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_module, "ENDLESS_OCTETS", 1 << 20)
    session = World(MemoryEngine()).session(Settings(max_message=100))
    client = Client(session)
    client.send(GREETED + BEGUN)
    answer = b"".join(client.send(b"x" * 65536) for _ in range(40))
    assert answer.startswith(b"552 5.3.4 ")
    assert session.closing


def test_no_more_recipients_than_are_allowed() -> None:
    client = Client(World(MemoryEngine()).session())
    client.send(GREETED + b"MAIL FROM:<>\r\n")
    answers = client.send(b"RCPT TO:<lists.alpha>\r\n" * 1001).split(b"\r\n")
    assert answers[999] == b"250 2.1.5 for lists.alpha"
    assert answers[1000] == b"452 4.5.3 too many recipients"
    answer = client.send(b"DATA\r\nMessage-ID: <a@x>\r\n\r\n.\r\n")
    assert answer.count(b"\r\n250 2.6.0 lists.alpha: stored") == 1000


def test_lists_that_differ_in_case_only_are_told_apart() -> None:
    world = World(MemoryEngine())
    with world.writer.writer.batch() as batch:
        for name in ("lists.Alpha", "lists.beta"):
            batch.mailing_list(name)
    world.archive.refresh()
    for name in ("lists.Alpha", "lists.alpha", "lists.Beta", "lists.beta"):
        assert world.recipients.find(name.encode() + b"+detail@x.example") == name
    assert world.recipients.find(b"LISTS.ALPHA") == "lists.alpha"


def test_the_end_of_the_server_is_told() -> None:
    session = World(MemoryEngine()).session()
    assert session.expire("the server is shutting down") == (
        b"421 4.3.2 mail.x.example the server is shutting down\r\n"
    )
    assert session.closing
    assert not session.has_news()
    assert session.buffered == 0


def test_no_layer_is_put_under_it() -> None:
    with pytest.raises(AssertionError):
        World(MemoryEngine()).session().upgraded(Upgrade.TLS)
