from __future__ import annotations

import gc
import weakref
from typing import TYPE_CHECKING

import pytest

from gateway.access import Access
from gateway.nntp import render
from gateway.nntp.render import MAX_FIELD, overview, overview_row, prefix
from gateway.nntp.settings import Settings
from storage.message.fields import parse_header
from storage.model import Location, Page
from tests.nntp.world import HOST, USER, Client, Users, build, session

if TYPE_CHECKING:
    from tests.mail import Engine

ROW = b"s\tf\td\t<i@x>\tr\t100\t7"


def test_a_row_holds_the_fields_of_the_served_header_unfolded() -> None:
    head = (
        b"Subject: a\r\n\tb\r\nsubject: other\r\nFROM: =?utf-8?q?x?=\r\nReferences:\r\n <r@x>\r\n"
    )
    row = overview_row(parse_header(head), b"<i@x>", 321, 4)
    assert row == b"a b\t=?utf-8?q?x?=\t\t<i@x>\t<r@x>\t321\t4"


def test_the_prefix_names_other_lists_in_order_behind_the_own() -> None:
    others = [Location("z", 3), Location("a", 20)]
    assert prefix(b"h", "l", 7, others) == (
        b"Path: h!not-for-mail\r\nNewsgroups: l,a,z\r\nXref: h l:7 a:20 z:3\r\n"
    )


@pytest.mark.parametrize("number", [1, 9, 10, 11, 99, 100, 12345, 2**31 - 1])
def test_the_size_counts_the_prefix_whatever_the_number(number: int) -> None:
    page = Page([number - 1, number], [ROW, ROW])
    text = overview(page, HOST, "l", Access()).lines(slice(1, 2))
    size = 100 + len(prefix(HOST, "l", number, []))
    assert text == b"%d\ts\tf\td\t<i@x>\tr\t%d\t7\tXref: %b l:%d\r\n" % (number, size, HOST, number)


def test_an_overview_is_made_once_for_all_who_may_read_the_same() -> None:
    page = Page([1, 2], [ROW, ROW], {2: [Location("secret", 1), Location("open", 4)]})
    first = overview(page, HOST, "l", Access())
    assert overview(page, HOST, "l", Access()) is first
    assert overview(page, HOST, "l", Access(frozenset({"secret"}))) is not first
    assert b"secret:1" in first.text
    hidden = overview(page, HOST, "l", Access(frozenset({"secret"})))
    assert b"secret" not in hidden.text
    assert hidden.text.endswith(b"\tXref: news.example l:2 open:4\r\n")
    assert overview(page, b"other", "l", Access()).text.count(b"Xref: other l:") == 2


def test_an_overview_lives_no_longer_than_its_page() -> None:
    page = Page([1], [ROW])
    overview(page, HOST, "l", Access())
    gone = weakref.ref(page)
    kept = len(render._overviews)
    del page
    gc.collect()
    assert gone() is None
    assert len(render._overviews) == kept - 1


@pytest.mark.parametrize("user", [None, USER])
def test_sizes_lines_and_fields_agree_with_what_article_sends(
    engine: Engine, user: str | None
) -> None:
    archive = build(engine)
    talking = session(archive, Settings(HOST, plaintext_login=True), users=Users())
    client = Client(talking)
    if user:
        client.ask(b"AUTHINFO USER ann")
        assert client.ask(b"AUTHINFO PASS open sesame").startswith(b"281")
    seen = 0
    for record in talking.lists():
        client.ask(b"GROUP " + record.name.encode())
        for line in client.ask(b"OVER 1-").split(b"\r\n")[1:-2]:
            number, subject, _, _, message_id, references, size, lines, xref = line.split(b"\t")
            answer = client.ask(b"ARTICLE " + number)
            status, article = answer.removesuffix(b".\r\n").split(b"\r\n", 1)
            article = article.replace(b"\r\n.", b"\r\n")
            head, _, body = article.partition(b"\r\n\r\n")
            fields = unfolded(head)
            assert status == b"220 %b %b" % (number, message_id)
            assert len(article) == int(size)
            assert body.count(b"\r\n") == int(lines)
            assert (fields[b"Subject"], fields[b"Message-ID"]) == (subject, message_id)
            assert fields.get(b"References", b"") == references
            assert b"Xref: " + fields[b"Xref"] == xref
            for octet in (b"\0", b"\r", b"\n"):
                assert octet not in article.replace(b"\r\n", b"")
            seen += 1
    assert seen > 12


def unfolded(head: bytes) -> dict[bytes, bytes]:
    joined = head.replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ").replace(b"\t", b" ")
    return dict(line.split(b": ", 1) for line in joined.split(b"\r\n"))


def test_a_field_that_nobody_wrote_is_cut_in_the_overview() -> None:
    head = b"Subject: " + b"x" * (MAX_FIELD + 9) + b"\r\n"
    row = overview_row(parse_header(head), b"<i@x>", 321, 4)
    assert row == b"x" * MAX_FIELD + b"\t\t\t<i@x>\t\t321\t4"
