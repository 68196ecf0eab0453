"""Dictionaries that blocks are compressed against: what gets in, and that nothing is lost with one."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import ArchiveUnavailable
from storage.sqlite import dictionary
from storage.sqlite.dictionary import LEAST_BLOCKS, MOST_OCTETS, common_lines
from storage.sqlite.schema import FILE
from tests.mail import SqliteEngine, done, fill, mail

if TYPE_CHECKING:
    from pathlib import Path

LINES = st.sampled_from([b"a line of many", b"another line", b"", b"short", b"x" * 401, b"y" * 400])


@given(st.lists(st.lists(LINES, max_size=6), max_size=12))
def test_only_lines_that_many_blocks_have_get_in(blocks: list[list[bytes]]) -> None:
    found = common_lines(b"\r\n".join(block) for block in blocks).split(b"\r\n")
    for line in filter(None, found):
        assert sum(line in block for block in blocks) >= LEAST_BLOCKS


def test_what_saves_most_stands_last_and_all_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    often, seldom = b"this line is in each of them", b"this one in some"
    blocks = [often] * 6 + [often + b"\r\n" + seldom] * 4
    assert common_lines(blocks) == seldom + b"\r\n" + often
    monkeypatch.setattr(dictionary, "MOST_OCTETS", 40)
    assert common_lines(blocks) == often
    assert MOST_OCTETS > 1000


def test_lines_of_one_block_are_forgotten_on_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dictionary, "PRUNED_BLOCKS", 2)
    blocks = [b"a line that comes again"] * 2 + [b"line %d of its own" % at for at in range(9)]
    assert common_lines(blocks * 4) == b"a line that comes again"


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SqliteEngine:
    """An archive whose blocks were compressed against two dictionaries, and some against none."""
    monkeypatch.setattr(dictionary, "FIRST_BLOCKS", 4)
    monkeypatch.setattr(dictionary, "GROWTH", 3)
    engine = SqliteEngine(tmp_path)
    for at in range(0, 200, 10):
        fill(engine.writer(), "l", [large(at + each) for each in range(10)], now=at)
    return engine


def large(at: int) -> bytes:
    own = "".join(f"Line {at} {each} of its own\n" for each in range(200))
    return mail(str(at), body=own + "A line that all have in common.\n" * 20)


def asked(engine: SqliteEngine, statement: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(engine.directory / FILE)) as connection:
        found = connection.execute(statement).fetchall()
        connection.commit()
    return found


def test_messages_come_back_whatever_they_were_compressed_against(engine: SqliteEngine) -> None:
    used = {row[0] for row in asked(engine, "SELECT dictionary FROM block")}
    assert used == {None, 1, 2}
    archive = engine.archive()
    for number in range(1, 201):
        assert done(archive.raw("l", number)) == large(number - 1)
    ((text,),) = asked(engine, "SELECT data FROM dictionary WHERE id = 2")
    assert isinstance(text, bytes)
    assert b"in common" in text
    assert b"of its own" not in text


def test_a_removed_message_is_gone_from_blocks_with_a_dictionary(engine: SqliteEngine) -> None:
    with engine.writer().batch() as batch:
        batch.remove("l", 150)
        assert batch.raw("l", 151) == large(150)
    assert done(engine.archive().raw("l", 149)) == large(148)


@pytest.mark.parametrize("copy", ["data", "spare"])
def test_one_copy_may_be_damaged(engine: SqliteEngine, copy: str) -> None:
    asked(engine, f"UPDATE dictionary SET {copy} = x'00'")
    assert done(engine.archive().raw("l", 200)) == large(199)
    with engine.writer().batch() as batch:
        assert batch.raw("l", 200) == large(199)


def test_without_any_copy_the_error_says_so(engine: SqliteEngine) -> None:
    asked(engine, "UPDATE dictionary SET data = x'00', spare = x'' WHERE id = 2")
    archive = engine.archive()
    with pytest.raises(ArchiveUnavailable, match="dictionary 2 is damaged or lost; restore"):
        done(archive.raw("l", 190))
    assert done(archive.raw("l", 1)) == large(0)
    asked(engine, "DELETE FROM dictionary")
    with pytest.raises(ArchiveUnavailable, match="dictionary"):
        done(engine.archive().raw("l", 190))
