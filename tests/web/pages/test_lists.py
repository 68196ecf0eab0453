"""The index of lists, however many there are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from gateway.web.pages.lists import LISTS_AT_ONCE, levels_of
from storage.errors import NoSuchMessage
from storage.model import MailingList
from tests.mail import MemoryEngine, fill, mail
from tests.web.asked import Asked
from tests.web.pages import listings
from tests.web.pages.listings import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.model import Entry

LIST = r"/([A-Za-z0-9.]+)/"


def described(engine: MemoryEngine, names: Sequence[str]) -> None:
    with engine.writer().batch() as batch:
        for name in names:
            batch.describe(name, description=f"About {name}")


@pytest.fixture(scope="module")
def few() -> MemoryEngine:
    engine = MemoryEngine()
    for name, year in (("b.old", 1999), ("a.new", 2012), ("c.mid", 2005)):
        mails = [mail(f"{name}{n}", date=f"{n} Mar {year} 12:00:00 +0000") for n in range(1, 4)]
        fill(engine.writer(), name, mails)
    described(engine, ["a.new", "d.empty"])
    listings.hide(engine, "a.new", [2])
    return engine


def test_lists_by_name(few: MemoryEngine) -> None:
    page = shown(Asked(few.archive()), "/")
    assert list(page.texts(LIST)) == ["a.new", "b.old", "c.mid", "d.empty"]
    assert re.findall(r'<td class="count">(\d+)</td>', page.text) == ["2", "3", "3", "0"]
    assert re.findall(r'<time datetime="(\S+)">', page.text) == [
        "2012-03-03",
        "1999-03-03",
        "2005-03-03",
    ]
    assert "About a.new" in page.text
    assert "4 lists" in page.text


def test_the_last_message_is_one_that_is_shown() -> None:
    engine = MemoryEngine()
    mails = [mail(f"m{day}", date=f"{day} Mar 2004 12:00:00 +0000") for day in (1, 2, 3)]
    fill(engine.writer(), "a", mails)
    listings.hide(engine, "a", [3])
    assert '<time datetime="2004-03-02">' in shown(Asked(engine.archive()), "/").text


def test_lists_by_activity(few: MemoryEngine) -> None:
    page = shown(Asked(few.archive()), "/active")
    assert list(page.texts(LIST)) == ["a.new", "c.mid", "b.old", "d.empty"]


def test_what_comes_moves_a_list_up(few: MemoryEngine) -> None:
    asked = Asked(few.archive())
    assert next(iter(shown(asked, "/active").texts(LIST))) == "a.new"
    fill(few.writer(), "c.mid", [mail("late", date="1 Jan 2013 00:00:00 +0000")], now=1_700_000_001)
    few.archive()
    assert next(iter(shown(asked, "/active").texts(LIST))) == "c.mid"


def test_nothing_at_all() -> None:
    assert "There are no lists yet." in shown(Asked(MemoryEngine().archive()), "/").text


def test_many_lists_come_page_by_page() -> None:
    engine = MemoryEngine()
    names = [f"org.x{n % 7}.list{n:05}" for n in range(1234)]
    described(engine, names)
    asked = Asked(engine.archive())
    path, seen = "/", []
    while path:
        page = shown(asked, path)
        assert page.status == 200
        lists = list(page.texts(LIST))
        assert len(lists) <= LISTS_AT_ONCE
        seen += lists
        path = next((href for href, text in page.main if text.startswith("Lists from")), "")
    assert seen == sorted(names)
    levels = dict(
        re.findall(
            r'<li><a href="[^"]*">(\S+)</a> <span class="meta">(\d+)', shown(asked, "/").text
        )
    )
    assert levels == {f"org.x{at}": str(len(range(at, 1234, 7))) for at in range(7)}
    assert next(iter(shown(asked, "/?from=org.x3.list00003").texts(LIST))) == "org.x3.list00003"
    assert shown(asked, "/?from=zzz").status == 404
    assert len(shown(asked, "/active").texts(LIST)) == LISTS_AT_ONCE


@pytest.mark.parametrize(
    ("names", "levels"),
    [
        (["a", "b"], {"a": "a", "b": "b"}),
        (["a.b", "a.c", "d.e.f"], {"a": "a.b", "d": "d.e.f"}),
        (["a", "a.b", "a.c.d"], {"a": "a", "a.b": "a.b", "a.c": "a.c.d"}),
        (["a.b.c.d", "a.b.c.e"], {"a.b.c": "a.b.c.d"}),
        ([], {}),
    ],
)
def test_levels(names: Sequence[str], levels: dict[str, str]) -> None:
    found = levels_of([MailingList(name) for name in names])
    assert {level.name: level.first for level in found} == levels


def test_what_is_removed_while_one_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = MemoryEngine()
    join = "List-Subscribe: <mailto:join@x.example>"
    mails = [mail("a", join), mail("b"), mail("c", answers="a"), mail("d", join)]
    fill(engine.writer(), "l", mails)
    archive = engine.archive()
    entry = archive.entry

    async def gone(name: str, number: int) -> Entry:
        if number in {3, 4}:
            raise NoSuchMessage(f"{name} {number}")
        return await entry(name, number)

    monkeypatch.setattr(archive, "entry", gone)
    asked = Asked(archive)
    assert "<td></td>" in shown(asked, "/").text
    page = shown(asked, "/l/")
    assert page.status == 200
    assert "join@x.example" not in page.text
    for number in (1, 2, 3, 4, 5):
        assert shown(asked, f"/l/threads?before={number}").status in {200, 404}
