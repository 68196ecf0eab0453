"""``kill -9`` while a list is taken over, twice, then the same again: a twin in everything, and nothing sent twice."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from storage.sqlite import SqliteArchive
from tests.crash.states import COUNT, NAME, write_mbox
from tests.crash.twinning import stored, twin, twinned_until
from tests.interop.news import listgate, running
from tests.twins.compare import same_forest, same_past, same_record

if TYPE_CHECKING:
    from pathlib import Path


def test_taking_over_may_be_killed(tmp_path: Path) -> None:
    origin, directory = tmp_path / "origin", tmp_path / "twin"
    listgate(origin, "import", NAME, write_mbox(tmp_path / "mbox"))
    with running(
        origin, "--nntp", "127.0.0.1:0", "--imap", "none", "--web", "none", ports=1
    ) as ports:
        url = f"nntp://127.0.0.1:{ports['nntp']}/{NAME}"
        before = 0
        for _ in range(2):
            assert twinned_until(directory, url, before)
            assert before < stored(directory) < COUNT
            before = stored(directory)
            with closing(SqliteArchive(directory)) as cut:
                assert cut.mailing_list(NAME).high == 0
        summary = twin(directory, url)
        assert summary.added == COUNT - before
        assert twin(directory, url).read == 0
    with closing(SqliteArchive(origin)) as one, closing(SqliteArchive(directory)) as other:
        same_record(one.mailing_list(NAME), other.mailing_list(NAME))
        same_past(one, other, NAME, step=997)
        same_forest(one, other, NAME, step=97)
