from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mirror import nntp
from gateway.mirror.nntp import MAX_WINDOW, MIN_WINDOW, NntpSource, window_for
from gateway.renderers import RENDERERS
from storage.errors import SourceError
from storage.ingest import ingest
from storage.model import Fidelity
from storage.sources.base import Incoming, Rejected
from storage.sources.content import too_large
from tests.mail import MemoryEngine, mail
from tests.mirror.servers import GROUP, News, Scripted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from storage.sources.base import Item

READER = "S: 200 x\nC: CAPABILITIES\nS: 101 x\nS: READER\nS: .\n"


def article(number: int) -> bytes:
    front = b"Path: made!not-for-mail\r\nNewsgroups: lists.made\r\nXref: made lists.made:%d\r\n"
    return front % number + original(number).replace(b"\n", b"\r\n")


def original(number: int) -> bytes:
    return mail(f"m{number}", subject=f"No {number}", body=f"{number}\n.\n..dot\n")


def news(numbers: Iterable[int], **options: object) -> News:
    return News({number: article(number) for number in numbers}, **options)  # type: ignore[arg-type]


def pull(server: News, after: bytes = b"") -> tuple[list[int], bytes]:
    """Return the numbers that are found behind a cursor, and the cursor behind them."""
    numbers, items = [], [*NntpSource(server.url, GROUP).messages(after)]
    for item in items:
        assert isinstance(item, Incoming)
        number = int(item.position.rpartition(" ")[2])
        assert item.raw == original(number)
        numbers.append(number)
    return numbers, items[-1].cursor if items else after


def test_what_is_given() -> None:
    with news([3, 4]) as server:
        first, second = NntpSource(server.url, GROUP).messages(b"")
    source = NntpSource(server.url.replace("//", "//ann:secret@"), GROUP)
    assert source.name == server.url.replace("//", "//ann@")
    assert (source.size, source.lag) == (None, None)
    assert source.changed(b"")
    assert source.suggested_name() == GROUP
    assert isinstance(first, Incoming)
    assert (first.raw, first.received, first.fidelity) == (original(3), None, Fidelity.FULL)
    assert first.position == f"{server.url}, article 3"
    assert (first.progress, second.progress) == (len(article(3)), len(article(3)) + len(article(4)))
    assert len(second.cursor) < 400


@pytest.mark.parametrize(
    ("group", "why"),
    [("", "no newsgroup"), ("a b", "no newsgroup"), (" a", "no newsgroup"), ("a\r\nQUIT", "no newsgroup")],
)  # fmt: skip
def test_what_is_no_group(group: str, why: str) -> None:
    with pytest.raises(SourceError, match=why):
        NntpSource("nntp://u:secret@h/", group)


def test_only_what_is_new_is_asked_for() -> None:
    with news([1, 2, 4]) as server:
        assert pull(server)[0] == [1, 2, 4]
        assert server.asked(b"ARTICLE") == [b"1", b"2", b"3", b"4"]
        _, cursor = pull(server)
        server.heard.clear()
        assert pull(server, cursor) == ([], cursor)
        assert server.asked(b"ARTICLE") == []
        server.articles |= {7: article(7), 8: article(8)}
        numbers, later = pull(server, cursor)
        assert numbers == [7, 8]
        assert server.asked(b"ARTICLE") == [b"5", b"6", b"7", b"8"]
        assert pull(server, later)[0] == []


def test_an_empty_group() -> None:
    with news([], high=0) as server:
        assert pull(server) == ([], b"")


SPARSE = [1, 5, 6, 700, 1500, 1501]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"listgroup": "all"},
        {"listgroup": "broken"},
        {"unknown": (b"LISTGROUP",)},
        {"unknown": (b"LISTGROUP", b"HDR")},
        {"unknown": (b"LISTGROUP", b"HDR", b"XHDR")},
    ],
)
def test_a_large_range_is_asked_for_first(
    options: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nntp, "_AT_ONCE", 1)  # so that some runs are empty
    with news(SPARSE, **options) as server:
        assert pull(server)[0] == SPARSE
        assert server.asked(b"ARTICLE") == [b"%d" % number for number in SPARSE]


def test_where_nothing_tells_what_is_there_everything_is_tried() -> None:
    with news(SPARSE, unknown=(b"LISTGROUP", b"HDR", b"XHDR", b"XOVER")) as server:
        assert pull(server)[0] == SPARSE
        assert len(server.asked(b"ARTICLE")) == 1501


@pytest.mark.parametrize(("limit", "least"), [("MAX_LISTING", 3), ("MAX_LISTED", 1)])
def test_a_listing_without_an_end_is_none(
    limit: str, least: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nntp, limit, least)
    with news([1, 1000]) as server:
        assert pull(server)[0] == [1, 1000]
        assert server.asked(b"XOVER") == [b"1-1000"]


def test_a_pull_that_is_cut_off_goes_on_where_it_was() -> None:
    found: list[Item] = []
    with news(range(1, 21), dies_after=7) as server:
        with pytest.raises(SourceError, match="closed early"):
            found.extend(NntpSource(server.url, GROUP).messages(b""))
        assert len(found) == 7
        server.dies_after = None
        assert pull(server, found[-1].cursor)[0] == [*range(8, 21)]


def test_new_numbers_are_noticed_by_an_article() -> None:
    with news(range(1, 5)) as server:
        _, cursor = pull(server)
        server.articles = {number: article(number + 1) for number in range(1, 5)} | {5: article(9)}
        items = [*NntpSource(server.url, GROUP).messages(cursor)]
        assert len(items) == 5


def test_new_numbers_are_noticed_by_the_water_mark() -> None:
    with news(range(2, 5)) as server:
        _, cursor = pull(server)
        server.articles = {}
        assert pull(server, cursor) == ([], cursor)
        server.articles = {1: article(1)}
        assert pull(server, cursor)[0] == [1]


def test_new_numbers_are_noticed_by_an_article_further_back() -> None:
    with news(range(1, 301)) as server:
        _, cursor = pull(server)
        del server.articles[300]
        server.high = 300
        assert pull(server, cursor) == ([], cursor)
        server.articles[255] = article(999)
        assert len([*NntpSource(server.url, GROUP).messages(cursor)]) == 299


def test_articles_that_went_away_prove_nothing() -> None:
    with news(range(1, 301)) as server:
        _, cursor = pull(server)
        server.articles = {301: article(301)}
        assert pull(server, cursor)[0] == [301]


def test_what_went_away_on_the_way_is_left_out() -> None:
    with news(SPARSE) as server:
        source = NntpSource(server.url, GROUP)
        items = source.messages(b"")
        next(items)
        assert source.size == len(article(1)) * len(SPARSE)
        assert source.lag == len(SPARSE) - 1
        assert sum(1 for _ in items) == len(SPARSE) - 1
        assert source.size == sum(len(article(number)) for number in SPARSE)
        assert source.lag == 0


def test_a_cursor_of_something_else_is_none() -> None:
    with news([1]) as server:
        assert pull(server, b'[1,"whole",1,2,"",3,false]')[0] == [1]
        assert pull(server, b"nonsense")[0] == [1]


def test_a_server_that_does_not_name_what_it_sends() -> None:
    talk = READER + "C: GROUP a\nS: 211 1 1 1 a\n"
    answer = "C: ARTICLE 1\nS: 220\nS: A: 1\nS:\nS: .\nHANG"
    with Scripted(talk + answer.replace("S:\n", "S: \n")) as server:
        (item,) = NntpSource(f"nntp://127.0.0.1:{server.port}/", "a").messages(b"")
    with Scripted(talk + "HANG") as server:
        again = NntpSource(f"nntp://127.0.0.1:{server.port}/", "a")
        assert [*again.messages(item.cursor)] == []


def test_what_is_no_message_and_what_is_too_large_are_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(nntp, "_EXTRA", 0)
    with news([1, 2, 3]) as server:
        server.articles[1] = b"nothing\r\n"
        server.articles[2] = b"A: 1\r\n\r\n" + b"x" * 4000 + b"\r\n"
        source = NntpSource(server.url, GROUP, max_message=3000)
        first, second, third = source.messages(b"")
        assert isinstance(first, Rejected)
        assert isinstance(second, Rejected)
        assert second.why == too_large(3000)
        assert isinstance(third, Incoming)
        assert pull(server, second.cursor)[0] == [3]


@given(
    st.lists(
        st.sampled_from([b"1", b"22 x", b"3\t", b"", b"x", b"-1", b"1.5", b"9" * 20]), max_size=6
    )
)
def test_a_listing_is_numbers_in_every_line_or_none(lines: list[bytes]) -> None:
    numbers = nntp._numbers(b"".join([line + b"\r\n" for line in lines]))
    if {*lines} <= {b"1", b"22 x", b"3\t"}:
        assert numbers == [int(line.split()[0]) for line in lines]
    else:
        assert numbers is None


@given(st.binary())
def test_no_block_is_more_than_a_listing_or_none(block: bytes) -> None:
    numbers = nntp._numbers(block)
    assert numbers is None or len(numbers) == block.count(b"\r\n")


@pytest.mark.parametrize(
    ("rest", "why"),
    [
        ("S: 411 none", "411 none: check the newsgroup's name"),
        ("S: 480 who are you", "480 who are you: put a login into the URL"),
        ("S: 211 many", "211 many"),
        ("S: 211 3 1 3000000000 a", "numbers end at 2147483647"),
        ("S: 211 1 1 1 a\nC: ARTICLE 1\nS: 403 broken", "403 broken: article 1 cannot be had"),
    ],
)
def test_what_the_server_refuses_is_named(rest: str, why: str) -> None:
    with Scripted(READER + "C: GROUP a\n" + rest + "\nHANG") as server:
        source = NntpSource(f"nntp://127.0.0.1:{server.port}/", "a")
        with pytest.raises(SourceError) as raised:
            [*source.messages(b"")]
    assert str(raised.value).startswith(f"{source.name}: ")
    assert why in str(raised.value)


def test_a_password_that_the_server_says_again_is_not_shown() -> None:
    login = "C: AUTHINFO USER ann\nS: 281 in\nC: CAPABILITIES\nS: 101 x\nS: READER\nS: .\n"
    with Scripted(
        READER + login + "C: GROUP a\nS: 502 not ann:secret" + "!" * 2000 + "\nHANG"
    ) as server:
        source = NntpSource(f"nntp://ann:secret@127.0.0.1:{server.port}/", "a")
        with pytest.raises(SourceError, match=r"502 not ann:\.\.\.!+: put a login") as raised:
            [*source.messages(b"")]
    assert len(str(raised.value)) < 1000


def test_the_window_is_as_wide_as_the_distance_wants() -> None:
    assert window_for(0.0001) == MIN_WINDOW
    assert MIN_WINDOW < window_for(0.04) < MAX_WINDOW
    assert window_for(10) == MAX_WINDOW


def test_a_list_is_pulled_once_whatever_happens_to_the_numbers() -> None:
    engine = MemoryEngine()
    with news(range(1, 11)) as server:
        source = NntpSource(server.url, GROUP)
        writer = engine.writer()
        assert ingest(writer, "lists.a", source, RENDERERS).added == 10
        assert ingest(writer, "lists.a", source, RENDERERS).read == 0
        server.articles = {number: article(number + 2) for number in range(1, 11)}
        summary = ingest(writer, "lists.a", source, RENDERERS)
        assert (summary.added, summary.duplicates) == (2, 8)
