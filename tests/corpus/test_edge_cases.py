"""Messages and mailboxes made to be nasty: each holds to what is expected of it."""

from __future__ import annotations

import os
import re
import time
from typing import TYPE_CHECKING, Final

import pytest

from storage.sources import open_source
from tests.corpus.checks import MESSAGE_ID, check_served, newsgroup, numbers, overview_rows
from tests.corpus.conftest import CLOCK
from tests.corpus.forest import stored_forest
from tests.edge_cases import cases
from tests.mail import NOW, MemoryEngine, SqliteEngine, done, fill, take
from tests.make_edge_cases import write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from storage.archive import Archive
    from storage.ingest import Summary
    from tests.edge_cases import Case

NAME: Final = "edge"
OF_IMAP: Final = {"imap_envelope_ok", "bodystructure"}
CASES: Final = {case.file: case for case in cases()}


class Stored:
    """A case by itself in an archive."""

    def __init__(self, case: Case, folder: Path) -> None:
        self.case = case
        path = folder / case.file.rpartition("/")[2]
        path.write_bytes(case.data)
        os.utime(path, (NOW, NOW))  # nobody is writing it any more
        engine = MemoryEngine()
        self.summary = take(engine.writer(), NAME, open_source(str(path)), now=CLOCK)
        self.archive = engine.archive()

    @property
    def body(self) -> bytes:
        return done(self.archive.served(NAME, 1)).body


def served(stored: Stored, expected: object) -> None:
    if isinstance(expected, bool):
        assert stored.summary.added == expected


def messages(stored: Stored, expected: object) -> None:
    assert stored.summary.added == expected


def threads(stored: Stored, expected: object) -> None:
    assert len(stored_forest(stored.archive, NAME).sizes) == expected


def no_message_lost(stored: Stored, expected: object) -> None:
    bodies = {done(stored.archive.served(NAME, n)).body for n in numbers(stored.archive, NAME)}
    assert len(bodies) == stored.summary.read == stored.case.data.count(b"\nFrom ") + 1


def msgid(stored: Stored, expected: object) -> None:
    found = done(stored.archive.entry(NAME, 1)).message_id
    if expected == "synthetic-stable":
        again = MemoryEngine()
        fill(again.writer(), NAME, [stored.case.data], now=1)
        assert found == done(again.archive().entry(NAME, 1)).message_id
        assert found.endswith(b"@missing.listgate.invalid>")
    else:
        assert found.decode() == expected


def nntp_msgid_valid(stored: Stored, expected: object) -> None:
    (line,) = newsgroup(stored.archive, NAME).overview()
    assert MESSAGE_ID.fullmatch(line.message_id)
    assert line.message_id.count(b"@") == 1


def overview_tabs(stored: Stored, expected: object) -> None:
    (row,) = overview_rows(stored.archive, NAME).values()
    assert row.count(b"\t") == 6
    assert not re.search(rb"[\0\r\n]", row)


def dots(stored: Stored, expected: object) -> None:
    assert done(stored.archive.served(NAME, 1)).dotted is expected


def body(stored: Stored, expected: object) -> None:
    assert stored.body.decode() == expected


def refs(stored: Stored, expected: object) -> None:
    (line,) = newsgroup(stored.archive, NAME).overview()
    assert len(line.references.split()) == expected


def date(stored: Stored, expected: object) -> None:
    received = done(stored.archive.entry(NAME, 1)).received
    assert time.strftime("%Y-%m-%d", time.gmtime(received)) == expected


def bytes_exact(stored: Stored, expected: object) -> None:
    assert done(stored.archive.raw(NAME, 1)) == stored.case.data
    original = stored.case.data.partition(b"\n\n")[2]
    assert stored.body == original.replace(b"\n", b"\r\n")


CHECKS: Final[Mapping[str, Callable[[Stored, object], None]]] = {
    each.__name__: each
    for each in (
        served,
        messages,
        threads,
        no_message_lost,
        msgid,
        nntp_msgid_valid,
        overview_tabs,
        dots,
        body,
        refs,
        date,
        bytes_exact,
    )
} | {"overview_one_line": overview_tabs}


@pytest.mark.parametrize("file", CASES)
def test_what_is_expected_of_a_case_holds(file: str, tmp_path: Path) -> None:
    case = CASES[file]
    stored = Stored(case, tmp_path)
    for key, expected in case.expect.items():
        if key not in OF_IMAP:
            CHECKS[key](stored, expected)
    if file.startswith("eml/") and stored.summary.added and not case.data.startswith(b"From "):
        assert done(stored.archive.raw(NAME, 1)) == case.data
    for number in numbers(stored.archive, NAME)[:500]:
        check_served(stored.archive, NAME, number)


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Archive, Summary]]:
    """All the messages in one list, read from their folder."""
    folder = tmp_path_factory.mktemp("edge")
    write(folder)
    engine = SqliteEngine(folder / "archive")
    summary = take(engine.writer(), NAME, open_source(str(folder / "eml")))
    yield engine.archive(), summary
    engine.close()


def test_all_of_them_go_into_one_list(together: tuple[Archive, Summary]) -> None:
    """Known already are one copy with the same text and three twins with CRLF."""
    _, summary = together
    assert len([file for file in CASES if file.startswith("eml/")]) == 237
    assert (summary.added, summary.duplicates, summary.renamed) == (230, 4, 2)
    assert {why for _, why in summary.rejected} == {"it is empty", "it has no header field"}
    assert len(summary.rejected) == 3


def test_a_newsreader_can_fetch_every_one(together: tuple[Archive, Summary]) -> None:
    archive, summary = together
    group = newsgroup(archive, NAME)
    lines = group.overview()
    assert len(lines) == summary.added
    group.check(lines)


@pytest.mark.parametrize("name", ["chain-3000-reversed", "star-3000", "same-mid-500", "crlf"])
def test_a_newsreader_can_fetch_every_one_of_a_mailbox(name: str, tmp_path: Path) -> None:
    archive = Stored(CASES[f"mbox/{name}.mbox"], tmp_path).archive
    group = newsgroup(archive, NAME)
    lines = group.overview()
    assert len(lines) == group.count
    group.check(lines)


ANSWERS: Final = {
    "irt-only": "parent",
    "refs-only": "parent",
    "irt-phrase": "parent",
    "irt-phrase-noid": None,
    "irt-email": None,
    "irt-two": None,
    "refs-commas": "parent",
    "refs-nospace": "parent",
    "refs-broken-first": "parent",
    "refs-truncated": "parent",
    "refs-fold-in-id": "parent",
    "refs-dupes": "parent",
    "refs-self": None,
    "refs-conflict": "other",
    "refs-twice": "parent",
    "refs-1000": "r999",
    "refs-4k-line": f"{79:040}",
    "refs-garbage": None,
    "refs-empty": None,
    "refs-8bit": "parent",
    "unbracketed": "parent",
    "ghost": "never-seen",
    "outlook-index": None,
    "supersedes": None,
}


def test_answers_find_their_parent_through_broken_fields(together: tuple[Archive, Summary]) -> None:
    parents = stored_forest(together[0], NAME).parents
    found = {name: parents[b"<thr-%b@edge.example>" % name.encode()] for name in ANSWERS}
    assert found == {
        name: None if left is None else b"<%b@edge.example>" % left.encode()
        for name, left in ANSWERS.items()
    }


def test_a_loop_of_three_is_a_chain_of_three(together: tuple[Archive, Summary]) -> None:
    parents = stored_forest(together[0], NAME).parents
    loop = [parents[b"<loop%b@edge.example>" % each] for each in (b"a", b"b", b"c")]
    assert loop.count(None) == 1
