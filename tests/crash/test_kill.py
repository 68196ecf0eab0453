"""``kill -9`` at any moment, then the same command again: no loss, no duplicate, no renumbering."""

from __future__ import annotations

import subprocess
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest

from storage.sqlite.schema import FILE
from tests.cli.programs import command, environment, until
from tests.crash.states import COUNT, NAME, held, own, write_mbox

if TYPE_CHECKING:
    from tests.cli.conftest import Listgate

ROUNDS = 6
LONGEST = 0.4
"""Seconds after which a run is killed at the latest; a whole one takes some longer."""

EXPECTED = {number: own(number) for number in range(1, COUNT + 1)}


@pytest.fixture(scope="module")
def octets(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The path of an mbox."""
    return write_mbox(tmp_path_factory.mktemp("kill") / "mbox")


@pytest.mark.parametrize("source", ["file", "-"])
def test_an_import_may_be_killed_at_any_moment(
    listgate: Listgate, tmp_path: Path, octets: str, source: str
) -> None:
    """From standard input everything comes again each time; of a file only what is behind the last batch."""
    chance = Random(source)
    archive = tmp_path / "listgate-archive"
    arguments = ("import", NAME, octets if source == "file" else "-")
    known: dict[int, bytes] = {}
    killed = []
    for _ in range(ROUNDS):
        with Path(octets).open("rb") as file:
            seconds = chance.uniform(0, LONGEST)
            killed.append(_killed(arguments, file.fileno(), archive / FILE, seconds))
        now = held(archive)
        assert {number: now[number] for number in known} == known
        assert now == {number: EXPECTED[number] for number in now}
        assert list(now) == list(range(1, len(now) + 1))
        known = now
    assert any(killed)

    said = listgate(*arguments, octets=Path(octets).read_bytes() if source == "-" else b"")
    assert said.code == 0
    assert said.table[1][2] == str(COUNT - len(known))
    assert held(archive) == EXPECTED
    assert listgate("check").out == f"{COUNT} messages checked, 0 faults found, 0 left\n"


def _killed(arguments: tuple[str, ...], stdin: int, file: Path, seconds: float) -> bool:
    """Run a command; tell whether it was killed, so many seconds after it had opened the archive, or done by then."""
    with subprocess.Popen(
        command(*arguments),
        cwd=file.parents[1],
        env=environment(),
        stdin=stdin,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as running:
        until(lambda: file.exists() or running.poll() is not None)
        until(lambda: _is_open(running.pid, file) or running.poll() is not None)
        try:
            running.wait(seconds)
        except subprocess.TimeoutExpired:
            running.kill()
    return running.returncode != 0


def _is_open(pid: int, file: Path) -> bool:
    """Tell whether a process has a file open; true where that cannot be known."""
    folder = Path(f"/proc/{pid}/fd")
    if not folder.exists():
        return True
    try:
        return file in [each.readlink() for each in folder.iterdir()]
    except OSError:  # closed, or ended, meanwhile
        return False
