from __future__ import annotations

import time
from typing import Final

import pytest

from gateway.nntp.transit import RECENT, stored_path, transit, transit_id
from storage.message.fields import parse_header
from storage.message.ids import message_id
from storage.message.served import is_dotted, serve, served_head
from storage.model import Served

NOW: Final = 1_750_000_000
WRITTEN_NOW: Final = b"Sun, 15 Jun 2025 15:06:40 +0000"
DATED: Final = 1_072_958_400
WRITTEN: Final = b"Thu, 01 Jan 2004 12:00:00 +0000"
OTHER: Final = b"Thu, 01 Jan 1998 00:00:00 +0000"


def served(*lines: bytes, body: bytes = b"Text.\n") -> Served:
    raw = b"\n".join([*lines, b"", body])
    header = parse_header(raw)
    own = message_id(header)[0] or b"<made@missing.listgate.invalid>"
    octets = serve(raw, served_head(raw, header, own, None))
    return Served(own, octets, is_dotted(octets))


def article(of: Served, *, wanted: bool = True, dated: int = DATED) -> list[bytes]:
    """Return the lines of the transit form."""
    made = transit(
        of, host=b"h.example", groups=[b"g"], dated=dated, now=NOW, injection_date=wanted
    )
    return made.octets.split(b"\r\n")


def fields(*lines: bytes, wanted: bool = True) -> list[bytes]:
    """Return what becomes of header lines of a mail that has what an article must have."""
    whole = (b"From: a", b"Subject: s", b"Date: " + WRITTEN, b"Message-ID: <a@b.c>")
    made = article(served(*whole, *lines), wanted=wanted)
    assert made[:6] == [b"Path: h.example!.POSTED!not-for-mail", b"Newsgroups: g", *whole]
    return made[6 : made.index(b"")]


def test_what_is_missing_is_made() -> None:
    assert article(served(b"X-A: b", body=b".\n")) == [
        b"Path: h.example!.POSTED!not-for-mail",
        b"Newsgroups: g",
        b"X-A: b",
        b"Message-ID: <made@missing.listgate.invalid>",
        b"From: unknown@missing.listgate.invalid",
        b"Subject: (no subject)",
        b"Date: " + WRITTEN,
        b"Injection-Date: " + WRITTEN_NOW,
        b"",
        b".",
        b"",
    ]


def test_a_sound_mail_gets_three_lines() -> None:
    assert fields(b"To: l@x.org", b"X-A: b\n\tc") == [
        b"To: l@x.org",
        b"X-A: b",
        b"\tc",
        b"Injection-Date: " + WRITTEN_NOW,
    ]


@pytest.mark.parametrize(
    ("given", "lines"),
    [
        (b"X-A:b", [b"X-A: b"]),
        (b"X-A:\tb", [b"X-A: b"]),
        (b"X-A:\n b", [b"X-A: b"]),
        (b"X-A:\n \n b\n \n  c", [b"X-A: b", b"  c"]),
        (b"X-A:", []),
        (b"no field", [b"X-Original-Line: no field"]),
        (b"Control: cancel <a@b>", [b"X-Original-Control: cancel <a@b>"]),
        (b"Lines: 99", [b"X-Original-Lines: 99"]),
        (b"Newsgroups: x", [b"X-Original-Newsgroups: x"]),
        (b"Xref: x a:1", [b"X-Original-Xref: x a:1"]),
        (b"Subject: t", [b"X-Original-Subject: t"]),
        (b"subject: t\nSUBJECT: u", [b"X-Original-subject: t", b"X-Original-SUBJECT: u"]),
        (b"To: a\nX-A: b\nto: c", [b"To: a,", b" c", b"X-A: b"]),
        (b"References: <a@b>\nReferences: <c@d>", [b"References: <a@b>", b" <c@d>"]),
        (b"Received: a\nReceived: b", [b"Received: a", b"Received: b"]),
    ],
)
def test_fields(given: bytes, lines: list[bytes]) -> None:
    assert fields(given) == [*lines, b"Injection-Date: " + WRITTEN_NOW]


def test_long_lines_are_folded_where_they_have_blanks() -> None:
    words = [b"y" * 500] * 4
    assert fields(b"X-A: " + b" ".join(words))[:-1] == [
        b"X-A: " + words[0],
        b" " + words[1],
        b" " + words[2],
        b" " + words[3],
    ]
    unbroken = b"z" * 2000
    assert fields(b"X-A: " + unbroken + b"\t w\n " + unbroken)[:-1] == [
        b"X-A: " + unbroken,
        b" w",
        b" " + unbroken,
    ]


@pytest.mark.parametrize(
    ("line", "folded"),
    [
        (b"X-A: y" + b" " * 2000 + b"z", [b"X-A: y", b" z"]),
        (b"X-A: y" + b" " * 2000 + b"z\n " + b" " * 2000 + b"z", [b"X-A: y", b" z", b" " * 2001 + b"z"]),
    ],
    ids=["blanks", "a fold of blanks"],
)  # fmt: skip
def test_no_line_is_of_blanks_only(line: bytes, folded: list[bytes]) -> None:
    assert fields(line)[:-1] == folded
    assert fields(b"\n".join(folded))[:-1] == folded


def test_blanks_are_looked_through_once() -> None:
    began = time.process_time()
    assert fields(b"X-A: y" + b" " * 1_000_000 + b"z")[:-1] == [b"X-A: y", b" z"]
    assert time.process_time() - began < 2  # seconds; a square of the length would take more


def test_a_path_is_handed_on() -> None:
    stored = served(b"Path: Peer.example! b !.POSTED!c!not-for-mail", b"Date: " + WRITTEN)
    assert stored_path(stored) == [b"peer.example", b"b"]
    made = article(stored)
    assert made[0] == b"Path: h.example!Peer.example!b!.POSTED!c!not-for-mail"
    assert not any(line.startswith(b"X-Original-Path") for line in made)
    assert stored_path(served(b"Subject: s")) == []
    assert stored_path(served(b"Subject: s", b"PATH: a!b")) == [b"a"]


@pytest.mark.parametrize("path", [b"a b!c", b"(x)!y", b"a!", b"x!" * 450 + b"y"])
def test_a_path_that_is_none_is_kept_as_something_else(path: bytes) -> None:
    made = article(served(b"Path: " + path, b"Date: " + WRITTEN))
    assert made[0] == b"Path: h.example!.POSTED!not-for-mail"
    assert b"X-Original-Path: " + path in made


@pytest.mark.parametrize(
    "date",
    [b"yesterday", b"Thu Jan  1 00:00:00 2004", b"Tue, 17 Jun 2025 15:06:41 +0000", b"0 Jan 4 1:2"],
)
def test_a_date_that_is_none_gives_way_to_what_the_archive_knows(date: bytes) -> None:
    made = article(served(b"Date: " + date))
    assert made[2:4] == [b"X-Original-Date: " + date, b"Date: " + WRITTEN]


def test_nothing_is_sent_after_now() -> None:
    assert b"Date: " + WRITTEN_NOW in article(served(b"Subject: s"), dated=NOW + 1)
    assert b"Date: Thu, 01 Jan 1970 00:00:00 +0000" in article(served(b"Subject: s"), dated=-1)


@pytest.mark.parametrize("date", [OTHER, b"Mon, 16 Jun 2025 15:06:40 +0000", b"1 Jan 98 0:0 CEST"])
def test_a_date_that_news_servers_read_stays(date: bytes) -> None:
    assert b"Date: " + date in article(served(b"Date: " + date))


def test_an_injection_date_stays_as_long_as_it_is_recent() -> None:
    recent = b"Injection-Date: Fri, 06 Jun 2025 15:06:40 +0000"  # nine days ago
    assert RECENT == 9 * 86_400
    assert fields(recent) == [recent]
    assert fields(recent, wanted=False) == [recent]
    older = b"Fri, 06 Jun 2025 15:06:39 +0000"
    assert fields(b"Injection-Date: " + older) == [
        b"X-Original-Injection-Date: " + older,
        b"Injection-Date: " + WRITTEN_NOW,
    ]
    assert fields(b"Injection-Date: " + older, wanted=False) == [b"Injection-Date: " + older]


@pytest.mark.parametrize("value", [b"soon", b"Mon, 16 Jun 2025 15:06:41 +0000"])
def test_an_injection_date_that_is_none(value: bytes) -> None:
    kept = b"X-Original-Injection-Date: " + value
    assert fields(b"Injection-Date: " + value) == [kept, b"Injection-Date: " + WRITTEN_NOW]
    assert fields(b"Injection-Date: " + value, wanted=False) == [kept]


def test_ids_that_news_servers_refuse_are_others_among_them() -> None:
    old, new = b"<a..b@c.d>", transit_id(b"<a..b@c.d>")
    assert new == transit_id(old)
    assert new == transit_id(new)
    assert new != transit_id(b"<a..b@c.e>")
    assert transit_id(b"<a.b@c.d>") == b"<a.b@c.d>"
    made = article(served(b"Message-ID: " + old, b"Date: " + WRITTEN))
    assert made[2:4] == [b"X-Original-Message-ID: " + old, b"Message-ID: " + new]
    kept, changed = fields(b"References: <x@y> " + old)[:2]
    assert kept == b"X-Original-References: <x@y> " + old
    assert changed == b"References: <x@y> " + new


def test_an_article_of_our_own_making_is_not_taken_for_a_mail() -> None:
    octets = b"\r\n".join(
        [
            b"Path: h.example!a!b",
            b"Newsgroups: old",
            b"Path: c",
            b"Xref: h g:1",
            b"Date: " + WRITTEN,
            b"Injection-Date: soon",
            b"",
            b"",
        ]
    )
    made = article(Served(b"<a@b>", octets, dotted=False))
    assert made[:3] == [b"Path: h.example!a!b", b"Newsgroups: g", b"X-Original-Path: c"]
    assert not any(b"Xref" in line for line in made)
    assert [line for line in made if line.startswith((b"Path", b"X-Original-Path", b"Inj"))] == [
        b"Path: h.example!a!b",
        b"X-Original-Path: c",
        b"Injection-Date: " + WRITTEN_NOW,
    ]
    foreign = Served(b"<a@b>", octets.replace(b"h.example", b"x"), dotted=False)
    assert article(foreign)[0] == b"Path: h.example!x!a!b"


def test_lines_that_are_no_field_are_kept_as_one() -> None:
    octets = b"Date: " + WRITTEN + b"\r\nno field\r\n\r\n"
    assert b"X-Original-Line: no field" in article(Served(b"<a@b>", octets, dotted=False))
