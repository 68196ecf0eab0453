"""Marks and ``kill -9``, and several processes that mark at once: what was told is kept, each as a whole, once."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from random import Random
from typing import TYPE_CHECKING, Final

import pytest

from storage.bitmap import Bitmap
from storage.marks import SYSTEM_FLAGS, Mode, Wish
from storage.memory_marks import MemoryMarks
from storage.sqlite.marks import FILE, SqliteMarks
from tests.cli.programs import PATIENCE, ROOT, environment

if TYPE_CHECKING:
    from pathlib import Path

    from storage.marks import Marks

HIGH: Final = 40_000
ROUNDS: Final = 6
LONGEST: Final = 0.3
"""Seconds after which a process is killed at the latest."""

FLAGS: Final = [*SYSTEM_FLAGS, b"$Junk", b"work"]

MARKING: Final = """
import sys
from pathlib import Path
from storage.sqlite.marks import SqliteMarks
from tests.crash.test_marks import wish
marks = SqliteMarks(Path(sys.argv[1]))
for at in range(int(sys.argv[2]), int(sys.argv[3])):
    print(at, marks.change("u", "l", 1, wish(at)).stamp, flush=True)
"""


def wish(at: int) -> Wish:
    """Return a change that is the same whenever it is asked for, and always changes something.

    Number ``HIGH + at`` tells that it was made.
    """
    chance = Random(at)
    runs = [
        range(n, min(n + chance.choice([1, 1, 5, 3000]), HIGH))
        for n in chance.choices(range(1, HIGH), k=9)
    ]
    own = range(HIGH + at, HIGH + at + 1)
    if at % 3 == 2:  # the one before is unmarked again, except for what tells that it was made
        return Wish(
            Bitmap.of(runs) | wish(at - 1).numbers, Mode.SET, [chance.choice(FLAGS)], 1 + at // 50
        )
    return Wish(Bitmap.of([*runs, own]), Mode.ADD, chance.sample(FLAGS, 2), 1 + at // 50)


def started(directory: Path, first: int, end: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", MARKING, directory, str(first), str(end)],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
    )


def expected(count: int) -> MemoryMarks:
    marks = MemoryMarks()
    for at in range(count):
        marks.change("u", "l", 1, wish(at))
    return marks


def is_same(marks: Marks, other: Marks) -> bool:
    one, two = marks.of("u", "l", 1), other.of("u", "l", 1)
    if (one.stamp, one.flags) != (two.stamp, two.flags):
        return False
    assert all(one.marked(flag) == two.marked(flag) for flag in one.flags)
    numbers = range(1, HIGH + 2000)
    assert list(one.stamps(numbers)) == list(two.stamps(numbers))
    assert list(one.column(numbers)) == list(two.column(numbers))
    return True


def sound(directory: Path) -> None:
    with closing(sqlite3.connect(directory / FILE)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_marking_may_be_killed_at_any_moment(tmp_path: Path) -> None:
    """What was told is there, the one in flight wholly or not at all; the next process goes on from there."""
    chance = Random(5)
    done = 0
    killed = []
    for _ in range(ROUNDS):
        with started(tmp_path, done, 1000) as running:
            assert running.stdout is not None
            told = done - 1 + bool(running.stdout.readline())
            try:
                running.wait(chance.uniform(0, LONGEST))
            except subprocess.TimeoutExpired:
                running.kill()
            lines = running.stdout.read().split(b"\n")[:-1]
        killed.append(running.returncode != 0)
        told = int(lines[-1].split()[0]) if lines else told
        with closing(SqliteMarks(tmp_path)) as marks:
            counts = [told + 1, told + 2]
            same = [count for count in counts if is_same(marks, expected(count))]
        assert same
        done = same[0]
        sound(tmp_path)
    assert any(killed)
    assert done > ROUNDS


def test_several_processes_mark_at_once(tmp_path: Path) -> None:
    """Each change is kept; none gets the stamp of another."""
    count, processes = 40, 3
    with closing(SqliteMarks(tmp_path)) as looking:
        live = looking.of("u", "l", 1)
        running = [
            started(tmp_path, n * 3 * count, n * 3 * count + count) for n in range(processes)
        ]
        stamps, given = [0], []
        while any(each.poll() is None for each in running):
            looking.refresh()
            stamps.append(live.stamp)
        for each in running:
            output, _ = each.communicate(timeout=PATIENCE)
            assert (each.returncode, len(output.splitlines())) == (0, count)
            given += [int(line.split()[1]) for line in output.splitlines()]
        assert len(set(given)) == processes * count
        looking.refresh()
        assert stamps == sorted(stamps)
        made = {
            HIGH + at
            for n in range(processes)
            for at in range(n * 3 * count, n * 3 * count + count)
            if at % 3 != 2
        }
        numbers = sorted(made)
        assert all(live.column(numbers))
        assert all(live.stamps(numbers))
        assert live.stamp == max(given)
        with closing(SqliteMarks(tmp_path)) as again:
            assert is_same(looking, again)
    sound(tmp_path)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_two_that_open_it_at_once_for_the_first_time(
    tmp_path: Path, order: tuple[int, int]
) -> None:
    running = [started(tmp_path, at, at + 1) for at in order]
    for each in running:
        each.communicate(timeout=PATIENCE)
        assert each.returncode == 0
    with closing(SqliteMarks(tmp_path)) as marks:
        assert all(marks.of("u", "l", 1).column([HIGH, HIGH + 1]))
    sound(tmp_path)
