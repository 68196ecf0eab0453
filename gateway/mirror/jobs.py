"""One run of a mirror or a feed, whoever asks for it: locked, noted in its health, and never raising what a peer does."""

from __future__ import annotations

import logging
import random
import time
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Protocol

from gateway.mirror.lock import held
from gateway.mirror.schedule import backoff, parse_quiet
from storage.errors import ArchiveError
from storage.peers import Health
from storage.sqlite.peers import SqlitePeers

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["Job", "Moved", "Place", "Report", "run_job"]

NOTE_SECONDS: Final = 5.0
"""How often the health of what runs is noted."""

MAX_ERROR: Final = 500
"""Characters of an error that are kept and shown."""

INTERNAL: Final = "a fault of listgate itself: the log has more"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the jobs are done.

    ``host`` is this server's name. ``subject_window`` is within how many seconds a reply is found by its subject, None
    for not at all. ``restricted`` are the lists that not everybody may read.
    """

    directory: Path
    host: bytes = b"localhost"
    subject_window: int | None = None
    restricted: frozenset[str] = frozenset()


@dataclass(slots=True)
class Moved:
    """What a run has moved so far.

    ``lag`` is as in ``Health``; ``share`` is how much of the run is done, from 0 to 1, None where that cannot be told.
    ``notes`` tell of messages that could not be moved.
    """

    messages: int = 0
    octets: int = 0
    lag: int | None = None
    share: float | None = None
    notes: list[str] = field(default_factory=list)


class Report(Protocol):
    """Told after each batch of a run what has been moved so far; what it raises ends the run there."""

    def __call__(self, moved: Moved, /) -> None: ...


class Job(Protocol):
    """A mirror or a feed, as what is to be done. Jobs are equal where there is nothing different to do."""

    @property
    def key(self) -> str:
        """What it is known by, and locked by."""
        ...

    @property
    def name(self) -> str:
        """The mirror's list, or the feed's peer."""
        ...

    @property
    def kind(self) -> str:
        """What people call the other side."""
        ...

    @property
    def label(self) -> str:
        """What the log calls it."""
        ...

    @property
    def host(self) -> str:
        """The other side, as far as it wants one connection at a time; empty where that does not matter."""
        ...

    @property
    def url(self) -> str:
        """The other side's URL, with its password."""
        ...

    @property
    def shown(self) -> str:
        """The other side's URL, without its password."""
        ...

    @property
    def origin(self) -> str:
        """What a twin of the other side has as its origin; empty where none can be."""
        ...

    @property
    def every(self) -> int:
        """Seconds from one run to the next."""
        ...

    @property
    def quiet(self) -> str:
        """The hours in which it does not run."""
        ...

    @property
    def added(self) -> int:
        """When it was added or last changed."""
        ...

    @property
    def is_feed(self) -> bool:
        """Whether it is to run as soon as the archive changes."""
        ...

    def health(self, peers: SqlitePeers) -> Health:
        """Return how it is."""
        ...

    def note(self, peers: SqlitePeers, health: Health) -> bool:
        """Keep how it is; return False where it was removed meanwhile, or is another."""
        ...

    def move(self, place: Place, report: Report) -> Moved:
        """Do it.

        Raises:
            ArchiveError: it cannot be done, or only in part.
        """
        ...


class _Stopped(Exception):
    """The run is to end here, which is no failure: it is in the quiet hours, or was removed or changed."""


def run_job(
    place: Place,
    job: Job,
    *,
    heeds_quiet: bool = False,
    clock: Callable[[], float] = time.time,
    chance: Callable[[], float] = random.random,
    report: Report | None = None,
) -> Health | None:
    """Run a job once; return its health, or None where another process is running it now.

    What goes wrong with it is in its health. With ``heeds_quiet`` it ends where its quiet hours begin.

    Raises:
        ArchiveUnavailable: its health cannot be kept.
    """
    with held(place.directory, job.key) as is_ours:
        if not is_ours:
            return None
        with closing(SqlitePeers(place.directory)) as peers:
            return _Run(place, job, peers, clock, heeds_quiet=heeds_quiet).run(chance, report)


class _Run:
    """A run under way."""

    def __init__(
        self,
        place: Place,
        job: Job,
        peers: SqlitePeers,
        clock: Callable[[], float],
        *,
        heeds_quiet: bool,
    ) -> None:
        self._place = place
        self._job = job
        self._peers = peers
        self._clock = clock
        self._quiet = parse_quiet(job.quiet)
        self._heeds_quiet = heeds_quiet
        self._before = job.health(peers)
        self._began = self._noted = clock()
        self._moved = Moved()

    def run(self, chance: Callable[[], float], report: Report | None) -> Health:
        """Do it; return what became of it."""
        error = ""

        def told(moved: Moved) -> None:
            self._moved = moved
            if report is not None:
                report(moved)
            self._tell()

        try:
            self._moved = self._job.move(self._place, told)
        except _Stopped:
            pass
        except (ArchiveError, OSError) as fault:
            error = _one_line(fault, self._job)
        except Exception:
            log.exception("%s failed", self._job.label)
            error = INTERNAL
        for note in self._moved.notes:
            log.warning("%s: %s", self._job.label, note)
        health = self._ended(error, chance())
        self._job.note(self._peers, health)
        return health

    def _tell(self) -> None:
        """Note how it goes, from time to time, and end it where it may not go on."""
        now = self._clock()
        if now - self._noted < NOTE_SECONDS:
            return
        self._noted = now
        if not self._job.note(self._peers, self._counted(self._before)):
            raise _Stopped
        if self._heeds_quiet and self._quiet.left(now):
            raise _Stopped

    def _counted(self, health: Health) -> Health:
        """Return a health with what has been moved."""
        moved = self._moved
        health = replace(health, attempted=int(self._began))
        if moved.lag is not None:
            health = replace(health, lag=moved.lag)
        if not moved.messages:
            return health
        return replace(
            health,
            messages=moved.messages,
            octets=moved.octets,
            seconds=self._clock() - self._began,
            total=self._before.total + moved.messages,
        )

    def _ended(self, error: str, chance: float) -> Health:
        now = self._clock()
        health = self._counted(self._before)
        if error:
            failures = health.failures + 1
            health = replace(health, error=error, failures=failures)
            due = now + backoff(failures, self._job.every, chance)
        else:
            health = replace(health, error="", failures=0, succeeded=int(now), lag=self._moved.lag)
            due = max(self._began + self._job.every, now)
        return replace(health, due=int(due + self._quiet.left(due)))


def _one_line(error: Exception, job: Job) -> str:
    """Return what is wrong as one line without passwords."""
    text = str(error) or type(error).__name__
    return " ".join(text.replace(job.url, job.shown).split())[:MAX_ERROR]
