"""Rows made anew when what makes them has changed: a run of numbers at a time, and it can be cut off anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.renderers import RENDERERS
from storage.ingest import ingest, rerender, versions
from storage.memory import MemoryArchive, MemoryWriter
from storage.model import Page, Rendition
from storage.prepared import Renderer
from storage.sqlite import SqliteArchive, SqliteWriter
from tests.mail import NOW, Given, done, gathered, mail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from storage.archive import Archive
    from storage.material import Material
    from storage.writer import ArchiveWriter

COUNT = 700
"""Several pages of rows."""


def named(text: bytes, version: int, kind: Rendition = Rendition.OVERVIEW) -> Renderer:
    """Return a renderer whose rows tell which one made them."""

    def render(made: Material) -> bytes:
        times = made.received, -1 if made.sent is None else made.sent
        return b"%b\t%b\t%d\t%d\t%d\t%d" % (
            text,
            made.served.message_id,
            made.size,
            made.lines,
            *times,
        )

    return Renderer(kind, version, render)


OLD, NEW = [named(b"old", 1)], [named(b"new", 2)]


class Store:
    """One archive, opened for writing by programs of different versions one after the other."""

    def __init__(
        self,
        archive: Callable[[], Archive],
        writer: Callable[[Sequence[Renderer]], ArchiveWriter],
    ) -> None:
        self._archive, self._writer = archive, writer
        self._opened: list[Archive | ArchiveWriter] = []

    def writer(self, renderers: Sequence[Renderer]) -> ArchiveWriter:
        made = self._writer(renderers)
        self._opened.append(made)
        return made

    def rows(self, name: str, kind: Rendition = Rendition.OVERVIEW) -> list[bytes]:
        archive = self._archive()
        archive.refresh()
        self._opened.append(archive)
        found: list[bytes] = []
        for page in gathered(archive.pages(kind, name, 1, 2**31)):
            assert isinstance(page, Page)
            found += page.rows
        return found

    def archive(self) -> Archive:
        archive = self._archive()
        archive.refresh()
        self._opened.append(archive)
        return archive

    def close(self) -> None:
        for each in self._opened:
            each.close()


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "memory":
        memory = MemoryArchive()
        yield Store(lambda: memory, lambda made: MemoryWriter(memory, versions(made)))
        return
    sqlite = Store(
        lambda: SqliteArchive(tmp_path), lambda made: SqliteWriter(tmp_path, versions(made))
    )
    yield sqlite
    sqlite.close()


def add(store: Store, name: str, renderers: Sequence[Renderer], start: int, count: int) -> None:
    mails = [mail(str(n)) for n in range(start, start + count)]
    source = Given(mails, name=str(start))
    ingest(store.writer(renderers), name, source, renderers, clock=lambda: NOW)


def made_by(rows: list[bytes]) -> list[bytes]:
    return [row.partition(b"\t")[0] for row in rows]


def test_nothing_is_made_anew_while_nothing_changes(store: Store) -> None:
    add(store, "l", OLD, 0, 5)
    writer = store.writer(OLD)
    assert list(writer.outdated()) == []
    assert list(rerender(writer, OLD)) == []


def test_every_row_is_made_anew_once(store: Store) -> None:
    add(store, "l", OLD, 0, COUNT)
    add(store, "m", OLD, 0, 3)
    before = [row.partition(b"\t")[2] for row in store.rows("l")]
    writer = store.writer(NEW)
    assert sum(rerender(writer, NEW)) == COUNT + 3
    assert list(rerender(writer, NEW)) == []
    rows = store.rows("l")
    assert made_by(rows) == [b"new"] * COUNT
    assert [row.partition(b"\t")[2] for row in rows] == before
    assert made_by(store.rows("m")) == [b"new"] * 3


def test_it_can_be_cut_off_and_continued_while_mail_comes(store: Store) -> None:
    add(store, "l", OLD, 0, COUNT)
    running = rerender(store.writer(NEW), NEW)
    first = next(running)
    running.close()  # type: ignore[attr-defined]  # a generator
    add(store, "l", NEW, COUNT, 10)
    rest = sum(rerender(store.writer(NEW), NEW))
    assert COUNT <= first + rest <= COUNT + 10
    rows = store.rows("l")
    assert made_by(rows) == [b"new"] * (COUNT + 10)
    assert b"<%d@x.example>" % (COUNT + 9) in rows[-1]


def test_a_batch_that_fails_leaves_the_old_rows(store: Store) -> None:
    add(store, "l", OLD, 0, 5)

    def fail(material: Material) -> bytes:
        if material.served.message_id == b"<3@x.example>":
            raise ZeroDivisionError
        return b"new"

    broken = [Renderer(Rendition.OVERVIEW, 2, fail)]
    with pytest.raises(ZeroDivisionError):
        list(rerender(store.writer(broken), broken))
    assert made_by(store.rows("l")) == [b"old"] * 5
    assert sum(rerender(store.writer(NEW), NEW)) == 5


def test_a_new_kind_is_made_for_what_was_there_before(store: Store) -> None:
    add(store, "l", OLD, 0, COUNT)
    both = [*OLD, named(b"keys", 1, Rendition.KEYS)]
    add(store, "l", both, COUNT, 10)
    writer = store.writer(both)
    assert sum(rerender(writer, both)) >= COUNT
    assert list(rerender(writer, both)) == []
    assert made_by(store.rows("l")) == [b"old"] * (COUNT + 10)
    assert made_by(store.rows("l", Rendition.KEYS)) == [b"keys"] * (COUNT + 10)


def test_a_new_kind_goes_on_where_it_was_cut_off(store: Store) -> None:
    add(store, "l", OLD, 0, COUNT)
    with store.writer(OLD).batch() as batch:
        for number in range(1, 256):  # so that the first page is empty
            batch.remove("l", number)
    both = [*OLD, named(b"keys", 1, Rendition.KEYS)]
    running = rerender(store.writer(both), both)
    first = next(running)
    assert first > 0
    running.close()  # type: ignore[attr-defined]  # a generator
    with store.writer(both).batch() as batch:
        batch.remove("l", 300)
    rest = sum(rerender(store.writer(both), both))
    assert first + rest in {COUNT - 255, COUNT - 256}
    assert list(rerender(store.writer(both), both)) == []
    assert made_by(store.rows("l", Rendition.KEYS)) == [b"keys"] * (COUNT - 256)


def test_a_kind_that_nothing_makes_any_more_stays_without_what_was_removed(store: Store) -> None:
    both = [*OLD, named(b"facts", 1, Rendition.FACTS)]
    add(store, "l", both, 0, 5)
    with store.writer(OLD).batch() as batch:
        batch.remove("l", 3)
    assert len(store.rows("l", Rendition.FACTS)) == 4
    assert store.rows("l", Rendition.ENVELOPE) == []


def test_a_row_is_made_again_with_the_times_that_are_known(store: Store) -> None:
    mails = [mail("1"), mail("2", date="nonsense")]
    ingest(store.writer(OLD), "l", Given(mails, received=NOW - 5), OLD, clock=lambda: NOW)
    before = [row.partition(b"\t")[2] for row in store.rows("l")]
    assert [row.split(b"\t")[3:] for row in before] == [
        [b"%d" % (NOW - 5), b"1072958400"],
        [b"%d" % (NOW - 5), b"-1"],
    ]
    assert sum(rerender(store.writer(NEW), NEW)) == 2
    assert [row.partition(b"\t")[2] for row in store.rows("l")] == before


def test_what_cannot_be_made_again_is_left_out_and_the_rest_stays(store: Store) -> None:
    facts = named(b"facts", 1, Rendition.FACTS)
    add(store, "l", [*OLD, facts], 0, 3)
    before = store.archive().mailing_list("l").revision
    made = [*NEW, facts, named(b"keys", 1, Rendition.KEYS)]
    with store.writer(made).batch() as batch:
        batch.forgo("l", 2)
    assert store.archive().mailing_list("l").revision > before
    assert made_by(store.rows("l")) == [b"old", b"old"]
    assert len(store.rows("l", Rendition.FACTS)) == 3
    assert sum(rerender(store.writer(made), made)) in {2, 3}
    assert list(rerender(store.writer(made), made)) == []


def test_readers_see_that_something_changed_and_removed_messages_stay_away(store: Store) -> None:
    add(store, "l", OLD, 0, 5)
    with store.writer(OLD).batch() as batch:
        batch.remove("l", 3)
    before = store.archive().mailing_list("l").revision
    assert sum(rerender(store.writer(NEW), NEW)) == 4
    archive = store.archive()
    assert archive.mailing_list("l").revision > before
    assert done(archive.entry("l", 4)).revision > before
    assert len(store.rows("l")) == 4


def test_the_real_renderers_make_again_what_they_made(store: Store) -> None:
    add(store, "l", RENDERERS, 0, 20)
    before = store.rows("l")
    raised = [each._replace(version=each.version + 1) for each in RENDERERS]
    assert sum(rerender(store.writer(raised), raised)) == 20
    assert store.rows("l") == before
