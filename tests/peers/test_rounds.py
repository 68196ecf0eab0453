"""Which mirror and feed runs when, by a clock of ours."""

from __future__ import annotations

import logging
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest

from gateway.intake import open_for_writing
from gateway.mirror.jobs import Moved, Place, run_job
from gateway.mirror.lock import held
from gateway.mirror.rounds import (
    ELSEWHERE_SECONDS,
    FEED_SECONDS,
    FIRST_RUNS,
    MAX_RUNNING,
    Rounds,
)
from storage.errors import ArchiveUnavailable, SourceError
from storage.peers import Health, Mirror
from storage.sqlite.peers import FILE, SqlitePeers
from tests.peers.stubs import START, Clock, Pool, StubJob

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from gateway.mirror.jobs import Report

EVERY: Final = 60


def mirror(name: str, host: str = "", quiet: str = "", added: int = 0) -> Mirror:
    return Mirror(name, f"nntp://{host or name}/x", EVERY, quiet=quiet, added=added)


class World:
    """Rounds over an archive's folder, what runs there, and what it does."""

    def __init__(self, directory: Path) -> None:
        self.clock = Clock()
        self.pool = Pool()
        self.ran: list[str] = []
        self.feeds: set[str] = set()
        self.errors: dict[str, str] = {}
        self.brings: dict[str, int] = {}
        self.place = Place(directory)
        self.peers = SqlitePeers(directory)
        self.rounds = self.started()

    def started(self) -> Rounds:
        """Begin the rounds, as a process does that is started."""
        return Rounds(
            self.place,
            self._jobs,
            run=self._run,
            pool=self.pool,
            clock=self.clock,
            chance=lambda: 0.0,
        )

    def look(self, later: float = 0.0) -> list[str]:
        """Look after some seconds, run what was begun, look again; return what ran."""
        self.clock.now += later
        self.ran = []
        self.rounds.look()
        while self.pool.waiting:
            self.pool.run()
        self.rounds.look()
        return self.ran

    def begun(self, later: float = 0.0) -> int:
        """Look after some seconds; return how many wait to be run."""
        self.clock.now += later
        self.rounds.look()
        return len(self.pool.waiting)

    def close(self) -> None:
        self.rounds.close()
        self.peers.close()

    def _jobs(self, peers: SqlitePeers) -> Sequence[StubJob]:
        return [
            StubJob(each, each.name in self.feeds, self._work(each)) for each in peers.mirrors()
        ]

    def _work(self, mirror: Mirror) -> Callable[[Place, Report], Moved]:
        def work(place: Place, report: Report) -> Moved:
            self.ran.append(mirror.name)
            if mirror.name in self.errors:
                raise SourceError(self.errors[mirror.name])
            return Moved(self.brings.get(mirror.name, 0))

        return work

    def _run(self, place: Place, job: StubJob, *, heeds_quiet: bool) -> Health | None:
        return run_job(place, job, heeds_quiet=heeds_quiet, clock=self.clock, chance=lambda: 0.0)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    open_for_writing(tmp_path).close()
    made = World(tmp_path)
    yield made
    made.close()


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each.getMessage() for each in caplog.records]


def test_without_a_file_there_is_nothing_to_do(world: World) -> None:
    assert world.look() == []


def test_a_mirror_runs_at_once_and_then_every_so_often(world: World) -> None:
    world.peers.add_mirror(mirror("a"))
    assert world.look() == ["a"]
    assert world.look(EVERY - 1) == []
    assert world.look(1) == ["a"]
    assert world.look(10 * EVERY) == ["a"]


def test_those_added_removed_and_changed_meanwhile_are_noticed(world: World) -> None:
    world.peers.add_mirror(mirror("a"))
    assert world.look() == ["a"]
    world.peers.add_mirror(mirror("b"))
    assert world.look(1) == ["b"]
    world.peers.add_mirror(replace(mirror("a"), every=5, added=START + 2))
    assert world.look(1) == ["a"]
    assert world.look(5) == ["a"]
    world.peers.remove_mirror("a", mirror("a").url)
    assert world.look(EVERY) == ["b"]


def test_a_restart_asks_nobody_too_soon(world: World) -> None:
    world.peers.add_mirror(mirror("a"))
    world.look()
    world.clock.now += EVERY - 10
    world.rounds.close()
    world.rounds = world.started()
    assert world.look() == []
    assert world.look(10) == ["a"]


def test_what_was_changed_while_nothing_ran_is_due_at_once(world: World) -> None:
    world.peers.add_mirror(mirror("a"))
    world.look()
    world.rounds.close()
    world.peers.add_mirror(mirror("a", added=START + 5))
    world.rounds = world.started()
    assert world.look(6) == ["a"]


def test_a_clock_that_was_wrong_does_not_stop_it_for_long(world: World) -> None:
    world.clock.now = START + 10 * 365 * 86_400
    world.peers.add_mirror(mirror("a"))
    world.look()
    world.rounds.close()
    world.clock.now = START
    world.rounds = world.started()
    assert world.look() == ["a"]


def test_what_fails_is_tried_later_and_later_and_hinders_nobody(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    world.errors["a"] = "gone"
    world.peers.add_mirror(mirror("a"))
    world.peers.add_mirror(mirror("b"))
    assert world.look() == ["a", "b"]
    assert world.look(29) == []
    assert world.look(1) == ["a"]
    assert world.look(59) == ["b"]
    assert world.look(1) == ["a"]
    assert lines(caplog) == ["a: gone; trying again in 30 s"]
    world.errors["a"] = "still gone"
    world.look(3600)
    world.errors.clear()
    world.brings["a"] = 7
    world.look(3600)
    assert lines(caplog)[1:] == [
        "a: still gone; trying again in 4 m",
        "a: works again after 4 failures",
        "a: 7 new",
    ]
    world.look(EVERY)
    assert len(lines(caplog)) == 5


def test_a_failure_that_lasts_over_a_restart_is_logged_once_by_each(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.errors["a"] = "gone"
    world.peers.add_mirror(mirror("a"))
    world.look()
    world.rounds.close()
    world.rounds = world.started()
    world.look(3600)
    world.look(3600)
    assert lines(caplog) == ["a: gone; trying again in 30 s", "a: gone; trying again in 60 s"]


def test_a_host_has_one_connection_at_a_time(world: World) -> None:
    for name in ("a", "b"):
        world.peers.add_mirror(mirror(name, "news.example"))
    world.peers.add_mirror(mirror("c"))
    assert world.begun() == 2
    world.pool.run(1)
    assert world.begun() == 1
    world.pool.run()
    assert world.begun() == 1
    world.pool.run()
    assert sorted(world.ran) == ["a", "b", "c"]


def test_those_who_waited_longest_go_first(world: World) -> None:
    for name in "abc":
        world.peers.add_mirror(mirror(name, "news.example"))
    ran = []
    for _ in range(6):
        world.begun(EVERY)
        world.pool.run()
        world.rounds.look()
        world.pool.run()
        ran.append(tuple(world.ran))
        world.ran.clear()
    assert {name for pair in ran[:2] for name in pair} == set("abc")
    assert {name for pair in ran[2:4] for name in pair} == set("abc")


def test_files_have_no_host_to_be_polite_to(world: World) -> None:
    for name in ("a", "b"):
        world.peers.add_mirror(Mirror(name, "/srv/inbox"))
    assert world.begun() == 2


def test_so_many_run_at_a_time(world: World) -> None:
    for n in range(MAX_RUNNING + 2):
        world.peers.add_mirror(mirror(f"l{n:02}"))
        world.peers.note_mirror(f"l{n:02}", mirror(f"l{n:02}").url, Health(1, 1))
    assert world.begun() == MAX_RUNNING
    world.pool.run()
    assert world.begun() == MAX_RUNNING


def test_those_that_are_new_leave_room_for_the_others(world: World) -> None:
    for n in range(FIRST_RUNS + 2):
        world.peers.add_mirror(mirror(f"l{n:02}"))
    assert world.begun() == FIRST_RUNS
    world.peers.add_mirror(mirror("z"))
    world.peers.note_mirror("z", mirror("z").url, Health(1, 1))
    assert world.begun() == FIRST_RUNS + 1
    world.pool.run(FIRST_RUNS)
    assert world.ran == ["z"]
    world.pool.run()
    assert world.begun() == FIRST_RUNS


def test_none_is_begun_twice(world: World) -> None:
    world.peers.add_mirror(mirror("a"))
    assert world.begun() == 1
    assert world.begun(10 * EVERY) == 1


def test_quiet_hours_are_kept(world: World) -> None:
    world.peers.add_mirror(mirror("a", quiet="00:00-23:59"))
    assert world.look() == []
    world.peers.add_mirror(mirror("a"))
    assert world.look() == ["a"]


def test_what_another_process_is_running_is_looked_at_again(world: World) -> None:
    world.peers.add_mirror(mirror("a"))
    with held(world.place.directory, "mirror a") as is_ours:
        assert is_ours
        assert world.look() == []
    assert world.look(ELSEWHERE_SECONDS - 1) == []
    assert world.look(1) == ["a"]


def test_what_was_removed_while_it_ran_does_not_run_again(world: World) -> None:
    world.peers.add_mirror(mirror("a"))
    assert world.begun() == 1
    world.peers.remove_mirror("a", mirror("a").url)
    world.rounds.look()
    assert world.look(EVERY) == ["a"]
    assert world.look(EVERY) == []
    world.peers.add_mirror(mirror("a"))
    assert world.look() == ["a"]


def test_what_is_added_again_while_it_still_runs_waits_for_that(world: World) -> None:
    world.peers.add_mirror(mirror("a"))
    assert world.begun() == 1
    world.peers.remove_mirror("a", mirror("a").url)
    world.rounds.look()
    world.peers.add_mirror(mirror("a", added=START))
    assert world.begun() == 1
    world.pool.run()
    assert world.look() == ["a"]


def test_what_was_changed_while_it_failed_is_tried_at_once(world: World) -> None:
    world.errors["a"] = "wrong password"
    world.peers.add_mirror(mirror("a"))
    assert world.begun() == 1
    world.peers.add_mirror(mirror("a", added=START))
    world.rounds.look()
    world.pool.run()
    world.errors.clear()
    assert world.look() == ["a"]


def test_what_cannot_be_noted_is_tried_later(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*arguments: object, **options: object) -> Health:
        world.ran.append("a")
        raise ArchiveUnavailable("peers.sqlite3: full")

    world.rounds.close()
    world.rounds = Rounds(
        world.place, world._jobs, run=full, pool=world.pool, clock=world.clock, chance=lambda: 0.0
    )
    world.peers.add_mirror(mirror("a"))
    assert world.look() == ["a"]
    assert world.look(29) == []
    assert world.look(1) == ["a"]
    assert lines(caplog) == ["a: peers.sqlite3: full; trying again in 30 s"]


def test_a_file_that_cannot_be_read_is_named_once(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    (world.place.directory / FILE).write_bytes(b"x" * 5000)
    for _ in range(3):
        assert world.look() == []
    assert len(lines(caplog)) == 1
    assert FILE in lines(caplog)[0]
    (world.place.directory / FILE).unlink()
    world.peers.add_mirror(mirror("a"))
    assert world.look() == ["a"]


def test_a_feed_runs_as_soon_as_the_archive_changes(world: World) -> None:
    world.feeds.add("a")
    world.peers.add_mirror(mirror("a"))
    assert world.look() == ["a"]
    assert world.look(FEED_SECONDS) == []
    with closing(open_for_writing(world.place.directory)) as writer, writer.batch() as batch:
        batch.mailing_list("l")
    assert world.look(FEED_SECONDS) == ["a"]
    assert world.look(FEED_SECONDS) == []
    assert world.look(EVERY) == ["a"]


def test_a_feed_that_fails_waits_though_the_archive_changes(world: World) -> None:
    world.feeds.add("a")
    world.errors["a"] = "gone"
    world.peers.add_mirror(mirror("a"))
    assert world.look() == ["a"]
    with closing(open_for_writing(world.place.directory)) as writer, writer.batch() as batch:
        batch.mailing_list("l")
    assert world.look(29) == []
    assert world.look(1) == ["a"]


def test_a_feed_does_not_wait_for_a_mirror_of_the_same_host(world: World) -> None:
    world.feeds.add("a")
    world.peers.add_mirror(mirror("a", "news.example"))
    world.peers.add_mirror(mirror("b", "news.example"))
    assert world.begun() == 2
