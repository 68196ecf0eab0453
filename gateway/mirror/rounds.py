"""The rounds: which mirrors and feeds are due, and running them side by side, none of which hurts another.

- A mirror runs every so many seconds, from the beginning of one run to that of the next; a feed as well, and as soon as
  the archive has changed. What fails is tried again later and later; in its quiet hours nothing begins.
- A host has one pull and one push at a time: it is asked for many lists, but not at once.
- When a job is due is kept with its health, so that a server that is started again asks nobody too soon.
"""

from __future__ import annotations

import logging
import random
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

from gateway.mirror.jobs import run_job
from gateway.mirror.schedule import MAX_BACKOFF, backoff, parse_quiet, shown_span
from storage.errors import ArchiveError
from storage.sqlite import SqliteArchive
from storage.sqlite.peers import SqlitePeers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Future

    from gateway.mirror.jobs import Job, Place
    from storage.peers import Health

__all__ = ["FIRST_RUNS", "MAX_RUNNING", "Rounds"]

MAX_RUNNING: Final = 8
"""Jobs that run at the same time."""

FIRST_RUNS: Final = 4
"""Jobs that never came to an end that run at the same time: theirs is the longest, and shall not keep the others waiting."""

ELSEWHERE_SECONDS: Final = 5
"""How long after it was found running in another process a job is looked at again."""

FEED_SECONDS: Final = 2
"""How often a feed runs at most while the archive changes."""

log = logging.getLogger(__name__)


class Pool(Protocol):
    """Runs something at some time."""

    def submit(self, work: Callable[[], Health | None], /) -> Future[Health | None]: ...


@dataclass(slots=True)
class _Stop:
    """A job on the rounds: when it is due, what is known of it, and its run while there is one.

    ``is_awaited`` tells that the archive has changed since a feed's run began, ``is_changed`` that the job has since
    its run began, and ``is_gone`` that it was removed. ``told`` is the error that the log had last.
    """

    job: Job
    health: Health
    due: float
    run: Future[Health | None] | None = None
    is_awaited: bool = False
    is_changed: bool = False
    is_gone: bool = False
    told: str = ""

    @property
    def is_first(self) -> bool:
        """Whether it never came to an end yet."""
        return not self.health.succeeded


class Rounds:
    """Goes round the mirrors and feeds of an archive, a step with each look.

    ``jobs`` gives those there are. ``run`` runs one, as ``run_job``, in the pool.
    """

    def __init__(
        self,
        place: Place,
        jobs: Callable[[SqlitePeers], Sequence[Job]],
        *,
        run: Callable[..., Health | None] = run_job,
        pool: Pool | None = None,
        clock: Callable[[], float] = time.time,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._place = place
        self._jobs = jobs
        self._run = run
        self._pool = pool or ThreadPoolExecutor(MAX_RUNNING, "peers")
        self._clock = clock
        self._chance = chance
        self._peers = SqlitePeers(place.directory)
        self._version = -1
        self._archive: SqliteArchive | None = None
        self._stops: dict[str, _Stop] = {}
        self._trouble = ""

    def look(self) -> None:
        """Take in what has ended and what has changed, and begin what is due."""
        for stop in list(self._stops.values()):
            if stop.run is not None and stop.run.done():
                self._end(stop, stop.run)
        try:
            self._catch_up()
            self._look_for_mail()
        except ArchiveError as error:
            if str(error) != self._trouble:
                log.warning("%s; trying again", error)
            self._trouble = str(error)
        else:
            self._trouble = ""
        self._begin()

    def close(self) -> None:
        """Let go of files; what runs is not waited for."""
        self._peers.close()
        if self._archive is not None:
            self._archive.close()

    def _catch_up(self) -> None:
        """Take over which jobs there are, where that may have changed."""
        version = self._peers.version()
        if version == self._version:
            return
        jobs = {job.key: job for job in self._jobs(self._peers)}
        for key, job in jobs.items():
            known = self._stops.get(key)
            if known is None or known.is_gone or known.job != job:
                self._stops[key] = self._new(job, known)
        for key in self._stops.keys() - jobs.keys():
            if self._stops[key].run is None:
                del self._stops[key]
            else:
                self._stops[key].is_gone = True
        self._version = version

    def _new(self, job: Job, known: _Stop | None) -> _Stop:
        """Return the stop of a job that is new here, or changed: then it is due at once."""
        health, now = job.health(self._peers), self._clock()
        if known is not None:
            return _Stop(job, health, now, known.run, is_changed=known.run is not None)
        latest = now + max(job.every, MAX_BACKOFF)  # later than that is due what a wrong clock said
        due = health.due if health.attempted >= job.added and health.due <= latest else now
        return _Stop(job, health, due)

    def _look_for_mail(self) -> None:
        """Have every feed run soon if the archive has changed."""
        feeds = [stop for stop in self._stops.values() if stop.job.is_feed]
        if not feeds:
            return
        if self._archive is None:
            self._archive = SqliteArchive(self._place.directory)
        elif not self._archive.refresh():
            return
        for stop in feeds:
            stop.is_awaited = True

    def _begin(self) -> None:
        """Begin what is due, the longest first, as far as there is room and its host has no other."""
        now = self._clock()
        running = [stop for stop in self._stops.values() if stop.run is not None]
        hosts = {_side(stop.job) for stop in running}
        first = sum(stop.is_first for stop in running)
        for stop in sorted(self._stops.values(), key=_due):
            if len(running) == MAX_RUNNING:
                return
            if not _is_due(stop, now) or (stop.is_first and first == FIRST_RUNS):
                continue
            side = _side(stop.job)
            if stop.job.host and side in hosts:
                continue
            stop.is_awaited = False
            work = partial(self._run, self._place, stop.job, heeds_quiet=True)
            stop.run = self._pool.submit(work)
            running.append(stop)
            hosts.add(side)
            first += stop.is_first

    def _end(self, stop: _Stop, run: Future[Health | None]) -> None:
        """Take in what became of a run."""
        before, now = stop.health, self._clock()
        try:
            health = run.result()
        except ArchiveError as error:  # what it did cannot even be noted
            failures = before.failures + 1
            due = int(now + backoff(failures, stop.job.every, self._chance()))
            health = replace(before, failures=failures, error=str(error), due=due)
        stop.run = None
        stop.due = now + ELSEWHERE_SECONDS if health is None else health.due
        if stop.is_gone:
            del self._stops[stop.job.key]
        elif stop.is_changed:
            stop.due, stop.is_changed = now, False
        if health is not None and not stop.is_gone:
            stop.health = health
            _tell(stop, before, stop.due - now)


def _due(stop: _Stop) -> float:
    return stop.due


def _is_due(stop: _Stop, now: float) -> bool:
    """Tell whether a job is to begin."""
    if stop.run is not None or stop.is_gone:
        return False
    if stop.due > now:
        is_rested = now - stop.health.attempted >= FEED_SECONDS
        if not stop.is_awaited or stop.health.failures or not is_rested:
            return False
    return not parse_quiet(stop.job.quiet).left(now)


def _side(job: Job) -> tuple[bool, str]:
    return job.is_feed, job.host


def _tell(stop: _Stop, before: Health, wait: float) -> None:
    """Log what is worth a line: a new failure, a recovery, what was moved."""
    label, after = stop.job.label, stop.health
    if after.error and after.error != stop.told:
        log.warning("%s: %s; trying again in %s", label, after.error, shown_span(wait))
    stop.told = after.error
    if before.failures and not after.failures:
        log.info("%s: works again after %d failures", label, before.failures)
    moved = after.total - before.total
    if moved > 0:
        log.info("%s: %d %s", label, moved, "sent" if stop.job.is_feed else "new")
