"""What only the SQLite engine can get wrong: caches, blocks, damage, other processes."""

from __future__ import annotations

import random
import resource
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from gateway.renderers import RENDERERS
from storage.errors import ArchiveUnavailable, NoSuchMessage
from storage.ingest import ingest
from storage.kept import Kept
from storage.model import Location, Page, Rendition
from storage.pages import decode_rows, encode_rows
from storage.sqlite.batch import SqliteBatch
from storage.sqlite.octets import KEPT_BLOCK_OCTETS
from storage.sqlite.packing import BLOCK_OCTETS
from storage.sqlite.schema import FILE, open_writer
from tests.mail import NOW, Given, SqliteEngine, done, fill, gathered, mail

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from storage.archive import Archive


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[SqliteEngine]:
    with closing(SqliteEngine(tmp_path / "archive")) as engine:
        yield engine


def change(engine: SqliteEngine, statement: str, *values: object) -> None:
    """Do what no listgate does."""
    with closing(sqlite3.connect(engine.directory / FILE)) as connection, connection:
        connection.execute(statement, values)


def elsewhere(archive: Archive, name: str) -> dict[int, list[Location]]:
    (page,) = gathered(archive.pages(Rendition.OVERVIEW, name, 1, 99))
    assert isinstance(page, Page)
    return {number: list(places) for number, places in page.elsewhere.items()}


def test_a_removed_message_is_not_served_as_zeros_before_the_catalogue_knows(
    sqlite: SqliteEngine,
) -> None:
    writer = sqlite.writer()
    fill(writer, "l", [mail(str(n)) for n in range(4)])
    archive = sqlite.archive()
    for number in (1, 2, 3):  # where they lie is known now, and the block is read
        done(archive.served("l", number))
    with writer.batch() as batch:
        batch.remove("l", 2)
    archive._octets._blocks.clear()  # type: ignore[attr-defined]  # SqliteArchive's
    with pytest.raises(NoSuchMessage):
        done(archive.served("l", 2))
    with pytest.raises(NoSuchMessage):
        done(archive.raw("l", 2))
    assert b"<2@x.example>" in done(archive.served("l", 3)).octets


def test_an_outage_leaves_the_catalogue_as_it_was(sqlite: SqliteEngine) -> None:
    writer = sqlite.writer()
    fill(writer, "l", [mail("1")])
    archive = sqlite.archive()
    change(sqlite, "ALTER TABLE list RENAME TO gone")
    with pytest.raises(ArchiveUnavailable, match="no such table"):
        archive.refresh()
    assert [record.name for record in archive.lists()] == ["l"]
    change(sqlite, "ALTER TABLE gone RENAME TO list")
    fill(writer, "l", [mail("2")], now=NOW + 1)
    assert archive.refresh()
    assert archive.mailing_list("l").high == 2


def test_a_copy_in_a_list_not_known_yet_is_seen_when_it_is(sqlite: SqliteEngine) -> None:
    writer = sqlite.writer()
    fill(writer, "a", [mail("1")])
    fill(writer, "z", [mail("0")])
    archive = sqlite.archive()
    fill(writer, "b", [mail("1")], now=NOW + 1)
    assert elsewhere(archive, "a") == {}
    assert archive.refresh()
    assert elsewhere(archive, "a") == {1: [Location("b", 1)]}
    assert list(done(archive.served("a", 1)).elsewhere) == [Location("b", 1)]


def test_holes_are_known_after_removals_and_kept_after_additions(sqlite: SqliteEngine) -> None:
    writer = sqlite.writer()
    fill(writer, "l", [mail(str(n)) for n in range(5)])
    archive = sqlite.archive()
    for number in (2, 4):
        with writer.batch() as batch:
            batch.remove("l", number)
        archive.refresh()
    holes = archive.mailing_list("l").holes
    assert list(holes) == [2, 4]
    fill(writer, "l", [mail("new")], now=NOW + 1)
    archive.refresh()
    assert archive.mailing_list("l").holes is holes
    assert archive.mailing_list("l").high == 6


def test_a_message_larger_than_a_block_has_one_of_its_own(sqlite: SqliteEngine) -> None:
    large = mail("2", body="y\n" * BLOCK_OCTETS)
    mails = [mail("1"), large, mail("3")]
    fill(sqlite.writer(), "l", mails)
    archive = sqlite.archive()
    assert [done(archive.raw("l", n)) for n in (1, 2, 3)] == mails
    with closing(sqlite3.connect(sqlite.directory / FILE)) as connection:
        blocks = connection.execute("SELECT block FROM message ORDER BY number").fetchall()
    assert len(set(blocks)) == 3


def test_the_id_of_a_lost_block_is_not_given_again(sqlite: SqliteEngine) -> None:
    fill(sqlite.writer(), "l", [mail("1")])
    change(sqlite, "DELETE FROM block")
    fill(sqlite.writer(), "l", [mail("2")], now=NOW + 1)
    archive = sqlite.archive()
    assert done(archive.raw("l", 2)) == mail("2")
    with pytest.raises(ArchiveUnavailable, match=r"block 1 is lost; run 'listgate check'"):
        done(archive.raw("l", 1))


@pytest.mark.parametrize(
    ("statement", "values"),
    [
        ("UPDATE block SET data = ?", (b"junk",)),
        ("UPDATE message SET length = length + 99", ()),
        ("UPDATE message SET head = ?", (b"junk",)),
    ],
)
def test_damaged_octets_are_an_error_of_the_archive(
    sqlite: SqliteEngine, statement: str, values: tuple[object, ...]
) -> None:
    fill(sqlite.writer(), "l", [mail("1")])
    change(sqlite, statement, *values)
    with pytest.raises(ArchiveUnavailable, match="run 'listgate check'"):
        done(sqlite.archive().served("l", 1))


@pytest.mark.parametrize("data", [b"junk", b"\x28\xb5\x2f\xfd\x04\x00\x19\x00\x00abc"])
def test_a_damaged_page_is_an_error_of_the_archive(sqlite: SqliteEngine, data: bytes) -> None:
    writer = sqlite.writer()
    fill(writer, "l", [mail("1")])
    change(sqlite, "UPDATE page SET data = ?", data)
    with pytest.raises(ArchiveUnavailable, match="run 'listgate check"):
        gathered(sqlite.archive().pages(Rendition.OVERVIEW, "l", 1, 1))
    with pytest.raises(ArchiveUnavailable, match="run 'listgate check"):
        fill(writer, "l", [mail("2")], now=NOW + 1)


def test_a_lost_message_may_come_again_under_a_new_number(sqlite: SqliteEngine) -> None:
    fill(sqlite.writer(), "l", [mail("1"), mail("2"), mail("3")])
    change(sqlite, "DELETE FROM message WHERE number = 2")
    writer = sqlite.writer()
    with writer.batch() as batch:
        assert batch.recount("l", repair=True) == ["2 is lost: neither a message nor removed"]
    with writer.batch() as batch:
        assert batch.recount("l", repair=True) == []
    fill(writer, "l", [mail("2")], now=NOW + 1)
    archive = sqlite.archive()
    assert list(archive.mailing_list("l").holes) == [2]
    assert done(archive.find(b"<2@x.example>")) == [Location("l", 4)]
    (page,) = gathered(archive.pages(Rendition.OVERVIEW, "l", 1, 9))
    assert isinstance(page, Page)
    assert list(page.numbers) == [1, 3, 4]


def test_what_is_removed_here_is_not_elsewhere_in_the_same_batch(sqlite: SqliteEngine) -> None:
    writer = sqlite.writer()
    fill(writer, "a", [mail("1")])
    fill(writer, "b", [mail("0")])
    with writer.batch() as batch:
        batch.remove("a", 1)
        assert isinstance(batch, SqliteBatch)
        assert batch.copies.elsewhere(batch._shelf("b"), b"<1@x.example>") == []


def test_an_archive_of_something_else_is_left_alone(sqlite: SqliteEngine) -> None:
    sqlite.directory.mkdir()
    change(sqlite, "PRAGMA application_id = 7")
    with pytest.raises(ArchiveUnavailable, match="not an archive of listgate"):
        sqlite.archive()
    change(sqlite, "PRAGMA application_id = 0")
    change(sqlite, "PRAGMA user_version = 99")
    with pytest.raises(ArchiveUnavailable, match="later version"):
        sqlite.archive()


def test_what_is_kept_is_bounded_by_weight() -> None:
    kept: Kept[int, str] = Kept(8)
    kept.put(1, "large", 3)
    assert kept.get(1) is None
    for key in range(4):
        kept.put(key, str(key), 2)
    assert kept.get(0) == "0"
    kept.put(4, "4", 2)
    assert [kept.get(key) for key in range(5)] == ["0", None, "2", "3", "4"]
    kept.put(0, "again", 1)
    kept.put(5, "5", 1)
    assert [kept.get(key) for key in (0, 2, 5)] == ["again", "2", "5"]
    kept.drop(7)
    kept.clear()
    assert kept.get(0) is None
    assert KEPT_BLOCK_OCTETS > 4 * BLOCK_OCTETS


def test_pages_are_read_as_they_were_written() -> None:
    rows = {3: b"three", 1: b"", 256: b"x" * 999}
    numbers, texts = decode_rows(encode_rows(rows))
    assert dict(zip(numbers, texts, strict=True)) == rows
    assert list(numbers) == sorted(rows)
    for data in (b"", b"abc", encode_rows(rows) + b"x", encode_rows(rows)[:-1]):
        with pytest.raises(ValueError, match="page"):
            decode_rows(data)


def test_a_new_archive_may_be_opened_by_many_at_once(tmp_path: Path) -> None:
    def opened(directory: Path) -> None:
        open_writer(directory).close()

    with ThreadPoolExecutor(4) as pool:
        for at in range(25):
            for done_with in [pool.submit(opened, tmp_path / str(at)) for _ in range(4)]:
                done_with.result()


def test_of_a_removed_message_nothing_is_in_the_files_while_others_read(
    sqlite: SqliteEngine,
) -> None:
    writer = sqlite.writer()
    secret = random.Random(1).randbytes(3000).hex()
    fill(writer, "l", [mail("a"), mail("b", body=secret), mail("c")])
    archive = sqlite.archive()  # as a server's: the journal does not go with the last one
    done(archive.served("l", 2))
    with closing(sqlite3.connect(sqlite.directory / FILE)) as connection:
        rows = "SELECT data FROM block UNION ALL SELECT body_terms FROM segment"
        kept = [data[-500:] for (data,) in connection.execute(rows)]
    before = _all_octets(sqlite)
    with writer.batch() as batch:
        batch.remove("l", 2)
    after = _all_octets(sqlite)
    assert [(data in before, data in after) for data in kept] == [(True, False)] * 2


def test_the_subject_by_which_a_removed_message_was_found_goes_with_it(
    sqlite: SqliteEngine,
) -> None:
    mails = [mail("a", subject="Secret"), mail("b", subject="Re: Secret"), mail("c")]
    writer = sqlite.writer()
    ingest(writer, "l", Given(mails), RENDERERS, subject_window=9, clock=lambda: NOW)
    assert b"ssecret" in _all_octets(sqlite)
    with writer.batch() as batch:
        batch.remove("l", 1)
        batch.remove("l", 2)
    assert b"ssecret" not in _all_octets(sqlite)
    assert b"stopic" in _all_octets(sqlite)


def test_a_removal_that_fits_into_the_journal_only_is_no_failure(
    sqlite: SqliteEngine, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever stores it is told so: it is kept, and cannot be undone."""
    octets = random.Random(1).randbytes
    fill(sqlite.writer(), "l", [mail(str(n), body=octets(999).hex()) for n in range(300)])
    with closing(sqlite3.connect(sqlite.directory / FILE)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    writer, size = sqlite.writer(), (sqlite.directory / FILE).stat().st_size
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        with writer.batch() as batch:
            batch.set_cursor("l", "s", octets(size // 8))
            batch.remove("l", 7)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "has what was removed until it can be emptied" in caplog.text
    assert list(done(sqlite.archive().removed("l", 0))) == [7]


def test_a_removal_is_kept_though_another_reads_what_was_before(
    sqlite: SqliteEngine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("storage.sqlite.schema.BUSY_MS", 10)
    writer = sqlite.writer()
    fill(writer, "l", [mail("a"), mail("b")])
    with closing(sqlite3.connect(sqlite.directory / FILE)) as connection:
        connection.execute("BEGIN")
        connection.execute("SELECT * FROM list").fetchall()
        with writer.batch() as batch:
            batch.remove("l", 2)
    assert "is in use" in caplog.text
    with pytest.raises(NoSuchMessage):
        done(sqlite.archive().served("l", 2))


def _all_octets(engine: SqliteEngine) -> bytes:
    return b"".join(path.read_bytes() for path in engine.directory.iterdir())
