"""``listgate check``: every kind of damage, made by hand in the archive's file."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from storage.days import DayCount, id_sha1
from storage.errors import Removed
from storage.pages import decode_rows, encode_rows
from storage.sqlite import SqliteArchive
from storage.sqlite.packing import pack, unpack
from storage.sqlite.schema import FILE
from tests.cli.conftest import put
from tests.mail import done, mail

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Listgate, Said

COUNT = 300
"""Messages: more than a page holds. A third of them are answers, the last one to a message that never came."""

LAST = f"{COUNT - 1}@x.example"


@pytest.fixture
def filled(listgate: Listgate, tmp_path: Path) -> Listgate:
    """The command line, with a list called ``l`` of ``COUNT`` messages, the second of which was removed."""
    raws = [mail(f"{n}", answers=f"{n - 1}" if n % 3 == 2 else None) for n in range(COUNT - 1)]
    raws.append(mail(f"{COUNT - 1}", answers="ghost"))
    listgate("import", "l", put(tmp_path / "x", *raws))
    listgate("remove", "l", "1@x.example")
    return listgate


def _do(*statements: str) -> None:
    """Change the archive behind its back."""
    with closing(sqlite3.connect(Path("listgate-archive") / FILE)) as connection:
        for statement in statements:
            assert connection.execute(statement).rowcount > 0, statement
        connection.commit()


def _change(table: str, column: str, change: Callable[[bytes], bytes], where: str) -> None:
    """Change the octets in one row of the archive behind its back."""
    with closing(sqlite3.connect(Path("listgate-archive") / FILE)) as connection:
        ((row, value),) = connection.execute(f"SELECT rowid, {column} FROM {table} WHERE {where}")
        values = change(value), row
        connection.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", values)
        connection.commit()


def _summary(found: int, left: int, count: int = COUNT - 1) -> str:
    return f"{count} messages checked, {found} faults found, {left} left\n"


def _faults(said: Said) -> list[str]:
    lines = said.err.splitlines()
    assert all(line.startswith("listgate: ") for line in lines)
    return [line.removeprefix("listgate: ") for line in lines]


def _repaired(listgate: Listgate) -> list[str]:
    """Find, repair, find nothing more; return what was found."""
    found = listgate("check")
    assert found.code == 1
    again = listgate("check")
    assert (again.code, again.out, again.err) == (found.code, found.out, found.err)
    mended = listgate("check", "--repair")
    assert mended.code == 0
    assert _faults(mended)
    assert all(fault.endswith(" (repaired)") for fault in _faults(mended))
    clean = listgate("check")
    assert (clean.code, clean.err) == (0, "")
    assert clean.out.endswith("messages checked, 0 faults found, 0 left\n")
    return _faults(found)


def test_a_sound_archive_has_no_faults(filled: Listgate) -> None:
    for options in ((), ("--repair",)):
        said = filled("check", *options)
        assert (said.code, said.out, said.err) == (0, _summary(0, 0), "")


def test_an_empty_archive_has_no_faults(listgate: Listgate) -> None:
    listgate("import", "l", "-")
    assert listgate("check").out == _summary(0, 0, count=0)


@pytest.mark.parametrize(
    ("low", "high", "lost"),
    [
        (2, COUNT, []),
        (1, COUNT - 7, []),
        (0, COUNT, []),
        (1, COUNT + 2, [COUNT + 1, COUNT + 2]),
    ],
)
def test_wrong_water_marks(filled: Listgate, low: int, high: int, lost: list[int]) -> None:
    _do(f"UPDATE list SET low = {low}, high = {high}")
    right = max(high, COUNT)
    faults = _repaired(filled)
    marks = f"l: the water marks are {low} and {high}, and should be 1 and {right}"
    assert faults == ([marks] if (low, high) != (1, right) else []) + [
        f"l: {number} is lost: neither a message nor removed" for number in lost
    ]
    assert filled("lists").table[1] == ["l", f"{COUNT - 1}", "1", f"{right}"]


def test_the_number_of_a_removed_last_message_is_not_given_again(
    filled: Listgate, tmp_path: Path
) -> None:
    filled("remove", "l", LAST)
    _do(f"UPDATE list SET high = {COUNT - 1}")
    assert len(_repaired(filled)) == 1
    filled("import", "l", put(tmp_path / "y", mail("new")))
    assert filled("lists").table[1] == ["l", f"{COUNT - 1}", "1", f"{COUNT + 1}"]


def test_a_lost_message_leaves_a_hole_that_is_known(filled: Listgate) -> None:
    _do("DELETE FROM message WHERE number = 8")
    faults = _repaired(filled)
    assert faults == ["l: 8 is lost: neither a message nor removed"]
    assert filled("lists").table[1] == ["l", f"{COUNT - 2}", "1", f"{COUNT}"]
    assert filled("thread", "7@x.example").code == 1


def test_a_wrong_digest_stays_a_fault(filled: Listgate) -> None:
    _do("UPDATE message SET digest = x'00112233445566778899aabbccddeeff' WHERE number = 5")
    for options in ((), ("--repair",), ()):
        said = filled("check", *options)
        assert (said.code, said.out) == (1, _summary(1, 1))
        assert _faults(said) == ["l 5: the octets are not those that came in"]


def test_a_damaged_block_stays_a_fault_and_new_mail_goes_elsewhere(
    filled: Listgate, tmp_path: Path
) -> None:
    _change("block", "data", lambda data: data[:40] + b"\xff" + data[41:], "id = 1")
    for options in ((), ("--repair",)):
        said = filled("check", *options)
        assert (said.code, said.out) == (1, _summary(COUNT - 1, COUNT - 1))
        assert f"l {COUNT}: cannot be read: " in said.err
    assert filled("import", "l", put(tmp_path / "y", mail("new"))).code == 0
    assert filled("check").out == _summary(COUNT - 1, COUNT - 1, count=COUNT)
    assert filled("thread", "new@x.example").code == 0


def test_a_mail_that_comes_again_over_damage_is_one_line(filled: Listgate, tmp_path: Path) -> None:
    _change("block", "data", lambda data: data[:40] + b"\xff" + data[41:], "id = 1")
    said = filled("import", "l", put(tmp_path / "y", mail("5", "X-Other: copy")))
    assert said.code == 1
    assert len(said.err.splitlines()) == 1
    assert said.err.endswith("; run 'listgate check'\n")


def test_a_block_with_other_octets_stays_a_fault(filled: Listgate) -> None:
    _change("block", "data", lambda data: pack(unpack(data).replace(b"<9@x.", b"<9@y.")), "id = 1")
    said = filled("check", "--repair")
    assert (said.code, said.out) == (1, _summary(1, 1))
    assert _faults(said) == ["l 10: the octets are not those that came in"]


def test_a_wrong_row(filled: Listgate) -> None:
    def change(data: bytes) -> bytes:
        rows = dict(zip(*decode_rows(unpack(data)), strict=True))
        rows[7] += b"?"
        del rows[9]
        return pack(encode_rows(rows))

    before = filled("check").out
    _change("page", "data", change, "page = 0 AND kind = 'keys'")
    assert _repaired(filled) == [
        f"l {number}: its keys is not as it should be" for number in (7, 9)
    ]
    assert filled("check").out == before


def _unreadable(page: int) -> list[str]:
    """Return the faults that a damaged page of overviews is: those packed against it cannot be read either."""
    kinds = ("envelope", "fields", "listing", "overview")
    return [f"l: page {page} of its {kind} cannot be read" for kind in kinds]


def test_a_damaged_page(filled: Listgate) -> None:
    _change(
        "page",
        "data",
        lambda data: data[:-1] + bytes([data[-1] ^ 1]),
        "page = 1 AND kind = 'overview'",
    )
    assert _repaired(filled) == _unreadable(1)


def test_a_lost_page(filled: Listgate) -> None:
    _do("DELETE FROM page WHERE page = 1 AND kind = 'facts'")
    assert len(_repaired(filled)) == COUNT - 255


def test_a_lost_page_that_others_are_packed_against(filled: Listgate) -> None:
    _do("DELETE FROM page WHERE page = 1 AND kind = 'overview'")
    assert _repaired(filled) == _unreadable(1)[:3]


def test_all_that_is_wrong_with_a_message_is_one_fault(filled: Listgate) -> None:
    _do("DELETE FROM page WHERE page = 1")
    faults = _repaired(filled)
    assert len(faults) == COUNT - 255
    assert faults[0].startswith("l 256: its overview, facts")
    assert faults[0].endswith(" are not as they should be")


def test_a_wrong_count(filled: Listgate) -> None:
    _do(
        "UPDATE message SET size = size + 1 WHERE number = 5",
        "UPDATE message SET lines = 0 WHERE number = 6",
    )
    faults = _repaired(filled)
    assert faults[0].startswith("l: it counts ")
    assert faults[1:] == [f"l {number}: is not counted right" for number in (5, 6)]


def test_wrong_octets(filled: Listgate) -> None:
    with closing(SqliteArchive(Path("listgate-archive"))) as archive:
        before = archive.mailing_list("l").octets
    _do("UPDATE list SET octets = 7")
    assert _repaired(filled) == [f"l: it counts 7 octets, and should count {before}"]


def test_a_message_that_its_node_forgot(filled: Listgate) -> None:
    _do("UPDATE node SET number = NULL WHERE number = 6")
    assert _repaired(filled) == ["l 6: is not in its thread"]
    assert "6 A <a@x.example>" in filled("thread", "5@x.example").out


def test_a_lost_ghost(filled: Listgate) -> None:
    before = filled("thread", LAST).out
    _do("DELETE FROM node WHERE message_id = CAST('<ghost@x.example>' AS BLOB)")
    assert _repaired(filled) == [f"l {COUNT}: is not in its thread"]
    assert filled("thread", LAST).out == before


@pytest.mark.parametrize("own", ["4", "5"])
def test_a_lost_node_is_made_again_from_the_message(filled: Listgate, own: str) -> None:
    before = filled("thread", "5@x.example").out
    assert len(before.splitlines()) == 3
    _do(f"DELETE FROM node WHERE message_id = CAST('<{own}@x.example>' AS BLOB)")
    assert _repaired(filled)[0] == f"l: {int(own) + 1} has lost its Message-ID"
    assert filled("thread", "5@x.example").out == before


def test_a_loop(filled: Listgate) -> None:
    """The answer is made its question's parent too."""
    before = filled("thread", "5@x.example").out
    _do(
        "UPDATE node SET parent = (SELECT id FROM node WHERE number = 6), evidence = 1 WHERE number = 5"
    )
    assert _repaired(filled) == [f"l {number}: is not in its thread" for number in (5, 6)]
    assert filled("thread", "5@x.example").out == before


def test_a_lost_block_stays_a_fault(filled: Listgate) -> None:
    _do("DELETE FROM block WHERE id = 1")
    for options in ((), ("--repair",)):
        said = filled("check", *options)
        assert (said.code, said.out) == (1, _summary(COUNT - 1, COUNT - 1))
        assert f"l {COUNT}: cannot be read: " in said.err


def test_a_damaged_head_stays_a_fault(filled: Listgate, tmp_path: Path) -> None:
    filled("import", "l", put(tmp_path / "y", mail("new", answers="5, and more")))
    _do(f"UPDATE message SET head = x'28b52ffd00' WHERE number = {COUNT + 1}")
    for options in ((), ("--repair",)):
        said = filled("check", *options)
        assert (said.code, said.out) == (1, _summary(1, 1, count=COUNT))
        assert f"l {COUNT + 1}: cannot be read: " in said.err


def test_a_page_that_is_none(filled: Listgate) -> None:
    _do(f"UPDATE page SET data = x'{pack(b'no page').hex()}' WHERE page = 0 AND kind = 'overview'")
    assert _repaired(filled) == _unreadable(0)


def test_a_lost_node_of_a_damaged_message_is_beyond_repair(filled: Listgate) -> None:
    _do("DELETE FROM node WHERE number = 6")
    _change("block", "data", lambda data: data[:40] + b"\xff" + data[41:], "id = 1")
    said = filled("check", "--repair")
    assert said.code == 1
    assert "l 6: is counted but not there" in _faults(said)
    assert filled("check", "--repair").code == 1


@pytest.mark.parametrize("start", [0, 4096 * 3])
def test_a_file_that_is_none_any_more_is_one_line(filled: Listgate, start: int) -> None:
    path = Path("listgate-archive") / FILE
    octets = path.read_bytes()
    path.write_bytes(octets[:start] + b"\xff" * 4096 + octets[start + 4096 :])
    for options in (("check",), ("check", "--repair"), ("lists",), ("export", "l")):
        said = filled(*options)
        assert len(said.err) < 100_000
        assert "Traceback" not in said.err
    said = filled("check")
    assert said.code == 1


def test_an_archive_of_a_later_version_is_refused(filled: Listgate) -> None:
    with closing(sqlite3.connect(Path("listgate-archive") / FILE)) as connection:
        connection.execute("PRAGMA user_version=99")
    for name in ("check", "lists"):
        said = filled(name)
        assert said.code == 1
        assert "written by a later version of listgate" in said.err


DAY = 19_724  # 2024-01-02, on which the source says that all came


@pytest.mark.parametrize(
    ("statement", "faults"),
    [
        (
            "UPDATE day SET present = 7",
            [f"it counts 7 messages on 2024-01-02, and should count {COUNT - 1}"],
        ),
        (
            "UPDATE day SET given = 7",
            [f"it has given 7 places of 2024-01-02, and should have {COUNT}"],
        ),
        (
            "DELETE FROM day",
            [
                f"it counts 0 messages on 2024-01-02, and should count {COUNT - 1}",
                f"it has given 0 places of 2024-01-02, and should have {COUNT}",
            ],
        ),
        (
            f"INSERT INTO day SELECT id, {DAY + 1}, 1, 1 FROM list",
            ["it counts 1 messages on 2024-01-03, and should count 0"],
        ),
        (
            "UPDATE message SET hash = hash + 1 WHERE number IN (3, 9)",
            [f"{number} is not found by the SHA-1 of its Message-ID" for number in (3, 9)],
        ),
        ("INSERT INTO hidden SELECT id, 2 FROM list", ["2 is hidden but not there"]),
    ],
)
def test_wrong_counts_by_day(
    filled: Listgate, tmp_path: Path, statement: str, faults: list[str]
) -> None:
    _do(statement)
    assert _repaired(filled) == [f"l: {fault}" for fault in faults]
    filled("import", "l", put(tmp_path / "y", mail("new")))
    with closing(SqliteArchive(Path("listgate-archive"))) as archive:
        assert done(archive.days("l")) == [DayCount(DAY, COUNT)]
        assert done(archive.entry("l", COUNT + 1)).place == COUNT + 1
        with pytest.raises(Removed):
            done(archive.at_place("l", DAY, 2))
        assert [*done(archive.hashed("l", id_sha1(b"<2@x.example>")))] == [3]
        assert list(archive.mailing_list("l").hidden) == []


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ("place = 6 WHERE number = 7", ["7: place 6 of 2024-01-02"]),
        (
            "place = 2 WHERE number = 7",
            ["3: place 3 of 2024-01-02", "7: place 2 of 2024-01-02"],
        ),  # which is that of the one removed
        (
            "place = 10 - place WHERE number IN (4, 6)",
            ["4: place 6 of 2024-01-02", "5: place 5 of 2024-01-02"],
        ),
        ("place = 0 WHERE number = 7", ["1: place 1 of 2024-01-02", "7: place 0 of 2024-01-02"]),
        ("day = -4 WHERE number = 7", ["7: place 7 of day -4"]),
    ],
)
def test_places_are_never_given_anew(filled: Listgate, change: str, wrong: list[str]) -> None:
    _do(f"UPDATE message SET {change}")
    for options in ((), ("--repair",), ()):
        said = filled("check", *options)
        assert said.code == 1
        named = [fault for fault in _faults(said) if "out of order" in fault]
        assert [each.removesuffix(" is out of order, or given twice") for each in named] == [
            f"archive: l {each}" for each in wrong
        ]
