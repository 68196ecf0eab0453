"""A real list as pages of blists would show it: complete, nearly the same threads, and better copies take their places."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from storage.message.dates import sent
from storage.message.fields import parse_header
from storage.model import Fidelity
from storage.sources import Incoming, open_source
from tests.corpus.checks import numbers
from tests.corpus.conftest import CLOCK, FILES
from tests.corpus.forest import stored_forest
from tests.mail import SqliteEngine, done, take
from tests.sources.blistspages import pages

if TYPE_CHECKING:
    from pathlib import Path

    from tests.corpus.conftest import Imported

NAME = "kernel-hardening"


@pytest.fixture(scope="module")
def tree(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The list's pages."""
    mails = [
        (each.raw, sent(parse_header(each.raw)) or each.received or 0)
        for each in open_source(str(corpus / FILES[NAME])).messages(b"")
        if isinstance(each, Incoming)
    ]
    folder = tmp_path_factory.mktemp("site") / NAME
    for path, octets in pages(sorted(mails, key=lambda mail: mail[1]), NAME).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(octets)
    return folder


def test_pages_of_a_real_list(imported: Imported, corpus: Path, tree: Path, tmp_path: Path) -> None:
    engine = SqliteEngine(tmp_path / "archive")
    writer = engine.writer()
    summary = take(writer, NAME, open_source(str(tree)), now=CLOCK)
    assert (summary.read, summary.added, summary.duplicates, summary.renamed) == (6182, 6176, 6, 1)
    assert summary.rejected == []

    whole, made = (stored_forest(each, NAME) for each in (imported.archive, engine.archive()))
    shared = whole.messages.keys() & made.messages.keys()
    assert len(shared) == 6175  # one of two mails with one id goes by another
    replies = [own for own in shared if whole.parents[own] in whole.messages]
    right = sum(made.parents[own] == whole.parents[own] for own in replies)
    assert right >= 0.97 * len(replies)

    better = take(writer, NAME, open_source(str(corpus / FILES[NAME])), now=CLOCK + 9)
    assert (better.improved, better.added) == (6175, 1)
    archive = engine.archive()
    fidelities = [done(archive.entry(NAME, number)).fidelity for number in numbers(archive, NAME)]
    assert fidelities.count(Fidelity.PAGE) == 1  # the one whose id was taken
    assert archive.mailing_list(NAME).high == 6177
    now = stored_forest(archive, NAME)
    assert all(now.parents[own] == whole.parents[own] for own in whole.messages)
    engine.close()


def test_pages_of_what_is_there_change_next_to_nothing(imported: Imported, tree: Path) -> None:
    """The one page that is added has the id of two mails."""
    engine = SqliteEngine(tree.parent / "archive")
    writer = engine.writer()
    take(writer, NAME, open_source(str(imported.folder / FILES[NAME])), now=CLOCK)
    summary = take(writer, NAME, open_source(str(tree)), now=CLOCK + 9)
    assert (summary.duplicates, summary.improved, summary.added) == (6181, 0, 1)
    engine.close()
