"""What a peer's article is checked against, where it goes, and what is kept of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from gateway.acceptance import Outcome
from gateway.nntp.sink import RECENT, Sink
from gateway.peers import Peers
from gateway.renderers import RENDERERS
from storage.errors import ArchiveUnavailable, NoSuchMessage
from storage.ingest import store
from storage.model import Fidelity
from storage.sources.base import Incoming
from tests.mail import NOW, Engine, done, mail
from tests.nntp.test_session import Changed, raising
from tests.nntp.world import (
    HOST,
    PEER_ADDRESS,
    PEERS,
    USER,
    Client,
    Intake,
    Users,
    article,
    build,
    session,
    sink_of,
    takethis,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from storage.archive import Archive


@pytest.fixture
def archive(engine: Engine) -> Archive:
    return build(engine)


@pytest.fixture
def peer(engine: Engine, archive: Archive) -> Client:
    return Client(
        session(archive, sink=sink_of(archive, Intake(engine, archive)), address=PEER_ADDRESS)
    )


def raw(archive: Archive, name: str, own: str) -> bytes:
    (place,) = [
        place for place in done(archive.find(f"<{own}@x.example>".encode())) if place.name == name
    ]
    return done(archive.raw(place.name, place.number))


@pytest.mark.parametrize(
    "fields",
    [
        ["Xref: near.example lists.alpha:1"],
        ["XREF: near.example\r\n\tlists.alpha:1\r\n lists.beta:2"],
        ["X-One: 1", "Xref: near.example lists.alpha:1", "X-Two: 2", "xref: a b:1"],
        ["X-References: Xref: a b:1"],
    ],
)
def test_what_is_kept_is_what_came_less_its_xref(
    peer: Client, archive: Archive, fields: list[str]
) -> None:
    body = b"Xref: a b:1\r\n.\r\n..\r\na\rb\nc\r\n\xff \r\n\r\n"
    kept = [field for field in fields if not field.lower().startswith("xref")]
    assert peer.send(takethis("new", article("new", *fields, body=body))).startswith(b"239")
    assert raw(archive, "lists.alpha", "new") == article("new", *kept, body=body)


def test_a_better_copy_takes_the_place_of_a_poorer_one(
    engine: Engine, archive: Archive, peer: Client
) -> None:
    poor = mail("poor", body="With a @ b.example.\n").replace(b"a@x.example", b"a at x.example")
    page = Incoming(poor, None, "a page", b"", 0, Fidelity.PAGE)
    store(engine.writer(), [("lists.beta", page)], RENDERERS, clock=lambda: NOW)
    archive.refresh()
    assert peer.ask(b"CHECK <poor@x.example>") == b"238 <poor@x.example>\r\n"
    better = article("poor", groups="lists.beta")
    assert peer.send(takethis("poor", better)) == b"239 <poor@x.example>\r\n"
    assert raw(archive, "lists.beta", "poor") == better
    assert peer.ask(b"CHECK <poor@x.example>") == b"438 <poor@x.example>\r\n"
    assert peer.send(takethis("poor", better)) == b"439 <poor@x.example> duplicate\r\n"


def test_what_is_being_removed_is_not_here(engine: Engine, archive: Archive) -> None:
    removing = cast("Archive", Changed(archive, entry=raising(NoSuchMessage("lists.alpha 1"))))
    sink = sink_of(removing, Intake(engine, archive))
    peer = Client(session(removing, sink=sink, address=PEER_ADDRESS))
    assert peer.ask(b"CHECK <one@x.example>") == b"238 <one@x.example>\r\n"


@pytest.mark.parametrize(
    ("groups", "answer"),
    [
        ("far.new", b"239 <new@x.example>"),
        ("far.a..b,far.b", b"239 <new@x.example>"),
        ("far.a..b", b"439 <new@x.example> no such newsgroup here"),
        ("far.\xfc", b"439 <new@x.example> no such newsgroup here"),
        ("near.new", b"439 <new@x.example> no such newsgroup here"),
    ],
)
def test_which_newsgroups_become_lists(
    engine: Engine, archive: Archive, groups: str, answer: bytes
) -> None:
    sink = sink_of(archive, Intake(engine, archive))
    peer = Client(session(archive, sink=sink, users=Users(), secure=True))
    peer.ask(b"AUTHINFO USER " + USER.encode())
    assert peer.ask(b"AUTHINFO PASS open sesame").startswith(b"281")
    before = {record.name for record in archive.lists()}
    assert peer.send(takethis("new", article("new", groups=groups))) == answer + b"\r\n"
    made = {record.name for record in archive.lists()} - before
    assert made <= {"far.new", "far.b"}
    assert len(made) == answer.startswith(b"239")


def test_a_path_that_begins_with_another_name_is_told_once(
    peer: Client, caplog: pytest.LogCaptureFixture
) -> None:
    peer.send(takethis("a", article("a", path="Near.Example!a!not-for-mail")))
    assert not caplog.records
    for own in ("b", "c"):
        answer = peer.send(takethis(own, article(own, path="other.example!not-for-mail")))
        assert answer.startswith(b"239")
    assert caplog.messages == [
        "peer near: its articles' Path does not begin with near.example: see peers.near.path"
    ]


def test_who_loses_the_right_to_feed_loses_it_at_once(engine: Engine, archive: Archive) -> None:
    peers = Peers(PEERS)
    sink = Sink(archive, peers, Intake(engine, archive), HOST)
    peer = Client(session(archive, sink=sink, address=PEER_ADDRESS))
    assert peer.ask(b"MODE STREAM").startswith(b"203")
    text = takethis("a", article("a"))
    peer.send(text[:100])
    peers.replace([])
    assert peer.send(text[100:]) == b"502 articles are taken from peers only\r\n"
    assert peer.ask(b"CHECK <b@x.example>") == b"502 articles are taken from peers only\r\n"


def test_what_was_stored_last_is_known_before_the_catalogue_knows_it(
    engine: Engine, archive: Archive
) -> None:
    behind = cast("Archive", Changed(archive, refresh=lambda: False))
    sink = sink_of(archive, Intake(engine, behind))
    peer = Client(session(archive, sink=sink, address=PEER_ADDRESS))
    far = Client(session(archive, sink=sink, users=Users(), secure=True))
    far.ask(b"AUTHINFO USER " + USER.encode())
    far.ask(b"AUTHINFO PASS open sesame")
    text = article("new", groups="far.new")
    assert far.send(takethis("new", text)) == b"239 <new@x.example>\r\n"
    assert far.ask(b"CHECK <new@x.example>") == b"438 <new@x.example>\r\n"
    assert far.send(takethis("new", text)) == b"439 <new@x.example> duplicate\r\n"
    # It is no business of a peer that may not feed that list.
    assert peer.ask(b"CHECK <new@x.example>") == b"238 <new@x.example>\r\n"
    assert peer.send(takethis("new", article("new"))) == b"239 <new@x.example>\r\n"
    assert peer.ask(b"CHECK <new@x.example>") == b"438 <new@x.example>\r\n"


def test_what_is_remembered_is_bounded(engine: Engine, archive: Archive) -> None:
    sink = sink_of(archive, Everything())
    peer = Client(session(archive, sink=sink, address=PEER_ADDRESS))
    for at in range(RECENT + 1):
        peer.send(takethis(f"m{at}", article(f"m{at}")))
    assert peer.ask(b"CHECK <m0@x.example>") == b"238 <m0@x.example>\r\n"
    assert peer.ask(b"CHECK <m1@x.example>") == b"438 <m1@x.example>\r\n"


class Everything:
    """Says that everything is stored."""

    async def accept(self, names: Sequence[str], raw: bytes) -> Mapping[str, Outcome]:  # noqa: ARG002 - the protocol's
        return dict.fromkeys(names, Outcome.ADDED)

    def pending(self) -> int:
        return 0


def test_while_the_archive_cannot_be_read_everything_may_come_again(
    engine: Engine, archive: Archive, caplog: pytest.LogCaptureFixture
) -> None:
    broken = cast("Archive", Changed(archive, find=raising(ArchiveUnavailable("/disk is gone"))))
    sink = sink_of(broken, Intake(engine, archive))
    peer = Client(session(broken, sink=sink, address=PEER_ADDRESS))
    assert peer.ask(b"CHECK <a@x.example>") == b"431 <a@x.example>\r\n"
    assert peer.ask(b"CHECK <a..b@x.example>") == b"438 <a..b@x.example>\r\n"
    assert peer.ask(b"IHAVE <a@x.example>") == b"436 try again later\r\n"
    cast("Changed", broken).find = archive.find  # type: ignore[attr-defined]
    assert peer.ask(b"IHAVE <a@x.example>").startswith(b"335 ")
    cast("Changed", broken).find = raising(ArchiveUnavailable("/disk"))  # type: ignore[attr-defined]
    assert peer.send(article("a") + b".\r\n") == b"436 try again later\r\n"
    answer = peer.send(takethis("a", article("a")) + takethis("b", article("b")))
    assert answer == b"400 try again later\r\n"
    assert peer.session.closing
    assert "/disk is gone" in caplog.text
