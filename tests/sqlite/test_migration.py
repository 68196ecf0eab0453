"""Archives of earlier versions: brought up to date when they are opened, as a whole or not at all."""

from __future__ import annotations

import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.renderers import RENDERERS
from storage.days import DayCount, id_sha1
from storage.errors import ArchiveUnavailable
from storage.ingest import ingest, rerender, versions
from storage.model import Entry, Page, Rendition
from storage.sqlite import SqliteArchive, SqliteWriter
from storage.sqlite.schema import APPLICATION_ID, FILE, SCHEMA_VERSION, open_writer
from storage.threads import Node, own_thread
from tests.contract.test_twin import STATE, give, replica, settle
from tests.days import calendar
from tests.mail import NOW, Given, done, fill, gathered, mail

COUNT = 300

VERSION_1 = Path(__file__).with_name("version_1.sql")
"""The tables of the first version."""

FIRST = [each for each in RENDERERS if each.kind is Rendition.OVERVIEW]
"""What the first version rendered."""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """An archive as the first version left it: two lists, a message removed, two pages of rows."""
    later, directory = tmp_path / "later", tmp_path / "old"
    with closing(SqliteWriter(later, versions(FIRST))) as writer:
        mails = [mail(str(n), answers=str(n // 2)) for n in range(COUNT)]
        ingest(writer, "l", Given(mails), FIRST, clock=lambda: NOW)
        ingest(writer, "empty", Given([]), FIRST, clock=lambda: NOW)
        with writer.batch() as batch:
            batch.remove("l", 7)
    as_version_1(later, directory)
    return directory


def as_version_1(later: Path, directory: Path) -> None:
    """Copy what an archive of now has in common with one of the first version into one like that."""
    directory.mkdir()
    with closing(sqlite3.connect(directory / FILE)) as connection, connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(VERSION_1.read_text("utf-8"))
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 1")
        connection.execute("ATTACH ? AS later", (str(later / FILE),))
        connection.execute("ALTER TABLE later.page RENAME COLUMN changed TO revision")
        tables = connection.execute(
            "SELECT name FROM main.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
        ).fetchall()
        for (table,) in tables:
            described = connection.execute(f"SELECT name FROM pragma_table_info('{table}')")
            columns = ", ".join(column for (column,) in described)
            connection.execute(
                f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM later.{table}"
            )


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


def entries(directory: Path, name: str) -> list[Entry]:
    """Return what is known of all messages of a list."""
    with closing(SqliteArchive(directory)) as archive:
        batches = gathered(archive.entries(name, 1, 2**31))
        return [entry for batch in batches for entry in batch]  # type: ignore[attr-defined]  # a list


def test_threads_are_called_as_if_all_had_come_in_order(old: Path, tmp_path: Path) -> None:
    later = entries(tmp_path / "later", "l")  # where the one removed has kept its place
    kept = [replace(each, place=each.place - (each.number > 7)) for each in later]
    assert entries(old, "l") == kept
    assert {entry.thread for entry in entries(old, "l")} == {own_thread(b"<0@x.example>")}


def test_threads_of_any_depth_and_shape_get_names_from_above(tmp_path: Path) -> None:
    """Where they come from is the thread as it stands, since none was told of before."""
    later, directory = tmp_path / "later", tmp_path / "old"
    deep = 20_000
    with closing(SqliteWriter(later, versions(FIRST))) as writer:
        late = [mail("c", answers="b"), mail("b", answers="a"), mail("x", answers="y")]
        late += [mail("y", answers="x"), mail("lone")]
        ingest(writer, "l", Given(late), FIRST, clock=lambda: NOW)
        with writer.batch() as batch:
            forest = batch.forest("l")
            for at in range(deep):  # the last one is the root
                above = None if at == deep - 1 else b"<deep-%d>" % (at + 1)
                forest.put(Node(b"<deep-%d>" % at, parent=above))
            for at in range(3):  # damage: a loop that is not opened
                forest.put(Node(b"<loop-%d>" % at, parent=b"<loop-%d>" % ((at + 1) % 3)))
    as_version_1(later, directory)
    open_writer(directory).close()
    assert [entry.thread for entry in entries(directory, "l")] == [
        own_thread(b"<%b@x.example>" % root) for root in (b"a", b"a", b"x", b"x", b"lone")
    ]
    with closing(sqlite3.connect(directory / FILE)) as connection:
        for kind, count, names in (("deep", deep, 1), ("loop", 3, 3)):
            row = connection.execute(
                "SELECT count(*), count(DISTINCT thread), max(length(thread)) FROM node "
                "WHERE CAST(message_id AS TEXT) LIKE ?",
                (f"<{kind}-%",),
            ).fetchone()
            assert row == (count, names, 8)


def test_no_list_names_the_threads_of_another(tmp_path: Path) -> None:
    later, directory = tmp_path / "later", tmp_path / "old"
    shared = mail("x", "In-Reply-To: <m@x.example>")
    with closing(SqliteWriter(later, versions(FIRST))) as writer:
        for name, mails in (
            ("one", [shared]),
            ("two", [mail("r"), mail("m", answers="r"), shared]),
        ):
            ingest(writer, name, Given(mails), FIRST, clock=lambda: NOW)
    as_version_1(later, directory)
    for name, root in (("one", "m"), ("two", "r")):
        *_, last = entries(directory, name)
        assert (name, last.thread) == (name, own_thread(b"<%b@x.example>" % root.encode()))
        assert entries(directory, name) == entries(later, name)


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


def test_damage_does_not_keep_the_others_from_being_rendered(
    old: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Else an archive with one message damaged could not be served by a later version at all."""
    with closing(sqlite3.connect(old / FILE)) as connection, connection:
        ((last,),) = connection.execute("SELECT max(id) FROM block")
        in_it = connection.execute("SELECT number FROM message WHERE block = ?", (last,)).fetchall()
        connection.execute("UPDATE message SET head = x'28b52ffd00' WHERE number = 3")
        connection.execute("UPDATE message SET block = 77 WHERE number = 4")
        connection.execute("UPDATE block SET data = x'00' WHERE id = ?", (last,))
    damaged = {number for (number,) in in_it} | {3, 4}
    with closing(SqliteWriter(old, versions(RENDERERS))) as writer:
        assert sum(rerender(writer, RENDERERS)) == COUNT - 1
        assert len(caplog.records) == len(damaged)
        assert list(rerender(writer, RENDERERS)) == []
    with closing(SqliteArchive(old)) as archive:
        for kind, left_out in ((Rendition.FACTS, damaged), (Rendition.OVERVIEW, set())):
            numbers: set[int] = set()
            for page in gathered(archive.pages(kind, "l", 1, 2**31)):
                assert isinstance(page, Page)
                numbers.update(page.numbers)
            assert numbers == set(range(1, COUNT + 1)) - {7} - left_out


def as_version_3(directory: Path) -> None:
    """Make an archive of now one of the third version, in which messages have neither days nor places."""
    with closing(sqlite3.connect(directory / FILE)) as connection, connection:
        for statement in (
            "DROP INDEX message_day",
            "DROP INDEX message_hash",
            *(f"ALTER TABLE message DROP COLUMN {name}" for name in ("day", "place", "hash")),
            *(f"ALTER TABLE tombstone DROP COLUMN {name}" for name in ("day", "place")),
            "DROP TABLE day",
            "DROP TABLE hidden",
            "ALTER TABLE block DROP COLUMN dictionary",
            "DROP TABLE dictionary",
            "PRAGMA user_version = 3",
        ):
            connection.execute(statement)


def test_days_and_places_are_as_if_they_had_been_given_from_the_beginning(tmp_path: Path) -> None:
    directory, new = tmp_path / "archive", tmp_path / "new"
    open_writer(new).close()
    mails = [mail(str(n), date=f"{n % 3 + 1} Jan 2004 {n % 24}:00:00 +0000") for n in range(50)]
    with closing(SqliteWriter(directory, versions(RENDERERS))) as writer:
        fill(writer, "l", mails)
        fill(writer, "m", mails[::-1])
    with closing(SqliteArchive(directory)) as archive:
        before = [done(calendar(archive, name)) for name in ("l", "m")]
    as_version_3(directory)
    with closing(sqlite3.connect(directory / FILE)) as connection, connection:
        connection.execute(
            "UPDATE message SET revision = 1000 - number"
        )  # it is the numbers' order
    assert schema(directory) != schema(new)
    with (
        closing(SqliteWriter(directory, versions(RENDERERS))) as writer,
        closing(SqliteArchive(directory)) as archive,
    ):
        assert schema(directory) == schema(new)
        assert [done(calendar(archive, name)) for name in ("l", "m")] == before
        assert list(archive.mailing_list("l").hidden) == []
        with writer.batch() as batch:
            assert batch.recount("l", repair=False) == batch.recount("m", repair=False) == []
        assert list(writer.damage()) == []
        with writer.batch() as batch:
            batch.remove("l", 1)
            batch.hide("l", [2])
        fill(writer, "l", [mail("new", date="1 Jan 2004 12:00:00 +0000")], now=NOW + 1)
        archive.refresh()
        found = done(calendar(archive, "l"))
        assert found == {at: n for at, n in before[0].items() if n != 1} | {(12_418, 18): 51}


def test_what_was_removed_before_there_were_places_had_none(old: Path) -> None:
    with closing(SqliteArchive(old)) as archive:
        assert 7 not in [each.number for each in done(archive.places("l", 1, 2 * COUNT))]
        assert len(done(calendar(archive, "l"))) == COUNT - 1


def test_what_a_twin_does_not_show_yet_is_not_counted(tmp_path: Path) -> None:
    with closing(SqliteWriter(tmp_path, versions(RENDERERS))) as writer:
        give(writer, *map(replica, range(1, 6)))
        settle(writer, replace(STATE, high=3))
        as_version_3(tmp_path)
    with closing(SqliteWriter(tmp_path, versions(RENDERERS))) as writer:
        give(writer, replica(6))
        with closing(SqliteArchive(tmp_path)) as archive:
            assert done(archive.days("l")) == [DayCount(0, 3)]
            settle(writer, replace(STATE, high=6, revision=78))
            archive.refresh()
            assert done(calendar(archive, "l")) == {(0, number): number for number in range(1, 7)}


def test_a_message_without_its_message_id_has_a_place_all_the_same(tmp_path: Path) -> None:
    with closing(SqliteWriter(tmp_path, versions(RENDERERS))) as writer:
        fill(writer, "l", [mail("1"), mail("2")])
    as_version_3(tmp_path)
    with closing(sqlite3.connect(tmp_path / FILE)) as connection, connection:
        connection.execute("DELETE FROM node WHERE number = 1")
    with closing(SqliteWriter(tmp_path, versions(RENDERERS))) as writer:
        with writer.batch() as batch:
            batch.recount("l", repair=True)
        with closing(SqliteArchive(tmp_path)) as archive:
            assert done(archive.entry("l", 1)).place == 1
            assert [*done(archive.hashed("l", id_sha1(b"<1@x.example>")))] == [1]
