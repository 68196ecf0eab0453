"""What a peer may send and what not: probes of every kind, answered as the README's table says, word for word."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

import gateway.nntp
from gateway.nntp.sink import Sink
from gateway.nntp.transit_rules import MANDATORY
from gateway.peers import Peers
from tests.mail import MemoryEngine
from tests.nntp.world import (
    HOST,
    PEER_ADDRESS,
    PEERS,
    Client,
    Intake,
    build,
    session,
    sink_of,
    takethis,
)

if TYPE_CHECKING:
    from tests.mail import Engine

HEAD: Final = {
    "Path": "near.example!not-for-mail",
    "From": "A <a@x.example>",
    "Newsgroups": "lists.beta",
    "Subject": "Topic",
    "Date": "Thu, 1 Jan 2004 12:00:00 +0000",
    "Message-ID": "<probe@x.example>",
}


def probe(
    changed: dict[str, str | None] | None = None, more: str = "", body: str = "Text.\r\n"
) -> bytes:
    """Return an article with some fields changed or gone, and more lines in its header."""
    head = {**HEAD, **(changed or {})}
    fields = "".join(f"{name}: {text}\r\n" for name, text in head.items() if text is not None)
    return f"{fields}{more}\r\n{body}".encode("latin-1")


def dated(text: str) -> bytes:
    return probe({"Date": text})


def identified(text: str) -> bytes:
    return probe({"Message-ID": text})


NO_FIELD: Final = "a header line without colon and space (RFC 5536 s. 2.2)"
NO_NAME: Final = "a header field with a name that is none (RFC 5536 s. 2.2)"
NO_ID: Final = "a Message-ID that is none (RFC 5536 s. 3.1.3)"
NO_DATE: Final = "a Date that is none (RFC 5536 s. 3.1.1)"
FUTURE: Final = "injected or posted in the future (RFC 5537 s. 3.6)"
BARE: Final = "a CR or LF on its own in the header (RFC 3977 s. 3.6)"
NUL: Final = "a NUL (RFC 3977 s. 3.6)"
NOWHERE: Final = "no such newsgroup here"
OTHER_ID: Final = "another Message-ID than the one offered (RFC 4644 s. 2.5)"

REFUSED: Final = [
    (probe({"Subject": None}), "no Subject (RFC 5536 s. 3.1)"),
    (probe({"Subject": ""}), "no Subject (RFC 5536 s. 3.1)"),
    (probe(more="Subject: Again\r\n"), "more than one Subject (RFC 5536 s. 3.1)"),
    (probe(more="subject: \r\n"), "more than one Subject (RFC 5536 s. 3.1)"),
    (b"\r\nText.\r\n", "no header (RFC 5536 s. 3.1)"),
    (b"", "no empty line behind the header (RFC 5536 s. 2.2)"),
    (
        probe().partition(b"\r\n\r\n")[0] + b"\r\n",
        "no empty line behind the header (RFC 5536 s. 2.2)",
    ),
    (probe(more=">From a@x.example Thu Jan  1 12:00:00 2004\r\n"), NO_FIELD),
    (probe(more="no field\r\n"), NO_FIELD),
    (probe(more="X-Tight:text\r\n"), NO_FIELD),
    (probe(more="X-Folded:\r\n text\r\n"), NO_FIELD),
    (probe(more="Two Words: text\r\n"), NO_NAME),
    (probe(more="X-Blank : text\r\n"), NO_NAME),
    (probe(more=": text\r\n"), NO_NAME),
    (probe({"Subject": "a\0b"}), NUL),
    (probe(body="a\0b\r\n"), NUL),
    (probe({"Subject": "a\rb"}), BARE),
    (probe({"Subject": "a\nb"}), BARE),
    (identified("<probe>"), NO_ID),
    (identified("probe@x.example"), NO_ID),
    (identified("<a@b@x.example>"), NO_ID),
    (identified("<a b@x.example>"), NO_ID),
    (identified("<a..b@x.example>"), NO_ID),
    (identified("<a.@x.example>"), NO_ID),
    (identified('<"a"@x.example>'), NO_ID),
    (identified("<\xe9@x.example>"), NO_ID),
    (identified("<probe@x.example> (comment)"), NO_ID),
    (identified(f"<{'a' * 250}@x.example>"), NO_ID),
    (identified("<other@x.example>"), OTHER_ID),
    (dated("yesterday"), NO_DATE),
    (dated("Thu Jan  1 12:00:00 2004"), NO_DATE),
    (dated("Thu, 1 Jan 2004"), NO_DATE),
    (dated("Thu, 31 Feb 2004 12:00:00 +0000"), NO_DATE),
    (probe({"Injection-Date": "soon"}), "an Injection-Date that is none (RFC 5536 s. 3.2.7)"),
    (dated("Wed, 25 Nov 2026 12:00:00 +0000"), FUTURE),
    (probe({"Injection-Date": "Wed, 25 Nov 2026 12:00:00 +0000"}), FUTURE),
    (probe({"Path": "!"}), "a Path without a name (RFC 5536 s. 3.1.5)"),
    (
        probe({"Path": "near.example!news.example!not-for-mail"}),
        "it came through here already (RFC 5537 s. 3.6)",
    ),
    (probe({"Newsgroups": ", ,"}), "a Newsgroups that names none (RFC 5536 s. 3.1.4)"),
    (probe({"Newsgroups": "no.such.group"}), NOWHERE),
    (probe({"Newsgroups": "lists.secret"}), NOWHERE),
    (probe({"Newsgroups": "lists.nosuch"}), NOWHERE),
    (probe({"Newsgroups": "LISTS.BETA"}), NOWHERE),
    (
        probe({"Newsgroups": ",".join(f"lists.{n}" for n in range(101))}),
        "in more than 100 newsgroups",
    ),
    (probe(body="x" * 70 + "\r\n" * 1000), "larger than the 2000 octets that are taken"),
]

TAKEN: Final = [
    probe(),
    probe({"Subject": " "}),
    probe({"X-Empty": ""}),
    probe({"Cc": ""}),
    identified("<probe@x.example>  "),
    dated("Thu, 01 Jan 98 00:00:00 GMT"),
    dated("Thu, 1 Jan 1970 00:00:00 +0000"),
    dated("Mon, 1 Jan 2004 00:00:00 EDT"),
    dated("1 Jan 2004 00:00 CEST"),
    dated("Thu, 1 Jan 2004 00:00:00 -0800 (PST)"),
    dated("Thu, 1 Jan 2004\r\n 00:00:00 +0000"),
    probe({"Injection-Date": "Thu, 1 Jan 1998 00:00:00 GMT"}),
    probe({"Date": "Sun, 22 Nov 2026 23:00:00 +0000"}),
    probe({"From": "A Name"}),
    probe({"From": "J\xfcrgen <j@x.example>"}),
    probe({"From": "undisclosed:;"}),
    probe({"From": "a@x.example, b@x.example"}),
    probe({"Subject": "Gr\xfc\xdfe"}),
    probe({"Subject": "a\r\n b"}),
    probe({"Subject": "x" * 1500}),
    probe(more="X-Long: " + "y" * 1200 + "\r\n"),
    probe(more="".join(f"X-{n}: v\r\n" for n in range(150))),
    probe(more="Received: a\r\n" * 3),
    probe(more="To: a@x.example\r\n" * 2 + "References: <a@x.example>\r\n" * 2),
    probe(more="X-F: a\r\n \r\n b\r\n"),
    probe(more="X-Tab:\tv\r\n"),
    probe(body="a\nb\rc\r\n"),
    probe(body="q" * 1500 + "\r\n"),
    probe(body="\xe9\xff\r\n"),
    probe(body=""),
    probe(body=".\r\n..\r\n.dot\r\n"),
    probe({"References": "see your message of Tuesday <a@b.example> (x)"}),
    probe({"Lines": "abc", "Distribution": "local", "Expires": "Fri, 1 Jan 1999 00:00:00 GMT"}),
    probe({"Control": "cancel <two@x.example>", "Approved": "x@y.example"}),
    probe({"Supersedes": "<two@x.example>"}),
    probe({"Xref": "other.example a.b:5"}),
    probe({"Newsgroups": "no.such.group, lists.beta"}),
    probe({"Newsgroups": "lists.beta,\r\n no.such.group"}),
    probe({"Path": "a b!c"}),
    probe({"Path": "not-for-mail"}),
    probe({"Path": "near.example!.POSTED.news.example!not-for-mail"}),
]


@pytest.fixture
def peer() -> Client:
    engine = MemoryEngine()
    archive = build(engine)
    sink = sink_of(archive, Intake(engine, archive))
    return Client(session(archive, sink=sink, address=PEER_ADDRESS))


@pytest.mark.parametrize(("article", "why"), REFUSED)
def test_refused(peer: Client, article: bytes, why: str) -> None:
    answer = peer.send(takethis("probe", article) + b"GROUP lists.beta\r\n")
    assert answer == b"439 <probe@x.example> %b\r\n211 2 1 2 lists.beta\r\n" % why.encode()
    assert peer.ask(b"IHAVE <probe@x.example>").startswith(b"335")
    assert peer.send(takethis("", article).partition(b"\r\n")[2]) == b"437 %b\r\n" % why.encode()


@pytest.mark.parametrize("article", TAKEN)
def test_taken(peer: Client, article: bytes) -> None:
    answer = peer.send(takethis("probe", article) + b"GROUP lists.beta\r\n")
    assert answer == b"239 <probe@x.example>\r\n211 3 1 3 lists.beta\r\n"
    assert peer.ask(b"CHECK <probe@x.example>") == b"438 <probe@x.example>\r\n"
    # What an article says to a server is not done here.
    assert peer.ask(b"STAT <two@x.example>").startswith(b"223")


@pytest.mark.parametrize("name", sorted(MANDATORY))
def test_every_mandatory_field_is_wanted_once(peer: Client, name: bytes) -> None:
    shown = next(each for each in HEAD if each.lower().encode() == name)
    for changed in (probe({shown: None}), probe({shown: ""})):
        answer = peer.send(takethis("probe", changed))
        assert answer == f"439 <probe@x.example> no {shown} (RFC 5536 s. 3.1)\r\n".encode()
    answer = peer.send(takethis("probe", probe(more=f"{shown}: {HEAD[shown]}\r\n")))
    assert answer == f"439 <probe@x.example> more than one {shown} (RFC 5536 s. 3.1)\r\n".encode()


def test_what_is_here_or_was_removed(peer: Client) -> None:
    here = probe({"Message-ID": "<one@x.example>", "Newsgroups": "lists.alpha"})
    assert peer.send(takethis("one", here)) == b"439 <one@x.example> duplicate\r\n"
    removed = probe({"Message-ID": "<three@x.example>", "Newsgroups": "lists.alpha"})
    assert peer.send(takethis("three", removed)) == b"439 <three@x.example> not wanted here\r\n"


HUGE: Final = "a header larger than the 131072 octets that are taken"


@pytest.mark.parametrize(
    ("octets", "is_taken"), [(131_072 - 4, True), (131_072 - 3, False), (1_000_000, False)]
)
def test_a_header_is_not_larger_than_what_can_be_judged(
    engine: Engine, octets: int, *, is_taken: bool
) -> None:
    archive = build(engine)
    peers = Peers([replace(grant, max_article=2_000_000) for grant in PEERS])
    sink = Sink(archive, peers, Intake(engine, archive), HOST)
    peer = Client(session(archive, sink=sink, address=PEER_ADDRESS))
    head = probe(body="").removesuffix(b"\r\n\r\n") + b"\r\nX: "
    article = head + b"y" * (octets - len(head)) + b"\r\n\r\n" + b"z" * 200_000 + b"\r\n"
    answer = b"239 <probe@x.example>" if is_taken else f"439 <probe@x.example> {HUGE}".encode()
    assert peer.send(takethis("probe", article)) == answer + b"\r\n"


def test_the_readme_says_so() -> None:
    readme = (Path(gateway.nntp.__file__).parent / "README.md").read_text("utf-8")
    table = readme.partition("| an article with |")[2].partition("\n\n")[0]
    told = re.findall(r"^\| .* \| `(.*?)` \| .* \|$", table, re.MULTILINE)
    assert len(told) == table.count("\n") - 1
    others = {HUGE, "duplicate", "not wanted here"}
    assert sorted(told) == sorted({why for _, why in REFUSED} | others)
