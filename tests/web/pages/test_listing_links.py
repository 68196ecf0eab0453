"""Every page that lists something leads only to what is there, whatever was removed or hidden."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from gateway.web.pages import robots
from gateway.web.settings import Settings
from tests.mail import MemoryEngine, fill, mail
from tests.web.asked import ORIGIN, Asked
from tests.web.pages import listings
from tests.web.pages.listings import made_over_years, shown
from tests.web.validity import faults

if TYPE_CHECKING:
    from collections.abc import Iterator

LISTS = {"lists.one": [1997, 1998], "lists.two": [2003, 2004, 2005], "other.three": [2010]}
MINE = re.compile(
    r"/(?:active|help|(?:\?from=.*)?|[^/?]+/(?:\?since=\d+|recent|charts|threads(?:\?before=\d+)?|(?:\d{4}/(?:\d\d/){0,2}(?:\?from=\d+)?)?))"
)


@pytest.fixture(scope="module", params=["", "/below/here"])
def place(request: pytest.FixtureRequest) -> tuple[Asked, str]:
    """Made lists, and the path below which they are."""
    engine = MemoryEngine()
    for seed, (name, years) in enumerate(LISTS.items()):
        mails = made_over_years(seed, 60, years)
        fill(engine.writer(), name, [each.octets for each in mails])
        listings.remove(engine, name, range(2, 60, 9))
        listings.hide(engine, name, [1, 10, 19, 40])
    return Asked(engine.archive(), Settings(origin=ORIGIN, root=request.param)), request.param


def crawled(asked: Asked, root: str) -> Iterator[tuple[str, str]]:
    """Yield every link of every page that lists something, and the page that it stands on."""
    waiting, seen = [f"{root}/"], {f"{root}/"}
    while waiting:
        path = waiting.pop()
        page = shown(asked, path)
        for href, _ in page.links:
            target = href.partition("#")[0]
            if not target.startswith("/") or target in seen:
                continue
            seen.add(target)
            assert target.startswith(f"{root}/"), path
            yield target, path
            if MINE.fullmatch(target.removeprefix(root)):
                waiting.append(target)


def test_links_lead_to_pages(place: tuple[Asked, str]) -> None:
    asked, root = place
    found = list(crawled(asked, root))
    broken = [(to, at) for to, at in found if asked.followed(to)[0].status != 200]
    assert not broken
    seen = {to.removeprefix(root) for to, _ in found}
    for name in LISTS:
        assert {f"/{name}/", f"/{name}/recent", f"/{name}/threads", f"/{name}/charts"} <= seen
        permalinks = [path for path in seen if re.fullmatch(rf"/{name}/m/[^/]+", path)]
        placed = [path for path in seen if re.fullmatch(rf"/{name}/\d{{4}}/\d\d/\d\d/\d+", path)]
        assert len(permalinks) == len(placed) == 63 - 7 - 4


def test_pages_are_valid(place: tuple[Asked, str]) -> None:
    asked, root = place
    kinds: dict[str, str] = {}
    for path in [
        "/?from=lists.two",
        "/nothing",
        "/lists.one/nothing",
        "/lists.two/1999/",
        *(to for to, _ in crawled(asked, root)),
    ]:
        if MINE.fullmatch(path.removeprefix(root)) or "nothing" in path or "1999" in path:
            kinds.setdefault(re.sub(r"[0-9]+", "0", path.replace("two", "one")), path)
    assert len(kinds) > 12
    for path in kinds.values():
        assert not faults(asked.answer(path)[1]), path


def test_the_sitemap_names_every_message_that_is_shown(place: tuple[Asked, str]) -> None:
    asked, root = place
    _, index = asked.answer(f"{root}/sitemap.xml")
    parts = re.findall(r"<loc>([^<]+)</loc>", index.decode())
    assert len(parts) == len(LISTS)
    for part in parts:
        answer, body = asked.answer(part.removeprefix(ORIGIN))
        assert answer.content_type == "application/xml; charset=utf-8"
        places = re.findall(r"<loc>([^<]+)</loc>", body.decode())
        assert len(places) == 1 + 63 - 7 - 4
        assert all(asked.answer(each.removeprefix(ORIGIN))[0].status == 200 for each in places)


def test_a_sitemap_of_many_parts(place: tuple[Asked, str], monkeypatch: pytest.MonkeyPatch) -> None:
    asked, root = place
    monkeypatch.setattr(robots, "PART", 10)
    monkeypatch.setattr(robots, "_BATCH", 4)
    parts = re.findall(r"<loc>([^<]+)</loc>", asked.answer(f"{root}/sitemap.xml")[1].decode())
    assert len(parts) == 3 * 7
    places: list[str] = []
    for part in parts:
        places += re.findall(
            r"<loc>([^<]+)</loc>", asked.answer(part.removeprefix(ORIGIN))[1].decode()
        )
    assert len(places) == len(set(places)) == 3 * (1 + 63 - 7 - 4)
    for number in (0, 8, 10**7):
        assert asked.answer(f"{root}/lists.one/sitemap-{number}.xml")[0].status == 404
    monkeypatch.setattr(robots, "MAX_PARTS", 9)
    assert asked.answer(f"{root}/sitemap.xml")[1].count(b"<loc>") == 9


def test_a_sitemap_is_known_by_what_it_tells() -> None:
    engine = MemoryEngine()
    fill(engine.writer(), "l", [mail("a"), mail("b")])
    asked = Asked(engine.archive())
    seen = []
    for change in (
        lambda: None,
        lambda: listings.hide(engine, "l", [1]),
        lambda: listings.remove(engine, "l", [2]),
    ):
        change()
        engine.archive()
        seen.append([asked.answer(path)[0].etag for path in ("/sitemap.xml", "/l/sitemap-1.xml")])
    assert len({etag for etags in seen for etag in etags}) == 6


def test_a_list_without_messages_has_a_sitemap() -> None:
    engine = MemoryEngine()
    fill(engine.writer(), "l", [mail("a"), mail("b")])
    listings.remove(engine, "l", [1, 2])
    with engine.writer().batch() as batch:
        batch.describe("e", description="Nothing")
    asked = Asked(engine.archive())
    for name in ("l", "e"):
        assert asked.answer(f"/{name}/sitemap-1.xml")[1].count(b"<loc>") == 1


def test_robots_name_the_sitemap(place: tuple[Asked, str]) -> None:
    asked, root = place
    answer, body = asked.answer(f"{root}/robots.txt")
    assert answer.content_type.startswith("text/plain")
    lines = body.decode().splitlines()
    assert f"Sitemap: {ORIGIN}{root}/sitemap.xml" in lines
    assert f"Disallow: {root}/*/search" in lines
    patterns = [line.removeprefix("Disallow: ") for line in lines if "Disallow: " in line]
    rules = [
        re.compile(re.escape(each).replace(r"\*", ".*").replace(r"\$", "$")) for each in patterns
    ]
    for last, is_welcome in {
        "/search": False,
        "/search?q=x": False,
        "/search.atom?q=x": False,
        "/l/search?q=x": False,
        "/l/?since=3": False,
        "/l/m/a@x.example/raw": False,
        "/searching/": True,
        "/search.l/m/a@x.example": True,
        "/l/2004/": True,
    }.items():
        assert any(rule.match(root + last) for rule in rules) is not is_welcome, last
    assert "Disallow: /" not in lines


def test_there_is_a_sign(place: tuple[Asked, str]) -> None:
    asked, root = place
    answer, body = asked.answer(f"{root}/favicon.svg")
    assert answer.content_type == "image/svg+xml"
    assert body.startswith(b"<svg ")
    assert b"style" not in body
