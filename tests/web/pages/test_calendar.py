"""The calendar says what a count by hand says, and its addresses stay."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from gateway.web.pages import calendars
from gateway.web.pages.calendars import DAY_AT_ONCE
from tests.mail import MemoryEngine, fill, mail
from tests.web.asked import Asked
from tests.web.pages import listings
from tests.web.pages.listings import Made, made_over_years, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.mail import Engine

NAME = "lists.made"
HOME = f"/{NAME}/"


def asked_of(engine: Engine) -> Asked:
    return Asked(engine.archive())


def check(asked: Asked, left: Sequence[Made]) -> None:
    """Compare what all pages of the calendar count with what was made."""
    years, months, days = Counter[str](), Counter[str](), Counter[str]()
    for each in left:
        years[f"{each.day:%Y}"] += 1
        months[f"{each.day:%Y/%m}"] += 1
        days[f"{each.day:%Y/%m/%d}"] += 1
    index = shown(asked, HOME)
    assert index.counts(rf"{HOME}(\d{{4}}/\d\d)/") == months
    assert index.texts(rf"{HOME}(\d{{4}})/").keys() == years.keys()
    assert f">{len(left)} messages" in index.text
    for year in years:
        page = shown(asked, f"{HOME}{year}/")
        assert page.status == 200
        in_year = {key: count for key, count in months.items() if key.startswith(year)}
        said = page.texts(rf"{HOME}({year}/\d\d)/")
        assert said == {key: f"{dt.date(2000, int(key[5:]), 1):%B}" for key in in_year}
        assert f'<td class="count">{years[year]}</td>' in page.text
        assert [*in_year.values()] == [
            int(count.partition("<")[0]) for count in page.text.split('<td class="count">')[1:-1]
        ]
    for month in months:
        page = shown(asked, f"{HOME}{month}/")
        in_month = {key: count for key, count in days.items() if key.startswith(month)}
        assert page.counts(rf"{HOME}({month}/\d\d)/") == in_month
        assert set(page.texts(rf"{HOME}m/(.+)@x\.example")) == {
            each.own for each in left if f"{each.day:%Y/%m}" == month
        }
    for day in days:
        page = shown(asked, f"{HOME}{day}/")
        assert len(page.texts(rf"{HOME}{day}/(\d+)")) == days[day]
    for path in (*years, *months, *days):
        check_neighbours(asked, path, [years, months, days][path.count("/")])


def check_neighbours(asked: Asked, path: str, keys: Counter[str]) -> None:
    ordered = sorted(keys)
    at = ordered.index(path)
    text = shown(asked, f"{HOME}{path}/").text
    for relation, near in (
        ("prev", ordered[max(at - 1, 0)]),
        ("next", ordered[-1:][0] if at + 1 == len(ordered) else ordered[at + 1]),
    ):
        assert (f'rel="{relation}" href="{HOME}{near}/"' in text) == (near != path)


@pytest.mark.parametrize("most", [DAY_AT_ONCE, 1])
def test_pages_count_right(engine: Engine, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calendars, "DAY_AT_ONCE", most)
    mails = made_over_years(1, 150, [1998, 1999, 2000])
    fill(engine.writer(), NAME, [each.octets for each in mails])
    check(asked_of(engine), mails)
    gone, hidden = range(3, 150, 7), range(5, 150, 11)
    listings.remove(engine, NAME, gone)
    listings.hide(engine, NAME, [number for number in hidden if number not in gone])
    left = [each for at, each in enumerate(mails, 1) if at not in gone and at not in hidden]
    check(asked_of(engine), left)


def places(asked: Asked, mails: Sequence[Made]) -> dict[str, str]:
    found: dict[str, str] = {}
    for day in {each.day for each in mails}:
        path = f"{HOME}{day:%Y/%m/%d}/"
        page = shown(asked, path)
        if page.status == 200:
            found |= {f"{path}{place}": own for place, own in page.texts(rf"{path}(\d+)").items()}
    return found


def test_places_stay_when_messages_are_removed_and_come(engine: Engine) -> None:
    mails = made_over_years(2, 90, [2001, 2002])
    fill(engine.writer(), NAME, [each.octets for each in mails[:60]])
    before = places(asked_of(engine), mails)
    assert len(before) == 60
    listings.remove(engine, NAME, range(1, 60, 3))
    listings.hide(engine, NAME, [2, 11])
    fill(engine.writer(), NAME, [each.octets for each in mails[60:]], now=1_700_000_001)
    after = places(asked_of(engine), mails)
    kept = {place: own for place, own in after.items() if place in before}
    assert kept.items() <= before.items()
    assert len(kept) == 60 - 20 - 2
    assert len(after) == len(mails) - 20 - 2


@pytest.fixture(scope="module")
def asked() -> Asked:
    engine = MemoryEngine()
    fill(
        engine.writer(),
        NAME,
        [mail(f"d{n}", date=f"{n:02} Feb 2004 12:00:00 +0000") for n in (27, 28, 29)]
        + [mail("y", date="31 Dec 2003 23:59:59 -0100")],
    )
    fill(engine.writer(), "lists.empty", [])
    with engine.writer().batch() as batch:
        batch.describe("lists.empty", description="Nothing")
    return Asked(engine.archive())


@pytest.mark.parametrize(
    "path",
    [
        "2003/",
        "2003/12/",
        "2004/02/30/",
        "2004/02/26/",
        "0000/",
        "0000/01/",
        "0000/01/01/",
        "9999/",
        "9999/12/",
        "9999/12/31/",
        "2004/02/29/?from=2",
    ],
)
def test_where_nothing_came_there_is_no_page_but_a_way_up(asked: Asked, path: str) -> None:
    page = shown(asked, f"{HOME}{path}")
    assert page.status == 404
    assert (HOME, NAME) in page.links


@pytest.mark.parametrize(
    "path", ["20040/", "2004/2/", "2004/13/", "2004/00/", "2004/02/32/", "2004/02/00/"]
)
def test_what_is_no_date_is_no_page(asked: Asked, path: str) -> None:
    assert shown(asked, f"{HOME}{path}").status == 404


def test_a_month_begins_on_its_weekday(asked: Asked) -> None:
    text = shown(asked, f"{HOME}2004/02/").text
    rows = text[text.index("<tbody>") : text.index("</tbody>")].split("<tr>")[1:]
    assert [row.count("<td>") for row in rows] == [7] * 5
    assert rows[0].startswith("<td></td>" * 6)  # a Sunday
    assert rows[-1].count("<td></td>") == 0  # the 29th was one, too
    assert 'href="/lists.made/2004/02/29/"' in rows[-1]


def test_an_empty_list_says_so(asked: Asked) -> None:
    for path in ("", "recent", "threads", "charts"):
        page = shown(asked, f"/lists.empty/{path}")
        assert page.status == 200
        assert "no messages yet" in page.text or "no threads yet" in page.text


def test_not_too_many_calendars_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calendars, "KEPT_CALENDARS", 2)
    engine = MemoryEngine()
    for at in range(1, 5):
        fill(engine.writer(), f"l{at}", [mail("m", date=f"{at} May 2001 00:00:00 +0000")])
    asked = asked_of(engine)
    for at in (1, 2, 3, 4, 1, 3):
        page = shown(asked, f"/l{at}/2001/05/")
        assert page.counts(rf"/l{at}/2001/05/(\d\d)/") == {f"{at:02}": 1}


def test_a_stretch_of_a_crowded_day_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calendars, "DAY_AT_ONCE", 5)
    engine = MemoryEngine()
    fill(engine.writer(), NAME, [mail(f"m{n}") for n in range(1, 21)])
    listings.remove(engine, NAME, range(3, 9))
    listings.hide(engine, NAME, range(9, 15))
    asked = asked_of(engine)
    path = f"{HOME}2004/01/01/"
    found = ["1", "2", *map(str, range(15, 21))]
    assert list(shown(asked, path).texts(rf"{path}(\d+)")) == found
    assert list(shown(asked, f"{path}?from=4").texts(rf"{path}(\d+)")) == found[2:]
    recent = shown(asked, f"{HOME}recent").texts(r"/lists\.made/m/m(\d+)@x\.example")
    assert list(recent) == found[::-1]
