"""What a SQLite archive spends on octets that it is given more than once."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from storage.sqlite.schema import FILE
from tests.mail import NOW, SqliteEngine, done, fill, mail

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[SqliteEngine]:
    made = SqliteEngine(tmp_path / "archive")
    yield made
    made.close()


def octets_kept(engine: SqliteEngine) -> int:
    """Return how many octets the archive's blocks hold, before they are compressed."""
    with closing(sqlite3.connect(engine.directory / FILE)) as connection:
        (total,) = connection.execute("SELECT coalesce(sum(length), 0) FROM block").fetchone()
    return int(total)


def test_equal_octets_are_stored_once_however_many_lists_have_them(engine: SqliteEngine) -> None:
    writer = engine.writer()
    mails = [mail(str(n), body=f"Text of {n}.\n" * 50) for n in range(40)]
    fill(writer, "a", mails)
    once = octets_kept(engine)
    assert once >= sum(map(len, mails))
    for name in ("b", "c"):
        assert fill(writer, name, mails).added == 40
    assert octets_kept(engine) == once
    with writer.batch() as batch:
        batch.remove("a", 7)
    archive = engine.archive()
    assert [done(archive.raw("c", n)) for n in range(1, 41)] == mails


def test_octets_that_differ_by_one_are_stored_for_each_list(engine: SqliteEngine) -> None:
    writer = engine.writer()
    fill(writer, "a", [mail("1", "List-Id: <a>")])
    once = octets_kept(engine)
    fill(writer, "b", [mail("1", "List-Id: <b>")])
    assert octets_kept(engine) == 2 * once


def test_a_copy_that_is_known_costs_nothing(engine: SqliteEngine) -> None:
    writer = engine.writer()
    fill(writer, "a", [mail("1")])
    before = octets_kept(engine)
    assert fill(writer, "a", [b"Received: again\n" + mail("1")], now=NOW + 1).duplicates == 1
    assert octets_kept(engine) == before
