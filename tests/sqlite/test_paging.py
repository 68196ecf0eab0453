"""Pages that are packed against the page of overviews: whichever of them is written, all can be read."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from gateway.renderers import RENDERERS
from storage.ingest import rerender, versions
from storage.model import Page, Rendition
from storage.sqlite import SqliteWriter
from storage.sqlite.packing import unpack
from storage.sqlite.paging import BASED, BASIS, pack_page, unpack_page
from storage.sqlite.schema import FILE
from tests.mail import NOW, SqliteEngine, fill, gathered, mail

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COUNT = 300


@pytest.fixture
def sqlite_engine(tmp_path: Path) -> Iterator[SqliteEngine]:
    engine = SqliteEngine(tmp_path / "archive")
    yield engine
    engine.close()


def rows_of(engine: SqliteEngine) -> dict[Rendition, dict[int, bytes]]:
    """Return all rows of the list, by kind and number."""
    archive = engine.archive()
    found: dict[Rendition, dict[int, bytes]] = {}
    for kind in Rendition:
        found[kind] = {}
        for page in gathered(archive.pages(kind, "l", 1, COUNT + 100)):
            assert isinstance(page, Page)
            found[kind].update(zip(page.numbers, page.rows, strict=True))
    return found


def packed(directory: Path, kind: Rendition, page: int) -> bytes:
    with closing(sqlite3.connect(directory / FILE)) as connection:
        row = connection.execute(
            "SELECT data FROM page WHERE kind = ? AND page = ?", (kind.value, page)
        ).fetchone()
    return bytes(row[0])


@pytest.mark.parametrize("kind", Rendition)
def test_one_kind_may_be_rendered_anew(sqlite_engine: SqliteEngine, kind: Rendition) -> None:
    fill(sqlite_engine.writer(), "l", (mail(str(at)) for at in range(COUNT)))
    before = rows_of(sqlite_engine)
    raised = [each._replace(version=each.version + (each.kind is kind)) for each in RENDERERS]
    writer = SqliteWriter(sqlite_engine.directory, versions(raised))
    assert sum(rerender(writer, raised)) == COUNT
    fill(writer, "l", [mail("more")], now=NOW + 1)
    with writer.batch() as batch:
        batch.remove("l", 7)
    writer.close()
    after = rows_of(sqlite_engine)
    for each in Rendition:
        assert 7 not in after[each]
        assert after[each].items() >= {n: row for n, row in before[each].items() if n != 7}.items()
        assert len(after[each]) == COUNT


def test_what_was_packed_by_itself_is_read(sqlite_engine: SqliteEngine) -> None:
    fill(sqlite_engine.writer(), "l", (mail(str(at)) for at in range(COUNT)))
    before = rows_of(sqlite_engine)
    with closing(sqlite3.connect(sqlite_engine.directory / FILE)) as connection, connection:
        for kind in BASED:
            for page in (0, 1):
                basis = packed(sqlite_engine.directory, BASIS, page)
                rows = unpack_page(packed(sqlite_engine.directory, kind, page), basis)
                connection.execute(
                    "UPDATE page SET data = ? WHERE kind = ? AND page = ?",
                    (pack_page(rows, 3, None), kind.value, page),
                )
    assert rows_of(sqlite_engine) == before


def test_a_page_refers_to_its_basis(sqlite_engine: SqliteEngine) -> None:
    fill(sqlite_engine.writer(), "l", (mail(str(at)) for at in range(COUNT)))
    for kind in BASED:
        data = packed(sqlite_engine.directory, kind, 0)
        basis = packed(sqlite_engine.directory, BASIS, 0)
        alone = pack_page(unpack_page(data, basis), 6, None)
        assert len(data) < len(alone)
        assert unpack(alone) == unpack_page(data, basis)
