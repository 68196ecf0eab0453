"""Whole threads on one page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import pytest

from gateway.web.pages import thread as module
from tests.mail import MemoryEngine, done, fill, mail
from tests.web.asked import Asked
from tests.web.validity import faults, parse

if TYPE_CHECKING:
    from xml.etree import ElementTree as ET

    from tests.mail import Engine

NAME: Final = "lists.made"
HOME: Final = f"/{NAME}/m"

RAIN: Final = [
    mail("m0", answers="ghost", subject="Rain", date="Thu, 1 Jan 2004 12:00:00 +0000", body="It rains.\n"),
    mail("m1", answers="m0", subject="Re: Rain", date="Thu, 1 Jan 2004 15:00:00 +0000", body="Late.\n"),
    mail("m2", answers="m1", subject="Snow (was: Rain)", date="Thu, 1 Jan 2004 16:00:00 +0200", body="Deep.\n"),
    mail("m3", answers="m0", subject="Re: Rain", date="Thu, 1 Jan 2004 13:00:00 +0000", body="Early.\n"),
]  # fmt: skip


def tree(asked: Asked, path: str) -> ET.Element:
    answer, body = asked.answer(path)
    assert answer.status == 200, path
    assert faults(body) == []
    return parse(body)


def words(element: ET.Element) -> str:
    return " ".join("".join(element.itertext()).split())


def shown(element: ET.Element) -> list[tuple[str, str]]:
    """Return which messages a thread page shows: their anchors and classes."""
    return [
        (each.get("id", ""), each.get("class", ""))
        for each in element.iter()
        if each.tag == "article"
    ]


def link(element: ET.Element, text: str) -> str:
    return next(each.get("href", "") for each in element.iter("a") if words(each) == text)


@pytest.fixture
def rain(engine: Engine) -> Asked:
    fill(engine.writer(), NAME, RAIN)
    return Asked(engine.archive())


def test_nested(rain: Asked) -> None:
    page = tree(rain, f"{HOME}/m0@x.example/thread")
    assert shown(page) == [
        ("m1", "d1 message"),
        ("m4", "d2 message"),
        ("m2", "d2 message"),
        ("m3", "d3 message"),
    ]
    assert "[message not in the archive]" in words(page)
    assert [words(each) for each in page.iter("h2")] == ["A: Rain", "A", "A", "A: Snow (was: Rain)"]
    assert re.findall(r"It rains|Early|Late|Deep", words(page)) == ["It rains", "Early", "Late", "Deep"]  # fmt: skip
    assert link(page, "permalink") == f"{HOME}/m0@x.example"
    assert link(page, "flat, by time") == f"{HOME}/m0@x.example/flat"
    assert (
        link(page, "Bookmark this to see what is new later")
        == f"{HOME}/m0@x.example/thread?since=4"
    )


def test_flat(rain: Asked) -> None:
    page = tree(rain, f"{HOME}/m0@x.example/flat")
    assert shown(page) == [(f"m{n}", "message") for n in (1, 4, 3, 2)]
    assert link(page, "nested") == f"{HOME}/m0@x.example/thread"
    canonical = next(each for each in page.iter("link") if each.get("rel") == "canonical")
    assert canonical.get("href", "").endswith(f"{HOME}/m0@x.example/thread")


@pytest.mark.parametrize("form", ["thread", "flat"])
def test_of_another_message(rain: Asked, form: str) -> None:
    answer, _ = rain.answer(f"{HOME}/m2@x.example/{form}?since=2")
    assert answer.status == 302
    assert answer.headers["Location"].endswith(f"{HOME}/m0@x.example/{form}?since=2#m3")


def test_new_since(rain: Asked) -> None:
    page = tree(rain, f"{HOME}/m0@x.example/thread?since=2")
    assert shown(page) == [
        ("m1", "d1 message"),
        ("m4", "d2 new message"),
        ("m2", "d2 message"),
        ("m3", "d3 new message"),
    ]
    assert "2 new" in words(page)
    assert link(page, "to the first new one") == f"{HOME}/m0@x.example/thread?since=2#m4"
    assert any(each.get("name") == "robots" for each in page.iter("meta"))
    assert "Nothing is new" in words(tree(rain, f"{HOME}/m0@x.example/thread?since=4"))
    for nonsense in ("", "x", "-1", "9" * 30, "\N{ARABIC-INDIC DIGIT ONE}", "1&since=2"):
        assert rain.answer(f"{HOME}/m0@x.example/thread?since={nonsense}")[0].status == 200


def test_what_is_hidden_and_removed(engine: Engine) -> None:
    fill(engine.writer(), NAME, [mail(f"m{n}", answers="m0" if n else None, subject=f"Secret {n}", body=f"Body {n}.\n", date=f"Thu, 1 Jan 2004 1{n}:00:00 +0000") for n in range(5)])  # fmt: skip
    with engine.writer().batch() as batch:
        batch.hide(NAME, [1, 3])
        batch.remove(NAME, 4)
    asked = Asked(engine.archive())
    page = tree(asked, f"{HOME}/m1@x.example/thread")
    assert [own for own, _ in shown(page)] == ["m2", "m5"]
    text = words(page)
    assert text.count("[hidden]") == 2
    assert text.count("[message not in the archive]") == 1
    assert not re.search("Secret [023]|Body [023]", text)
    flat = words(tree(asked, f"{HOME}/m1@x.example/flat"))
    assert not re.search("Secret [023]|Body [023]", flat)
    assert (
        asked.answer(f"{HOME}/m4@x.example/flat")[0]
        .headers["Location"]
        .endswith("/m/m1@x.example/flat#m5")
    )


def test_parts(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is unreachable in a thread of several parts; every message is in one."""
    monkeypatch.setattr(module, "PART_NODES", 3)
    fill(
        engine.writer(), NAME, [mail(f"m{n}", answers=f"m{n - 1}" if n else None) for n in range(8)]
    )
    asked = Asked(engine.archive())
    seen: list[tuple[str, str]] = []
    url = f"{HOME}/m0@x.example/thread"
    pages = []
    for part in (1, 2, 3):
        pages.append(tree(asked, url))
        assert f"Part {part} of 3" in words(pages[-1])
        seen += shown(pages[-1])
        if part < 3:
            url = link(pages[-1], f"Part {part + 1}")
    assert seen == [("m1", "message"), *((f"m{n}", f"d{n - 1} message") for n in range(2, 9))]
    assert link(pages[-1], "Part 2") == f"{HOME}/m0@x.example/thread?part=2"
    for form in ("thread", "flat"):
        answer, _ = asked.answer(f"{HOME}/m7@x.example/{form}")
        assert answer.headers["Location"].endswith(f"{HOME}/m0@x.example/{form}?part=3#m8")
    first = tree(asked, f"{HOME}/m0@x.example/thread?since=5&part=1")
    assert link(first, "to the first new one") == f"{HOME}/m0@x.example/thread?part=2&since=5#m6"
    for own, at in (("m0", 1), ("m3", 2), ("m7", 3)):
        page = tree(asked, f"{HOME}/{own}@x.example")
        number = int(own[1:]) + 1
        assert (
            link(page, "whole thread (8)")
            == f"{HOME}/m0@x.example/thread{f'?part={at}' if at > 1 else ''}#m{number}"
        )
        assert asked.followed(link(page, "flat, by time"))[0].status == 200
    for nonsense in ("0", "99", "x"):
        assert asked.answer(f"{HOME}/m0@x.example/thread?part={nonsense}")[0].status == 200


def test_what_is_too_much_for_a_page(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PART_OCTETS", 2000)
    bodies = ["Short.\n", "Long.\n" * 500, "Short again.\n"]
    fill(engine.writer(), NAME, [mail(f"m{n}", answers="m0" if n else None, body=body) for n, body in enumerate(bodies)])  # fmt: skip
    page = tree(Asked(engine.archive()), f"{HOME}/m0@x.example/thread")
    text = words(page)
    assert "Short." in text
    assert "Short again." in text
    assert "Long." not in text
    assert link(page, "the message on its own page") == f"{HOME}/m1@x.example"


def test_a_large_page_comes_in_pieces(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(engine.writer(), NAME, [mail(f"m{n}", answers="m0" if n else None) for n in range(9)])
    asked = Asked(engine.archive())
    _, whole = asked.answer(f"{HOME}/m0@x.example/thread")
    monkeypatch.setattr(module, "WHOLE_OCTETS", len(whole) // 2)
    answer, pieces = asked.answer(f"{HOME}/m0@x.example/thread")
    assert not isinstance(answer.body, bytes)
    assert pieces == whole
    assert len(shown(parse(pieces))) == 9


def test_a_thread_of_thousands() -> None:
    """As deep as it is long, and with a letter answered by thousands: in bounds, with all that leads on."""
    engine = MemoryEngine()
    deep = [mail(f"m{n}", answers=f"m{n - 1}" if n else None, body="x\n") for n in range(2500)]
    wide = [mail(f"w{n}", answers="m0", body="x\n") for n in range(2500)]
    fill(engine.writer(), NAME, [*deep, *wide])
    asked = Asked(engine.archive())
    page = tree(asked, f"{HOME}/m1250@x.example")
    outline = next(each for each in page.iter("ol") if each.get("class") == "outline")
    assert len(list(outline.iter("a"))) == 50
    assert "Left out: 1225 before, 3725 after these" in words(page)
    count = 0
    url = f"{HOME}/m0@x.example/thread"
    for part in range(1, 6):
        answer, body = asked.answer(url)
        assert answer.status == 200
        count += body.count(b"<article ")
        assert len(body) < 2_000_000
        if part < 5:
            url = link(parse(body), f"Part {part + 1}")
    assert count == 5000
    archive = engine.archive()
    assert len(done(archive.thread(NAME, 1))) == 5000


@pytest.mark.parametrize("form", ["thread", "flat"])
def test_an_overview_leads_to_each_message(rain: Asked, form: str) -> None:
    page = tree(rain, f"{HOME}/m0@x.example/{form}")
    overview = next(each for each in page.iter("details") if each.get("class") == "overview")
    anchors = [each.get("href", "") for each in overview.iter("a")]
    assert anchors == [f"#{own}" for own, _ in shown(page)]


def test_a_short_thread_has_no_overview(engine: Engine) -> None:
    fill(engine.writer(), NAME, RAIN[:3])
    page = tree(Asked(engine.archive()), f"{HOME}/m0@x.example/thread")
    assert not [each for each in page.iter("details") if each.get("class") == "overview"]
