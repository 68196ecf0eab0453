"""What only the file can get wrong: that it is not there, damaged, full, locked, another's."""

from __future__ import annotations

import gc
import sqlite3
import weakref
from contextlib import closing
from random import Random
from typing import TYPE_CHECKING

import pytest

import storage.sqlite.marks
from storage.bitmap import Bitmap
from storage.errors import ArchiveUnavailable
from storage.marks import Mode, TooMany, Wish
from storage.sqlite.marks import FILE, KEPT_LISTS, MARKS, SqliteMarks
from tests.marks.model import SEEN, add, bitmap, numbers_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


@pytest.fixture
def marks(tmp_path: Path) -> Iterator[SqliteMarks]:
    with closing(SqliteMarks(tmp_path)) as opened:
        yield opened


def changed(tmp_path: Path, statement: str, *values: object) -> None:
    """Change the file behind the marks' back."""
    with closing(sqlite3.connect(tmp_path / FILE)) as connection, connection:
        connection.execute(statement, values)


def test_reading_makes_no_file(tmp_path: Path, marks: SqliteMarks) -> None:
    assert marks.of("u", "l", 1).stamp == 0
    assert marks.subscriptions("u") is None
    assert not marks.refresh()
    assert not list(tmp_path.iterdir())


def test_a_file_that_appears_is_read(tmp_path: Path, marks: SqliteMarks) -> None:
    live = marks.of("u", "l", 1)
    with closing(SqliteMarks(tmp_path)) as other:
        other.change("u", "l", 1, add(1))
    assert marks.refresh()
    assert numbers_of(live.marked(SEEN)) == [1]


def test_it_can_be_used_again_after_it_was_closed(marks: SqliteMarks) -> None:
    marks.change("u", "l", 1, add(1))
    marks.close()
    marks.close()
    assert marks.subscriptions("u") is None
    assert marks.change("u", "l", 1, add(2)).numbers


def test_what_nobody_holds_goes_and_comes_back(marks: SqliteMarks) -> None:
    marks.change("u", "l", 1, add(1))
    idle, held = weakref.ref(marks.of("u", "l", 1)), marks.of("u", "held", 1)
    assert idle() is not None
    for n in range(KEPT_LISTS):
        marks.of("u", f"l{n}", 1)
    gc.collect()
    assert idle() is None
    assert marks.of("u", "held", 1) is held
    assert numbers_of(marks.of("u", "l", 1).marked(SEEN)) == [1]


def test_only_what_is_touched_is_written(tmp_path: Path, marks: SqliteMarks) -> None:
    marks.change("u", "l", 1, add(1, 9000, 17000, flags=[SEEN, b"x"]))
    first = marks.of("u", "l", 1).stamp
    last = marks.change("u", "l", 1, add(9001)).stamp
    with closing(sqlite3.connect(tmp_path / FILE)) as connection:
        rows = connection.execute("SELECT place, at, stamp FROM chunk ORDER BY place, at")
        assert rows.fetchall() == [
            *((0, 0, first), (0, 1, last), (0, 2, first)),
            *((3, 0, first), (3, 1, first), (3, 2, first)),
        ]


def test_the_file_says_what_it_is(tmp_path: Path, marks: SqliteMarks) -> None:
    marks.change("u", "l", 1, add(1))
    with closing(sqlite3.connect(tmp_path / FILE)) as connection:
        pragmas = [
            connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("application_id", "user_version", "journal_mode")
        ]
    assert pragmas == [MARKS.application_id, MARKS.version, "wal"]


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("PRAGMA application_id = 77", "not the marks of listgate; name another folder"),
        ("PRAGMA user_version = 99", "written by a later version of listgate; use that one"),
    ],
)
def test_another_kind_of_file(
    tmp_path: Path, marks: SqliteMarks, statement: str, said: str
) -> None:
    marks.change("u", "l", 1, add(1))
    marks.close()
    changed(tmp_path, statement)
    for _ in range(2):
        with pytest.raises(ArchiveUnavailable) as raised:
            marks.of("u", "m", 1)
        assert str(raised.value) == f"{tmp_path / FILE}: {said}"


def test_a_file_that_is_no_database(tmp_path: Path, marks: SqliteMarks) -> None:
    (tmp_path / FILE).write_bytes(b"not a database at all" * 100)
    for call in (
        lambda: marks.of("u", "l", 1),
        lambda: marks.change("u", "l", 1, add(1)),
        lambda: marks.subscribe("u", "l", []),
        marks.refresh,
    ):
        with pytest.raises(
            ArchiveUnavailable, match=r"marks.sqlite3: .*; restore it from a backup"
        ):
            call()


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("marked", b"\2\2\2"),
        ("layers", b"\1\2\3"),
        ("layers", b""),
        ("place", 77),
        ("place", -1),
    ],
)
def test_rows_that_are_damaged(
    tmp_path: Path, marks: SqliteMarks, column: str, value: object
) -> None:
    marks.change("u", "l", 1, add(1))
    marks.close()
    changed(tmp_path, f"UPDATE chunk SET {column} = ?", value)
    with (
        closing(SqliteMarks(tmp_path)) as again,
        pytest.raises(ArchiveUnavailable, match="restore it from a backup") as raised,
    ):
        again.of("u", "l", 1)
    assert str(raised.value).startswith(f"{tmp_path / FILE}: ")
    assert len(str(raised.value).splitlines()) == 1


def test_a_directory_that_cannot_be_written(tmp_path: Path) -> None:
    marks = SqliteMarks(tmp_path / "not there")
    assert marks.of("u", "l", 1).stamp == 0
    with pytest.raises(ArchiveUnavailable, match="check the path and its permissions"):
        marks.change("u", "l", 1, add(1))
    assert marks.of("u", "l", 1).stamp == 0


def test_a_file_that_may_not_be_written_is_read(tmp_path: Path, marks: SqliteMarks) -> None:
    marks.change("u", "l", 1, add(1))
    assert marks._file._connection is not None
    marks._file._connection.execute("PRAGMA query_only = 1")
    with pytest.raises(ArchiveUnavailable, match="readonly database; check the path and its perm"):
        marks.change("u", "l", 1, add(2))
    assert numbers_of(marks.of("u", "l", 1).marked(SEEN)) == [1]


def test_a_full_disk_changes_nothing(tmp_path: Path, marks: SqliteMarks) -> None:
    stamp = marks.change("u", "l", 1, add(1)).stamp
    connection = marks._file._connection
    assert connection is not None
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")
    wish = add(*range(1, 100_000, 3), flags=[SEEN, b"x"])
    with pytest.raises(ArchiveUnavailable, match="full; free some space"):
        marks.change("u", "l", 1, wish)
    live = marks.of("u", "l", 1)
    assert (live.stamp, numbers_of(live.marked(SEEN)), len(live.flags)) == (stamp, [1], 3)
    connection.execute("PRAGMA max_page_count = 100000")
    assert len(marks.change("u", "l", 1, wish).numbers) == len(wish.numbers)


def test_another_process_that_writes_for_too_long(
    tmp_path: Path, marks: SqliteMarks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage.sqlite.marks, "BUSY_SECONDS", 0.0)
    with closing(SqliteMarks(tmp_path)) as other:
        other.change("u", "l", 1, add(1))
    with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        assert numbers_of(marks.of("u", "l", 1).marked(SEEN)) == [1]
        with pytest.raises(ArchiveUnavailable, match="another listgate is writing to it"):
            marks.change("u", "l", 1, add(2))
        connection.execute("ROLLBACK")
    assert marks.change("u", "l", 1, add(2)).numbers


def test_too_many_leaves_nothing_behind(
    tmp_path: Path, marks: SqliteMarks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.marks.MAX_LISTS", 0)
    with pytest.raises(TooMany):
        marks.change("u", "l", 1, add(1, flags=[b"x"]))
    with closing(sqlite3.connect(tmp_path / FILE)) as connection:
        for table in ("user", "list", "flag", "chunk"):
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)


def test_what_a_user_has_is_counted(tmp_path: Path, marks: SqliteMarks) -> None:
    marks.change("u", "l", 1, add(1, 9000, flags=[SEEN, b"x"]))
    marks.change("u", "l", 1, Wish(bitmap([1]), Mode.SET, [], 1))
    marks.change("u", "m", 1, add(5))
    marks.change("u", "l", 2, add(5))
    with closing(sqlite3.connect(tmp_path / FILE)) as connection:
        (kept,) = connection.execute("SELECT chunks FROM user").fetchone()
        assert (kept,) == connection.execute("SELECT count(*) FROM chunk").fetchone() == (2,)
        assert connection.execute("SELECT count(*) FROM flag").fetchone() == (0,)


@pytest.mark.parametrize(
    ("runs", "most"),
    [
        ([range(1, 1_000_001)], 4096),
        ([range(n, n + 1) for n in Random(1).sample(range(1, 1_000_001), 10_000)], 32 << 10),
    ],
    ids=["a million", "ten thousand of them"],
)
def test_octets_on_disk(
    tmp_path: Path, marks: SqliteMarks, runs: Sequence[range], most: int
) -> None:
    """What one more user costs who has seen all, or here and there one."""
    wish, users, sizes = Wish(Bitmap.of(runs), Mode.ADD, [SEEN], 7), 20, []
    for n in range(2 * users):
        marks.change(f"user{n}", "lists.kernel-hardening", 1, wish)
        if n % users == users - 1:
            marks.close()
            sizes.append((tmp_path / FILE).stat().st_size)
    assert 0 < (sizes[1] - sizes[0]) // users < most
