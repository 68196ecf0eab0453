"""Feeds: RFC 4287, RFC 4685."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from gateway.web import templates
from gateway.web.machine import entries as machine_entries
from gateway.web.machine.lists import LATEST
from storage.errors import NoSuchMessage
from storage.memory import MemoryArchive
from storage.model import Fidelity
from storage.sources.base import Incoming
from tests.mail import NOW, Items, fill, mail, take
from tests.web.machine.feeds import ATOM, THREAD, checked, text
from tests.web.machine.world import ORIGIN, SHORT, World
from tests.web.made import LISTS, NAME, OTHER

if TYPE_CHECKING:
    from storage.model import Served

HOME = f"/{NAME}/"


@pytest.fixture(scope="module")
def whole() -> World:
    return World(LISTS)


@pytest.fixture(scope="module")
def short() -> World:
    return World(LISTS, SHORT)


@pytest.fixture
def world(whole: World) -> World:
    """One that nobody changes."""
    return whole


def entries_of(world: World, target: str) -> list[ET.Element]:
    return checked(world.octets(target)).findall(f"{ATOM}entry")


def ids(feed: ET.Element) -> list[str]:
    return [text(each, "id") for each in feed.findall(f"{ATOM}entry")]


@pytest.mark.parametrize(
    "target",
    [
        f"{HOME}list.atom",
        "/lists.atom",
        f"{HOME}m/first@x.example/thread.atom",
        f"{HOME}m/talk0@x.example/thread.atom",
        f"{HOME}search.atom?q=rains",
        f"{HOME}search.atom?q=zebra",
        "/search.atom?q=both",
    ],
)
def test_a_feed_is_valid(target: str, whole: World, short: World) -> None:
    for world in (whole, short):
        answer = world.get(target)
        assert answer.content_type == "application/atom+xml; charset=utf-8"
        feed = checked(world.octets(target))
        assert text(feed, "id").startswith("urn:uuid:")
        links = feed.findall(f"{ATOM}link")
        own = [each.get("href") for each in links if each.get("rel") == "self"]
        assert own == [f"{ORIGIN}{target}"]


def test_a_list_tells_its_newest_messages(world: World) -> None:
    feed = checked(world.octets(f"{HOME}list.atom"))
    assert ids(feed) == [f"mid:talk{n}@x.example" for n in range(39, 39 - LATEST, -1)]
    assert text(feed, "title") == NAME
    first = feed.findall(f"{ATOM}entry")[0]
    assert text(feed, "updated") == text(first, "updated") == "2004-03-20T13:30:00Z"
    assert text(first, "published") == "2004-03-20T15:30:00+02:00"
    assert text(first, "title") == "Re: A talk that goes on and on"
    assert text(first, "summary") == "39"
    assert "39" in text(first, "content")
    answered = first.find(f"{THREAD}in-reply-to")
    assert answered is not None
    assert answered.attrib == {"ref": "mid:talk19@x.example"}  # which may not be here


def test_the_author_has_an_address_where_they_are_shown(world: World, short: World) -> None:
    feed = checked(world.octets(f"{HOME}list.atom"))
    assert [each.text for each in feed.iter(f"{ATOM}email")] == ["a@x.example"] * LATEST
    assert not list(checked(short.octets(f"{HOME}list.atom")).iter(f"{ATOM}email"))


def test_a_thread_tells_its_newest_messages(world: World) -> None:
    feed = checked(world.octets(f"{HOME}m/deeper@x.example/thread.atom"))
    assert ids(feed) == [f"mid:{own}@x.example" for own in ("later", "deeper", "quotes", "first")]
    assert text(feed, "title") == f"It rains - {NAME}"


def test_all_lists_tell_the_newest_of_all_and_each_once() -> None:
    world = World(
        {
            "a": [mail("both"), mail("one", date="Thu, 1 Jan 2004 12:00:01 +0000")],
            "b": [mail("both"), mail("two", date="Thu, 1 Jan 2004 13:00:00 +0000")],
            "c": [],
            "d": [mail("secret")],
        },
        hidden=frozenset("d"),
    )
    feed = checked(world.octets("/lists.atom"))
    assert ids(feed) == ["mid:two@x.example", "mid:one@x.example", "mid:both@x.example"]


def test_what_is_hidden_is_in_no_feed() -> None:
    world = World(LISTS)
    world.hide(NAME, 1, 54)
    for target in ("/lists.atom", f"{HOME}list.atom", f"{HOME}m/talk0@x.example/thread.atom"):
        feed = checked(world.octets(target))
        assert ids(feed)[0] == "mid:talk38@x.example"
    assert ids(checked(world.octets(f"{HOME}m/later@x.example/thread.atom"))) == [
        f"mid:{own}@x.example" for own in ("later", "deeper", "quotes")
    ]
    assert world.refusal(f"{HOME}m/first@x.example/thread.atom").status == 410


def test_a_list_of_hidden_messages_has_an_empty_feed() -> None:
    world = World({"a": [mail("one")]})
    world.hide("a", 1)
    for target in ("/a/list.atom", "/lists.atom"):
        assert ids(checked(world.octets(target))) == []


def test_ids_do_not_depend_on_where_one_asks(world: World) -> None:
    other = world.below("/archive")
    assert ids(checked(world.octets(f"{HOME}list.atom"))) == ids(
        checked(other.octets(f"{HOME}list.atom"))
    )
    for each in checked(other.octets(f"{HOME}list.atom")).iter(f"{ATOM}link"):
        assert str(each.get("href")).startswith(f"{ORIGIN}/archive{HOME}")


def test_an_origin_stands_in_every_address_escaped(world: World) -> None:
    plain = world.octets(f"{HOME}m/quotes@x.example/thread.atom", origin="http://a&<b>")
    for each in checked(plain.replace(b"http://a&amp;&lt;b&gt;", b"http://ab")).iter(f"{ATOM}link"):
        assert str(each.get("href")).startswith("http://ab/")
    assert b"\0" not in plain


def test_links_in_the_text_lead_to_this_archive() -> None:
    body = "See <2004.1@x.example> and https://lore.kernel.org/r/2004.1@x.example\n"
    world = World({"a": [mail("2004.1"), mail("b", body=body)]})
    content = text(checked(world.octets("/a/list.atom")).findall(f"{ATOM}entry")[0], "content")
    assert content.count(f'href="{ORIGIN}/a/m/2004.1@x.example"') == 2


def test_a_long_message_is_told_in_part() -> None:
    world = World({"a": [mail("long", body="<b> long line\n" * 20_000)]})
    entry = checked(world.octets("/a/list.atom")).findall(f"{ATOM}entry")[0]
    content = text(entry, "content")
    assert len(content) < 40_000
    assert content.startswith("<pre>&lt;b&gt; long line\n")
    assert f'<a href="{ORIGIN}/a/m/long@x.example">read all of it' in content


def test_what_xml_cannot_hold_is_replaced() -> None:
    odd = mail(
        "odd",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: base64",
        subject="=?utf-8?q?a=00=01=0B=EF=BF=BF=ED=A0=80b?=",
        body="AAECCwwfIO+/v++/vu2ggA==\n",
    ).replace(b"From: A <", b"From: =?utf-8?q?=EF=BF=BF?= <")
    world = World({"a": [odd]})
    feed = checked(world.octets("/a/list.atom"))
    assert b"\0" not in world.octets("/a/list.atom")
    author = feed.find(f"{ATOM}entry/{ATOM}author")
    assert author is not None
    assert text(author, "name") == "\N{REPLACEMENT CHARACTER}"
    checked(world.octets("/a/search.atom?q=odd%00%EF%BF%BF%ED%A0%80"))


def test_what_was_removed_is_in_no_feed() -> None:
    world = World({"a": [mail("one", answers="none"), mail("two")]})
    assert len(ids(checked(world.octets("/a/list.atom")))) == 2
    with world.engine.writer().batch() as batch:
        batch.remove("a", 2)
    assert ids(checked(world.octets("/a/list.atom"))) == ["mid:one@x.example"]


def test_an_entry_is_made_anew_when_a_better_copy_comes() -> None:
    world = World({"a": [mail("other")]})
    poor, full = mail("one", body="Somewhat.\n"), mail("one", body="Quite.\n")
    for raw, fidelity in ((poor, Fidelity.PAGE), (full, Fidelity.FULL)):
        item = Incoming(raw, None, "here", b"1", 1, fidelity)
        take(world.engine.writer(), "a", Items([item], str(fidelity)))
        summaries = [text(each, "summary") for each in entries_of(world, "/a/list.atom")]
        assert summaries == ["Quite." if raw is full else "Somewhat.", "Text."]


def test_a_message_that_comes_later_is_linked_where_it_was_mentioned() -> None:
    world = World({"a": [mail("one", body="See <2004.1@x.example>.\n")]})
    link = f'href="{ORIGIN}/a/m/2004.1@x.example"'
    assert link not in text(entries_of(world, "/a/list.atom")[-1], "content")
    fill(world.engine.writer(), "a", [mail("2004.1")], now=NOW + 1)
    assert link in text(entries_of(world, "/a/list.atom")[-1], "content")
    world.hide("a", 2)
    assert link not in text(entries_of(world, "/a/list.atom")[-1], "content")


def test_a_list_that_began_anew_has_other_entries() -> None:
    world = World({"a": [mail("one")]})
    assert text(entries_of(world, "/a/list.atom")[0], "summary") == "Text."
    archive = world.archive
    assert isinstance(archive, MemoryArchive)
    shelf = archive.shelves["a"]
    other = World({"a": [mail("one", body="Another.\n")]}).archive
    assert isinstance(other, MemoryArchive)
    shelf.messages = other.shelves["a"].messages
    shelf.record = replace(shelf.record, validity=shelf.record.validity + 1)
    archive.refresh()
    content = text(entries_of(world, "/a/list.atom")[0], "content")
    assert "Another." in content


def test_no_more_is_kept_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(LISTS)
    before = world.octets(f"{HOME}list.atom")
    made: list[int] = []
    whole = templates.render

    def counted(*arguments: object, **values: object) -> bytes:
        made.append(1)
        return whole(*arguments, **values)  # type: ignore[arg-type]

    monkeypatch.setattr(machine_entries, "render", counted)
    assert world.octets(f"{HOME}list.atom") == before
    assert made == []
    monkeypatch.setattr(machine_entries, "KEPT_OCTETS", 1000)
    world.octets(f"{HOME}m/first@x.example/thread.atom")
    assert world.octets(f"{HOME}list.atom") == before
    assert len(made) >= LATEST


def test_a_message_that_goes_meanwhile_is_left_out() -> None:
    world = World({"a": [mail("one"), mail("two")]})
    archive = world.archive

    async def gone(name: str, number: int) -> Served:
        if number == 2:
            raise NoSuchMessage(name)
        return await MemoryArchive.served(archive, name, number)  # type: ignore[arg-type]

    archive.served = gone  # type: ignore[method-assign]
    assert ids(checked(world.octets("/a/list.atom"))) == ["mid:one@x.example"]


def test_more_lists_are_named_as_categories(world: World) -> None:
    feed = checked(world.octets("/search.atom?q=both"))
    assert ids(feed) == ["mid:shared@x.example"]
    assert {each.get("term") for each in feed.iter(f"{ATOM}category")} < {NAME, OTHER}


def test_there_is_no_feed_of_what_is_not_there(world: World) -> None:
    for target in ("/none/list.atom", f"{HOME}m/none@x.example/thread.atom"):
        assert world.refusal(target).status == 404
    assert world.refusal("/search.atom?q=").status == 400
