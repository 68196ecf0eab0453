"""One run: locked, noted, never raising what the other side does."""

from __future__ import annotations

import threading
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from gateway.intake import open_for_writing
from gateway.mirror.feeding import FeedJob
from gateway.mirror.jobs import INTERNAL, MAX_ERROR, NOTE_SECONDS, Moved, Place, run_job
from gateway.mirror.lock import FOLDER, held, is_held
from gateway.mirror.push import PushSummary
from storage.errors import ArchiveUnavailable, SourceError
from storage.peers import Feed, Health, Mirror
from storage.sqlite.peers import FILE, SqlitePeers
from tests.peers.stubs import START, Clock, StubJob

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from gateway.mirror.jobs import Report

MIRROR = Mirror("lists.a", "nntp://me:secret@news.example/a", 300)


@pytest.fixture
def peers(tmp_path: Path) -> Iterator[SqlitePeers]:
    with closing(SqlitePeers(tmp_path)) as opened:
        opened.add_mirror(MIRROR)
        yield opened


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def always(chance: float = 0.0) -> Callable[[], float]:
    return lambda: chance


def run(place: Place, clock: Clock, work: Callable[[Place, Report], Moved]) -> Health:
    health = run_job(place, StubJob(MIRROR, work=work), clock=clock, chance=always())
    assert health is not None
    return health


def test_a_success_is_noted(place: Place, peers: SqlitePeers) -> None:
    clock = Clock()

    def work(_: Place, report: Report) -> Moved:
        clock.now += 2
        return Moved(10, 1000, 5)

    health = run(place, clock, work)
    assert health == Health(START, START + 2, "", 0, 5, 10, 1000, 2.0, 10, START + 300)
    assert peers.mirror_health("lists.a", MIRROR.url) == health


def test_a_run_that_takes_longer_than_the_interval_is_followed_at_once(
    place: Place, peers: SqlitePeers
) -> None:
    clock = Clock()

    def work(_: Place, report: Report) -> Moved:
        clock.now += 1000
        return Moved()

    assert run(place, clock, work).due == START + 1000


def test_a_run_that_moves_nothing_keeps_what_the_last_one_moved(
    place: Place, peers: SqlitePeers
) -> None:
    clock = Clock()
    run(place, clock, lambda *_: Moved(10, 1000))
    clock.now += 300
    health = run(place, clock, lambda *_: Moved(0, 0, 0))
    assert (health.messages, health.octets, health.total, health.lag) == (10, 1000, 10, 0)
    clock.now += 300
    health = run(place, clock, lambda *_: Moved(2, 20))
    assert (health.messages, health.octets, health.total, health.lag) == (2, 20, 12, None)


def test_failures_are_counted_and_forgotten(place: Place, peers: SqlitePeers) -> None:
    clock = Clock()

    def fails(_: Place, report: Report) -> Moved:
        report(Moved(3, 30, 7))
        raise SourceError("news.example: it went\naway")

    first = run(place, clock, fails)
    assert (first.error, first.failures) == ("news.example: it went away", 1)
    assert (first.succeeded, first.total, first.lag) == (0, 3, 7)
    assert first.due == START + 30
    second = run(place, clock, fails)
    assert (second.failures, second.total, second.due) == (2, 6, START + 60)
    good = run(place, clock, lambda *_: Moved())
    assert (good.error, good.failures, good.succeeded) == ("", 0, START)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (
            SourceError("cannot reach nntp://me:secret@news.example/a"),
            "cannot reach nntp://me@news.example/a",
        ),
        (ConnectionResetError(104, "reset"), "[Errno 104] reset"),
        (TimeoutError(), "TimeoutError"),
        (ZeroDivisionError("x"), INTERNAL),
    ],
)
def test_whatever_goes_wrong_is_one_line(
    place: Place,
    peers: SqlitePeers,
    fault: Exception,
    error: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fails(_: Place, report: Report) -> Moved:
        raise fault

    assert run(place, Clock(), fails).error == error
    assert ("Traceback" in caplog.text) == (error == INTERNAL)


def test_an_error_is_of_bounded_length(place: Place, peers: SqlitePeers) -> None:
    def fails(_: Place, report: Report) -> Moved:
        raise SourceError("x" * 10_000)

    assert len(run(place, Clock(), fails).error) == MAX_ERROR


def test_how_it_goes_is_noted_meanwhile(place: Place, peers: SqlitePeers) -> None:
    clock = Clock()
    seen = []

    def work(_: Place, report: Report) -> Moved:
        report(Moved(1, 10, 99))
        seen.append(peers.mirror_health("lists.a", MIRROR.url))
        clock.now += NOTE_SECONDS
        report(Moved(5, 50, 95))
        seen.append(peers.mirror_health("lists.a", MIRROR.url))
        return Moved(100, 1000, 0)

    reports: list[int] = []
    run_job(
        place,
        StubJob(MIRROR, work=work),
        clock=clock,
        report=lambda moved: reports.append(moved.messages),
    )
    assert seen == [Health(), Health(START, 0, "", 0, 95, 5, 50, NOTE_SECONDS, 5, 0)]
    assert reports == [1, 5]
    assert peers.mirror_health("lists.a", MIRROR.url).total == 100


def test_messages_that_could_not_be_taken_are_logged(
    place: Place, peers: SqlitePeers, caplog: pytest.LogCaptureFixture
) -> None:
    run(place, Clock(), lambda *_: Moved(notes=["article 3: empty; skipped"]))
    assert [each.getMessage() for each in caplog.records] == ["lists.a: article 3: empty; skipped"]


@pytest.mark.parametrize("heeds", [True, False])
def test_it_ends_where_its_quiet_hours_begin(place: Place, peers: SqlitePeers, heeds: bool) -> None:
    clock = Clock()
    mirror = replace(MIRROR, quiet="00:00-23:59")  # all day but for a minute, wherever this runs
    peers.add_mirror(mirror)
    done = []

    def work(_: Place, report: Report) -> Moved:
        clock.now += NOTE_SECONDS
        report(Moved(5, 50, 95))
        done.append(True)
        return Moved(100, 1000, 0)

    health = run_job(place, StubJob(mirror, work=work), clock=clock, heeds_quiet=heeds)
    assert health is not None
    assert bool(done) != heeds
    assert (health.total, health.error) == (5 if heeds else 100, "")
    assert health.due >= START + 3600  # behind them


def test_it_ends_when_it_was_removed(place: Place, peers: SqlitePeers) -> None:
    clock = Clock()

    def work(_: Place, report: Report) -> Moved:
        peers.remove_mirror("lists.a", MIRROR.url)
        clock.now += NOTE_SECONDS
        report(Moved(5, 50))
        raise AssertionError("not reached")

    assert run(place, clock, work).error == ""
    assert not peers.mirrors()


def test_two_never_run_at_once(place: Place, peers: SqlitePeers) -> None:
    def work(_: Place, report: Report) -> Moved:
        assert is_held(place.directory, "mirror lists.a")
        others: list[Health | None] = []
        thread = threading.Thread(
            target=lambda: others.append(run_job(place, StubJob(MIRROR))), daemon=True
        )
        thread.start()
        thread.join()
        assert others == [None]
        return Moved(1, 1)

    assert run(place, Clock(), work).error == ""
    assert not is_held(place.directory, "mirror lists.a")
    assert run(place, Clock(), lambda *_: Moved()).error == ""


def test_a_feed_that_was_changed_or_removed_is_another(peers: SqlitePeers) -> None:
    job = FeedJob(Feed("out", "nntp://news.example"))
    peers.add_feed(job.feed)
    assert job.note(peers, Health())
    peers.add_feed(replace(job.feed, lists="*,!lists.a"))
    assert not job.note(peers, Health())
    peers.remove_feed("out")
    assert not job.note(peers, Health())


def test_a_list_that_is_refused_is_no_failure_of_a_feed_but_named(
    place: Place,
    peers: SqlitePeers,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("gateway.mirror.push.push", lambda *_, **__: PushSummary(left_alone=["l"]))
    open_for_writing(place.directory).close()
    feed = Feed("out", "nntp://news.example")
    peers.add_feed(feed)
    health = run_job(place, FeedJob(feed))
    assert health is not None
    assert (health.failures, health.error) == (0, "")
    (said,) = caplog.messages
    assert "the peer refuses all of l, which is left alone for an hour: check that" in said


def test_locks_are_each_names_own(tmp_path: Path) -> None:
    with held(tmp_path, "a") as first, held(tmp_path, "b") as second, held(tmp_path, "a") as third:
        assert (first, second, third) == (True, True, False)
    with held(tmp_path, "a") as again:
        assert again


def test_asking_makes_no_file(tmp_path: Path) -> None:
    assert not is_held(tmp_path, "a")
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / FOLDER).write_bytes(b"")
    with pytest.raises(ArchiveUnavailable, match=FOLDER), held(tmp_path, "a"):
        pass
    with pytest.raises(ArchiveUnavailable, match=FOLDER):
        is_held(tmp_path, "a")


def test_what_cannot_be_noted_is_raised(place: Place, peers: SqlitePeers) -> None:
    peers.close()
    for each in place.directory.iterdir():
        each.unlink()
    (place.directory / FILE).write_bytes(b"x" * 5000)
    with pytest.raises(ArchiveUnavailable, match=FILE):
        run(place, Clock(), lambda *_: Moved())
