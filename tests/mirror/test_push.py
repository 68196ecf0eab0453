"""Conversations with a peer, octet for octet, and what is kept of its verdicts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from gateway.errors import Refused
from gateway.mirror.push import PushSummary, push
from storage.errors import SourceError
from storage.peers import Feed
from storage.sqlite.peers import SqlitePeers
from tests.mail import NOW, MemoryEngine, fill, mail
from tests.mirror.servers import Scripted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LIST: Final = "lists.a"
HOST: Final = b"news.example"
GREETING: Final = "S: 200 peer\nC: CAPABILITIES\nS: 500 what?\n"
STREAM: Final = GREETING + "C: MODE STREAM\nS: 203 go on\n"
ONE_BY_ONE: Final = GREETING + "C: MODE STREAM\nS: 501 what?\n"


def article(own: str, *, groups: str = LIST) -> str:
    """Return the lines of a script in which a message of ``tests.mail`` is sent."""
    return f"""
        C: Path: news.example!.POSTED!not-for-mail
        C: Newsgroups: {groups}
        C: From: A <a@x.example>
        C: Subject: Topic
        C: Date: Thu, 1 Jan 2004 12:00:00 +0000
        C: Message-ID: <{own}@x.example>
        C: Injection-Date: Tue, 14 Nov 2023 22:13:20 +0000
        C:
        C: Text.
        C: .
    """


class World:
    """An archive, what is known of the peer, and the pauses that were made."""

    def __init__(self, directory: Path) -> None:
        self.engine = MemoryEngine()
        self.peers = SqlitePeers(directory)
        self.pauses: list[float] = []
        self.restricted: set[str] = set()

    def fill(self, *own: str, name: str = LIST) -> None:
        mails = [mail(each) for each in own]
        fill(self.engine.writer(), name, mails, now=NOW + len(own))

    def push(self, script: str, **changed: object) -> PushSummary:
        """Push over a conversation that must go as the script says."""
        with Scripted(script) as server:
            feed = Feed("peer", f"nntp://127.0.0.1:{server.port}/", **changed)  # type: ignore[arg-type]  # of Feed
            return self.push_to(feed)

    def push_to(self, feed: Feed) -> PushSummary:
        self.peers.add_feed(feed)
        return push(
            self.engine.archive(),
            self.peers,
            feed,
            HOST,
            restricted=self.restricted,
            clock=lambda: NOW,
            pause=self.pauses.append,
        )

    def failure(self, script: str) -> str:
        with pytest.raises(SourceError) as raised:
            self.push(script)
        return str(raised.value).partition("/: ")[2]

    @property
    def cursor(self) -> int:
        return self.peers.feed_cursor("peer", LIST)[1]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.peers.close()


def test_streaming(world: World) -> None:
    world.fill("a", "b", "c", "d")
    summary = world.push(
        STREAM
        + """
        C: CHECK <a@x.example>
        C: CHECK <b@x.example>
        C: CHECK <c@x.example>
        C: CHECK <d@x.example>
        S: 238 <a@x.example> send it
        S: 438 <b@x.example>
        S: 431 <c@x.example> later
        S: 238 <d@x.example>
        C: TAKETHIS <a@x.example>"""
        + article("a")
        + "C: TAKETHIS <d@x.example>"
        + article("d")
        + """
        S: 239 <a@x.example>
        S: 439 <d@x.example> no\\x1b[2J
        C: CHECK <c@x.example>
        S: 431 <c@x.example>
        C: CHECK <c@x.example>
        S: 238 <c@x.example>
        C: TAKETHIS <c@x.example>"""
        + article("c")
        + "S: 239 <c@x.example>\nC: QUIT"
    )
    assert world.pauses == [5, 10]
    assert world.cursor == 4
    assert (summary.accepted, summary.known, summary.refused) == (2, 1, 1)
    assert (summary.deferred, summary.passed_over, summary.lag) == (0, 0, 0)
    refused = [
        (each.number, each.message_id, each.response, each.at)
        for each in world.peers.refusals("peer")
    ]
    assert refused == [
        (4, b"<d@x.example>", "439 <d@x.example> no\\x1b[2J", NOW),
    ]


def test_what_is_refused_is_logged_with_what_may_be_the_reason(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.fill("a", "b")
    world.push(
        STREAM
        + "C: CHECK <a@x.example>\nC: CHECK <b@x.example>\nS: 501 syntax\nS: 238\nC: TAKETHIS <b@x.example>"
        + article("b").replace("C: Injection-Date: Tue, 14 Nov 2023 22:13:20 +0000", "")
        + "S: 439 <b@x.example>\nC: QUIT",
        injection_date=False,
    )
    old = " (perhaps: older than the cutoff (RFC 5537 s. 3.6))"
    assert caplog.messages == [
        f"peer: lists.a 1 <a@x.example> refused: 501 syntax{old}",
        f"peer: lists.a 2 <b@x.example> refused: 439 <b@x.example>{old}",
    ]
    assert world.cursor == 2


def test_what_the_peer_wants_later_to_the_last_is_offered_in_the_next_run(world: World) -> None:
    world.fill("a", "b")
    later = "C: CHECK <a@x.example>\nS: 431 <a@x.example>\n"
    summary = world.push(
        f"{STREAM}{later[:23]}\nC: CHECK <b@x.example>\n{later[23:]}S: 438 <b@x.example>\n{later}{later}C: QUIT"
    )
    assert (summary.deferred, summary.known, summary.lag) == (1, 1, 1)
    assert world.cursor == 0
    world.push(f"{STREAM}{later[:23]}\nC: CHECK <b@x.example>\nS: 438\nS: 438\nC: QUIT")
    assert world.cursor == 2


def test_one_by_one(world: World) -> None:
    world.fill("a", "b", "c", "d", "e")
    summary = world.push(
        ONE_BY_ONE
        + "C: IHAVE <a@x.example>\nS: 335 send it"
        + article("a")
        + "S: 235 thanks\nC: IHAVE <b@x.example>\nS: 435 have it\n"
        + "C: IHAVE <c@x.example>\nS: 436 later\nC: IHAVE <d@x.example>\nS: 335 send it"
        + article("d")
        + "S: 437 no\nC: IHAVE <e@x.example>\nS: 335 send it"
        + article("e")
        + "S: 436 disk full\nC: IHAVE <c@x.example>\nS: 437 never\nC: IHAVE <e@x.example>\nS: 335 now"
        + article("e")
        + "S: 235 thanks\nC: QUIT"
    )
    assert (summary.accepted, summary.known, summary.refused) == (2, 1, 2)
    assert world.cursor == 5
    assert world.pauses == [5]
    assert [each.number for each in world.peers.refusals("peer")] == [3, 4]


def test_a_second_run_says_nothing_not_even_hello(world: World) -> None:
    world.fill("a")
    world.push(STREAM + "C: CHECK <a@x.example>\nS: 438 <a@x.example>\nC: QUIT")
    assert world.push("") == PushSummary()
    world.fill("b", "b2")
    world.push(STREAM + "C: CHECK <b@x.example>\nC: CHECK <b2@x.example>\nS: 438\nS: 438\nC: QUIT")
    assert world.cursor == 3


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("S: 480 log in", "the peer says 480 log in: give the feed's URL a user and a password"),
        ("S: 483 TLS", "the peer says 483 TLS: give the feed's URL the scheme nntps"),
        ("S: 502 no", "the peer says 502 no: ask who runs it to take articles from this host"),
        ("S: 400 busy", "the peer says 400 busy: run it again later"),
        ("S: 238 <b@x.example>", "the peer says 238 <b@x.example>: run it again; if it stays,"),
        ("S: 239 <a@x.example>", "the peer says 239 <a@x.example>: run it again; if it stays,"),
        ("", "the server closed early: run it again later"),
    ],
)
def test_a_peer_that_does_not_go_on(world: World, script: str, why: str) -> None:
    world.fill("a")
    assert why in world.failure(STREAM + "C: CHECK <a@x.example>\n" + script)
    assert world.cursor == 0


@pytest.mark.parametrize("code", [400, 480, 483, 502])
def test_a_peer_that_does_not_begin(world: World, code: int) -> None:
    world.fill("a")
    why = world.failure(GREETING + f"C: MODE STREAM\nS: {code} because")
    assert why.startswith(f"the peer says {code} because: ")


@pytest.mark.parametrize(
    ("code", "remedy"),
    [(480, "a user"), (500, "check host and port"), (502, "ask who runs it"), (400, "later")],
)
def test_a_peer_that_takes_nothing(world: World, code: int, remedy: str) -> None:
    world.fill("a")
    why = world.failure(ONE_BY_ONE + f"C: IHAVE <a@x.example>\nS: {code} because")
    assert why.startswith(f"the peer says {code} because: ")
    assert remedy in why


def test_a_login(world: World) -> None:
    world.fill("a")
    script = """
        C: AUTHINFO USER me
        S: 381 and
        C: AUTHINFO PASS secret
        S: 281 welcome
        C: CAPABILITIES
        S: 500 what?
        C: MODE STREAM
        S: 203 go on
        C: CHECK <a@x.example>
        S: 438 <a@x.example>
        C: QUIT"""
    with Scripted(GREETING + script) as server:
        world.push_to(Feed("peer", f"nntp://me:secret@127.0.0.1:{server.port}/"))
    assert world.cursor == 1


def test_the_cursor_stands_before_the_first_message_without_a_verdict(world: World) -> None:
    world.fill("a", "b", "c")
    offers = "C: CHECK <a@x.example>\nC: CHECK <b@x.example>\nC: CHECK <c@x.example>\n"
    verdicts = "S: 438 <a@x.example>\nS: 238 <b@x.example>\nS: 438 <c@x.example>\n"
    world.failure(STREAM + offers + verdicts + "C: TAKETHIS <b@x.example>" + article("b"))
    assert world.cursor == 1
    world.push(STREAM + "C: CHECK <b@x.example>\nC: CHECK <c@x.example>\nS: 438\nS: 438\nC: QUIT")
    assert world.cursor == 3


def test_a_window(world: World) -> None:
    world.fill("a", "b", "c")
    world.push(
        STREAM
        + "C: CHECK <a@x.example>\nC: CHECK <b@x.example>\nS: 438\nC: CHECK <c@x.example>\nS: 438\nS: 438\nC: QUIT",
        window=2,
    )
    assert world.cursor == 3


def test_an_article_in_two_lists_is_offered_once(world: World) -> None:
    world.fill("a", "b", name="lists.z")
    world.fill("b")
    summary = world.push(
        STREAM
        + "C: CHECK <b@x.example>\nC: CHECK <a@x.example>\nS: 238 <b@x.example>\nS: 438\nC: TAKETHIS <b@x.example>"
        + article("b", groups="lists.a,other.z")
        + "S: 239 <b@x.example>\nC: QUIT",
        groups={"lists.z": "other.z"},
    )
    assert (summary.accepted, summary.known, summary.passed_over, summary.lag) == (1, 1, 1, 0)
    assert world.peers.feed_cursor("peer", "lists.z")[1] == 2


def test_lists_outside_the_feed_are_not_told_of(world: World) -> None:
    world.fill("a")
    world.fill("a", name="closed.b")
    world.fill("b", name="closed.c")
    world.restricted = {"Closed.B", "Closed.C"}
    offer = "C: CHECK <a@x.example>\nS: 238 <a@x.example>\nC: TAKETHIS <a@x.example>"
    world.push(STREAM + offer + article("a") + "S: 239 <a@x.example>\nC: QUIT")
    summary = world.push(
        STREAM + "C: CHECK <b@x.example>\nS: 438\nC: QUIT", lists="lists.*,closed.c"
    )
    assert (summary.known, summary.lag) == (1, 0)


def test_what_came_through_the_peer_does_not_go_back(world: World) -> None:
    through = [
        b"Path: %b!not-for-mail\n%b" % (path, mail(own))
        for own, path in (("a", b"x!Peer.example"), ("b", b"x!.POSTED!peer.example"), ("c", b"x"))
    ]
    fill(world.engine.writer(), LIST, through)
    summary = world.push(
        STREAM + "C: CHECK <b@x.example>\nC: CHECK <c@x.example>\nS: 438\nS: 438\nC: QUIT",
        path="peer.EXAMPLE",
    )
    assert (summary.passed_over, summary.known) == (1, 2)
    assert world.cursor == 3


def test_the_host_of_the_url_is_the_peer_unless_told_otherwise(world: World) -> None:
    fill(world.engine.writer(), LIST, [b"Path: x!127.0.0.1!y\n" + mail("a")])
    assert world.push(STREAM + "C: QUIT").passed_over == 1


def test_removed_messages_are_not_offered(world: World) -> None:
    world.fill("a", "b", "c")
    with world.engine.writer().batch() as batch:
        batch.remove(LIST, 1)
        batch.remove(LIST, 3)
    summary = world.push(STREAM + "C: CHECK <b@x.example>\nS: 438\nC: QUIT")
    assert (summary.known, summary.lag) == (1, 0)
    assert world.cursor == 3


def test_lists_that_are_new_are_taken_in(world: World) -> None:
    world.fill("a")
    world.push(STREAM + "C: CHECK <a@x.example>\nS: 438\nC: QUIT", lists="lists.*")
    world.fill("b", name="lists.new")
    world.fill("c", name="other.new")
    world.push(STREAM + "C: CHECK <b@x.example>\nS: 438\nC: QUIT", lists="lists.*")
    assert world.peers.feed_cursor("peer", "lists.new")[1] == 1


def test_new_numbers_are_offered_from_the_start(world: World) -> None:
    world.fill("a", "b")
    world.peers.add_feed(Feed("peer", "nntp://x/"))
    world.peers.set_feed_cursor("peer", LIST, 99, 2)
    validity = world.engine.archive().mailing_list(LIST).validity
    world.push(STREAM + "C: CHECK <a@x.example>\nC: CHECK <b@x.example>\nS: 438\nS: 438\nC: QUIT")
    assert world.peers.feed_cursor("peer", LIST) == (validity, 2)


@pytest.mark.parametrize(
    ("feed", "why"),
    [
        (Feed("p", "imap://x/"), "articles go to news servers"),
        (Feed("p", "nntp://x/", "["), "is no pattern"),
        (Feed("p", "nntp://x/", groups={"a": "b c"}), "'b c' cannot name a newsgroup"),
        (Feed("p", "nntp://x/", groups={"a": ""}), "'' cannot name a newsgroup"),
        (Feed("p", "nntp://x/", groups={"a": "é"}), "cannot name a newsgroup"),
    ],
)
def test_a_feed_that_is_none(world: World, feed: Feed, why: str) -> None:
    with pytest.raises(Refused, match=why):
        world.push_to(feed)
