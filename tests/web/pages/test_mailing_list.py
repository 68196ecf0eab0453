"""A list's own page: what it says of the list, and what has come since."""

from __future__ import annotations

import re

import pytest

from gateway.web.pages import recent
from gateway.web.pages.list_fields import ASKED, ListLink, links_in
from gateway.web.settings import Settings
from tests.mail import MemoryEngine, fill, mail
from tests.web.asked import ORIGIN, Asked
from tests.web.pages import listings
from tests.web.pages.listings import shown

NAME = "lists.made"
HOME = f"/{NAME}/"
JOIN = "List-Subscribe: <mailto:join@x.example>"
ONE_CLICK = b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\n"


def engine_of(*mails: bytes) -> MemoryEngine:
    engine = MemoryEngine()
    fill(engine.writer(), NAME, mails)
    return engine


def test_without_the_slash() -> None:
    answer, _ = Asked(engine_of(mail("a")).archive()).answer(f"/{NAME}")
    assert answer.status == 301
    assert answer.headers["Location"].endswith(HOME)


def test_how_to_read_it_elsewhere() -> None:
    engine = engine_of(mail("a"))
    with engine.writer().batch() as batch:
        batch.describe(NAME, description="All <about> it", address="made@lists.example")
    settings = Settings(
        origin=ORIGIN, news_url="nntp://news.example:1119", mail_url="imap://mail.example"
    )
    page = shown(Asked(engine.archive(), settings), HOME)
    links = dict(page.main)
    assert links["nntp://news.example:1119/lists.made"]
    assert links["imap://mail.example/lists.made"]
    assert links["mailto:made@lists.example"] == "made@lists.example"
    assert links[f"{HOME}list.atom"]
    assert "All &lt;about&gt; it" in page.text
    assert "nntp:" not in shown(Asked(engine.archive()), HOME).text


@pytest.mark.parametrize(
    ("fields", "links"),
    [
        (b"List-Post: <mailto:l@x.example>\n", [("Write to the list", "mailto:l@x.example")]),
        (b"List-Post: <MAILTO:L@x.example>\n", [("Write to the list", "mailto:L@x.example")]),
        (b"List-Post: NO\n", []),
        (
            b"List-Help: <https://x.example/?a=1&b=2> (help),\n <mailto:h@x.example?subject=help>\nlist-unsubscribe: <mailto:u@x.example>\n",
            [
                ("Unsubscribe", "mailto:u@x.example"),
                ("Help of the list", "https://x.example/?a=1&b=2"),
                ("Help of the list", "mailto:h@x.example?subject=help"),
            ],
        ),
        (
            b"List-Unsubscribe: <https://x.example/?token>\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\n",
            [],
        ),
        (b"List-Unsubscribe: <mailto:l-leave-me=x.example@x.example>\n", []),
        (
            b"List-Unsubscribe: <mailto:l-leave@x.example>, <HTTPS://x.example/leave?1234>\n"
            + ONE_CLICK,
            [("Unsubscribe", "mailto:l-leave@x.example")],
        ),
        (b"List-Help: <javascript:alert(1)>, <data:text/html,x>, <//x.example/>\n", []),
        (b'List-Help: <https://x.example/"onclick=x>, <https://x.example/ y>\n', []),
        (
            b"List-Help: " + b"<https://x.example/>, " * 9 + b"\n",
            [("Help of the list", "https://x.example/")] * 3,
        ),
        (b"List-Help: <https://x.example/" + b"x" * 2000 + b">\n", []),
    ],
)
def test_links_in_a_header(fields: bytes, links: list[tuple[str, str]]) -> None:
    assert links_in(fields + b"\n") == [ListLink(purpose, url) for purpose, url in links]


def test_what_most_of_the_newest_say_is_believed() -> None:
    mails = [mail(f"m{n}", JOIN) for n in range(10)]
    mails.append(mail("evil", "List-Subscribe: <https://evil.example/>"))
    asked = Asked(engine_of(*mails).archive())
    page = shown(asked, HOME)
    assert ("mailto:join@x.example", "Subscribe") in page.main
    assert "evil.example" not in page.text


def test_what_few_say_is_not() -> None:
    mails = [mail(f"m{n}") for n in range(ASKED)] + [mail("a", JOIN), mail("b", JOIN)]
    assert "join@x.example" not in shown(Asked(engine_of(*mails).archive()), HOME).text


def test_what_a_list_says_now() -> None:
    engine = engine_of(mail("a", JOIN))
    asked = Asked(engine.archive())
    assert "join@x.example" in shown(asked, HOME).text
    fill(engine.writer(), NAME, [mail("b"), mail("c")], now=1_700_000_001)
    engine.archive()
    assert "join@x.example" not in shown(asked, HOME).text


def test_hidden_and_large_messages_are_not_asked() -> None:
    engine = engine_of(
        mail("a", JOIN),
        *(mail(f"m{n}", "List-Subscribe: <mailto:other@x.example>") for n in range(3)),
        mail("large", body="x\n" * 200_000),
    )
    listings.hide(engine, NAME, [2, 3, 4])
    text = shown(Asked(engine.archive()), HOME).text
    assert "join@x.example" in text
    assert "other@x.example" not in text


def test_what_has_come_since() -> None:
    engine = engine_of(
        mail("a"), mail("b", answers="a"), mail("c"), mail("d", answers="b"), mail("e")
    )
    listings.hide(engine, NAME, [3])
    asked = Asked(engine.archive())
    new = r"/lists\.made/m/([^/]*)@x\.example"
    (link,) = [href for href, text in shown(asked, HOME).main if "?since=" in href]
    assert link == f"{HOME}?since=5"
    page = shown(asked, f"{HOME}?since=1")
    assert list(page.texts(new)) == ["b", "d", "e"]
    assert '<li class="d1"><a href="/lists.made/m/d@x.example">' in page.text
    assert "noindex" in page.text
    assert "Nothing has come" in shown(asked, link).text
    fill(engine.writer(), NAME, [mail("f")], now=1_700_000_001)
    engine.archive()
    page = shown(asked, link)
    assert list(page.texts(new)) == ["f"]
    assert f"{HOME}?since=6" in dict(page.main)


def test_much_that_has_come_since_is_read_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent, "MAX_SINCE", 4)
    asked = Asked(engine_of(*(mail(f"m{n}") for n in range(1, 11))).archive())
    path, seen = f"{HOME}?since=0", []
    while True:
        page = shown(asked, path)
        found = list(page.texts(r"/lists\.made/m/([^/]*)@x\.example"))
        if not found:
            break
        seen += found
        (path,) = [href for href, _ in page.main if "?since=" in href]
    assert seen == [f"m{n}" for n in range(1, 11)]


@pytest.mark.parametrize("since", ["x", "-1", "", "1e3", "²"])
def test_since_what_is_no_number(since: str) -> None:
    page = shown(Asked(engine_of(mail("a")).archive()), f"{HOME}?since={since}")
    assert page.status == 200
    assert "Messages by month" in page.text


def test_recent_messages() -> None:
    engine = engine_of(*(mail(f"m{n}") for n in range(1, 131)))
    listings.hide(engine, NAME, [130])
    listings.remove(engine, NAME, [129])
    page = shown(Asked(engine.archive()), f"{HOME}recent")
    found = list(page.texts(r"/lists\.made/m/m(\d+)@x\.example"))
    assert found == [f"{n}" for n in range(128, 28, -1)]
    assert re.search(r"The newest 100 of 128 messages", page.text)
