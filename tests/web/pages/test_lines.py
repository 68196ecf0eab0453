"""Lines of listings: whatever a header holds, they are text; written once, and again when a message is another."""

from __future__ import annotations

import asyncio
import html
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.web.pages import lines as lines_module
from gateway.web.pages.lines import Line, lines_of, listed, listed_by_place
from gateway.web.reading import Reading
from gateway.web.settings import Settings
from gateway.web.urls import Urls
from tests.mail import MemoryEngine, fill, mail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.mail import Engine

NAME = "lists.made"
ITEM = re.compile(
    r'<li><a href="([^"<>]*)">([^<>]*)</a> <span class="meta">([^<>]*), <time datetime="([^"<>]*)">([^<>]*)</time>([^<>]*)</span></li>\n'
)


def reading_of(engine: Engine, *, is_veiled: bool = False, root: str = "") -> Reading:
    return Reading(engine.archive(), Settings(obfuscate=is_veiled), Urls(root))


def lines(reading: Reading, numbers: Sequence[int]) -> dict[int, Line]:
    return asyncio.run(lines_of(reading, NAME, numbers))


def one(octets: bytes, *, is_veiled: bool = False) -> str:
    engine = MemoryEngine()
    fill(engine.writer(), NAME, [octets])
    return str(listed(lines(reading_of(engine, is_veiled=is_veiled), [1]).values()))


@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=30))
def test_whatever_a_header_holds_is_text(subject: str, author: str, own: str) -> None:
    octets = f"Subject: {subject}\nFrom: {author} <a@x.example>\nMessage-ID: <{own}@x.example>\n\n"
    found = ITEM.fullmatch(one(octets.encode("utf-8", "replace")))
    assert found
    assert not found[1].startswith("javascript")


def test_markup_is_shown_as_it_is_written() -> None:
    item = one(
        mail("a&b'c", subject='<script>alert("1")</script> &amp;').replace(
            b"From: A <", b'From: "<img src=x>" <'
        )
    )
    found = ITEM.fullmatch(item)
    assert found
    assert html.unescape(found[2]) == '<script>alert("1")</script> &amp;'
    assert html.unescape(found[3]) == "<img src=x>"
    assert html.unescape(found[1]) == "/lists.made/m/a&b'c@x.example"


@pytest.mark.parametrize(
    ("octets", "said"),
    [
        (mail("a"), ("Topic", "A", "2004-01-01T12:00:00Z", "2004-01-01 12:00", "")),
        (mail("a", subject=""), ("(no subject)", "A", "2004-01-01T12:00:00Z", "2004-01-01 12:00", "")),
        (b"Message-ID: <a@x.example>\nDate: 1 Jan 2004 12:00:00 +0200\n\n", ("(no subject)", "(nobody)", "2004-01-01T10:00:00Z", "2004-01-01 10:00", "")),
        (mail("a", body="--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n"), ("Topic", "A", "2004-01-01T12:00:00Z", "2004-01-01 12:00", ", patch")),
        (mail("a", "MIME-Version: 1.0", "Content-Type: image/png"), ("Topic", "A", "2004-01-01T12:00:00Z", "2004-01-01 12:00", ", 1 attachment")),
        (
            mail("a", "MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary=b", body="--b\nContent-Type: image/png\n\nx\n--b\nContent-Type: image/png\n\nx\n--b--\n"),
            ("Topic", "A", "2004-01-01T12:00:00Z", "2004-01-01 12:00", ", 2 attachments"),
        ),
    ],
)  # fmt: skip  # a table
def test_what_is_said(octets: bytes, said: tuple[str, ...]) -> None:
    found = ITEM.fullmatch(one(octets))
    assert found
    assert found.groups()[1:] == said


def test_addresses_are_shortened_where_they_are_to_be() -> None:
    octets = mail("a", subject="to bob@bob.example").replace(b"From: A <", b"From: <")
    assert "bob@bob.example" in one(octets)
    veiled = one(octets, is_veiled=True)
    assert "bob@....example</a>" in veiled
    assert ">a@...xample," in veiled


def test_numbers_far_apart_and_not_there() -> None:
    engine = MemoryEngine()
    fill(engine.writer(), NAME, [mail(f"m{n}") for n in range(1, 1201)])
    with engine.writer().batch() as batch:
        batch.remove(NAME, 600)
    wanted = [1, 2, 255, 256, 257, 600, 1023, 1024, 1200, 1201, 9999]
    found = lines(reading_of(engine), wanted)
    assert {number: line.message_id for number, line in found.items()} == {
        number: b"<m%d@x.example>" % number for number in wanted if number not in {600, 1201, 9999}
    }
    assert lines(reading_of(engine), []) == {}


def test_lines_are_kept_until_they_are_others(engine: Engine) -> None:
    fill(engine.writer(), NAME, [mail("a"), mail("b")])
    reading = reading_of(engine)
    first = lines(reading, [1, 2])
    assert lines(reading, [1, 2])[1] is first[1]
    other = lines(reading_of(engine, root="/below"), [1])[1]
    assert other.url == "/below/lists.made/m/a@x.example"
    fill(engine.writer(), NAME, [mail("c", answers="a")], now=1_700_000_001)
    found = lines(reading_of(engine), [1, 2, 3])
    assert found[3].references == b"<a@x.example>"
    assert found[3].thread == found[1].thread != found[2].thread


def test_not_too_many_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines_module, "KEPT_LINES", 10)
    engine = MemoryEngine()
    fill(engine.writer(), NAME, [mail(f"m{n}") for n in range(40)])
    reading = reading_of(engine)
    first = lines(reading, [1])[1]
    lines(reading, range(2, 41))
    again = lines(reading, [1])[1]
    assert again == first
    assert again is not first


def test_items_by_place() -> None:
    engine = MemoryEngine()
    fill(engine.writer(), NAME, [mail("a", subject="a < b")])
    line = lines(reading_of(engine), [1])[1]
    assert listed_by_place("/l/2004/01/02/", [(3, line)]) == (
        '<li value="3"><a href="/l/2004/01/02/3">a &lt; b</a> <span class="meta">A, '
        '<time datetime="2004-01-01T12:00:00Z">2004-01-01 12:00</time></span></li>\n'
    )
