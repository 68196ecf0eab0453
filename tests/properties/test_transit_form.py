"""Whatever mail there is, news servers take what is made of it."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.nntp.news_dates import news_date
from gateway.nntp.transit import stored_path, transit
from gateway.nntp.transit_rules import STOCK_CUTOFF, refusal
from storage.message.fields import parse_header
from storage.message.ids import message_id
from storage.message.served import is_dotted, serve, served_head
from storage.model import Served
from tests.edge_cases import cases
from tests.mail import MemoryEngine, done, fill
from tests.properties.mail_octets import octets, ordinary_mails

if TYPE_CHECKING:
    from gateway.nntp.transit import Article
    from tests.edge_cases import Case

HOST: Final = b"news.example"
NOW: Final = 1_750_000_000
MISSING: Final = b"<missing@x.example>"

FIELDS: Final = (
    b"Path: ", b"Path: a!b!c", b"Newsgroups: a.b", b"Xref: x a:1", b"Injection-Date: ", b"Date: ", b"Subject:",
    b"From: a@b.c", b"Message-ID: <a..b@c>", b"Message-ID:\n <a@b.c>", b"References: <a..b@c> <d@e.f>", b"Lines: 3",
    b"Control: cancel <a@b.c>", b"To: a", b"To: b", b"X-A:", b"X-A:\n b", b"X-A:b", b"no colon", b" continued", b" ",
    b"Date: Sat, 01 Jan 2050 00:00:00 +0000", b"Date: Tue, 02 Jan 2024 10:00:00 +0000", b"X-L: " + b"y " * 700,
    b"Content-Type: text/plain", b"X-Original-Path: q!r", b"Path : x", b"\xe9: y", b"Injection-Date: Sun, 15 Jun 2025 00:00:00 +0000",
)  # fmt: skip  # a list of words

heads = st.lists(st.sampled_from(FIELDS), max_size=12).map(
    lambda lines: b"\n".join([*lines, b"", b"Text.\n"])
)
mails = st.one_of(octets, ordinary_mails(), heads)


def served(raw: bytes) -> Served:
    header = parse_header(raw)
    own = message_id(header)[0] or MISSING
    whole = serve(raw, served_head(raw, header, own, None))
    return Served(own, whole, is_dotted(whole))


def article(of: Served, *, wanted: bool = True) -> Article:
    return transit(
        of,
        host=HOST,
        groups=[b"a.b", b"c.d"],
        dated=NOW - 9_000_000,
        now=NOW,
        injection_date=wanted,
    )


@given(mails)
@example(b"Path: !\n\n")
@example(b"Path: news.example\n\n")
@example(b"X-A: " + b"y" * 1200 + b" \tz" + b" " * 1000 + b"\n\n")
def test_what_is_made_of_a_mail_is_taken(raw: bytes) -> None:
    made = article(served(raw))
    why = refusal(
        made.octets,
        now=NOW,
        cutoff=STOCK_CUTOFF,
        offered=made.message_id,
        identity=b"peer.example",
        carried=lambda name: name == b"c.d",
    )
    assert why is None
    assert refusal(article(served(raw), wanted=False).octets, now=NOW) is None


@given(mails, st.booleans())
@example(b"X-A: y" + b" " * 2000 + b"z\n" + b" " * 2000 + b"z\n\n", False)
def test_made_anew_of_itself_it_stays(raw: bytes, wanted: bool) -> None:
    once = article(served(raw), wanted=wanted)
    again = article(Served(once.message_id, once.octets, dotted=False), wanted=wanted)
    assert again == once


@given(mails)
@example(b"X-A: y" + b" " * 2000 + b"z\n\n")
def test_each_line_has_a_place_and_something_to_say(raw: bytes) -> None:
    head = article(served(raw)).octets.partition(b"\r\n\r\n")[0]
    for line in head.split(b"\r\n"):
        assert line.strip(b" \t")
        assert re.match(rb"[!-9;-~]+: [^ \t]|[ \t]", line)
        assert len(line) <= 998 or b" " not in line.partition(b": ")[2].strip(b" \t")


@given(mails)
def test_nothing_is_lost(raw: bytes) -> None:
    before = served(raw)
    made = article(before)
    assert made.octets.endswith(before.octets[parse_header(before.octets).body :])
    words = set(made.octets.split())
    for field in parse_header(before.octets).fields:
        if field.name.lower() not in {b"x-original-path", b"x-original-injection-date"}:
            said = field.value.split()
            assert all(word in words or word + b"," in words for word in said), field


@pytest.mark.parametrize("case", list(cases()), ids=lambda case: case.file)
def test_edge_cases_are_taken(case: Case) -> None:
    engine = MemoryEngine()
    fill(engine.writer(), "edge", [case.data])
    archive = engine.archive()
    for number in range(1, archive.mailing_list("edge").high + 1):
        stored = done(archive.served("edge", number))
        made = article(stored)
        assert refusal(made.octets, now=NOW, cutoff=STOCK_CUTOFF, offered=made.message_id) is None


@given(st.lists(st.sampled_from([b"a.example", b"b", b"peer.example"]), max_size=4))
def test_the_path_is_handed_on(hops: list[bytes]) -> None:
    raw = b"Path: " + b"!".join([*hops, b"not-for-mail"]) + b"\nSubject: x\n\nText.\n"
    stored = served(raw)
    assert stored_path(stored) == hops
    path = parse_header(article(stored).octets).first(b"path") or b""
    assert path == b"!".join([HOST, *hops, b"not-for-mail"])


@given(octets)
def test_dates_never_fail(value: bytes) -> None:
    found = news_date(value)
    assert found is None or found > -2 * 86_400


HOSTILE: Final = [
    piece * (100_000 // len(piece))
    for piece in (
        *(b"a", b" ", b"\t", b"(", b")", b"()", b"\\", b"<", b"<a..b@c>", b"<a@b> ", b"!", b"a!", b",", b"a,", b"."),
        *(b"1 Jan 2004 1:1 ", b"+0000 ", b"a b", b"\n ", b"\n a", b"\na:b", b"\na: b", b"\nTo: b", b"\nReferences: <a@b>"),
        *(b"\nSubject: a", b"\nControl: a", b"\nPath: a!b", b"\na", b"\n:", b"\r\n\r\n", b"a" * 999 + b" "),
    )
]  # fmt: skip  # a list of words


@pytest.mark.parametrize("piece", HOSTILE, ids=lambda piece: repr(piece[:20]))
@pytest.mark.parametrize("name", [b"Date", b"Path", b"References"])
def test_time_grows_with_length_and_no_faster(name: bytes, piece: bytes) -> None:
    raw = b"%b: %b\n\nText.\n" % (name, piece)
    before = served(raw)
    began = time.process_time()
    made = article(before)
    why = refusal(made.octets, now=NOW, offered=made.message_id)
    refusal(raw.replace(b"\n", b"\r\n"), now=NOW, identity=b"a", carried=lambda _: False)
    assert time.process_time() - began < 2  # seconds; a square of the length would take minutes
    assert why is None
