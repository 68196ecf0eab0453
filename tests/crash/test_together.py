"""Several processes at one archive: two that write, and one that reads meanwhile."""

from __future__ import annotations

import asyncio
import subprocess
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from storage.model import Location
from storage.sqlite import SqliteArchive
from tests.cli.programs import PATIENCE, command, environment
from tests.crash.states import COUNT, NAME, held, own, read_through, write_mbox

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Listgate

NUMBERS = range(1, COUNT + 1)


@pytest.fixture(scope="module")
def octets(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The path of an mbox."""
    return write_mbox(tmp_path_factory.mktemp("together") / "mbox")


def _started(cwd: Path, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command(*arguments),
        cwd=cwd,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def _ended(*running: subprocess.Popen[bytes]) -> None:
    for each in running:
        _, errors = each.communicate(timeout=PATIENCE)
        assert (each.returncode, errors) == (0, b"")


def test_two_lists_are_filled_at_once(listgate: Listgate, tmp_path: Path, octets: str) -> None:
    _ended(*[_started(tmp_path, "import", name, octets) for name in ("a", "b")])
    archive = tmp_path / "listgate-archive"
    for name in ("a", "b"):
        assert held(archive, name) == {number: own(number) for number in NUMBERS}
    with closing(SqliteArchive(archive)) as opened:
        for number in (1, COUNT // 2, COUNT):
            places = asyncio.run(opened.find(own(number)))
            assert places == [Location("a", number), Location("b", number)]
            assert asyncio.run(opened.served("a", number)).elsewhere == [Location("b", number)]
    assert listgate("check").out == f"{2 * COUNT} messages checked, 0 faults found, 0 left\n"


def test_one_list_is_filled_by_two_at_once(listgate: Listgate, tmp_path: Path, octets: str) -> None:
    _ended(*[_started(tmp_path, "import", NAME, octets) for _ in range(2)])
    found = held(tmp_path / "listgate-archive")
    assert sorted(found) == list(NUMBERS)
    assert sorted(found.values()) == sorted(map(own, NUMBERS))
    assert listgate("check").code == 0


def test_a_reader_sees_whole_batches_in_order(tmp_path: Path, octets: str) -> None:
    running = _started(tmp_path, "import", NAME, octets)
    with closing(SqliteArchive(tmp_path / "listgate-archive")) as archive:
        seen: dict[int, bytes] = {}
        heights = set()
        while len(seen) < COUNT:
            ended = running.poll() is not None
            if archive.refresh() and archive.lists():
                high = archive.mailing_list(NAME).high
                seen |= asyncio.run(read_through(archive, first=len(seen) + 1))
                assert seen == {number: own(number) for number in range(1, high + 1)}
                heights.add(high)
            assert not ended or len(seen) == COUNT
        assert len(heights) > 1
    _ended(running)
