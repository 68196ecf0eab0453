"""Columns of a page's messages: what the view knows and the archive still has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.imap.rows import KEPT_TEXTS, page_runs, read_rows
from gateway.imap.view import View
from storage.memory_marks import MemoryMarks
from storage.model import Page, Rendition
from tests.imap.test_modseq import mark
from tests.imap.world import Stage
from tests.mail import done, fill, mail

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from gateway.imap.rows import Rows
    from tests.mail import Engine

KINDS = (Rendition.FACTS, Rendition.ENVELOPE)


@pytest.mark.parametrize(
    ("runs", "pages"),
    [
        ([], []),
        ([range(1, 256)], [[range(1, 256)]]),
        ([range(1, 257)], [[range(1, 256)], [range(256, 257)]]),
        (
            [range(3, 5), range(9, 10), range(300, 301)],
            [[range(3, 5), range(9, 10)], [range(300, 301)]],
        ),
        (
            [range(250, 800)],
            [[range(250, 256)], [range(256, 512)], [range(512, 768)], [range(768, 800)]],
        ),
    ],
)
def test_runs_are_cut_where_pages_end(runs: list[range], pages: list[list[range]]) -> None:
    assert [*page_runs(runs)] == pages


@given(st.lists(st.integers(0, 2000), unique=True).map(sorted))
def test_cutting_loses_nothing(ends: list[int]) -> None:
    runs = [range(first, last) for first, last in zip(ends[::2], ends[1::2], strict=False)]
    cut = [run for page in page_runs(runs) for run in page]
    assert [number for run in cut for number in run] == [n for run in runs for n in run]
    assert all(run and run[0] >> 8 == run[-1] >> 8 for run in cut)


def read(stage: Stage, view: View, *runs: range, entries: bool = False) -> Rows:
    current = stage.archive.mailing_list(view.name)
    return done(read_rows(stage.archive, view, current, runs, KINDS, with_entries=entries))


def test_columns_belong_together(engine: Engine) -> None:
    stage = Stage(engine)
    view = View(stage.archive.mailing_list("lists.alpha"))
    for entries in (False, True):
        rows = read(stage, view, range(1, 3), range(4, 5), range(6, 7), entries=entries)
        assert [*rows.numbers] == [1, 2, 4, 6]
        assert [*rows.msns] == [1, 2, 3, 4]
        assert [*rows.facts.size][:1] == [137]
        assert [b"<four@" in text for text in rows.texts[Rendition.ENVELOPE]] == [0, 0, 1, 0]
        assert [*rows.flags] == [b""] * 4
        assert [entry.number for entry in rows.entries] == ([1, 2, 4, 6] if entries else [])
    assert [*read(stage, view, range(1, 3)).msns] == [1, 2]


def test_what_was_removed_has_no_row_and_keeps_its_sequence_number(engine: Engine) -> None:
    stage = Stage(engine)
    marks = MemoryMarks()
    record = stage.archive.mailing_list("lists.alpha")
    view = View(record, marks.of("ann", record.name, record.validity), writable=True)
    mark(view, marks, 4)
    stage.remove("lists.alpha", 2)
    rows = read(stage, view, range(1, 3), range(4, 5), range(6, 7), entries=True)
    assert ([*rows.numbers], [*rows.msns]) == ([1, 4, 6], [1, 3, 4])
    assert len(rows.facts.size) == len(rows.entries) == 3
    assert [*rows.flags] == [b"", b"\\Seen", b""]
    rows = read(stage, view, range(2, 3))
    assert (rows.numbers, rows.msns, rows.entries) == ((), (), ())
    assert rows.texts == dict.fromkeys(KINDS, ())


def test_what_is_not_rendered_has_no_row(engine: Engine) -> None:
    stage = Stage(engine)
    view = View(stage.archive.mailing_list("lists.alpha"))
    current = stage.archive.mailing_list("lists.alpha")

    class Forgetful:
        """The archive, in which the first message was not rendered."""

        entries = stage.archive.entries

        async def pages(
            self, kind: Rendition, name: str, first: int, last: int
        ) -> AsyncIterator[Page]:
            async for page in stage.archive.pages(kind, name, first, last):
                yield Page(page.numbers[1:], page.rows[1:])

    rows = done(
        read_rows(Forgetful(), view, current, [range(1, 3)], KINDS, with_entries=True)  # type: ignore[arg-type]
    )
    assert ([*rows.numbers], [*rows.msns], len(rows.entries)) == ([2], [2], 1)


def test_what_is_made_of_whole_pages_is_kept(engine: Engine) -> None:
    stage = Stage(engine)
    fill(stage.engine.writer(), "lists.page", [mail(f"m{n}") for n in range(9)])
    stage.archive.refresh()
    view = View(stage.archive.mailing_list("lists.page"))
    calls: list[bytes] = []

    def length(text: bytes) -> bytes:
        calls.append(text)
        return b"%d" % len(text)

    def made(key: int, *run: int) -> list[bytes]:
        calls.clear()
        rows = read(stage, view, range(*run))
        found = [*rows.made(Rendition.ENVELOPE, key, length)]
        assert found == [b"%d" % len(text) for text in rows.texts[Rendition.ENVELOPE]]
        return calls

    assert len(made(0, 2, 10)) == 9  # of the whole page
    assert made(0, 1, 6) == []
    assert len(made(0, 1, 5)) == 4  # too few for that
    for key in range(1, KEPT_TEXTS):
        assert len(made(key, 1, 10)) == 9
    assert made(0, 1, 10) == []
    assert len(made(KEPT_TEXTS, 1, 10)) == 9
    assert made(0, 1, 10) == []
    assert len(made(1, 1, 10)) == 9  # the one that was not asked for longest made room
