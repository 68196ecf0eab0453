"""A job that does what a test wants, a clock of ours, and a pool that runs when told."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway.mirror.jobs import Moved
from storage.errors import ArchiveError
from storage.peers import Health, Mirror, shown_url

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.mirror.jobs import Place, Report
    from storage.sqlite.peers import SqlitePeers

START = 1_700_000_000
"""A Tuesday, 22:13:20 UTC."""


def nothing(place: Place, report: Report) -> Moved:
    """Move nothing."""
    return Moved()


@dataclass(frozen=True)
class StubJob:
    """A mirror's job that runs ``work``."""

    mirror: Mirror
    is_feed: bool = False
    work: Callable[[Place, Report], Moved] = field(default=nothing, compare=False)

    @property
    def key(self) -> str:
        return f"mirror {self.mirror.name}"

    @property
    def name(self) -> str:
        return self.mirror.name

    kind = "stub"

    @property
    def label(self) -> str:
        return self.mirror.name

    @property
    def host(self) -> str:
        return self.mirror.url.partition("://")[2].rpartition("@")[2].partition("/")[0]

    @property
    def url(self) -> str:
        return self.mirror.url

    @property
    def shown(self) -> str:
        return shown_url(self.mirror.url)

    @property
    def origin(self) -> str:
        return ""

    @property
    def every(self) -> int:
        return self.mirror.every

    @property
    def quiet(self) -> str:
        return self.mirror.quiet

    @property
    def added(self) -> int:
        return self.mirror.added

    def health(self, peers: SqlitePeers) -> Health:
        return peers.mirror_health(self.mirror.name, self.mirror.url)

    def note(self, peers: SqlitePeers, health: Health) -> bool:
        return peers.note_mirror(self.mirror.name, self.mirror.url, health)

    def move(self, place: Place, report: Report) -> Moved:
        return self.work(place, report)


class Clock:
    """A clock that a test moves on."""

    def __init__(self, now: float = START) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Pool:
    """Keeps what is submitted until it is run."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Callable[[], Health | None], Future[Health | None]]] = []

    def submit(self, work: Callable[[], Health | None], /) -> Future[Health | None]:
        future: Future[Health | None] = Future()
        self.waiting.append((work, future))
        return future

    def run(self, at: int = 0) -> None:
        """Run what was submitted at a place."""
        work, future = self.waiting.pop(at)
        try:
            future.set_result(work())
        except ArchiveError as error:
            future.set_exception(error)
