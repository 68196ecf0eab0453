"""Conditions of a search: what happens when it has to pause, when rows are missing, when messages go meanwhile."""

from __future__ import annotations

import asyncio
from contextlib import closing
from typing import TYPE_CHECKING, cast

import pytest

from gateway.renderers import RENDERERS
from storage import verdicts
from storage.bitmap import Bitmap
from storage.conditions import condition
from storage.ingest import ingest, versions
from storage.memory import MemoryArchive, MemoryWriter
from storage.model import Rendition
from storage.query import (
    All,
    And,
    Body,
    Digest,
    Field,
    Larger,
    Marked,
    Numbers,
    Sent,
    Text,
)
from storage.runs import Pace
from storage.search import search
from storage.sqlite import SqliteArchive, SqliteWriter
from tests.mail import Engine, Given, SqliteEngine, done, fill, mail

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from storage.archive import Archive
    from storage.query import Query

LIST = "l"
MAILS = [mail(str(at), subject=f"Subject {at}", body=f"word{at} word\n") for at in range(1, 6)]


def batches(archive: Archive, query: Query) -> list[Sequence[int]]:
    async def gather() -> list[Sequence[int]]:
        return [batch async for batch in search(archive, LIST, query, 1, 10_000)]

    return asyncio.run(gather())


def found(archive: Archive, query: Query) -> list[int]:
    return [number for batch in batches(archive, query) for number in batch]


@pytest.mark.parametrize(
    "query",
    [
        Numbers(((1, 9),)),
        Marked(Bitmap.of([range(1, 9)])),
        Field(b"subject", "subject"),
        Larger(1),
        Field(b"x", ""),
        Digest(bytes(16)),
        Text("word -"),
        And((Text("word"), Field(b"subject", "subject"))),
    ],
)
def test_there_are_pauses(engine: Engine, query: Query, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verdicts, "KEPT_OCTETS", 0)
    fill(engine.writer(), LIST, MAILS)
    archive = engine.archive()
    expected = found(archive, query)
    monkeypatch.setattr(Pace, "is_due", lambda _: True)
    told = batches(archive, query)
    assert [number for batch in told for number in batch] == expected
    assert not all(told)


@pytest.mark.parametrize("kind", [Rendition.KEYS, Rendition.FACTS])
def test_rows_that_are_missing_are_made(kind: Rendition) -> None:
    archive = MemoryArchive()
    some = [renderer for renderer in RENDERERS if renderer.kind is not kind]
    ingest(MemoryWriter(archive, versions(some)), LIST, Given(MAILS), some)
    archive.refresh()
    size = done(archive.entry(LIST, 1)).size
    assert found(archive, Field(b"subject", "subject 3")) == [3]
    assert found(archive, Sent(1_072_915_200, 1_072_915_200 + 86_400)) == [1, 2, 3, 4, 5]
    assert found(archive, Larger(size - 1)) == [1, 2, 3, 4, 5]
    assert found(archive, Larger(size)) == []


@pytest.mark.parametrize(
    "query", [Text("word -"), Body("word"), Field(b"x", ""), Field(b"subject", "s")]
)
def test_a_message_that_goes_meanwhile_is_told_of_or_not(tmp_path: Path, query: Query) -> None:
    with closing(SqliteEngine(tmp_path)) as engine:
        fill(engine.writer(), LIST, MAILS)
        archive = engine.archive()
        with engine.writer().batch() as batch:
            batch.remove(LIST, 3)
        assert set(found(archive, query)) <= {1, 2, 3, 4, 5}


def test_a_message_without_a_row_that_goes_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        closing(SqliteWriter(tmp_path, {})) as writer,
        closing(SqliteArchive(tmp_path)) as archive,
    ):
        ingest(writer, LIST, Given(MAILS), ())
        archive.refresh()
        with writer.batch() as batch:
            batch.remove(LIST, 3)
        assert found(archive, Field(b"subject", "s")) == [1, 2, 4, 5]
        assert found(archive, Body("word -")) == []
        monkeypatch.setattr(Pace, "is_due", lambda _: True)
        assert found(archive, Field(b"subject", "s")) == [1, 2, 4, 5]


def test_pages_without_a_message_in_question_are_passed_over(tmp_path: Path) -> None:
    with closing(SqliteEngine(tmp_path)) as engine:
        fill(engine.writer(), LIST, [mail(str(at)) for at in range(600)])
        query = And((Numbers(((7, 7), (599, 599))), Field(b"subject", "topic")))
        assert found(engine.archive(), query) == [7, 599]


def test_only_conditions_are_conditions() -> None:
    with pytest.raises(TypeError):
        condition(cast("Query", And((All(),))))
