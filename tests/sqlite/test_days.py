"""Days and places in SQLite: what is asked costs what is told, however long the list is."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from storage.days import DayCount
from storage.replica import Tombstone
from storage.sqlite import days, places, replicas
from storage.sqlite.schema import FILE, open_writer
from tests.contract.test_twin import give, replica, settle
from tests.mail import NOW, SqliteEngine, done, fill, mail

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[SqliteEngine]:
    with closing(SqliteEngine(tmp_path)) as engine:
        yield engine


@pytest.mark.parametrize(
    ("statement", "values"),
    [
        (days._DAYS, 2),
        (days._ON_DAY, 3),
        (days._AT_PLACE, 3),
        (days._GIVEN, 3),
        (days._HASHED, 3),
        (places._DAY, 2),
        (places._COUNTS, 3),
        (replicas._PLACES, 4),
    ],
)
def test_no_question_goes_through_the_messages_of_a_list(
    tmp_path: Path, statement: str, values: int
) -> None:
    with closing(open_writer(tmp_path)) as connection:
        plan = connection.execute(f"EXPLAIN QUERY PLAN {statement}", (1,) * values)
        read = [step for *_, step in plan if step.startswith(("SEARCH", "SCAN"))]
    assert read
    for step in read:
        assert step.startswith("SEARCH"), step
        is_narrow = "AND" in step or step.startswith(("SEARCH day", "SEARCH h ", "SEARCH list"))
        assert is_narrow or "rowid" in step, step


def test_counts_are_read_once_until_the_list_changes(sqlite: SqliteEngine) -> None:
    writer = sqlite.writer()
    fill(writer, "l", [mail("1"), mail("2")])
    fill(writer, "m", [mail("1")])
    archive = sqlite.archive()
    once = done(archive.days("l"))
    assert done(archive.days("l")) is once
    fill(writer, "m", [mail("2")], now=NOW + 1)
    archive.refresh()
    assert done(archive.days("l")) == once
    with writer.batch() as batch:
        batch.hide("m", [1])
    archive.refresh()
    assert [(each.count, each.hidden) for each in done(archive.days("m"))] == [(2, 1)]
    with writer.batch() as batch:
        batch.remove("l", 1)
    archive.refresh()
    assert [each.count for each in done(archive.days("l"))] == [1]


def test_repaired_counts_are_seen_at_once(sqlite: SqliteEngine) -> None:
    writer = sqlite.writer()
    fill(writer, "l", [mail("1"), mail("2")])
    with closing(sqlite3.connect(sqlite.directory / FILE)) as connection, connection:
        connection.execute("UPDATE day SET present = 9")
    archive = sqlite.archive()
    (wrong,) = done(archive.days("l"))
    assert wrong.count == 9
    revision = archive.mailing_list("l").revision
    with writer.batch() as batch:
        assert len(batch.recount("l", repair=True)) == 1
    assert archive.refresh()
    assert done(archive.days("l")) == [DayCount(wrong.day, 2)]
    assert archive.mailing_list("l").revision == revision


def test_two_writers_by_turns_give_no_place_twice(sqlite: SqliteEngine) -> None:
    writers = sqlite.writer(), sqlite.writer()
    for at in range(6):
        fill(writers[at % 2], "l", [mail(f"{at}-{n}") for n in range(3)], now=NOW + at)
    archive = sqlite.archive()
    assert [done(archive.entry("l", number)).place for number in range(1, 19)] == [*range(1, 19)]


def test_a_number_of_a_twin_that_is_lost_is_buried_without_a_place(sqlite: SqliteEngine) -> None:
    give(sqlite.writer(), replica(1), replica(2), replica(3))
    settle(sqlite.writer())
    with closing(sqlite3.connect(sqlite.directory / FILE)) as connection, connection:
        connection.execute("DELETE FROM message WHERE number = 2")
    stone = Tombstone(2, 80, b"<2@x.example>", b"d" * 16, day=0, place=2)
    give(sqlite.writer(), stone)
    with closing(sqlite3.connect(sqlite.directory / FILE)) as connection:
        assert connection.execute("SELECT number, place FROM tombstone").fetchall() == [(2, 0)]
