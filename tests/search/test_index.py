"""The full-text index in the file: joined, narrowed by, removed from, made anew, checked."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from gateway.renderers import RENDERERS
from storage.bitmap import decode_chunk
from storage.check import check
from storage.errors import ArchiveUnavailable
from storage.ingest import rerender
from storage.message.terms import TERMS_VERSION, Clue, TextTerms, clue_to_text
from storage.query import Body, Narrowed, Text
from storage.search import search
from storage.sqlite import fulltext, fulltext_write
from storage.sqlite.fulltext_segment import RUN_BITS, RUN_NUMBERS
from storage.sqlite.packing import unpack
from storage.sqlite.schema import FILE
from tests.mail import NOW, SqliteEngine, fill, mail

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from storage.archive import Archive
    from storage.query import Query

LIST = "l"


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[SqliteEngine]:
    with closing(SqliteEngine(tmp_path / "archive")) as engine:
        yield engine


def rows(engine: SqliteEngine, statement: str, *values: object) -> list[Any]:
    with closing(sqlite3.connect(engine.directory / FILE)) as connection, connection:
        return connection.execute(statement, values).fetchall()


def sizes(engine: SqliteEngine) -> list[int]:
    """Return how many messages each segment covers."""
    covers = rows(engine, "SELECT covers FROM segment ORDER BY run, id")
    return [decode_chunk(data).bit_count() for (data,) in covers]


def clue(needle: str) -> Clue:
    found = clue_to_text(needle, in_head=True)
    assert found is not None
    return found


def narrowed(
    archive: Archive, needle: str, first: int = 1, last: int = 99
) -> tuple[set[int], set[int]]:
    """Return which numbers are certain and which possible."""
    found = joined(archive, first, last, clue(needle))
    return numbers_of(found.certain, first), numbers_of(found.possible, first)


def joined(archive: Archive, first: int, last: int, asked: Clue) -> Narrowed:
    """Return what the index tells, together."""
    certain = possible = 0
    for part in parts(archive, first, last, asked):
        for bits in part:
            assert not bits & (certain | possible)
        certain, possible = certain | part.certain, possible | part.possible
    return Narrowed(certain, possible)


def parts(archive: Archive, first: int, last: int, asked: Clue) -> list[Narrowed]:
    async def gather() -> list[Narrowed]:
        return [part async for part in archive.narrow(LIST, first, last, asked)]

    return asyncio.run(gather())


def numbers_of(bits: int, first: int) -> set[int]:
    return {first + at for at in range(bits.bit_length()) if bits >> at & 1}


def found(archive: Archive, query: Query) -> list[int]:
    async def gather() -> list[int]:
        return [n async for batch in search(archive, LIST, query, 1, 2**31 - 1) for n in batch]

    return asyncio.run(gather())


def bodies(*texts: str) -> list[bytes]:
    return [mail(text.split()[0], body=text + "\n") for text in texts]


def without_index(engine: SqliteEngine) -> None:
    """Leave the archive as it was before there was an index."""
    rows(engine, "DELETE FROM segment")


def faults(engine: SqliteEngine, *, repair: bool) -> list[str]:
    async def gather() -> list[str]:
        told = check(engine.archive(), engine.writer(), RENDERERS, repair=repair)
        return [fault.what async for fault in told]

    return asyncio.run(gather())


def test_segments_are_joined_as_they_grow(sqlite: SqliteEngine) -> None:
    seen, last = [], 0
    for count in (1, 1, 2, 1, 1, 1, 1, 1, 1, 9, *[10] * 6, 520, 1, 600):
        texts = [f"w{last + at}w common" for at in range(1, count + 1)]
        fill(sqlite.writer(), LIST, bodies(*texts), now=NOW + last)
        last += count
        seen.append(sizes(sqlite))
    assert seen[:9] == [
        [1],
        [1, 1],
        [1, 1, 2],
        *([1, 1, 2, *[1] * at] for at in range(1, 5)),
        [9],
        [9, 1],
    ]
    assert seen[9:16] == [[9, 10], *([9, 10, *[10] * at] for at in range(1, 6)), [79]]
    assert seen[16:] == [[599], [599, 1], [599, 601]]
    archive = sqlite.archive()
    assert found(archive, Text("common")) == [*range(1, last + 1)]
    assert [found(archive, Body(f"w{at}w")) for at in range(1, last + 1)] == [
        [at] for at in range(1, last + 1)
    ]


def test_one_piece_is_certain_others_are_possible(sqlite: SqliteEngine) -> None:
    fill(
        sqlite.writer(), LIST, bodies("one alpha beta", "two alphabet", "three beta alpha", "four")
    )
    archive = sqlite.archive()
    beyond = set(range(5, 100))
    assert narrowed(archive, "ALPHA") == ({1, 2, 3}, beyond)
    assert narrowed(archive, "PHAB") == ({2}, beyond)
    assert narrowed(archive, "ALPHA B") == (set(), {1, 3} | beyond)
    assert narrowed(archive, "A BETA") == (set(), {1} | beyond | {3})
    assert narrowed(archive, "NOWHERE") == (set(), beyond)
    assert narrowed(archive, "ALPHA", 2, 3) == ({2, 3}, set())
    assert narrowed(archive, "ALPHA", 3, 3) == ({3}, set())


def test_head_and_body_are_told_apart(sqlite: SqliteEngine) -> None:
    fill(sqlite.writer(), LIST, [mail("1", subject="word"), mail("2", body="word\n")])
    archive = sqlite.archive()
    for in_head, in_body, expected in (
        (True, False, {1}),
        (False, True, {2}),
        (True, True, {1, 2}),
    ):
        asked = Clue(clue("WORD").pieces, in_head, in_body, exact=True)
        assert numbers_of(joined(archive, 1, 2, asked).certain, 1) == expected


def test_all_pieces_have_to_be_in_one_section(sqlite: SqliteEngine) -> None:
    fill(
        sqlite.writer(),
        LIST,
        [mail("1", subject="word", body="other\n"), mail("2", subject="word other")],
    )
    assert narrowed(sqlite.archive(), "WORD OTHER", 1, 2) == (set(), {2})


def test_a_range_may_lie_in_several_runs(sqlite: SqliteEngine) -> None:
    writer = sqlite.writer()
    fill(writer, LIST, bodies("one word"))
    rows(sqlite, "UPDATE list SET high = ?", RUN_NUMBERS - 2)
    fill(sqlite.writer(), LIST, bodies("two word", "three word", "four"), now=NOW + 1)
    assert [run for (run,) in rows(sqlite, "SELECT DISTINCT run FROM segment ORDER BY run")] == [
        0,
        1,
    ]
    archive = sqlite.archive()
    certain, _ = narrowed(archive, "WORD", 1, 2 * RUN_NUMBERS)
    assert certain == {1, RUN_NUMBERS - 1, RUN_NUMBERS}
    assert narrowed(archive, "WORD", RUN_NUMBERS, RUN_NUMBERS + 1) == ({RUN_NUMBERS}, set())
    assert narrowed(archive, "FOUR", RUN_NUMBERS, RUN_NUMBERS + 1) == ({RUN_NUMBERS + 1}, set())


def test_nothing_of_a_removed_message_stays_in_the_file(sqlite: SqliteEngine) -> None:
    fill(sqlite.writer(), LIST, bodies("one alpha", "two secretword alpha", "three beta"))
    writer = sqlite.writer()
    with writer.batch() as batch:
        batch.remove(LIST, 2)
    assert sizes(sqlite) == [2]
    archive = sqlite.archive()
    assert narrowed(archive, "SECRETWORD", 1, 3) == (set(), {2})
    assert narrowed(archive, "ALPHA", 1, 3) == ({1}, {2})
    held = [part for row in rows(sqlite, "SELECT * FROM segment") for part in row]
    texts = [unpack(part) for part in held[5:]]
    assert not [text for text in texts if b"SECRETWORD" in text]
    with writer.batch() as batch:
        batch.remove(LIST, 1)
        batch.remove(LIST, 3)
    assert sizes(sqlite) == []


def test_a_message_may_come_and_go_in_one_batch(sqlite: SqliteEngine) -> None:
    fill(sqlite.writer(), LIST, bodies("one"))
    with sqlite.writer().batch() as batch:
        batch.remove(LIST, 1)
        shelf = batch._shelf(LIST)  # type: ignore[attr-defined]  # SqliteBatch's
        shelf.index.put(1, TextTerms(b"", b"WORD"))
    assert sizes(sqlite) == []


def test_of_texts_that_are_replaced_in_one_batch_the_last_one_counts(sqlite: SqliteEngine) -> None:
    fill(sqlite.writer(), LIST, bodies("one alpha", "two alpha", "three alpha"))
    with sqlite.writer().batch() as batch:
        shelf = batch._shelf(LIST)  # type: ignore[attr-defined]  # SqliteBatch's
        shelf.index.replace(2, TextTerms(b"", b"BETA"))
        shelf.index.replace(2, TextTerms(b"", b"GAMMA"))
        shelf.index.replace(3, TextTerms(b"", b"DELTA"))
        batch.remove(LIST, 3)
    assert sizes(sqlite) == [2]
    archive = sqlite.archive()
    assert narrowed(archive, "ALPHA", 1, 2) == ({1}, set())
    assert narrowed(archive, "BETA", 1, 2) == (set(), set())
    assert narrowed(archive, "GAMMA", 1, 2) == ({2}, set())
    assert narrowed(archive, "DELTA", 1, 3) == (set(), {3})


def test_segments_of_another_version_are_not_used_and_go(
    sqlite: SqliteEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(sqlite.writer(), LIST, bodies("one word", "two word"))
    for module in (fulltext, fulltext_write):
        monkeypatch.setattr(module, "TERMS_VERSION", TERMS_VERSION + 1)
    archive = sqlite.archive()
    assert narrowed(archive, "WORD", 1, 2) == (set(), {1, 2})
    assert found(archive, Body("word")) == [1, 2]
    fill(sqlite.writer(), LIST, bodies("three word"), now=NOW + 1)
    assert sizes(sqlite) == [1]
    assert narrowed(archive, "WORD", 1, 3) == ({3}, {1, 2})
    assert sum(rerender(sqlite.writer(), RENDERERS)) == 2
    assert narrowed(archive, "WORD", 1, 3) == ({1, 2, 3}, set())


def test_an_archive_without_an_index_gets_one(sqlite: SqliteEngine) -> None:
    fill(sqlite.writer(), LIST, [mail(str(at), body=f"word{at}\n") for at in range(600)])
    with sqlite.writer().batch() as batch:
        batch.remove(LIST, 300)
    without_index(sqlite)
    archive = sqlite.archive()
    assert narrowed(archive, "WORD7", 1, 3) == (set(), {1, 2, 3})
    assert found(archive, Body("word599")) == [600]
    assert list(rerender(sqlite.writer(), RENDERERS)) == [255, 255, 89]
    assert list(rerender(sqlite.writer(), RENDERERS)) == []
    assert sum(sizes(sqlite)) == 599
    certain, possible = narrowed(archive, "WORD", 1, 600)
    assert (len(certain), possible) == (599, {300})


def test_check_names_what_is_missing_and_mends_it(sqlite: SqliteEngine) -> None:
    fill(sqlite.writer(), LIST, bodies("one word", "two word"))
    without_index(sqlite)
    told = "2 messages are not in the full-text index"
    assert faults(sqlite, repair=False) == [told]
    assert faults(sqlite, repair=True) == [told]
    assert faults(sqlite, repair=False) == []
    assert narrowed(sqlite.archive(), "WORD", 1, 2) == ({1, 2}, set())


def test_check_names_damage_and_mends_it(sqlite: SqliteEngine) -> None:
    fill(sqlite.writer(), LIST, bodies("one word", "two word"))
    rows(sqlite, "UPDATE segment SET body_terms = zeroblob(length(body_terms))")
    with pytest.raises(ArchiveUnavailable, match="listgate check"):
        found(sqlite.archive(), Text("word"))
    assert "a segment of the full-text index is damaged" in faults(sqlite, repair=False)[0]
    assert len(faults(sqlite, repair=True)) == 2
    assert faults(sqlite, repair=False) == []
    assert found(sqlite.archive(), Text("word")) == [1, 2]


def test_what_a_segment_covers_may_be_damaged(sqlite: SqliteEngine) -> None:
    fill(sqlite.writer(), LIST, bodies("one word"))
    rows(sqlite, "UPDATE segment SET covers = x'07'")
    with pytest.raises(ArchiveUnavailable, match="not a chunk"):
        found(sqlite.archive(), Text("word"))
    with pytest.raises(ArchiveUnavailable, match=r"not a chunk.*check --repair"):
        fill(sqlite.writer(), LIST, bodies("two word"), now=NOW + 1)
    told = "a segment of the full-text index is damaged"
    for repair in (False, True):
        assert told in faults(sqlite, repair=repair)[0]
    assert found(sqlite.archive(), Text("word")) == [1]


def test_each_segment_is_a_step(sqlite: SqliteEngine) -> None:
    fill(sqlite.writer(), LIST, bodies("one word", "two words", "three"))
    fill(sqlite.writer(), LIST, bodies("four words"), now=NOW + 1)
    assert parts(sqlite.archive(), 1, 5, clue("WORD")) == [
        Narrowed(0b0011, 0),
        Narrowed(0b1000, 0),
        Narrowed(0, 0b10000),
    ]


def test_a_segment_that_is_replaced_meanwhile_is_not_relied_on(
    sqlite: SqliteEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(sqlite.writer(), LIST, bodies("one word"))
    archive = sqlite.archive()
    monkeypatch.setattr(fulltext, "_TERMS", ("SELECT 1 FROM segment WHERE id = -?",) * 2)
    assert joined(archive, 1, 2, clue("WORD")) == Narrowed(0, 0b11)
    assert found(archive, Text("word")) == [1]


def test_what_was_read_is_kept(sqlite: SqliteEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(sqlite.writer(), LIST, bodies("one word"))
    archive = sqlite.archive()
    assert found(archive, Text("word")) == [1]
    monkeypatch.setattr(fulltext.Index, "_read", None)
    assert found(archive, Text("word")) == [1]
    assert found(archive, Text("nothing")) == []


def test_a_lost_message_is_not_indexed_again_and_again(sqlite: SqliteEngine) -> None:
    fill(sqlite.writer(), LIST, bodies("one word", "two word"))
    without_index(sqlite)
    rows(sqlite, "DELETE FROM message WHERE number = 1")
    assert list(rerender(sqlite.writer(), RENDERERS)) == [1]
    assert list(rerender(sqlite.writer(), RENDERERS)) == []


def test_a_run_is_a_whole_number_of_pages() -> None:
    assert RUN_NUMBERS == 1 << RUN_BITS
    assert RUN_NUMBERS % 256 == 0
