"""Charts show what there is, drawn to scale."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.web.asks import Ask
from gateway.web.pages import charts as charts_page
from gateway.web.pages import scans
from gateway.web.pages.bars import ABOVE, HEIGHT, LEFT, WIDTH, Count, chart, scale
from gateway.web.reading import Reading
from gateway.web.settings import Settings
from tests.mail import MemoryEngine, fill, mail
from tests.web.asked import Asked
from tests.web.pages import listings
from tests.web.pages.listings import made_over_years, shown

if TYPE_CHECKING:
    from gateway.web.answers import Answer
    from tests.mail import Engine

NAME = "lists.made"
CHARTS = f"/{NAME}/charts"
ROW = re.compile(
    r'<tr><th scope="row">(?:<a href="[^"]*">)?([^<]*)(?:</a>)?</th><td class="count">(\d+)</td></tr>'
)


def tables(text: str) -> dict[str, dict[str, int]]:
    """Return what the tables of the page hold, by the drawing that each is in place of."""
    found = {}
    for part in text.split("<section>")[1:]:
        (title,) = re.findall(r"<h2[^>]*>([^<]+)</h2>", part)
        found[title] = {key: int(count) for key, count in ROW.findall(part)}
    return found


def test_tables_and_drawings_count_right(engine: Engine) -> None:
    mails = made_over_years(7, 120, [2001, 2002])
    fill(engine.writer(), NAME, [each.octets for each in mails])
    gone, hidden = range(4, 120, 10), range(7, 120, 13)
    listings.remove(engine, NAME, gone)
    listings.hide(engine, NAME, [number for number in hidden if number not in gone])
    left = {at: each for at, each in enumerate(mails, 1) if at not in gone and at not in hidden}
    text = shown(Asked(engine.archive()), CHARTS).text
    found = tables(text)
    days = [each.day for each in left.values()]
    assert found["Messages by month"] == Counter(f"{day:%B %Y}" for day in days)
    assert found["Messages by day of the week"] == Counter(f"{day:%A}" for day in days)
    bars = re.findall(r"<rect [^>]*><title>([^<]*): (\d+)</title></rect>", text)
    assert Counter(dict.fromkeys(key for key, _ in bars)) == Counter(
        dict.fromkeys(
            key
            for table in ("Messages by month", "Messages by day of the week", "Threads by size")
            for key in found[table]
        )
    )
    sizes = thread_sizes(engine)
    expected: Counter[str] = Counter()
    for size in sizes:
        expected[
            "1"
            if size == 1
            else "2"
            if size == 2
            else "3 to 4"
            if size < 5
            else "5 to 8"
            if size < 9
            else "more"
        ] += 1
    said = found["Threads by size"]
    assert {key: said.get(key, 0) for key in ("1", "2", "3 to 4", "5 to 8")} == {
        key: expected[key] for key in ("1", "2", "3 to 4", "5 to 8")
    }
    assert sum(said.values()) == len(sizes)
    busiest = [int(count) for count in re.findall(r'<span class="meta">(\d+) messages, from', text)]
    assert busiest == [size for size in sorted(sizes, reverse=True)[: scans.BUSIEST] if size > 1]


def thread_sizes(engine: Engine) -> list[int]:
    archive = engine.archive()
    record = archive.mailing_list(NAME)

    async def counted() -> Counter[bytes]:
        return Counter(
            [
                each.thread
                async for entries in archive.entries(NAME, 1, record.high)
                for each in entries
                if not record.is_hidden(each.number)
            ]
        )

    return list(asyncio.run(counted()).values())


def answered(engine: Engine, now: int) -> Answer:
    reading = Reading(engine.archive(), Settings(), now=now)
    answer: Answer = asyncio.run(charts_page.charts(reading, Ask.of(CHARTS.encode()), NAME))
    return answer


def test_while_threads_are_counted_for_one_another_sees_the_rest() -> None:
    engine = MemoryEngine()
    fill(engine.writer(), NAME, [mail("a"), mail("b", answers="a")])
    archive = engine.archive()
    seen: list[bytes] = []

    async def meanwhile() -> None:
        if not seen:
            seen.append(b"")
            other = Reading(archive, Settings())
            answer = await charts_page.charts(other, Ask.of(CHARTS.encode()), NAME)
            assert isinstance(answer.body, bytes)
            seen.append(answer.body)
            assert answer.lists == frozenset()  # not to be kept

    reading = Reading(archive, Settings(), breathe=meanwhile)
    answer = asyncio.run(charts_page.charts(reading, Ask.of(CHARTS.encode()), NAME))
    assert b"The threads are being counted" in seen[1]
    assert b"Messages by month" in seen[1]
    assert isinstance(answer.body, bytes)
    assert b"Threads by size" in answer.body
    assert answer.lists == {NAME}


def test_what_failed_is_begun_again() -> None:
    engine = MemoryEngine()
    fill(engine.writer(), NAME, [mail("a")])
    archive = engine.archive()

    async def fail() -> None:
        raise OSError

    with pytest.raises(OSError):  # noqa: PT011  it has no text
        asyncio.run(
            charts_page.charts(Reading(archive, breathe=fail), Ask.of(CHARTS.encode()), NAME)
        )
    answer = asyncio.run(charts_page.charts(Reading(archive), Ask.of(CHARTS.encode()), NAME))
    assert isinstance(answer.body, bytes)
    assert b"Threads by size" in answer.body


def test_a_small_list_is_counted_whenever_it_changed(engine: Engine) -> None:
    fill(engine.writer(), NAME, [mail("a"), mail("b", answers="a")])
    first = answered(engine, 1000)
    assert isinstance(first.body, bytes)
    assert b"2 messages, from" in first.body
    fill(engine.writer(), NAME, [mail("c", answers="a")], now=1_700_000_001)
    second = answered(engine, 1001)
    assert isinstance(second.body, bytes)
    assert b"3 messages, from" in second.body


def test_a_long_life_is_cut() -> None:
    engine = MemoryEngine()
    fill(
        engine.writer(),
        NAME,
        [mail("a", date="1 Jan 1971 12:00:00 +0000"), mail("b", date="1 Feb 2020 12:00:00 +0000")],
    )
    text = shown(Asked(engine.archive()), CHARTS).text
    assert tables(text)["Messages by month"] == {"January 1971": 1, "February 2020": 1}
    marks = re.findall(r'text-anchor="middle" font-size="12">(\d{4})</text>', text)
    assert 5 <= len(marks) <= charts_page.MAX_MARKS + 1
    assert marks == sorted(marks)


@given(st.integers(0, 10**9))
def test_a_scale_holds_what_is_shown(most: int) -> None:
    top = scale(most)
    assert top >= most
    assert top < 10 or most * 2.5 >= top
    assert str(top).rstrip("0") in {"1", "2", "5"}


@given(st.lists(st.integers(0, 5000), max_size=60))
def test_bars_are_to_scale(numbers: list[int]) -> None:
    drawn = chart(
        "x", "Messages by x", "", [Count(f"{at}", number) for at, number in enumerate(numbers)]
    )
    top = scale(max(numbers, default=0))
    expected = [number for number in numbers if number]
    assert len(drawn.bars) == len(expected)
    right = float(LEFT)
    for bar, number in zip(drawn.bars, expected, strict=True):
        assert abs(bar.height - max(HEIGHT * number / top, 1)) < 0.01
        assert abs(bar.y + bar.height - (ABOVE + HEIGHT)) < 0.02
        assert bar.x >= right - 0.02
        right = bar.x + bar.width
    assert right <= LEFT + WIDTH + 0.02


def test_mondays() -> None:
    engine = MemoryEngine()
    monday = dt.date(2023, 7, 31)
    assert monday.weekday() == 0
    fill(engine.writer(), NAME, [mail("a", date=f"{monday:%d %b %Y} 23:59:59 +0000")])
    assert tables(shown(Asked(engine.archive()), CHARTS).text)["Messages by day of the week"] == {
        "Monday": 1
    }
