"""Archives of earlier versions: brought up to date when they are opened, as a whole or not at all."""

from __future__ import annotations

import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from gateway.renderers import RENDERERS
from storage.errors import ArchiveUnavailable
from storage.ingest import ingest, rerender, versions
from storage.model import Page, Rendition
from storage.sqlite import SqliteArchive, SqliteWriter
from storage.sqlite.schema import FILE, SCHEMA_VERSION, open_writer
from tests.mail import NOW, Given, done, fill, gathered, mail

if TYPE_CHECKING:
    from pathlib import Path

COUNT = 300

FIRST = [each for each in RENDERERS if each.kind is Rendition.OVERVIEW]
"""What the first version rendered."""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """An archive as the first version left it: two lists, a message removed, two pages of rows."""
    directory = tmp_path / "old"
    with closing(SqliteWriter(directory, versions(FIRST))) as writer:
        mails = [mail(str(n), answers=str(n // 2)) for n in range(COUNT)]
        ingest(writer, "l", Given(mails), FIRST, clock=lambda: NOW)
        ingest(writer, "empty", Given([]), FIRST, clock=lambda: NOW)
        with writer.batch() as batch:
            batch.remove("l", 7)
    with closing(sqlite3.connect(directory / FILE)) as connection, connection:
        for index in ("message_revision", "tombstone_revision", "node_list"):
            connection.execute(f"DROP INDEX {index}")
        connection.execute("ALTER TABLE list DROP COLUMN octets")
        connection.execute("PRAGMA user_version = 1")
    return directory


def schema(directory: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return the version, and the columns of each table and index."""
    with closing(sqlite3.connect(directory / FILE)) as connection:
        names = [
            name
            for (name,) in connection.execute(
                "SELECT name FROM sqlite_master WHERE type IN ('table', 'index')"
            )
        ]
        found = {
            name: connection.execute(f"SELECT * FROM pragma_table_xinfo('{name}')").fetchall()
            + connection.execute(f"SELECT * FROM pragma_index_xinfo('{name}')").fetchall()
            for name in names
        }
        return found | {"": connection.execute("PRAGMA user_version").fetchall()}


def test_an_old_archive_becomes_a_new_one(old: Path, tmp_path: Path) -> None:
    open_writer(tmp_path / "new").close()
    assert schema(old) != schema(tmp_path / "new")
    with closing(SqliteArchive(old)) as archive:
        record = archive.mailing_list("l")
        sizes = [done(archive.entry("l", n)).size for run in record.present(1, COUNT) for n in run]
        assert record.octets == sum(sizes)
        assert archive.mailing_list("empty").octets == 0
        assert [*done(archive.removed("l", 0))] == [7]
        assert len(done(archive.changed("l", 0))) == COUNT - 1
        assert sum(map(len, gathered(archive.links("l")))) == COUNT  # type: ignore[arg-type]  # batches
    assert schema(old) == schema(tmp_path / "new")


def test_what_it_did_not_render_is_rendered_and_goes_on_where_it_was_cut_off(old: Path) -> None:
    def facts() -> list[int]:
        with closing(SqliteArchive(old)) as archive:
            numbers: list[int] = []
            for page in gathered(archive.pages(Rendition.FACTS, "l", 1, 2**31)):
                assert isinstance(page, Page)
                numbers += page.numbers
            return numbers

    assert facts() == []
    with closing(SqliteWriter(old, versions(RENDERERS))) as writer:
        running = rerender(writer, RENDERERS)
        done_first = next(running)
        running.close()  # type: ignore[attr-defined]  # a generator
        fill(writer, "l", [mail("new")], now=NOW + 1)
    assert len(facts()) == done_first + 1
    with closing(SqliteWriter(old, versions(RENDERERS))) as writer:
        assert done_first + sum(rerender(writer, RENDERERS)) == COUNT  # one of them new
        assert list(rerender(writer, RENDERERS)) == []
    assert facts() == [n for n in range(1, COUNT + 2) if n != 7]


def test_several_may_bring_it_up_to_date_at_once(old: Path, tmp_path: Path) -> None:
    def opened(directory: Path) -> None:
        open_writer(directory).close()

    with ThreadPoolExecutor(4) as pool:
        for at in range(10):
            directory = tmp_path / str(at)
            shutil.copytree(old, directory)
            for opening in [pool.submit(opened, directory) for _ in range(4)]:
                opening.result()
            assert schema(directory)[""] == [(SCHEMA_VERSION,)]


def test_it_is_done_as_a_whole_or_not_at_all(old: Path) -> None:
    with closing(sqlite3.connect(old / FILE)) as connection, connection:
        connection.execute("CREATE INDEX node_list ON node (sent)")
    before = schema(old)
    with pytest.raises(ArchiveUnavailable, match="node_list"):
        open_writer(old)
    assert schema(old) == before
