"""A power cut at any moment: what was not synced yet may be lost, torn, or there; what was is kept.

A process that is killed leaves its writes to the system, which loses none of them. So what a power cut may do besides is done
here to the files it leaves, by what SQLite has synced when (https://sqlite.org/wal.html):

- The last transaction in the log may not have been synced: its sectors may be there or not.
- Pages of the database that the log has as well may be in the middle of being copied there: their sectors may be anything.
- The index of the log, which is shared memory, is gone.
"""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final, NamedTuple

import pytest

from storage.sqlite.schema import FILE, PAGE_SIZE
from tests.cli.programs import command, environment, until
from tests.crash.states import NAME, held, own, write_mbox

if TYPE_CHECKING:
    from tests.cli.conftest import Listgate

COUNT: Final = 4000
OCTETS: Final = 3000
"""Of a message: so many that the log is copied to the database now and then."""

CUTS: Final = 5
LONGEST: Final = 1.0
"""Seconds of work after which the power is cut at the latest."""

SECTOR: Final = 512
EXPECTED: Final = {number: own(number) for number in range(1, COUNT + 1)}

_HEADER: Final = struct.Struct(">8I")
_FRAME: Final = struct.Struct(">6I")
_FRAME_OCTETS: Final = _FRAME.size + PAGE_SIZE


class Log(NamedTuple):
    """What a log holds: the pages that whole transactions wrote, where the last of them begins, and where it ends."""

    pages: frozenset[int]
    last: int
    end: int


@pytest.mark.parametrize("seed", range(2))
def test_the_power_may_be_cut_at_any_moment(listgate: Listgate, tmp_path: Path, seed: int) -> None:
    chance = Random(seed)
    octets = write_mbox(tmp_path / "mbox", COUNT, OCTETS)
    archive = tmp_path / "listgate-archive"
    torn = 0
    for at in range(CUTS):
        _run_until_killed(octets, archive, chance.uniform(0, LONGEST))
        log = _read_log(archive / f"{FILE}-wal")
        synced = tmp_path / f"synced-{at}"
        shutil.copytree(archive, synced)
        if log.end:
            _cut_log(synced, log.last)
            torn += _tear(archive, log, chance)
        for folder in (archive, synced):
            (folder / f"{FILE}-shm").unlink(missing_ok=True)
        now = held(archive)
        assert now == {number: EXPECTED[number] for number in range(1, len(now) + 1)}
        assert held(synced).items() <= now.items()
        shutil.rmtree(synced)
        said = listgate("check")
        assert (said.code, said.out) == (
            0,
            f"{len(now)} messages checked, 0 faults found, 0 left\n",
        )
    assert torn
    assert listgate("import", NAME, octets).code == 0
    assert held(archive) == EXPECTED
    assert listgate("check").out == f"{COUNT} messages checked, 0 faults found, 0 left\n"


def _run_until_killed(octets: str, archive: Path, seconds: float) -> None:
    """Import for so many seconds from the first write on, or to the end."""
    file = archive / f"{FILE}-wal"
    with subprocess.Popen(
        command("import", NAME, octets),
        cwd=archive.parent,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as running:
        until(lambda: file.exists() or running.poll() is not None)
        try:
            running.wait(seconds)
        except subprocess.TimeoutExpired:
            running.kill()


def _read_log(path: Path) -> Log:
    """Read a log as far as it was written since it was last begun anew."""
    data = path.read_bytes() if path.exists() else b""
    if len(data) < _HEADER.size:
        return Log(frozenset(), 0, 0)
    salts = _HEADER.unpack_from(data)[4:6]
    transactions: list[set[int]] = []
    ends = [_HEADER.size]
    under_way: set[int] = set()
    at = _HEADER.size
    while at + _FRAME_OCTETS <= len(data):
        page, size, *of_frame = _FRAME.unpack_from(data, at)
        if tuple(of_frame[:2]) != salts:
            break
        under_way.add(page)
        at += _FRAME_OCTETS
        if size:  # the last frame of a transaction
            transactions.append(under_way)
            ends.append(at)
            under_way = set()
    last = ends[-2] if transactions else ends[-1]
    return Log(frozenset[int]().union(*transactions[:-1]), last, at)


def _cut_log(archive: Path, end: int) -> None:
    with (archive / f"{FILE}-wal").open("r+b") as file:
        file.truncate(end)


def _tear(archive: Path, log: Log, chance: Random) -> int:
    """Lose some of what may not have been synced; return how many sectors."""
    lost = 0
    with (archive / f"{FILE}-wal").open("r+b") as file:
        for start in range(log.last, log.end, SECTOR):
            if chance.random() < chance.choice((0, 0.01, 0.5)):
                file.seek(start)
                file.write(bytes(min(SECTOR, log.end - start)))
                lost += 1
        if chance.random() < 0.5:
            file.truncate(chance.randint(log.last, log.end))
    size = (archive / FILE).stat().st_size
    with (archive / FILE).open("r+b") as file:
        for page in log.pages:
            for start in range((page - 1) * PAGE_SIZE, page * PAGE_SIZE, SECTOR):
                if start + SECTOR <= size and chance.random() < 0.3:
                    file.seek(start)
                    file.write(chance.randbytes(SECTOR))
                    lost += 1
    return lost
