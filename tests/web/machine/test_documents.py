"""Documents for programs: what they hold, and that they are as they are described."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from gateway.web.answers import Refusal
from gateway.web.asks import Ask
from gateway.web.machine import documents
from gateway.web.machine.documents import as_json, moment, whole_or_in_pieces
from gateway.web.machine.openapi import RESOURCES
from gateway.web.machine.refusals import is_document, problem
from gateway.web.machine.schemas import SCHEMAS
from storage.errors import NoSuchMessage
from tests.mail import mail
from tests.web.machine.schema import faults
from tests.web.machine.world import SHORT, World
from tests.web.made import LISTS, NAME, OTHER

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from storage.model import Entry, Page

HOME = f"/{NAME}/"

DOCUMENTS = [
    ("/lists.json", "Lists"),
    ("/manifest.json", "Manifest"),
    (f"{HOME}list.json", "OneList"),
    (f"{HOME}2004/01/month.json", "Month"),
    (f"{HOME}2004/03/month.json", "Month"),
    (f"{HOME}1901/12/month.json", ""),
    (f"{HOME}m/quotes@x.example/message.json", "OneMessage"),
    (f"{HOME}m/parts@x.example/message.json", "OneMessage"),
    (f"{HOME}m/many@x.example/message.json", "OneMessage"),
    (f"{HOME}m/octets@x.example/message.json", "OneMessage"),
    (f"{HOME}m/html@x.example/message.json", "OneMessage"),
    (f"{HOME}m/shared@x.example/message.json", "OneMessage"),
    (f"{HOME}m/a%2Fb+c&d@x.example/message.json", "OneMessage"),
    (f"{HOME}m/first@x.example/thread.json", "Thread"),
    (f"{HOME}m/talk20@x.example/thread.json", "Thread"),
    ("/search.json?q=both", "Search"),
    (f"{HOME}search.json?q=talk", "Search"),
    (f"{HOME}search.json?q=talk&sort=best", "Search"),
    (f"{HOME}search.json?q=zebra", "Search"),
    ("/search.json?q=", ""),
    ("/search.json", ""),
    (f"{HOME}search.json?q=a&sort=worst", ""),
    ("/none/list.json", ""),
    ("/none/search.json?q=a", ""),
    ("/none/2004/01/month.json", ""),
    (f"{HOME}m/none@x.example/message.json", ""),
    (f"{HOME}m/none@x.example/thread.json", ""),
]


def wrong(value: Any, name: str) -> list[str]:
    return faults(value, SCHEMAS[name], SCHEMAS)


@pytest.fixture(scope="module")
def world() -> World:
    """One that nobody changes."""
    return World(LISTS)


@pytest.fixture(scope="module")
def short() -> World:
    return World(LISTS, SHORT)


@pytest.mark.parametrize(("target", "name"), DOCUMENTS)
def test_a_document_is_as_described(target: str, name: str, world: World, short: World) -> None:
    for each in (world, short, world.below("/archive")):
        if name:
            answer = each.get(target)
            assert (answer.status, answer.content_type) == (200, "application/json")
            assert not answer.is_indexed
        else:
            answer = problem(each.refusal(target))
            assert answer.status in {400, 404}
            assert answer.content_type == "application/problem+json"
        assert isinstance(answer.body, bytes)
        assert wrong(json.loads(answer.body), name or "Problem") == []


def test_every_description_of_a_document_is_tried() -> None:
    described = {each.of for each in RESOURCES if each.is_document}
    assert described == {name for _, name in DOCUMENTS if name}


def test_lists(world: World) -> None:
    content = world.json("/lists.json")
    assert [each["name"] for each in content["lists"]] == [NAME, OTHER]
    assert content["lists"][0]["count"] == 54


def test_a_list(world: World) -> None:
    content = world.json(f"{HOME}list.json")
    assert [(each["month"], each["count"]) for each in content["months"]] == [
        ("2004-03", 38),
        ("2004-02", 3),
        ("2004-01", 13),
    ]
    assert [each["number"] for each in content["latest"]] == list(range(54, 29, -1))


def test_a_message(world: World) -> None:
    content = world.json(f"{HOME}m/quotes@x.example/message.json")
    assert content["number"] == 2
    assert (content["day"], content["place"]) == ("2004-01-05", 2)
    assert content["placed"] == f"{HOME}2004/01/05/2"
    assert content["sent"] == "2004-01-05T13:30:00+02:00"
    assert content["from"] == {"name": "A", "address": "a@x.example"}
    assert content["references"] == ["first@x.example"]
    assert content["thread"] == {
        "root": "first@x.example",
        "parent": "first@x.example",
        "depth": 1,
        "position": 2,
        "count": 4,
        "url": f"{HOME}m/first@x.example/thread#m2",
        "document": f"{HOME}m/quotes@x.example/thread.json",
    }
    assert {"name": "Subject", "value": "Re: It rains"} in content["headers"]
    assert content["text"].startswith("On Monday B wrote:\n> On Sunday C wrote:\n")
    assert "A <a@x.example>" in content["text"]
    assert content["left_out"] == 0


def test_a_message_that_is_decoded(world: World) -> None:
    content = world.json(f"{HOME}m/octets@x.example/message.json")
    assert content["subject"] == "Grüße日本語"
    assert "Žluťoučký kůň, 日本語" in content["text"]
    parts = world.json(f"{HOME}m/parts@x.example/message.json")
    assert [(each["name"], each["type"]) for each in parts["attached"]] == [
        ("a picture.png", "image/png"),
        ("page.html", "text/html"),
        ("fix.patch", "text/x-diff"),
    ]
    assert parts["attached"][1]["url"] == f"{HOME}m/parts@x.example/2"


def test_a_message_on_two_lists(world: World) -> None:
    content = world.json(f"{HOME}m/shared@x.example/message.json")
    url = f"/{OTHER}/m/shared@x.example"
    assert content["elsewhere"] == [{"list": OTHER, "number": 1, "url": url}]


def test_a_thread(world: World) -> None:
    content = world.json(f"{HOME}m/deeper@x.example/thread.json")
    assert content["root"] == "first@x.example"
    assert [(each["depth"], each["message"]["number"]) for each in content["messages"]] == [
        (0, 1),
        (1, 2),
        (2, 3),
        (1, 4),
    ]


def test_what_never_came_or_is_hidden_has_its_place_in_a_thread() -> None:
    world = World({"a": [mail("one", answers="none"), mail("two", answers="one"), mail("three")]})
    world.hide("a", 1)
    content = world.json("/a/m/two@x.example/thread.json")
    places = [(each["message_id"], each["message"] is None) for each in content["messages"]]
    assert places == [("none@x.example", True), (None, True), ("two@x.example", False)]
    assert (content["count"], content["root"]) == (1, "none@x.example")
    assert content["url"] == "/a/m/two@x.example/thread"
    message = world.json("/a/m/two@x.example/message.json")
    assert (message["thread"]["parent"], message["thread"]["depth"]) == (None, 2)
    for value, name in ((content, "Thread"), (message, "OneMessage")):
        assert wrong(value, name) == []


def test_where_else_a_message_is_hidden_is_not_told() -> None:
    world = World({"a": [mail("one")], "b": [mail("one")], "c": [mail("one")]})
    world.hide("b", 1)
    content = world.json("/a/m/one@x.example/message.json")
    assert [each["list"] for each in content["elsewhere"]] == ["c"]


def test_what_is_hidden_is_in_no_document() -> None:
    world = World({"a": [mail("one"), mail("two", answers="one")]})
    world.hide("a", 1)
    assert [each["number"] for each in world.json("/a/list.json")["latest"]] == [2]
    assert world.json("/lists.json")["lists"][0]["count"] == 1
    assert world.json("/manifest.json")["lists"][0]["count"] == 2
    assert world.json("/a/2004/01/month.json")["count"] == 1
    assert [each["count"] for each in world.json("/a/list.json")["months"]] == [1]
    assert [each["number"] for each in world.json("/search.json?q=topic")["messages"]] == [2]
    for target in ("message.json", "thread.json"):
        assert world.refusal(f"/a/m/one@x.example/{target}").status == 410
    world.hide("a", 2)
    assert world.json("/a/list.json")["months"] == []


def test_a_month_tells_places(world: World) -> None:
    content = world.json(f"{HOME}2004/01/month.json")
    assert content["count"] == len(content["messages"]) == 13
    placed = [(each["day"], each["place"], each["number"]) for each in content["messages"]]
    assert placed[:3] == [("2004-01-05", 1, 1), ("2004-01-05", 2, 2), ("2004-01-06", 1, 3)]


@pytest.mark.parametrize("month", ["2003/12", "9999/12", "0000/12"])
@pytest.mark.parametrize("kind", ["json", "mbox.gz"])
def test_months_without_messages_have_no_documents(world: World, month: str, kind: str) -> None:
    assert world.refusal(f"{HOME}{month}/month.{kind}").status == 404


def test_the_address_of_a_list_is_public() -> None:
    world = World({"a": [mail("1")]}, SHORT, addresses={"a": "a@lists.example"})
    assert world.json("/a/list.json")["address"] == "a@lists.example"
    for target in ("/lists.json", "/manifest.json"):
        assert world.json(target)["lists"][0]["address"] == "a@lists.example"


def test_a_search_goes_on_where_it_ended(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.web.machine.searching.MAX_RESULTS", 15)
    target, numbers, documents_read = f"{HOME}search.json?q=talk", [], 0
    while target:
        content = world.json(target)
        assert content["is_complete"] == (content["next"] is None)
        numbers += [each["number"] for each in content["messages"]]
        target = content["next"]
        documents_read += 1
    assert numbers == list(range(54, 14, -1))
    assert documents_read == 3
    best = world.json(f"{HOME}search.json?q=talk&sort=best")
    assert (len(best["messages"]), best["is_complete"], best["next"]) == (15, False, None)


def test_the_manifest(world: World) -> None:
    content = world.json("/manifest.json")
    assert [each["name"] for each in content["lists"]] == [NAME, OTHER]
    first = content["lists"][0]
    assert (first["low"], first["high"], first["count"]) == (1, 54, 54)
    assert first["last_activity"] == "2004-03-20T13:30:00Z"
    assert first["twin_of"] is None
    empty = World({"a": []}).json("/manifest.json")["lists"][0]
    assert (empty["count"], empty["last_activity"]) == (0, None)


def test_lists_that_may_not_be_read_are_in_no_document() -> None:
    world = World({"a": [mail("one")], "b": [mail("one")]}, hidden=frozenset("b"))
    for target in ("/lists.json", "/manifest.json"):
        assert [each["name"] for each in world.json(target)["lists"]] == ["a"]
    assert world.json("/a/m/one@x.example/message.json")["elsewhere"] == []
    assert [each["list"] for each in world.json("/search.json?q=topic")["messages"]] == ["a"]
    for target in ("list.json", "2004/01/month.json", "m/one@x.example/message.json"):
        assert world.refusal(f"/b/{target}").status == 404


def test_a_long_document_comes_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World({"a": [mail(str(n), answers="0" if n else None) for n in range(300)]})
    whole = world.octets("/a/m/0@x.example/thread.json")
    month = world.octets("/a/2004/01/month.json")
    monkeypatch.setattr(documents, "WHOLE", 100)
    assert world.octets("/a/m/0@x.example/thread.json") == whole
    assert world.octets("/a/2004/01/month.json") == month
    assert len(json.loads(whole)["messages"]) == 300
    assert wrong(json.loads(whole), "Thread") == []


def test_a_stamp_tells_one_document_from_another() -> None:
    world = World({"a": [mail("one"), mail("two", answers="one")]})
    targets = ["/a/m/one@x.example/thread.json", "/a/2004/01/month.json"]
    before = [world.get(target).etag for target in targets]
    assert before == [world.get(target).etag for target in targets]
    assert len({*before, ""}) == 3
    world.hide("a", 2)
    assert not {world.get(target).etag for target in targets} & {*before}


def test_what_goes_meanwhile_is_left_out() -> None:
    world = World({"a": [mail("one"), mail("two", answers="one")]})
    archive = world.archive

    async def gone(name: str, number: int) -> Entry:
        raise NoSuchMessage(name)

    archive.entry = gone  # type: ignore[method-assign]
    assert world.json("/manifest.json")["lists"][0]["last_activity"] is None
    assert world.refusal("/a/m/one@x.example/message.json").status == 404
    assert world.octets("/lists.atom").count(b"<entry>") == 0


def test_what_has_no_row_is_not_there() -> None:
    world = World({"a": [mail("one"), mail("two", answers="one")]})
    archive = world.archive

    async def nothing(*_: object) -> AsyncIterator[Page]:
        pages: list[Page] = []
        for page in pages:
            yield page

    archive.pages = nothing  # type: ignore[method-assign, assignment]
    assert world.refusal("/a/m/one@x.example/message.json").status == 404
    assert world.json("/a/list.json")["latest"] == []
    assert world.json("/a/2004/01/month.json")["messages"] == []
    assert world.json("/search.json?q=topic")["messages"] == []
    assert world.octets("/a/list.atom").count(b"<entry>") == 0


def test_behind_many_hidden_messages_no_others_are_looked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World({"a": [mail(str(n)) for n in range(5)]})
    world.hide("a", 3, 4, 5)
    assert [each["number"] for each in world.json("/a/list.json")["latest"]] == [2, 1]
    monkeypatch.setattr("gateway.web.newest._MAX_PASSED_OVER", 3)
    assert world.json("/a/list.json")["latest"] == []


def test_few_octets_are_whole_and_many_are_not() -> None:
    async def pieces(count: int) -> Any:
        for _ in range(count):
            yield b"x" * 1000

    async def run() -> None:
        assert await whole_or_in_pieces(pieces(3)) == b"x" * 3000
        many = await whole_or_in_pieces(pieces(1000))
        assert not isinstance(many, bytes)
        assert b"".join([piece async for piece in many]) == b"x" * 1_000_000

    asyncio.run(run())


@pytest.mark.parametrize(
    ("seconds", "zone", "written"),
    [
        (0, None, "1970-01-01T00:00:00Z"),
        (0, 0, "1970-01-01T00:00:00+00:00"),
        (1_722_186_131, 180, "2024-07-28T20:02:11+03:00"),
        (1_722_186_131, -570, "2024-07-28T07:32:11-09:30"),
        (-5, None, "1970-01-01T00:00:00Z"),
        (3600, -120, "1970-01-01T01:00:00Z"),
        (1 << 62, 0, "9999-12-31T23:59:59+00:00"),
        (1 << 62, 60, "9999-12-31T23:59:59Z"),
    ],
)
def test_times(seconds: int, zone: int | None, written: str) -> None:
    assert moment(seconds, zone) == written


def test_half_a_surrogate_pair_is_written_as_a_question_mark() -> None:
    assert as_json(["a\ud800b"]) == b'["a?b"]'


def test_only_documents_have_problems() -> None:
    assert is_document(Ask.of(b"/none/list.json?q=x"))
    assert not is_document(Ask.of(b"/none/list.atom?q=x.json"))
    answer = problem(Refusal(404, "There is none."))
    assert (answer.status, answer.max_age, answer.content_type) == (
        404,
        0,
        "application/problem+json",
    )
    assert isinstance(answer.body, bytes)
    assert json.loads(answer.body) == {
        "version": 1,
        "title": "Not Found",
        "status": 404,
        "detail": "There is none.",
    }
