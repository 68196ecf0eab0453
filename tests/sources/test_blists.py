"""Pages of blists as messages: what a page says, whom it answers, and saved trees of pages."""

from __future__ import annotations

import os
import random
import re
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.message.fields import parse_header
from storage.message.ids import message_id, references
from storage.model import Fidelity
from storage.sources import blists, expand, open_source
from storage.sources.base import Incoming, Rejected
from storage.sources.blists import BlistsTree, is_blists
from storage.sources.blistspage import Key, key_of, linked, parse_page
from storage.sources.blistsparent import Clues, answered
from storage.sources.content import WEB_PAGE
from tests.mail import mail
from tests.sources.blistspages import Mail, page, pages
from tests.sources.mboxes import settle, taken

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from storage.sources import Source

MORNING = 1_073_030_400
"""2004-01-02 08:00 UTC."""

TEXT_PAGE = b"""lists.openwall.net   lists  /  announce  owl-users
Open Source and information security mailing list archives

Hash Suite: something in the shade
[<prev] [next>] [<thread-prev] [thread-next>] [day] [month] [year] [list]
Message-ID: <1@x.example>
Date: Thu, 1 Jan 2004 12:00:00 +0000
From: Ann <ann@...mple.org>
Cc: bob@...mple.org,
\tcleo@...mple.org
Subject: Re: Topic

Text <ann@...mple.org>
with two lines.

Powered by blists - more mailing lists

Powered by Openwall GNU/*/Linux
"""


def reply(number: int, to: int | None, quoted: str = "", own: str = "", **more: str) -> bytes:
    """Return a message that answers another and quotes it."""
    more = {"subject": "Re: Topic" if to is not None else "Topic", **more}
    answers = None if to is None else str(to)
    text = "".join(f"> {line}\n" for line in quoted.splitlines())
    return mail(str(number), "To: l@x.example", answers=answers, body=f"{text}{own}\n", **more)


def saved(folder: Path, made: Mapping[str, bytes], suffix: str = "") -> Path:
    for name, octets in made.items():
        path = folder / (name + suffix)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(octets)
        settle(path)
    return folder


def raws(source: Source, after: bytes = b"") -> list[bytes]:
    found = taken(source, after)
    assert all(isinstance(each, Incoming) and each.fidelity is Fidelity.PAGE for each in found)
    return [each.raw for each in found if isinstance(each, Incoming)]


def own_id(raw: bytes) -> str:
    found, _ = message_id(parse_header(raw))
    assert found is not None
    return found.decode().removesuffix("@x.example>").removeprefix("<")


def parents(source: Source) -> dict[str, str | None]:
    """Return the left parts of the ids of messages, and of those they answer."""
    found: dict[str, str | None] = {}
    for raw in raws(source):
        ids = references(parse_header(raw).first(b"references") or b"")
        assert len(ids) < 2
        found[own_id(raw)] = ids[0].decode().partition("@")[0][1:] if ids else None
    return found


def test_a_page_is_a_message() -> None:
    made = page(
        Mail(
            mail(
                "a&b",
                "To: =?utf-8?q?B=C3=B6b?= <bob@example.org>,\n cleo@example.org",
                "X-Other: not shown",
                subject="[list] Re: <Topic> & more",
                body="Hi ann@example.org,\n\nsee <https://x.example/?a&b> & \xe4\n>From me\n",
            ),
            MORNING,
        )
    )
    found = parse_page(made)
    assert found is not None
    assert found.list_name == "list"
    assert found.message().decode() == (
        "Message-ID: <a&b@x.example>\n"
        "Date: Thu, 1 Jan 2004 12:00:00 +0000\n"
        "From: A <a@...xample>\n"
        "To: B\xf6b <bob@...mple.org>, cleo@...mple.org\n"
        "Subject: Re: <Topic> & more\n"
        "X-Listgate-Copy: page (made of a web page, with addresses obscured)\n"
        "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"
        "Hi ann@...mple.org,\n\nsee <https://x.example/?a&b> & \xe4\n>From me\n"
    )
    assert b"\nReferences: <9@x.example>\nX-Listgate" in found.message(b"<9@x.example>")


def test_a_page_as_text_is_a_message() -> None:
    found = parse_page(TEXT_PAGE)
    assert found is not None
    assert found.message() == (
        b"Message-ID: <1@x.example>\nDate: Thu, 1 Jan 2004 12:00:00 +0000\nFrom: Ann <ann@...mple.org>\n"
        b"Cc: bob@...mple.org,\n cleo@...mple.org\nSubject: Re: Topic\n"
        b"X-Listgate-Copy: page (made of a web page, with addresses obscured)\n\n"
        b"Text <ann@...mple.org>\nwith two lines.\n"
    )
    without_end = TEXT_PAGE.partition(b"\nPowered")[0]
    assert parse_page(without_end) == found
    assert parse_page(TEXT_PAGE.replace(b"\n", b"\r\n")) == found


def test_attachments_are_told_of() -> None:
    body = (
        "--b\nContent-Type: text/plain\n\nWords.\n--b\nContent-Type: image/png; name=x.png\n"
        "Content-Disposition: attachment; filename=x.png\n\nxx\n--b\nContent-Type: text/html\n\n<p>\n--b--\n"
    )
    found = parse_page(
        page(Mail(mail("1", "Content-Type: multipart/mixed; boundary=b", body=body), MORNING))
    )
    assert found is not None
    assert found.body == (
        b'Words.\nView attachment "x.png" of type "image/png" (9 bytes)\n\nContent of type "text/html" skipped\n'
    )


def test_a_message_without_text_and_id_has_a_stable_id() -> None:
    made = page(Mail(mail("1", body=""), MORNING), with_id=False)
    found = parse_page(made)
    assert found is not None
    raw = found.message()
    assert b"\nSubject: Topic\nX-Listgate-Copy: page (" in raw
    assert raw.endswith(b")\n\n")
    own, _ = message_id(parse_header(raw))
    assert own is not None
    assert re.fullmatch(rb"<[0-9a-f]{32}@missing\.listgate\.invalid>", own)
    assert own == message_id(parse_header(found.message(b"<0@x.example>")))[0]
    other = parse_page(page(Mail(mail("1", body="", subject="Other"), MORNING), with_id=False))
    assert other is not None
    assert own != message_id(parse_header(other.message()))[0]


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"<html><pre>From: a@b\n\nx</pre>",
        page(Mail(b"X: y\n\nText\n", MORNING)).replace(b"\n<pre", b"<p>\n<pre"),
        page(Mail(b"X: y\n\nText\n", MORNING)),  # no field is shown
        b"[month] [year] [list]\nNo field\n\nx\n",
        b" " * 70_000 + TEXT_PAGE,
    ],
)
def test_other_pages_are_none(octets: bytes) -> None:
    assert parse_page(octets) is None


def test_a_field_out_of_turn_is_text_of_the_one_before() -> None:
    """A decoded word may hold a line end, and what looks like a field or the end of the header behind it."""
    found = parse_page(TEXT_PAGE.replace(b"Topic\n", b"Topic\nFrom: eve@...l.example\nX\n \t\n", 1))
    assert found is not None
    assert [name for name, _ in found.fields] == [
        b"Message-ID",
        b"Date",
        b"From",
        b"Cc",
        b"Subject",
    ]
    assert found.fields[-1][1] == b"Re: Topic\n From: eve@...l.example\n X"
    assert parse_page(b"[list]</a><pre>\nX: y\nFrom: a\n\nx</pre>") is None


@pytest.mark.parametrize(
    ("entity", "octets"),
    [
        (b"&#64;", b"@"),
        (b"&#x40;", b"@"),
        (b"&amp;lt;", b"&lt;"),
        (b"&nbsp;", b"\xc2\xa0"),
        (b"&#8364;", b"\xe2\x82\xac"),
        (b"&#9999999;", b"&#9999999;"),
        (b"&#xd800;", b"&#xd800;"),
        (b"&what;", b"&what;"),
        (b"<a href=x>y</a>", b"y"),
    ],
)
def test_entities(entity: bytes, octets: bytes) -> None:
    found = parse_page(b"[list]</a>\n<pre>\nDate: x\n\na %b b\n</pre>" % entity)
    assert found is not None
    assert found.body == b"a %b b\n" % octets


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("/l/2024/07/28/5", Key(2024, 7, 28, 5)),
        ("/l/2024/07/28/5.html", Key(2024, 7, 28, 5)),
        ("/l/2024/7/8/5.htm", Key(2024, 7, 8, 5)),
        ("/l/2024/07/28/5.txt", Key(2024, 7, 28, 5)),
        ("/l/2024/07/28/5/index.html", Key(2024, 7, 28, 5)),
        ("/l/page/5.html", Key(0, 0, 0, 5)),
        ("/l/2024/07/28/5/1", None),  # an attachment
        ("/l/2024/07/28/5/1.bin", None),
        ("/l/2024/07/28/index.html", None),
        ("/l/2024/07/28", None),
        ("/l/2024/07/28/5.eml", None),
        ("/l/index.html", None),
        ("", None),
    ],
)
def test_paths_of_pages(path: str, key: Key | None) -> None:
    assert key_of(path) == key


@pytest.mark.parametrize(
    ("link", "path", "key"),
    [
        ("5", "/l/2024/07/28/6", Key(2024, 7, 28, 5)),
        ("5.html#x", "/l/2024/07/28/6.html", Key(2024, 7, 28, 5)),
        ("../../../2024/07/27/5", "/l/2024/07/28/6", Key(2024, 7, 27, 5)),
        ("../27/5.html", "/l/2024/07/28/6.html", Key(2024, 7, 27, 5)),
        ("../5/index.html", "/l/2024/07/28/6/index.html", Key(2024, 7, 28, 5)),
        ("https://lists.openwall.net/l/2024/07/27/5", "/l/2024/07/28/6", Key(2024, 7, 27, 5)),
        ("5", "/page/6", Key(0, 0, 0, 5)),
        (".", "/l/2024/07/28/6", None),
        ("../../../..", "/6", None),
    ],
)
def test_links_of_pages(link: str, path: str, key: Key | None) -> None:
    assert linked(link, path) == key


THREAD = [
    reply(1, None, own="The first words that were said.\nMore of the first words."),
    reply(2, 1, "The first words that were said.", "An answer with words of its own."),
    reply(3, 1, "More of the first words.", "Another answer, of other words."),
    reply(
        4, 2, "> The first words that were said.\nAn answer with words of its own.", "Third answer."
    ),
    reply(5, None, own="Quite another thread.", subject="Other"),
    reply(6, 3, "", "It quotes nothing at all."),
]


def thread(first: int = MORNING, step: int = 40_000) -> dict[str, bytes]:
    return pages([(raw, first + at * step) for at, raw in enumerate(THREAD)], "l")


EXPECTED = {"1": None, "2": "1", "3": "1", "4": "2", "5": None, "6": "4"}
"""What nothing is quoted of is taken to answer who came last."""


@pytest.mark.parametrize("suffix", ["", ".html", ".htm", "/index.html"])
@pytest.mark.parametrize("level", ["l", "l/2004", "l/2004/01"])
def test_a_saved_tree(tmp_path: Path, suffix: str, level: str) -> None:
    saved(tmp_path / "l", thread(), suffix)
    for noise in ("index.html", "2004/index.html", "2004/01/index.html", "2004/01/02/1/1.bin"):
        path = tmp_path / "l" / noise
        if not path.parent.is_file():
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(b"<html>[list]</a>")
    for source in (open_source(str(tmp_path / level)), *expand(str(tmp_path / level))):
        assert isinstance(source, BlistsTree)
        assert parents(source) == EXPECTED
        assert source.suggested_name() == "l"
        found = taken(source)
        assert found[-1].progress == source.size


def test_a_site_saved_is_a_source_each_list(tmp_path: Path) -> None:
    site = tmp_path / "lists.openwall.net"
    saved(site / "a", thread())
    saved(site / "b", thread(), ".html")
    found = expand(str(tmp_path))
    assert [source.suggested_name() for source in found] == [
        "lists.openwall.net.a", "lists.openwall.net.b",
    ]  # fmt: skip
    assert [parents(source) for source in found] == [EXPECTED, EXPECTED]


def test_pages_in_one_folder(tmp_path: Path) -> None:
    made = thread(step=60)
    flat = {path.rpartition("/")[2]: octets for path, octets in made.items()}
    source = open_source(str(saved(tmp_path / "5", flat, ".html")))
    assert parents(source) == EXPECTED
    assert source.suggested_name() == "l"
    assert [each.received for each in taken(source) if isinstance(each, Incoming)] == [None] * 6


def test_one_page(tmp_path: Path) -> None:
    path = tmp_path / "5.html"
    path.write_bytes(page(Mail(THREAD[0], MORNING), list_name="oss"))
    source = open_source(str(path))
    (found,) = taken(source)
    assert isinstance(found, Incoming)
    assert own_id(found.raw) == "1"
    assert found.fidelity is Fidelity.PAGE
    assert source.suggested_name() == "oss"
    quoting = mail("2", body="Look:\n\nFrom ann Tue Jan  2 10:00:00 2024\nFrom: ann\n\nText\n")
    path.write_bytes(page(Mail(quoting, MORNING)))
    (found,) = taken(open_source(str(path)))
    assert isinstance(found, Incoming)
    assert own_id(found.raw) == "2"
    path.write_bytes(b"<html>Nothing</html>")
    (refused,) = taken(open_source(str(path)))
    assert isinstance(refused, Rejected)
    assert refused.why == WEB_PAGE
    path.write_bytes(TEXT_PAGE)
    (found,) = taken(open_source(str(path)))
    assert isinstance(found, Incoming)
    assert found.fidelity is Fidelity.PAGE


def test_ids_are_stable_where_pages_show_none(tmp_path: Path) -> None:
    made = pages([(raw, MORNING + at) for at, raw in enumerate(THREAD)], "l", with_id=False)
    first = raws(open_source(str(saved(tmp_path / "l", made))))
    assert all(b"@missing.listgate.invalid>" in raw for raw in first)
    assert len({own_id(raw) for raw in first}) == len(THREAD)
    second = raws(open_source(str(saved(tmp_path / "m", dict(list(made.items())[1:])))))
    assert [own_id(raw) for raw in second] == [own_id(raw) for raw in first[1:]]


def test_a_tree_with_gaps(tmp_path: Path) -> None:
    """What a page that was not saved says of a thread is not known."""
    folder = saved(tmp_path / "l", thread(step=60))
    (folder / "2004/01/02/2").unlink()
    found = parents(open_source(str(folder)))
    assert found == {"1": None, "3": None, "4": "3", "5": None, "6": "4"}


def test_without_a_thread_the_page_before_counts_where_it_has_the_subject(tmp_path: Path) -> None:
    made = pages(
        [
            (reply(1, None), MORNING),
            (mail("2", subject="Re: Topic"), MORNING + 1),  # it answers nothing by its header
            (mail("3", subject="Re: Other"), MORNING + 2),
            (mail("4", subject="Other"), MORNING + 3),
        ],
        "l",
    )
    found = parents(open_source(str(saved(tmp_path / "l", made))))
    assert found == {"1": None, "2": "1", "3": None, "4": None}


def test_a_chain_never_leads_forward(tmp_path: Path) -> None:
    made = thread(step=60)
    made["2004/01/02/1"] = made["2004/01/02/1"].replace(
        b'<a href=".">', b'<a href="6">[&lt;thread-prev]</a> <a href=".">'
    )
    assert parents(open_source(str(saved(tmp_path / "l", made)))) == EXPECTED


def test_clues_are_read_again_when_they_are_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blists, "MAX_KEPT", 1)
    assert parents(open_source(str(saved(tmp_path / "l", thread())))) == EXPECTED


def test_new_pages_are_followed(tmp_path: Path) -> None:
    made = thread()
    paths = list(made)
    folder = saved(tmp_path / "l", {path: made[path] for path in paths[:3]})
    source = open_source(str(folder))
    old = time.time() - 60
    for path in (folder, *folder.rglob("*")):
        os.utime(path, (old, old))
    cursor = taken(source)[-1].cursor
    assert not source.changed(cursor)
    saved(folder, {path: made[path] for path in paths[3:]})
    assert source.changed(cursor)
    found = {own_id(raw): raw for raw in raws(source, cursor)}
    assert {"4", "5", "6"} <= found.keys()
    assert b"\nReferences: <2@x.example>\n" in found["4"]


def test_an_index_page_that_came_is_looked_for_once(tmp_path: Path) -> None:
    folder = saved(tmp_path / "l", thread(step=60))
    old = time.time() - 60
    for path in (folder, *folder.rglob("*")):
        os.utime(path, (old, old))
    source = open_source(str(folder))
    cursor = taken(source)[-1].cursor
    (folder / "2004/01/02/index.html").write_bytes(b"<html>")
    os.utime(folder / "2004/01/02", (old + 9, old + 9))
    assert source.changed(cursor)
    taken(source, cursor)
    assert not source.changed(taken(source)[-1].cursor)
    folder.rename(tmp_path / "m")
    assert not source.changed(cursor)


def test_what_is_no_message_is_named(tmp_path: Path) -> None:
    folder = saved(tmp_path / "l", thread(step=60))
    (folder / "2004/01/02/2").write_bytes(b"<p>The request has failed: No such message")
    os.mkfifo(folder / "2004/01/02/9")
    (folder / "2004/01/02/8").symlink_to("nowhere")
    found = taken(open_source(str(folder)))
    (refused,) = [each for each in found if isinstance(each, Rejected)]
    assert refused.position.endswith("/2004/01/02/2")
    assert len(found) == 6


def test_a_page_that_went_away_and_one_that_cannot_be_read(tmp_path: Path) -> None:
    folder = saved(tmp_path / "l", thread(step=60))
    page_2 = folder / "2004/01/02/2"
    page_2.unlink()
    page_2.symlink_to("/proc/self/mem")
    found = iter(open_source(str(folder)).messages(b""))
    next(found)
    (folder / "2004/01/02/3").unlink()
    refused, *others = found
    assert isinstance(refused, Rejected)
    assert "it cannot be read (Input/output error)" in refused.why
    assert len(others) == 3


def test_too_large_a_page_is_refused(tmp_path: Path) -> None:
    folder = saved(tmp_path / "l", thread(step=60))
    found = taken(open_source(str(folder), max_message=500))
    assert any(isinstance(each, Rejected) and "500" in each.why for each in found)


@pytest.mark.parametrize(
    ("date", "received"),
    [
        ("Fri, 2 Jan 2004 23:00:00 -0800", None),
        ("Thu, 1 Jan 1998 12:00:00 +0000", 1_073_044_800),
        ("no date", 1_073_044_800),
    ],
)
def test_when_it_came_is_told_by_its_day(tmp_path: Path, date: str, received: int | None) -> None:
    made = {
        "2004/01/02/1": page(Mail(mail("1", date=date), MORNING)),
        "2004/01/99/1": page(Mail(THREAD[0], 0)),
    }
    found = taken(open_source(str(saved(tmp_path / "l", made))))
    assert [each.received for each in found if isinstance(each, Incoming)] == [received, None]


@pytest.mark.parametrize(
    "files",
    [
        {"1": mail("1"), "2": mail("2")},
        {"2004/01/02/1": b"<html>", "2004/01/02/2": b"x"},
        {"a/1.html": page(Mail(THREAD[0], MORNING))},
        {},
    ],
)
def test_other_folders(tmp_path: Path, files: dict[str, bytes]) -> None:
    assert not is_blists(str(saved(tmp_path, files)))


def test_only_some_files_are_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved(tmp_path, {"1": b"x", "2": b"x", "2004/01/02/1": page(Mail(THREAD[0], MORNING))})
    assert is_blists(str(tmp_path))
    monkeypatch.setattr(blists, "_TRIED", 1)
    assert not is_blists(str(tmp_path))


def clues(number: int, raw: bytes) -> Clues:
    found = parse_page(page(Mail(raw, MORNING)))
    assert found is not None
    return Clues.of(b"<%d>" % number, found)


def patch(number: int, part: str, body: str = "Words of a patch\n") -> Clues:
    return clues(
        number, mail(str(number), subject=f"[PATCH v2 {part}] area: change {part}", body=body)
    )


def test_a_patch_answers_the_cover_letter() -> None:
    series = [patch(0, "0/3"), patch(1, "1/3"), patch(2, "2/3")]
    assert answered(patch(3, "3/3"), series[::-1]) is series[0]
    other = [patch(0, "0/9"), patch(1, "1/3")]
    assert answered(patch(3, "3/3"), other[::-1]) is other[0]
    assert answered(patch(3, "3/3"), []) is None


def test_a_reply_answers_whom_it_quotes_most_of() -> None:
    before = [
        clues(1, reply(1, None, own="one long line of words\nsecond long line of words")),
        clues(2, reply(2, 1, own="one long line of words\nsomething else entirely")),
    ]
    quoting = "one long line of words\nsecond long line of words"
    assert answered(clues(3, reply(3, 1, quoting, "No.")), before[::-1]) is before[0]
    assert (
        answered(clues(3, reply(3, 1, "one long line of words", "No.")), before[::-1]) is before[1]
    )
    assert answered(clues(3, reply(3, 1, "> " + quoting, "No.")), before[::-1]) is before[0]
    assert answered(clues(3, reply(3, 1, "short", "No.")), before[::-1]) is before[1]
    shared = [
        clues(1, reply(1, None, own="one long line of words")),
        clues(2, reply(2, 1, own="one long line of words", subject="Other topic")),
    ]
    assert (
        answered(clues(3, reply(3, 1, "one long line of words", "No.")), shared[::-1]) is shared[0]
    )
    other = clues(3, reply(3, 1, "", "No.", subject="Re: Topic two"))
    assert answered(other, before[::-1]) is before[1]


@given(st.randoms(use_true_random=False))
def test_any_page_is_a_message_or_none(chance: random.Random) -> None:
    octets = bytearray(page(Mail(THREAD[3], MORNING), Mail(THREAD[0], 0)))
    for _ in range(chance.randrange(20)):
        at = chance.randrange(len(octets))
        octets[at : at + chance.randrange(9)] = chance.choice(
            [
                b"",
                b"\n\n",
                b"<",
                b">",
                b"&#",
                b"</pre>",
                b"\0",
                b"\xff",
                b"From: ",
                b"[list]</a><pre>",
            ]
        )
    found = parse_page(bytes(octets))
    if found is not None:
        raw = found.message(b"<0@x.example>")
        header = parse_header(raw)
        assert b"" not in header.names
        assert header.every(b"references") == [b"<0@x.example>"]
        assert raw[header.body :] == found.body


def test_hostile_pages_take_no_long_time() -> None:
    start = b"[list]</a>\n<pre>\nDate: x\n\n"
    for piece in (b"<", b"&", b"&#1", b"<a ", b"[list]</a> ", b"<pre", b"\nFrom: x", b"[<prev] "):
        for octets in (piece * 300_000, start + piece * 300_000, b"<title>" + piece * 300_000):
            began = time.process_time()
            parse_page(octets)
            assert time.process_time() - began < 5


def test_a_field_in_many_lines_takes_no_long_time() -> None:
    began = time.process_time()
    found = parse_page(b"[list]</a><pre>Subject: x\n" + b"1\n" * 2_000_000 + b"\nText\n")
    assert found is not None
    assert found.fields[0][1].startswith(b"x\n 1\n 1\n")
    assert time.process_time() - began < 30


def test_of_long_lines_only_the_beginning_is_kept() -> None:
    long = b"x" * 1_000_000
    found = parse_page(b"[list]</a><pre>Subject: %b\n\n%b\n> %b\n" % (long, long, long))
    assert found is not None
    clues = Clues.of(b"<a@x.example>", found)
    kept = [clues.subject.encode(), *clues.written, *clues.quoted]
    assert len(kept) == 3
    assert max(map(len, kept)) <= 500
