"""The file of what was made of pages: bounded, never trusted, and no loss when it is lost."""

from __future__ import annotations

import os
import random
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.making import Form
from storage.model import Rendition
from storage.sqlite import SqliteArchive
from storage.sqlite.cache import CACHE, Cache
from storage.sqlite.schema import FILE
from tests.mail import SqliteEngine, done, fill, mail

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY = "l", 3, b"what", b"state"
FORM = Form((Rendition.OVERVIEW,), b"lines")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / FILE).touch(0o640)
    return tmp_path


@pytest.fixture
def cache(directory: Path) -> Iterator[Cache]:
    made = Cache(directory)
    yield made
    made.close()


def test_nothing_is_there_at_first_nor_is_the_file(cache: Cache, directory: Path) -> None:
    assert cache.get(*KEY) == b""
    cache.drop([("l", 3)])
    assert not (directory / CACHE).exists()


def test_several_processes_share_it(cache: Cache, directory: Path) -> None:
    other = Cache(directory)
    cache.put(*KEY, b"data")
    assert other.get(*KEY) == b"data"
    other.put(*KEY, b"newer")
    assert cache.get(*KEY) == b"newer"
    other.close()
    assert other.get(*KEY) == b"newer"
    other.close()


@pytest.mark.parametrize(
    "key",
    [
        ("m", 3, b"what", b"state"),
        ("l", 4, b"what", b"state"),
        ("l", 3, b"other", b"state"),
        ("l", 3, b"what", b"later"),
    ],
)
def test_each_page_form_and_state_has_its_own(
    cache: Cache, key: tuple[str, int, bytes, bytes]
) -> None:
    cache.put(*KEY, b"data")
    assert cache.get(*key) == b""


def test_a_later_state_takes_the_place_of_an_earlier_one(cache: Cache, directory: Path) -> None:
    for at in range(5):
        cache.put("l", 3, b"what", b"%d" % at, b"data")
    with closing(sqlite3.connect(directory / CACHE)) as file:
        assert file.execute("SELECT state FROM made").fetchall() == [(b"4",)]


@pytest.mark.parametrize("column", ["list", "page", "what", "state", "digest", "data"])
def test_what_does_not_belong_together_is_not_given(
    cache: Cache, directory: Path, column: str
) -> None:
    """As when a page of the file is one that another process wrote for another."""
    cache.put(*KEY, b"data")
    cache.put("m", 4, b"other", b"later", b"stranger")
    with closing(sqlite3.connect(directory / CACHE)) as file, file:
        (value,) = file.execute(f"SELECT {column} FROM made WHERE list = 'm'").fetchone()
        file.execute(f"UPDATE made SET {column} = ? WHERE list = 'l'", (value,))
        row = file.execute("SELECT list, page, what, state FROM made WHERE rowid = 1").fetchone()
    assert cache.get(*row) == b""


def test_who_may_not_read_the_archive_may_not_read_it(cache: Cache, directory: Path) -> None:
    before = os.umask(0)
    try:
        cache.put(*KEY, b"data")
    finally:
        os.umask(before)
    assert {each.name: each.stat().st_mode & 0o777 for each in directory.glob(f"{CACHE}*")} == {
        CACHE + suffix: 0o640 for suffix in ("", "-wal", "-shm")
    }


def test_it_is_bounded(directory: Path) -> None:
    most = 1 << 20
    cache = Cache(directory, most)
    chance = random.Random(1)
    for at in range(300):
        cache.put("l", at, b"what", b"state", chance.randbytes(10_000))
        assert cache.get("l", at, b"what", b"state"), "what came last is kept"
    cache.close()
    assert (directory / CACHE).stat().st_size <= most
    kept = sum(bool(cache.get("l", at, b"what", b"state")) for at in range(300))
    assert kept > 30
    cache.close()


@pytest.mark.parametrize("suffixes", [("",), ("", "-wal", "-shm"), ("-wal",)])
def test_it_may_be_deleted(cache: Cache, directory: Path, suffixes: tuple[str, ...]) -> None:
    cache.put(*KEY, b"data")
    for suffix in suffixes:
        (directory / (CACHE + suffix)).unlink()
    assert cache.get(*KEY) in {b"", b"data"}
    cache.put(*KEY, b"again")
    cache.get(*KEY)
    fresh = Cache(directory)
    fresh.put(*KEY, b"fresh")
    assert fresh.get(*KEY) in {b"", b"fresh"}
    fresh.close()


def test_a_lock_is_not_waited_for(cache: Cache, directory: Path) -> None:
    cache.put(*KEY, b"data")
    with closing(sqlite3.connect(directory / CACHE, isolation_level=None)) as file:
        file.execute("BEGIN IMMEDIATE")
        cache.put("l", 9, b"what", b"state", b"not kept")
        assert cache.get(*KEY) == b"data"
        file.execute("ROLLBACK")
    assert cache.get("l", 9, b"what", b"state") == b""
    cache.put("l", 9, b"what", b"state", b"kept")
    assert cache.get("l", 9, b"what", b"state") == b"kept"


def test_where_it_cannot_be_written_nothing_is_kept_for_a_while(
    directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (directory / CACHE).mkdir()
    now = 0.0
    cache = Cache(directory, clock=lambda: now)
    for _ in range(2):
        cache.put(*KEY, b"data")
        assert cache.get(*KEY) == b""
    assert len(caplog.records) == 1, "said once"
    (directory / CACHE).rmdir()
    cache.put(*KEY, b"data")
    assert cache.get(*KEY) == b""
    now = 60.0
    cache.put(*KEY, b"data")
    assert cache.get(*KEY) == b"data"
    cache.close()


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    at=st.integers(0, 200_000), octets=st.binary(min_size=1, max_size=5000), is_open=st.booleans()
)
def test_damage_gives_nothing_wrong(
    tmp_path_factory: pytest.TempPathFactory, at: int, octets: bytes, is_open: bool
) -> None:
    directory = tmp_path_factory.mktemp("cache")
    (directory / FILE).touch()
    cache = Cache(directory)
    for page in range(9):
        cache.put("l", page, b"what", b"state", b"%d" % page * 9000)
    if not is_open:
        cache.close()
    with (directory / CACHE).open("r+b") as file:
        file.seek(at % max(1, (directory / CACHE).stat().st_size))
        file.write(octets)
    for _ in range(2):
        for page in range(9):
            assert cache.get("l", page, b"what", b"state") in {b"", b"%d" % page * 9000}
            cache.put("l", page, b"what", b"state", b"%d" % page * 9000)
    cache.close()


def test_a_file_that_is_damaged_again_and_again_is_given_up(
    cache: Cache, directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(6):
        cache.close()
        (directory / CACHE).write_bytes(b"no database" * 1000)
        assert cache.get(*KEY) == b""
    assert len(caplog.records) == 4
    cache.put(*KEY, b"data")
    assert cache.get(*KEY) == b""


def test_what_cannot_be_forgotten_is_told(
    cache: Cache, directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cache.put(*KEY, b"data")
    with closing(sqlite3.connect(directory / CACHE, isolation_level=None)) as file:
        file.execute("BEGIN IMMEDIATE")
        cache.drop([("l", 3)], 0)
        file.execute("ROLLBACK")
        file.execute("BEGIN")
        file.execute("SELECT * FROM made").fetchall()
        cache.drop([("l", 3)], 0)
        file.execute("ROLLBACK")
    assert ["may have what was removed" in each.message for each in caplog.records] == [True, True]
    assert cache.get(*KEY) == b""


class TestBesideAnArchive:
    @pytest.fixture
    def engine(self, tmp_path: Path) -> Iterator[SqliteEngine]:
        engine = SqliteEngine(tmp_path / "archive")
        fill(engine.writer(), "l", [mail(str(n), subject=f"secret {n}") for n in range(300)])
        yield engine
        engine.close()

    @staticmethod
    def made(archive: SqliteArchive, text: bytes) -> bytes:
        async def make() -> bytes:
            return text

        return done(archive.made(FORM, "l", 0, make))

    def test_what_one_process_made_another_finds(self, engine: SqliteEngine) -> None:
        one, two = SqliteArchive(engine.directory), SqliteArchive(engine.directory)
        assert self.made(one, b"one") == b"one"
        assert self.made(two, b"two") == b"one"
        one.close()
        two.close()
        three = SqliteArchive(engine.directory)
        assert self.made(three, b"three") == b"one"
        three.close()

    def test_of_what_is_removed_nothing_is_left(self, engine: SqliteEngine) -> None:
        archive = SqliteArchive(engine.directory)
        assert self.made(archive, b"secret 17") == b"secret 17"
        with engine.writer().batch() as batch:
            batch.remove("l", 18)
        files = list(engine.directory.glob(f"{CACHE}*"))
        assert files
        assert not [each for each in files if b"secret" in each.read_bytes()]
        archive.close()

    def test_of_what_is_removed_while_it_is_made_nothing_is_left(
        self, engine: SqliteEngine
    ) -> None:
        async def make() -> bytes:
            with engine.writer().batch() as batch:
                batch.remove("l", 18)
            return b"secret 17"

        archive = SqliteArchive(engine.directory)
        assert self.made(archive, b"secret 17") == b"secret 17"
        other = Form((Rendition.OVERVIEW,), b"other lines")
        assert done(archive.made(other, "l", 0, make)) == b"secret 17"
        files = list(engine.directory.glob(f"{CACHE}*"))
        assert not [each for each in files if b"secret" in each.read_bytes()]
        archive.close()

    def test_what_the_catalogue_does_not_know_yet_is_not_given(self, engine: SqliteEngine) -> None:
        behind = SqliteArchive(engine.directory)
        with engine.writer().batch() as batch:
            batch.remove("l", 18)
        ahead = SqliteArchive(engine.directory)
        assert self.made(ahead, b"without 18") == b"without 18"
        assert self.made(behind, b"with 18") == b""
        behind.refresh()
        assert self.made(behind, b"with 18") == b"without 18"
        behind.close()
        ahead.close()

    def test_another_archive_in_its_place_finds_nothing_of_it(self, engine: SqliteEngine) -> None:
        """As after a backup was brought back, and other messages came: changes may be counted alike."""
        archive = SqliteArchive(engine.directory)
        assert self.made(archive, b"old") == b"old"
        archive.close()
        engine.close()
        for each in engine.directory.glob(f"{FILE}*"):
            each.unlink()
        fill(engine.writer(), "l", [mail(str(n), subject=f"other {n}") for n in range(300)])
        archive = SqliteArchive(engine.directory)
        assert self.made(archive, b"new") == b"new"
        archive.close()
