"""Sources that change behind the archive's back: rewritten, cut off, growing; only what is new is added."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import ROUND, put
from tests.crash.states import held
from tests.mail import mail
from tests.sources.mboxes import mbox, settle

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.cli.conftest import Listgate

RAWS = [mail(f"{n}", body=f"text {n}\n" * (n + 1)) for n in range(20)]
IDS = [b"<%d@x.example>" % n for n in range(20)]


class Source:
    """An mbox that is imported after every change."""

    def __init__(self, listgate: Listgate, folder: Path) -> None:
        self.path = folder / "mbox"
        self._listgate = listgate
        self._archive = folder / "listgate-archive"

    def imported(self, octets: bytes) -> list[bytes]:
        """Write the file and import it; return the Message-IDs in the list, which has no gap."""
        before = self.ids() if self._archive.exists() else []
        self.path.write_bytes(octets)
        settle(self.path)
        assert self._listgate("import", "l", str(self.path)).code == 0
        ids = self.ids()
        assert ids[: len(before)] == before
        assert self._listgate("import", "l", str(self.path)).table[1][2] == "0"
        return ids

    def ids(self) -> list[bytes]:
        found = held(self._archive)
        assert list(found) == list(range(1, len(found) + 1))
        return list(found.values())

    def exported(self) -> bytes:
        return self._listgate("export", "l").octets


@pytest.fixture
def source(listgate: Listgate, tmp_path: Path) -> Source:
    """An mbox of the first ten messages, in the archive."""
    made = Source(listgate, tmp_path)
    assert made.imported(_mbox(RAWS[:10])) == IDS[:10]
    return made


def _mbox(raws: Sequence[bytes]) -> bytes:
    return mbox(*raws, line=ROUND)


def test_messages_taken_out_stay_and_new_ones_are_added(source: Source) -> None:
    assert source.imported(_mbox(RAWS[:3] + RAWS[5:12])) == IDS[:12]
    assert source.exported() == _mbox(RAWS[:12])


def test_another_order_adds_nothing(source: Source) -> None:
    assert source.imported(_mbox(RAWS[9::-1])) == IDS[:10]


def test_a_message_put_in_the_middle_gets_the_next_number(source: Source) -> None:
    assert source.imported(_mbox([*RAWS[:5], RAWS[15], *RAWS[5:10]])) == [*IDS[:10], IDS[15]]


def test_marks_that_mail_programs_leave_add_nothing(source: Source) -> None:
    marked = [raw.replace(b"\n\n", b"\nStatus: RO\nX-Status: A\n\n", 1) for raw in RAWS[:10]]
    assert source.imported(_mbox(marked)) == IDS[:10]
    assert source.exported() == _mbox(RAWS[:10])


def test_a_changed_message_is_another_one(source: Source) -> None:
    changed = RAWS[4].replace(b"text", b"other")
    ids = source.imported(_mbox([*RAWS[:4], changed, *RAWS[5:10]]))
    assert ids[:10] == IDS[:10]
    assert len(ids) == 11
    assert ids[10].endswith(b"@duplicate.listgate.invalid>")
    assert source.exported() == _mbox([*RAWS[:10], changed])


def test_a_truncated_file_takes_nothing_away_and_may_grow_again(source: Source) -> None:
    assert source.imported(_mbox(RAWS[:1])) == IDS[:10]
    assert source.imported(_mbox(RAWS[:5])) == IDS[:10]
    assert source.imported(_mbox([*RAWS[:5], RAWS[12]])) == [*IDS[:10], IDS[12]]


def test_another_file_in_its_place(source: Source) -> None:
    assert source.imported(_mbox(RAWS[10:])) == IDS


@pytest.mark.parametrize("taken_off", [1, 2, 3, 40])
def test_a_message_that_was_cut_is_had_as_a_whole_in_the_end(
    source: Source, taken_off: int
) -> None:
    """It rests for so long that it is taken as it is; without its last line end it is the same message."""
    whole = _mbox(RAWS[:12])
    cut = source.imported(whole[:-taken_off])
    assert cut == IDS[:12]
    ids = source.imported(_mbox(RAWS[:13]))
    assert ids[:12] == IDS[:12]
    assert ids[-1] == IDS[12]
    assert len(ids) == (13 if taken_off <= 2 else 14)
    assert RAWS[11].rstrip() in source.exported()


def test_a_file_cut_within_a_separator(source: Source) -> None:
    start = _mbox(RAWS[:11])
    source.imported(start + ROUND[:20])
    assert source.imported(_mbox(RAWS[:12]))[-1] == IDS[11]
    assert RAWS[11] in source.exported()


def test_growth_is_read_from_where_it_ended(source: Source, listgate: Listgate) -> None:
    for count in range(11, 15):
        put(source.path, *RAWS[:count])
        assert listgate("import", "l", str(source.path)).table[1][1:3] == ["1", "1"]
    assert source.ids() == IDS[:14]
