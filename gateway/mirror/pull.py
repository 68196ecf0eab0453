"""A mirror as a job: what is new on its server comes into its list."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gateway.intake import open_for_writing
from gateway.mirror.jobs import Moved
from gateway.mirror.source import Kind, host_of, kind_of, open_mirror, origin_of
from storage.ingest import ingest
from storage.peers import shown_url

if TYPE_CHECKING:
    from gateway.mirror.jobs import Place, Report
    from storage.ingest import Summary
    from storage.peers import Health, Mirror
    from storage.sqlite import SqliteWriter
    from storage.sqlite.peers import SqlitePeers

__all__ = ["MirrorJob"]

MAX_NOTES: Final = 20
"""Messages that could not be taken of which a run tells one by one."""


@dataclass(frozen=True, slots=True)
class MirrorJob:
    """A mirror; see ``gateway.mirror.jobs.Job``."""

    mirror: Mirror

    @property
    def key(self) -> str:
        return f"mirror {self.mirror.name} {self.shown}"

    @property
    def name(self) -> str:
        return self.mirror.name

    @property
    def kind(self) -> str:
        return kind_of(self.mirror.url).value

    @property
    def label(self) -> str:
        return self.mirror.name

    @property
    def host(self) -> str:
        return host_of(self.mirror.url)

    @property
    def url(self) -> str:
        return self.mirror.url

    @property
    def shown(self) -> str:
        return shown_url(self.mirror.url)

    @property
    def origin(self) -> str:
        return origin_of(self.mirror.url)

    @property
    def every(self) -> int:
        return self.mirror.every

    @property
    def quiet(self) -> str:
        return self.mirror.quiet

    @property
    def added(self) -> int:
        return self.mirror.added

    @property
    def is_feed(self) -> bool:
        return False

    def health(self, peers: SqlitePeers) -> Health:
        return peers.mirror_health(self.mirror.name, self.mirror.url)

    def note(self, peers: SqlitePeers, health: Health) -> bool:
        return peers.note_mirror(self.mirror.name, self.mirror.url, health)

    def move(self, place: Place, report: Report) -> Moved:
        with closing(open_for_writing(place.directory)) as writer:
            summary = self._pull(writer, place, report)
        return _moved(summary, lag=0)

    def _pull(self, writer: SqliteWriter, place: Place, report: Report) -> Summary:
        # These load the faces' commands, which only writing needs.
        from gateway.mirror.twin import replicate  # noqa: PLC0415
        from gateway.renderers import RENDERERS  # noqa: PLC0415

        if kind_of(self.url) is Kind.NEWS:
            summary = replicate(
                writer,
                self.name,
                self.url,
                RENDERERS,
                subject_window=place.subject_window,
                progress=lambda _, summary: report(_moved(summary)),
            )
            if summary is not None:
                return summary
        source = open_mirror(self.mirror, place.directory)

        def told(progress: int, summary: Summary) -> None:
            size = source.size
            share = min(progress / size, 1.0) if size else None
            report(_moved(summary, getattr(source, "lag", None), share))

        return ingest(
            writer,
            self.mirror.name,
            source,
            RENDERERS,
            subject_window=place.subject_window,
            progress=told,
        )


def _moved(summary: Summary, lag: int | None = None, share: float | None = None) -> Moved:
    """Return what a pull has brought so far."""
    notes = [f"{position}: {why}; skipped" for position, why in summary.rejected[:MAX_NOTES]]
    if len(summary.rejected) > MAX_NOTES:
        notes.append(f"and {len(summary.rejected) - MAX_NOTES} more were skipped")
    messages = summary.added + summary.improved + summary.withdrawn
    return Moved(messages, summary.octets, lag, share, notes)
