"""What is found: what a look at every message finds, each once, the newest first, within the time there is."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import storage.search
from gateway.access import Access
from gateway.web.answers import Refusal
from gateway.web.reading import Reading
from gateway.web.search import finding
from gateway.web.search.finding import Budget, best, found, look, scope
from gateway.web.search.grammar import parse
from gateway.web.search.tree import (
    Dated,
    Feature,
    Has,
    Listed,
    Named,
    Sized,
    Term,
    Tree,
    Where,
    both,
    either,
    negated,
)
from storage.model import Location
from tests.mail import NOW, Engine, MemoryEngine, SqliteEngine, done, fill, mail
from tests.web.search.world import LISTS, Made, made, matches, numbered

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from storage.archive import Archive

SECRET: Final = "lists.secret"
ACCESS: Final = Access(frozenset({SECRET}))
HIDDEN: Final = (3, 17)


@dataclass(frozen=True, slots=True)
class World:
    """The same mail in every engine."""

    archives: Sequence[Archive]
    messages: Mapping[str, Mapping[int, Made]]

    def readings(self) -> list[Reading]:
        return [Reading(archive, access=ACCESS) for archive in self.archives]

    def matching(self, tree: Tree, name: str = "") -> dict[str, list[int]]:
        """Return the numbers that match, descending, by list."""
        return {
            each: [
                number
                for number in sorted(messages, reverse=True)
                if matches(tree, each, messages[number])
                and not (each == "lists.a" and number in HIDDEN)
            ]
            for each, messages in self.messages.items()
            if each != SECRET and name in ("", each)
        }


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    sqlite = SqliteEngine(tmp_path_factory.mktemp("finding") / "archive")
    engines: list[Engine] = [MemoryEngine(), sqlite]
    lists = {name: made(1, name, count) for name, count in LISTS.items()}
    for engine in engines:
        writer = engine.writer()
        for name, messages in lists.items():
            with writer.batch() as batch:
                batch.mailing_list(name)
            fill(writer, name, [each.octets for each in messages])
        with writer.batch() as batch:
            batch.remove("lists.a", 5)
            batch.hide("lists.a", HIDDEN)
    archives = [engine.archive() for engine in engines]
    yield World(archives, {name: done(numbered(archives[0], name, lists[name])) for name in lists})
    sqlite.close()


def gathered(reading: Reading, tree: Tree, name: str = "") -> list[Location]:
    async def gather() -> list[Location]:
        return [place async for place in found(reading, tree, name)]

    return asyncio.run(gather())


def by_list(places: Sequence[Location]) -> dict[str, list[int]]:
    lists: dict[str, list[int]] = {}
    for place in places:
        lists.setdefault(place.name, []).append(place.number)
    return lists


def some(lists: Mapping[str, list[int]]) -> dict[str, list[int]]:
    return {name: numbers for name, numbers in lists.items() if numbers}


WORDS = st.sampled_from(
    [
        "stack",
        "free",
        "use after free",
        "after",
        "hay",
        "elsewhere",
        "alloc",
        "x example",
        "the kernel",
        "bob",
    ]
)
LEAVES: Final[st.SearchStrategy[Tree]] = st.one_of(
    st.builds(Term, WORDS, st.sampled_from(Where), st.booleans(), st.booleans()),
    st.builds(Dated, st.integers(12_410, 12_440), st.none()),
    st.builds(Dated, st.none(), st.integers(12_410, 12_440)),
    st.builds(Has, st.sampled_from(Feature)),
    st.builds(Sized, st.integers(200, 600), st.booleans()),
    st.builds(
        Listed, st.sampled_from(["lists.a", "lists.*", "other", "b", SECRET, "nowhere", "*"])
    ),
    st.builds(
        Named, st.sampled_from([b"<lists.a.7@x.example>", b"<other.3@x.example>", b"<no@x>"])
    ),
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(negated, inner),
        st.builds(both, st.lists(inner, min_size=1, max_size=3)),
        st.builds(either, st.lists(inner, min_size=1, max_size=3)),
    ),
    max_leaves=5,
)
SLOW = settings(
    deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@SLOW
@given(TREES, st.sampled_from(["", "lists.a", "lists.empty"]))
def test_what_matches_is_found_the_newest_first(world: World, tree: Tree, name: str) -> None:
    expected = some(world.matching(tree, name))
    told = [gathered(reading, tree, name) for reading in world.readings()]
    assert by_list(told[0]) == expected
    assert told[0] == told[1]


def test_of_several_lists_what_was_received_last_comes_first(world: World) -> None:
    tree = parse("the or stack")
    waiting = {name: list(numbers) for name, numbers in some(world.matching(tree)).items()}
    for place in gathered(world.readings()[0], tree):
        latest = max(
            done(world.archives[0].entry(name, numbers[0])).received
            for name, numbers in waiting.items()
            if numbers
        )
        assert waiting[place.name].pop(0) == place.number
        assert done(world.archives[0].entry(place.name, place.number)).received == latest
    assert not some(waiting)


@pytest.mark.parametrize("name", ["", "lists.a"])
@pytest.mark.parametrize("most", [1, 7, 50])
def test_pages_tell_of_everything_once(world: World, name: str, most: int) -> None:
    for reading in world.readings():
        for text in ("the", "nowhere", "-stack or free", "from:bob has:patch"):
            tree = parse(text)
            told: list[Location] = []
            before = ""
            while True:
                page = asyncio.run(look(reading, tree, name, most=most, before=before))
                told += page.places
                assert page.is_full == bool(page.before)
                if not page.before:
                    break
                assert len(page.places) == most
                before = page.before
            assert told == gathered(reading, tree, name)


def test_what_comes_or_goes_meanwhile_is_told_of_by_no_page_twice(engine: Engine) -> None:
    writer = engine.writer()
    for name in ("a", "b"):
        fill(writer, name, [mail(f"{name}{at}", body="Word.\n") for at in range(20)])
    archive = engine.archive()
    reading, tree = Reading(archive), parse("word")
    gone = 1
    for name in ("", "a"):
        told: list[Location] = []
        before = ""
        while True:
            page = asyncio.run(look(reading, tree, name, most=4, before=before))
            told += page.places
            if not (before := page.before):
                break
            count = len(told)
            for each in ("a", "b"):
                fill(
                    writer, each, [mail(f"{each}new{name}{count}", body="Word.\n")], now=NOW + count
                )
            gone += 1
            with writer.batch() as batch:
                batch.remove("a", gone)
            archive.refresh()
        assert len(set(told)) == len(told)
        old = [Location(each, at) for each in ("a", "b") for at in range(gone + 1, 21)]
        assert set(told) >= {place for place in old if name in ("", place.name)}


def test_a_cursor_that_is_none_begins_anew(world: World) -> None:
    reading, tree = world.readings()[0], parse("the")
    for name, cursor in (("", "xyz"), ("", "5"), ("lists.a", "abc")):
        page = asyncio.run(look(reading, tree, name, most=5, before=cursor))
        assert page == asyncio.run(look(reading, tree, name, most=5))


class Clock:
    """Time that passes with each look at it."""

    def __init__(self, step: float) -> None:
        self.now = 0.0
        self.step = step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


@pytest.mark.parametrize("name", ["", "lists.a"])
def test_where_time_runs_out_the_rest_is_found_from_there(
    world: World, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage.search, "FIRST_NUMBERS", 4)
    monkeypatch.setattr(storage.search, "AT_ONCE_SECONDS", -1)
    for reading in world.readings():
        for text in ("the", "nowhere", "subject:haystack"):
            tree = parse(text)
            told: list[Location] = []
            before, pages, since = "", 0, 1 << 40
            while True:
                budget = Budget(1, Clock(0.3))
                page = asyncio.run(look(reading, tree, name, most=50, before=before, budget=budget))
                told += page.places
                pages += 1
                assert pages < 500
                if not page.before:
                    break
                assert page.is_cut
                if name:
                    assert page.since is not None
                    record = reading.mailing_list(name)
                    number = record.next_present(int(page.before) - 1)
                    assert number is not None
                    assert page.since == done(reading.archive.entry(name, number)).received
                before = page.before
            assert pages > 3
            assert by_list(told) == some(world.matching(tree, name))
            assert len(set(told)) == len(told)
            assert since


def test_a_list_that_was_not_begun_has_no_date(world: World) -> None:
    reading = world.readings()[1]
    page = asyncio.run(look(reading, parse("the"), most=5, budget=Budget(0, Clock(1))))
    assert page.is_cut
    assert page.since is None
    rest = asyncio.run(look(reading, parse("the"), most=500, before=page.before))
    assert by_list([*page.places, *rest.places]) == some(world.matching(parse("the")))


def test_the_turns_of_others_are_not_counted() -> None:
    clock = Clock(0)

    async def others() -> None:
        clock.now += 100

    async def pauses() -> list[bool]:
        reading = Reading(MemoryEngine().archive(), breathe=others)
        budget = Budget(1, clock)
        told = []
        for seconds in (0.4, 0.4, 0.4):
            clock.now += seconds
            told.append(await budget.pause(reading))
        return told

    assert asyncio.run(pauses()) == [True, True, False]


def test_the_best_come_first(world: World) -> None:
    tree = parse("stack driver")
    for reading in world.readings():
        for name in ("", "lists.a"):
            page = asyncio.run(best(reading, tree, name))
            assert set(page.places) == set(gathered(reading, tree, name))
            assert not page.is_cut
            first = page.places[0]
            texts = world.messages[first.name][first.number]
            assert "stack" in texts.subject
            assert "driver" in texts.subject or "stack" in texts.body


def test_of_those_that_fit_as_well_the_newest_come_first(engine: Engine) -> None:
    fill(engine.writer(), "a", [mail(str(at), body="Word.\n") for at in range(9)])
    page = asyncio.run(best(Reading(engine.archive()), parse("word")))
    assert [place.number for place in page.places] == [*range(9, 0, -1)]


def test_the_best_are_of_the_newest(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    mails = [mail(str(at), subject="Word" if at == 0 else "X", body="Word.\n") for at in range(9)]
    fill(engine.writer(), "a", mails)
    reading = Reading(engine.archive())
    assert asyncio.run(best(reading, parse("word"))).places[0].number == 1
    monkeypatch.setattr(finding, "MAX_RANKED", 5)
    page = asyncio.run(best(reading, parse("word")))
    assert [place.number for place in page.places] == [9, 8, 7, 6, 5]
    assert page.is_full


def test_a_message_that_goes_meanwhile_is_left_out(engine: Engine) -> None:
    writer = engine.writer()
    fill(writer, "a", [mail(str(at), body="Word.\n") for at in range(5)])
    archive = engine.archive()
    with writer.batch() as batch:
        batch.remove("a", 3)
    told = [place.number for place in gathered(Reading(archive), parse("word"))]
    assert told in ([5, 4, 2, 1], [5, 4, 3, 2, 1])


def test_lists_that_may_not_be_read_are_none(world: World) -> None:
    for reading in world.readings():
        assert SECRET not in scope(reading)
        with pytest.raises(Refusal):
            scope(reading, SECRET)
        assert gathered(reading, parse(f"list:{SECRET}")) == []
        assert gathered(reading, parse("id:lists.secret.1@x.example or nowhere")) == []


def test_too_many_lists_are_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "MAX_LISTS", 3)
    with pytest.raises(Refusal):
        scope(world.readings()[0])
