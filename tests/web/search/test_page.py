"""The search page: what it says, what it shows, where its links lead."""

from __future__ import annotations

import re
from contextlib import closing
from html import unescape
from typing import TYPE_CHECKING, Final
from urllib.parse import quote_plus

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gateway.web.pages import search
from gateway.web.search import finding
from gateway.web.search.finding import Found
from gateway.web.settings import Settings
from storage.model import Location
from tests.mail import NOW, MemoryEngine, SqliteEngine, fill, mail
from tests.web.asked import ORIGIN, Asked
from tests.web.validity import faults

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.web.answers import Answer

BODY: Final = "<script>alert(1)</script> Word & <b>stack</b> by user@example.com\n"
MANY: Final = 130


@pytest.fixture(scope="module")
def asked() -> Asked:
    engine = MemoryEngine()
    writer = engine.writer()
    fill(
        writer,
        "lists.a",
        [
            mail("script", subject="<i>Stack</i> & heap", body=BODY),
            mail("plain", subject="Other", body="> stack quoted\nNothing.\n"),
            mail("hidden", subject="Stack hidden"),
            mail("twice", subject="Twice"),
        ],
    )
    fill(
        writer,
        "lists.many",
        [mail(f"m{at}", subject=f"Many {at}", body="Word.\n") for at in range(MANY)],
    )
    fill(writer, "lists.b", [mail("twice", subject="Twice"), mail("b", subject="stack in b")])
    with writer.batch() as batch:
        batch.hide("lists.a", [3])
    return Asked(engine.archive())


def text_of(body: bytes) -> str:
    main = body.decode().partition("<main")[2].partition("</main>")[0]
    return " ".join(unescape(re.sub("<[^>]+>", "", main)).split())


def get(asked: Asked, path: str) -> tuple[Answer, str]:
    answer, body = asked.answer(path)
    assert not faults(body), path
    return answer, body.decode()


def numbers(body: str) -> list[int]:
    return [int(each) for each in re.findall('m([0-9]+)@x.example"', body)]


def test_what_is_found_is_shown_with_marks_and_nothing_of_it_is_html(asked: Asked) -> None:
    answer, body = get(asked, "/lists.a/search?q=stack")
    assert answer.status == 200
    assert "&lt;i&gt;<mark>Stack</mark>&lt;/i&gt; &amp; heap" in body
    assert (
        "&lt;script&gt;alert(1)&lt;/script&gt; Word &amp; &lt;b&gt;<mark>stack</mark>&lt;/b&gt;"
        in body
    )
    assert "&gt; <mark>stack</mark> quoted" in body
    assert "<script" not in body
    assert "user@...mple.com" in body
    assert "example.com" not in body
    assert "hidden" not in body.lower()
    assert "2 messages match." in text_of(body.encode())
    assert 'href="/lists.a/m/script@x.example"' in body
    assert body.index("plain@x.example") < body.index("script@x.example")


def test_search_pages_are_for_no_search_engine(asked: Asked) -> None:
    for path in ("/search?q=stack", "/search", "/lists.a/search?q=from:"):
        answer, body = get(asked, path)
        assert not answer.is_indexed
        assert '<meta name="robots" content="noindex, nofollow">' in body


def test_the_same_results_are_there_for_programs(asked: Asked) -> None:
    _, body = get(asked, "/lists.a/search?q=stack+or+%22a+b%22")
    for last in ("search.mbox.gz", "search.atom", "search.json"):
        assert f"/lists.a/{last}?q=stack+or+%22a+b%22" in body
    assert "/search?q=stack+or+%22a+b%22" in body


def test_over_all_lists_each_message_tells_its_list(asked: Asked) -> None:
    _, body = get(asked, "/search?q=subject:stack")
    assert '<a href="/lists.a/">lists.a</a>' in body
    assert '<a href="/lists.b/">lists.b</a>' in body
    assert "2 messages match." in text_of(body.encode())
    _, body = get(asked, "/search?q=stack+list:b")
    assert "1 message matches." in text_of(body.encode())


def test_nothing_typed_shows_how_to_search(asked: Asked) -> None:
    for path in ("/search", "/lists.a/search?q=", "/search?q=+%0a"):
        answer, body = get(asked, path)
        assert answer.status == 200
        assert "use after free" in body


def test_what_is_not_understood_is_said_and_stays_in_the_box(asked: Asked) -> None:
    answer, body = get(asked, "/lists.a/search?q=" + quote_plus('date:"x<" stack'))
    assert answer.status == 400
    assert "“x<” is no date" in text_of(body.encode())
    assert 'value="date:&#34;x&lt;&#34; stack"' in body


def test_nothing_found_is_said(asked: Asked) -> None:
    answer, body = get(asked, "/lists.a/search?q=nowhere")
    assert answer.status == 200
    assert "No messages match." in text_of(body.encode())
    assert "/search?q=nowhere" in body


def test_pages_go_on_to_the_end(asked: Asked) -> None:
    told: list[int] = []
    path = "/lists.many/search?q=word"
    said = []
    while path:
        _, body = get(asked, path)
        told += numbers(body)
        said.append(text_of(body.encode()))
        found = re.search('rel="next nofollow" href="([^"]+)"', body)
        path = unescape(found[1]) if found else ""
    assert told == [*range(MANY - 1, -1, -1)]
    assert "The newest 50 messages that match." in said[0]
    assert "The next 50 messages that match." in said[1]
    assert "The last 30 messages that match." in said[2]


def test_the_best_have_pages_too(asked: Asked) -> None:
    told: list[int] = []
    path = "/lists.many/search?q=word+many&sort=best"
    while path:
        _, body = get(asked, path)
        told += numbers(body)
        assert f"What fits best, of {MANY} messages." in text_of(body.encode())
        found = re.search('rel="next nofollow" href="([^"]+)"', body)
        path = unescape(found[1]) if found else ""
    assert sorted(told) == [*range(MANY)]
    for odd in ("x", "0", "999", "-1", "٣", "1" * 50):
        answer, _ = get(asked, f"/lists.many/search?q=word&sort=best&page={quote_plus(odd)}")
        assert answer.status == 200


@pytest.mark.parametrize(
    ("path", "to"),
    [
        ("/search?q=id:b@x.example", "/lists.b/m/b@x.example"),
        ("/lists.a/search?q=id:b@x.example", "/lists.b/m/b@x.example"),
        ("/lists.b/search?q=m:twice@x.example", "/lists.b/m/twice@x.example"),
        ("/search?q=%3Ctwice@x.example%3E", "/lists.a/m/twice@x.example"),
    ],
)
def test_a_message_id_leads_to_the_message(asked: Asked, path: str, to: str) -> None:
    answer, _ = asked.answer(path)
    assert answer.status == 302
    assert answer.headers["Location"].removeprefix(ORIGIN) == to


@pytest.mark.parametrize("own", ["nowhere", "hidden"])
def test_a_message_id_that_is_not_shown_finds_nothing(asked: Asked, own: str) -> None:
    answer, body = get(asked, f"/lists.a/search?q=id:{own}@x.example")
    assert answer.status == 200
    assert "No messages match." in text_of(body.encode())


def test_no_such_list(asked: Asked) -> None:
    for path in ("/nope/search?q=a", "/nope/search"):
        assert asked.answer(path)[0].status == 404


def test_where_time_ran_out_it_is_said_and_not_kept(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def cut(*_: object, **__: object) -> Found:
        return Found([Location("lists.a", 1)], "7", NOW, is_cut=True)

    monkeypatch.setattr(search, "look", cut)
    answer, body = get(asked, "/lists.a/search?q=stack")
    assert "it has looked at what was received since 2023-11-14 22:13." in text_of(body.encode())
    assert "Search on" in body
    assert "before=7" in body
    assert not answer.max_age
    assert not answer.lists

    async def not_begun(*_: object, **__: object) -> Found:
        return Found([], "x", None, is_cut=True)

    monkeypatch.setattr(search, "look", not_begun)
    _, body = get(asked, "/search?q=stack")
    assert "it has not come to all lists yet." in text_of(body.encode())


def test_where_time_ran_out_no_lines_are_shown(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding.Budget, "pause", _never)
    answer, body = get(asked, "/lists.a/search?q=stack")
    assert answer.status == 200
    assert 'class="context"' not in body


async def _never(*_: object) -> bool:
    return False


def test_messages_that_go_meanwhile_are_left_out(tmp_path: Path) -> None:
    with closing(SqliteEngine(tmp_path)) as engine:
        fill(engine.writer(), "lists.a", [mail(f"m{at}", body="Word.\n") for at in range(5)])
        asked = Asked(engine.archive())
        with engine.writer().batch() as batch:
            batch.remove("lists.a", 2)
        for query in ("word", "has:patch or word", "-nothing"):
            answer, body = get(asked, f"/lists.a/search?q={quote_plus(query)}")
            assert answer.status == 200
            assert set(numbers(body)) in ({4, 3, 2, 0}, {4, 3, 2, 1, 0})


def test_what_was_excluded_is_marked_nowhere(asked: Asked) -> None:
    _, body = get(asked, "/lists.a/search?q=-stack")
    assert "Twice" in body
    assert "<mark>" not in body


def test_addresses_are_whole_where_they_are_not_shortened() -> None:
    engine = MemoryEngine()
    fill(engine.writer(), "lists.a", [mail("1", body=BODY)])
    asked = Asked(engine.archive(), Settings(origin=ORIGIN, obfuscate=False))
    _, body = get(asked, "/search?q=word")
    assert "user@example.com" in body


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@example("\x1f\ud800\ufdd0\U0010ffff", "", "", "")
@given(
    st.text(max_size=30),
    st.sampled_from(["", "best", "x"]),
    st.text(max_size=5),
    st.sampled_from(["", "/lists.a", "/lists.b"]),
)
def test_no_question_is_an_error(
    asked: Asked, query: str, sort: str, before: str, name: str
) -> None:
    def encoded(text: str) -> str:
        return quote_plus(text.encode("utf-8", "surrogatepass"))

    path = f"{name}/search?q={encoded(query)}&sort={sort}&before={encoded(before)}&page={encoded(before)}"
    answer, body = asked.answer(path)
    assert answer.status in {200, 302, 400}
    assert answer.status == 302 or not faults(body)
