"""The process beside a server: there when there is something to do, and as the configuration says."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest

from gateway.intake import open_for_writing
from gateway.mirror.jobs import Place
from gateway.mirror.process import PeersProcess
from storage.peers import Feed, Mirror
from storage.sqlite.peers import FILE, SqlitePeers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

QUIET: Final = "00:00-23:59"
MIRROR: Final = Mirror("a", "nntp://127.0.0.1:1/a", quiet=QUIET)
FEED: Final = Feed("out", "nntp://127.0.0.1:1", quiet=QUIET)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    open_for_writing(tmp_path).close()
    return Place(tmp_path)


@pytest.fixture
def process(place: Place) -> Iterator[PeersProcess]:
    made = PeersProcess(place)
    yield made
    made.end()


@pytest.fixture
def peers(place: Place) -> Iterator[SqlitePeers]:
    with closing(SqlitePeers(place.directory)) as opened:
        yield opened


def pid(process: PeersProcess) -> int | None:
    started = process._child._process
    return None if started is None else started.pid


def test_it_is_started_by_the_first_mirror(process: PeersProcess, peers: SqlitePeers) -> None:
    process.tend()
    assert pid(process) is None
    peers.add_mirror(MIRROR)
    process.tend()
    first = pid(process)
    assert first is not None
    process.tend()
    assert pid(process) == first


def test_it_is_started_by_the_first_feed(process: PeersProcess, peers: SqlitePeers) -> None:
    peers.add_feed(FEED)
    process.tend()
    assert pid(process) is not None


def test_where_there_is_none_any_more_it_is_not_started(
    process: PeersProcess, peers: SqlitePeers
) -> None:
    peers.add_mirror(MIRROR)
    peers.remove_mirror(MIRROR.name, MIRROR.url)
    process.tend()
    assert pid(process) is None


def test_another_configuration_starts_another(
    process: PeersProcess, peers: SqlitePeers, place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    peers.add_mirror(MIRROR)
    process.tend()
    first = pid(process)
    process.move_to(replace(place))
    assert pid(process) == first
    process.move_to(replace(place, restricted=frozenset({"a"})))
    assert pid(process) is None
    process.tend()
    assert pid(process) not in {None, first}
    assert not caplog.records


def test_a_file_that_cannot_be_read_is_named_once(
    process: PeersProcess, place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    (place.directory / FILE).write_bytes(b"x" * 5000)
    process.tend()
    process.tend()
    assert len(caplog.records) == 1
    assert FILE in caplog.text
    assert pid(process) is None


STUCK: Final = """
import os, threading
from concurrent.futures import ThreadPoolExecutor
from gateway.child import Family
from gateway.mirror import process

class Stuck:
    def __init__(self, place, jobs):
        ThreadPoolExecutor(1).submit(threading.Event().wait)
    def look(self):
        raise RuntimeError("can't start new thread")

process.Rounds = Stuck
process._go(Family(os.getppid()), None)
"""


def test_a_fault_ends_it_whatever_its_threads_are_at() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", STUCK], stderr=subprocess.PIPE, text=True, timeout=60, check=False
    )
    assert ended.returncode == -signal.SIGTERM
    assert "can't start new thread" in ended.stderr
