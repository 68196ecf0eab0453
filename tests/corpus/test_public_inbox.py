"""Real archives out as a public-inbox and in again: the same numbers, octets, times and threads."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from storage.export_public_inbox import export_public_inbox
from storage.sources import open_source
from tests.corpus.checks import numbers
from tests.corpus.conftest import CLOCK
from tests.corpus.forest import stored_forest
from tests.mail import SqliteEngine, done, take
from tests.repositories import NEEDS_GIT

if TYPE_CHECKING:
    from pathlib import Path

    from storage.archive import Archive
    from tests.corpus.conftest import Imported


def seen(archive: Archive, name: str, number: int) -> tuple[object, ...]:
    """Return all that a reader sees of a message and that is the same whenever it is imported."""
    entry = done(archive.entry(name, number))
    times = entry.sent, entry.received
    return (
        number,
        entry.message_id,
        entry.digest,
        times,
        done(archive.served(name, number)).octets,
    )


@NEEDS_GIT
@pytest.mark.parametrize("name", ["kernel-hardening", "third-party"])
def test_a_list_goes_out_and_comes_in_as_it_was(
    imported: Imported, name: str, tmp_path: Path
) -> None:
    there = imported.archive
    asyncio.run(export_public_inbox(there, name, tmp_path / "inbox"))
    engine = SqliteEngine(tmp_path / "archive")
    summary = take(engine.writer(), name, open_source(str(tmp_path / "inbox")), now=CLOCK)
    assert (summary.added, summary.rejected) == (there.mailing_list(name).count, [])
    here = engine.archive()
    assert numbers(here, name) == numbers(there, name)
    for number in numbers(here, name):
        assert seen(here, name, number) == seen(there, name, number)
    assert stored_forest(here, name).parents == stored_forest(there, name).parents
    engine.close()
