"""Threads by when they were last written to: each once, and none lost, however they are paged through."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING

import pytest

from gateway.web.pages import calendars
from gateway.web.pages import threads as threads_page
from gateway.web.settings import Settings
from tests.mail import MemoryEngine, fill, mail
from tests.web.asked import ORIGIN, Asked
from tests.web.pages import listings
from tests.web.pages.listings import shown

if TYPE_CHECKING:
    from tests.mail import Engine

NAME = "lists.made"
THREADS = f"/{NAME}/threads"
ROW = re.compile(
    r'<li><a href="/lists\.made/m/([^"]+)@x\.example/thread">.*?<span class="meta">(?:(\d+) messages, last )?<time datetime="(\S+)">[^<]*</time>, (.*?)</span>'
)


def written(roots: int, seed: int) -> list[tuple[str, str | None]]:
    """Return names of mails in order, each with the thread that it answers into."""
    some = random.Random(seed)
    mails: list[tuple[str, str | None]] = [("r0", None)]
    for at in range(1, 4 * roots):
        if at < roots and some.random() < 0.7:
            mails.append((f"r{at}", None))
        else:
            mails.append((f"a{at}", some.choice([own for own, root in mails if root is None])))
    return mails


def filled(engine: Engine, mails: list[tuple[str, str | None]]) -> None:
    octets = [
        mail(
            own,
            answers=root,
            date=f"{1 + at // 24 % 28} {['Jan', 'Feb', 'Mar'][at // 672]} 2004 {at % 24:02}:00:00 +0000",
        )
        for at, (own, root) in enumerate(mails)
    ]
    fill(engine.writer(), NAME, octets)


def paged(asked: Asked) -> list[tuple[str, int]]:
    """Return the threads of all pages, each by its first message, with how many messages it has."""
    path, found = THREADS, []
    while path:
        page = shown(asked, path)
        assert page.status == 200
        found += [(first, int(count or 1)) for first, count, _, _ in ROW.findall(page.text)]
        path = next((href for href, text in page.main if text == "Earlier threads"), "")
    return found


def expected(mails: list[tuple[str, str | None]], left: set[int]) -> list[tuple[str, int]]:
    members: dict[str, list[int]] = {}
    for at, (own, root) in enumerate(mails, 1):
        if at in left:
            members.setdefault(root or own, []).append(at)
    ordered = sorted(members.values(), key=lambda numbers: -numbers[-1])
    return [(mails[numbers[0] - 1][0], len(numbers)) for numbers in ordered]


@pytest.mark.parametrize("at_once", [calendars.DAY_AT_ONCE, 1])
@pytest.mark.parametrize("most", [3, 7, 50])
def test_each_thread_once(
    engine: Engine, most: int, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calendars, "DAY_AT_ONCE", at_once)
    monkeypatch.setattr(threads_page, "THREADS", most)
    mails = written(40, most)
    filled(engine, mails)
    every = set(range(1, len(mails) + 1))
    assert paged(Asked(engine.archive())) == expected(mails, every)
    gone, hidden = set(range(4, len(mails), 9)), set(range(6, len(mails), 9))
    listings.remove(engine, NAME, gone)
    listings.hide(engine, NAME, hidden)
    assert paged(Asked(engine.archive())) == expected(mails, every - gone - hidden)


def test_a_long_quiet_stretch_is_passed_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads_page, "MAX_LOOKED_AT", 5)
    engine = MemoryEngine()
    mails = [("old", None), ("long", None), *((f"a{n}", "long") for n in range(23))]
    filled(engine, mails)
    assert paged(Asked(engine.archive())) == [("long", 24), ("old", 1)]


def test_messages_that_came_in_another_order_stand_by_their_day() -> None:
    engine = MemoryEngine()
    fill(
        engine.writer(),
        NAME,
        [
            mail("late", date="5 May 2005 12:00:00 +0000"),
            mail("early", date="4 Apr 2004 12:00:00 +0000"),
        ],
    )
    assert [first for first, _ in paged(Asked(engine.archive()))] == ["late", "early"]
    recent = shown(Asked(engine.archive()), f"/{NAME}/recent")
    assert list(recent.texts(r"/lists\.made/m/(.*)@x\.example")) == ["late", "early"]


def test_rows_tell_who_and_when_and_how_it_begins() -> None:
    engine = MemoryEngine()
    mails = [
        mail(
            f"p{n}",
            "Sender: x@y.example",
            answers="p0" if n else None,
            date=f"{n + 1} Jan 2004 12:00:00 +0000",
            body=f"Says {n} to bob@bob.example.\n",
        ).replace(b"From: A <a@x.example>", f"From: P{n % 6} <p{n % 6}@x.example>".encode())
        for n in range(12)
    ]
    fill(engine.writer(), NAME, mails)
    for is_veiled in (False, True):
        text = shown(
            Asked(engine.archive(), Settings(origin=ORIGIN, obfuscate=is_veiled)), THREADS
        ).text
        assert ROW.findall(text) == [
            ("p0", "12", "2004-01-12T12:00:00Z", "P0, P1, P2, P3 and others")
        ]
        said = "bob@....example" if is_veiled else "bob@bob.example"
        assert f'<p class="preview">Says 0 to {said}.</p>' in text


@pytest.mark.parametrize(
    ("before", "count"),
    [
        ("1", 0),
        ("3", 0),
        ("4", 1),
        ("5", 2),
        ("9", 2),
        ("x", 2),
        ("0", 2),
        ("-1", 2),
        ("9" * 99, 2),
    ],
)
def test_where_to_go_on(before: str, count: int) -> None:
    engine = MemoryEngine()
    filled(engine, [("r0", None), ("r1", None), ("a2", "r0"), ("a3", "r1"), ("a4", "r0")])
    listings.remove(engine, NAME, [5])
    page = shown(Asked(engine.archive()), f"{THREADS}?before={before}")
    assert page.status == 200
    assert len(ROW.findall(page.text)) == count


def test_where_there_is_nothing_to_go_on_from() -> None:
    engine = MemoryEngine()
    filled(engine, [("r0", None), ("r1", None)])
    listings.remove(engine, NAME, [1])
    assert shown(Asked(engine.archive()), f"{THREADS}?before=1").status == 404
