"""What is prepared in processes beside comes to what is prepared where it is written."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

import storage.ingest
from gateway.preparing import Beside
from gateway.renderers import RENDERERS
from storage.errors import SourceError
from storage.ingest import ingest
from storage.model import Rendition
from storage.sources.base import Incoming, Withdrawn
from tests.edge_cases import cases
from tests.mail import NOW, Items, SqliteEngine, done, gathered, mail

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from storage.archive import Archive
    from storage.ingest import Summary
    from storage.prepared import Preparer
    from storage.sources.base import Item

MAILS = [each.data for each in cases() if each.file.endswith(".eml")] + [
    mail(str(at), answers=str(at // 3) if at % 3 else None, body=f"Text {at}.\n" * 40)
    for at in range(900)
]


@pytest.fixture(scope="module")
def beside() -> Iterator[Beside]:
    with Beside(2) as preparer:
        yield preparer


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage.ingest, "BATCH_MESSAGES", 130)


def items() -> list[Item]:
    found: list[Item] = [
        Incoming(raw, None, f"given, {at}", b"%d" % at, at) for at, raw in enumerate(MAILS)
    ]
    found += [Incoming(raw, None, "again", b"again", 0) for raw in MAILS[:300]]
    found.append(Withdrawn(MAILS[-1], "gone", b"gone", 0))
    return found


def taken(engine: SqliteEngine, preparer: Preparer | None) -> Summary:
    return ingest(
        engine.writer(),
        "l",
        Items(items(), "given"),
        RENDERERS,
        subject_window=60,
        clock=lambda: NOW,
        preparer=preparer,
    )


def contents(archive: Archive) -> list[object]:
    high = archive.mailing_list("l").high
    return [archive.lists(), gathered(archive.entries("l", 1, high)), done(rows(archive, high))]


async def rows(archive: Archive, high: int) -> list[object]:
    return [
        (kind, page.numbers, page.rows)
        for kind in Rendition
        async for page in archive.pages(kind, "l", 1, high)
    ]


def test_the_archive_is_the_same(tmp_path: Path, beside: Beside) -> None:
    here, there = SqliteEngine(tmp_path / "here"), SqliteEngine(tmp_path / "there")
    assert taken(here, None) == taken(there, beside)
    assert contents(here.archive()) == contents(there.archive())
    here.close()
    there.close()


def test_what_is_known_already_is_not_rendered_again(tmp_path: Path, beside: Beside) -> None:
    engine = SqliteEngine(tmp_path)
    taken(engine, beside)
    assert not beside.is_rendering  # the last batch had nothing new
    beside.is_rendering = True
    engine.close()


def test_a_source_that_fails_keeps_what_came_before(tmp_path: Path, beside: Beside) -> None:
    class Failing(Items):
        def messages(self, after: bytes) -> Iterator[Item]:
            yield from super().messages(after)
            raise SourceError("given: gone")

    engine = SqliteEngine(tmp_path)
    with pytest.raises(SourceError, match="given: gone"):
        ingest(engine.writer(), "l", Failing(items(), "given"), RENDERERS, preparer=beside)
    archive = engine.archive()
    assert archive.mailing_list("l").high > 900
    engine.close()


def test_processes_that_are_killed_are_done_without(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    here, there = SqliteEngine(tmp_path / "here"), SqliteEngine(tmp_path / "there")
    with Beside(2) as preparer:
        preparer.start()
        for process in preparer.processes:
            os.kill(process, signal.SIGKILL)
        assert taken(there, preparer) == taken(here, None)
    assert contents(here.archive()) == contents(there.archive())
    assert "a process that prepared messages is gone" in caplog.text
    here.close()
    there.close()
