"""In a list of a million messages each page is as small and as quick as in a small one."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import pytest

from gateway.web import pages  # noqa: F401 - fills the table of routes
from gateway.web.asks import Ask
from gateway.web.reading import Reading
from gateway.web.routes import routed
from tests.web.pages.huge import COUNT, CROWDED, DAILY, NAME, Huge

if TYPE_CHECKING:
    from storage.archive import Archive

MOST_READ = 3000
"""Rows that are read before others get their turn, at most."""

MOST_OCTETS = 600_000


def asked(huge: Huge, path: str, *, now: int = 2_000_000_000) -> tuple[str, int]:
    """Return a page, and how many pieces it came in."""
    reading = Reading(cast("Archive", huge), breathe=huge.breathe, now=now)
    ask = Ask.of(path.encode(), "http://x.example")

    async def answered() -> tuple[str, int]:
        function, captured = routed(ask)
        answer = await function(reading, ask, **captured)
        assert answer.status == 200
        if isinstance(answer.body, bytes):
            return answer.body.decode(), 1
        pieces = [piece async for piece in answer.body]
        assert max(map(len, pieces)) < 100_000
        return b"".join(pieces).decode(), len(pieces)

    return asyncio.run(answered())


@pytest.mark.parametrize(
    "path",
    [
        "",
        "2003/",
        "2003/04/",
        "2003/04/05/",
        "2000/01/",
        "2000/01/01/",
        "2000/01/01/?from=29500",
        "recent",
        "threads",
        "threads?before=500000",
        "threads?before=20000",
        f"?since={COUNT - 10}",
        "?since=0",
    ],
)
def test_pages_are_bounded(path: str) -> None:
    huge = Huge()
    text, _ = asked(huge, f"/{NAME}/{path}")
    assert huge.most <= MOST_READ
    assert len(text) < MOST_OCTETS


def test_a_crowded_month_tells_what_it_leaves_out() -> None:
    text, _ = asked(Huge(), f"/{NAME}/2003/04/")
    assert text.count("/m/") == 1000
    assert f"The first of {30 * DAILY} messages" in text


def test_a_crowded_day_is_read_part_by_part() -> None:
    huge, seen, path = Huge(), 0, "?from=1"
    while path:
        text, _ = asked(huge, f"/{NAME}/2000/01/01/{path}")
        seen += text.count("<li value=")
        _, _, behind = text.partition("/2000/01/01/?from=")
        path = f"?from={behind.partition(chr(34))[0]}" if behind else ""
    assert seen == CROWDED
    assert huge.most <= MOST_READ


def test_the_newest_of_a_crowded_day() -> None:
    text, _ = asked(Huge(CROWDED), f"/{NAME}/recent")
    assert [f"Topic {CROWDED - at}<" in text for at in (0, 99, 100)] == [True, True, False]


def test_threads_are_counted_in_steps_and_at_most_once_an_hour() -> None:
    count = 200_000
    huge = Huge(count)
    text, _ = asked(huge, f"/{NAME}/charts", now=1_000_000)
    assert huge.most <= MOST_READ
    assert f"{count // 10} messages" in text
    assert len(text) < MOST_OCTETS
    huge.record = replace(huge.record, revision=2, high=count + 10)
    text, _ = asked(huge, f"/{NAME}/charts", now=1_003_000)
    assert f"{count // 10} messages" in text
    assert "Threads as they were on 1970-01-12 13:46 UTC" in text
    text, _ = asked(huge, f"/{NAME}/charts", now=1_003_601)
    assert f"{count // 10 + 1} messages" in text
    assert "Threads as they were" not in text


def test_the_sitemap_comes_in_pieces() -> None:
    huge = Huge()
    index, _ = asked(huge, "/sitemap.xml")
    assert index.count("<loc>") == COUNT // 10_000
    text, pieces = asked(huge, f"/{NAME}/sitemap-7.xml")
    assert text.count("<loc>") == 10_000
    assert pieces > 10
    assert huge.most <= MOST_READ
