"""A feed as a job: what its peer has no verdict on yet is offered to it."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.mirror.jobs import Moved
from gateway.mirror.source import host_of
from storage.peers import shown_url
from storage.sqlite import SqliteArchive
from storage.sqlite.peers import SqlitePeers

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.mirror.jobs import Place, Report
    from gateway.mirror.push import PushSummary
    from storage.peers import Feed, Health

__all__ = ["FeedJob"]


@dataclass(frozen=True, slots=True)
class FeedJob:
    """A feed; see ``gateway.mirror.jobs.Job``."""

    feed: Feed

    @property
    def key(self) -> str:
        return f"feed {self.feed.peer}"

    @property
    def name(self) -> str:
        return self.feed.peer

    @property
    def kind(self) -> str:
        return "feed"

    @property
    def label(self) -> str:
        return f"feed to {self.feed.peer}"

    @property
    def host(self) -> str:
        return host_of(self.feed.url)

    @property
    def url(self) -> str:
        return self.feed.url

    @property
    def shown(self) -> str:
        return shown_url(self.feed.url)

    @property
    def origin(self) -> str:
        return ""

    @property
    def every(self) -> int:
        return self.feed.every

    @property
    def quiet(self) -> str:
        return self.feed.quiet

    @property
    def added(self) -> int:
        return self.feed.added

    @property
    def is_feed(self) -> bool:
        return True

    def health(self, peers: SqlitePeers) -> Health:
        return peers.feed_health(self.feed.peer)

    def note(self, peers: SqlitePeers, health: Health) -> bool:
        # One that was changed ends as well: a list may not be meant for the peer any more.
        return peers.note_feed(self.feed.peer, health) and self.feed in peers.feeds()

    def move(self, place: Place, report: Report) -> Moved:
        return _moved(self.push(place, lambda summary: report(_moved(summary))))

    def push(
        self, place: Place, progress: Callable[[PushSummary], None], *, by_hand: bool = False
    ) -> PushSummary:
        """Offer the peer what it has no verdict on, as ``gateway.mirror.push.push``."""
        from gateway.mirror.push import push  # noqa: PLC0415 - loaded by those who push

        with (
            closing(SqliteArchive(place.directory)) as archive,
            closing(SqlitePeers(place.directory)) as peers,
        ):
            return push(
                archive,
                peers,
                self.feed,
                place.host,
                restricted=place.restricted,
                by_hand=by_hand,
                progress=progress,
            )


def _moved(summary: PushSummary) -> Moved:
    """Return what a push has brought so far."""
    refused = ", ".join(summary.left_alone)
    note = (
        f"the peer refuses all of {refused}, which is left alone for an hour: check that it carries "
        "the newsgroups; 'listgate feed check' tells what else it may be"
    )
    return Moved(
        summary.accepted,
        summary.octets,
        summary.lag,
        notes=[note] if refused else [],
    )
