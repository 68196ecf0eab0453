"""Relevancy: what fits loosely, and how well; alike in every engine."""

from __future__ import annotations

import asyncio
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from storage.errors import NoSuchList
from storage.query import All, And, Body, Field, Not, Or, Text
from storage.relevancy import MAX_WORDS, loosely, relevancy
from storage.runs import Pace
from storage.search import search
from tests.mail import NOW, Engine, SqliteEngine, fill, mail

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from storage.archive import Archive
    from storage.query import Query

LIST = "l"

MAILS = [
    mail("1", subject="stack protector", body="Both in the subject.\n"),
    mail("2", "X-About: the stack protector", body="In another field.\n"),
    mail("3", body="The protector of the stack.\n"),
    mail("4", body="Stacked protectors.\n"),
    mail("5", body="The stack only, and stackprotector.\n"),
    mail("6", body="The protector only.\n"),
    mail("7", subject="stack protector", body="Stack protector.\n"),
    *(mail(f"s{at}", body="One more stack.\n") for at in range(40)),
]


@pytest.fixture
def archive(engine: Engine) -> Archive:
    fill(engine.writer(), LIST, MAILS)
    return engine.archive()


def scores(archive: Archive, query: Query, numbers: Sequence[int]) -> list[int]:
    async def gather() -> list[int]:
        told: list[int] = []
        async for batch in relevancy(archive, LIST, query, numbers):
            told += batch
        return told

    return asyncio.run(gather())


def found(archive: Archive, query: Query) -> list[int]:
    async def gather() -> list[int]:
        return [n async for batch in search(archive, LIST, query, 1, 7) for n in batch]

    return asyncio.run(gather())


def test_what_is_more_prominent_is_more_relevant(archive: Archive) -> None:
    told = scores(archive, Text("stack protector"), [1, 2, 3, 4, 7])
    assert told == sorted(told[:4], reverse=True) + told[4:]
    assert len(set(told)) == 4
    assert (told[0], told[4]) == (100, 100)
    assert min(told) >= 1


def test_what_is_rare_is_more_relevant(archive: Archive) -> None:
    told = scores(archive, Text("protector stack"), range(1, len(MAILS) + 1))
    assert told[5] > told[4]
    assert told[4] == told[-1]


def test_words_are_those_of_the_whole_query(archive: Archive) -> None:
    alike = (
        And((Text("stack"), Body("protector"))),
        Or((Field(b"subject", "protector"), Not(Text("unheard")), Text("stack"))),
    )
    numbers = [1, 2, 3, 4, 5, 6, 7]
    for query in alike:
        assert scores(archive, query, numbers) == scores(archive, Text("stack, protector"), numbers)


def test_without_words_all_are_as_relevant(archive: Archive) -> None:
    assert scores(archive, All(), [1, 3]) == [100, 100]
    assert scores(archive, Text("--"), [1]) == [100]
    assert scores(archive, Text("stack"), []) == []


def test_what_is_not_there_is_not_relevant(archive: Archive) -> None:
    assert scores(archive, Text("stack"), [1, 9000]) == [100, 10]


def test_many_words_are_too_many(archive: Archive) -> None:
    needle = " ".join(f"word{at}" for at in range(10 * MAX_WORDS))
    (score,) = scores(archive, Text(needle), [1])
    assert score == 10


def test_what_is_removed_is_not_read(tmp_path: Path) -> None:
    with closing(SqliteEngine(tmp_path)) as engine:
        fill(engine.writer(), LIST, MAILS)
        archive = engine.archive()
        with engine.writer().batch() as batch:
            batch.remove(LIST, 3)
        assert len(scores(archive, Text("stack"), [1, 3])) == 2


def test_there_are_pauses(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pace, "is_due", lambda _: True)

    async def gather() -> list[Sequence[int]]:
        return [batch async for batch in relevancy(archive, LIST, Text("stack"), [1, 2])]

    batches = asyncio.run(gather())
    assert () in batches
    assert [len(batch) for batch in batches if batch] == [2]


def test_loosely_all_words_in_any_order(archive: Archive) -> None:
    assert found(archive, loosely(Text("protector-stack"))) == [1, 2, 3, 4, 5, 7]
    assert found(archive, loosely(Body("protector stack"))) == [3, 4, 5, 7]
    assert found(archive, loosely(Field(b"subject", "protector stack"))) == [1, 7]


def test_loosely_what_has_no_words_is_as_it_is() -> None:
    for query in (All(), Text("--"), Field(b"subject", ""), Not(Text("a b"))):
        assert loosely(query) == query


def test_no_such_list_is_told_at_once(engine: Engine) -> None:
    archive = engine.archive()
    with pytest.raises(NoSuchList):
        relevancy(archive, "nope", Text("a"), [1])


def test_several_runs(engine: Engine) -> None:
    fill(engine.writer(), LIST, MAILS, now=NOW)
    assert len(scores(engine.archive(), Text("stack"), [1, 5000, 9000])) == 3
