"""The jobs that there are: every mirror, and every feed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.mirror.feeding import FeedJob
from gateway.mirror.pull import MirrorJob

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.mirror.jobs import Job
    from storage.sqlite.peers import SqlitePeers

__all__ = ["known_jobs"]


def known_jobs(peers: SqlitePeers) -> Sequence[Job]:
    """Return a job for each mirror and feed.

    Raises:
        ArchiveUnavailable: they cannot be read.
    """
    return [*map(MirrorJob, peers.mirrors()), *map(FeedJob, peers.feeds())]
