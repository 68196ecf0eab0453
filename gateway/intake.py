"""Sources on their way in: which list each goes to, and the first import."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gateway.shown import complain, progress_bar
from storage.errors import SourceError
from storage.ingest import Summary, ingest, versions
from storage.sources import SETTLED, STANDARD_INPUT, expand
from storage.sources.base import Incoming
from storage.sources.names import list_id_name
from storage.sqlite import SqliteWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from rich.progress import TaskID

    from storage.sources.base import Source

__all__ = ["Feed", "Plan", "cursor_of", "ingest_feed", "open_for_writing", "take_in"]

UNNAMED: Final = "mail"
"""The list that takes a source of which neither its file's name nor List-Id tells a name."""


@dataclass(frozen=True, slots=True)
class Feed:
    """A source, and the list it goes to."""

    name: str
    source: Source


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be read: ``paths`` go to the list ``name``, or each source to a list named by it.

    ``subject_window`` is within how many seconds a reply is found by its subject; None leaves subjects out of it.
    """

    paths: Sequence[str]
    name: str | None = None
    subject_window: int | None = None

    def feeds(self) -> list[Feed]:
        """Return the sources that there are now.

        Raises:
            SourceError: a path cannot be read.
        """
        return [feed for path in self.paths for feed in self.feeds_of(path)]

    def feeds_of(self, path: str) -> list[Feed]:
        """Return the sources that one of the paths stands for now.

        Raises:
            SourceError: it cannot be read.
        """
        return [
            Feed(self.name or source.suggested_name() or _named_by_list_id(source), source)
            for source in expand(path)
        ]


def open_for_writing(directory: Path) -> SqliteWriter:
    """Open an archive to write to.

    Raises:
        ArchiveUnavailable: it cannot be.
    """
    from gateway.renderers import RENDERERS  # noqa: PLC0415 - loads the faces' commands, which only writing needs

    return SqliteWriter(directory, versions(RENDERERS))


def take_in(writer: SqliteWriter, plan: Plan, *, settle: bool = False) -> dict[str, Summary]:
    """Add what is new, with a progress bar; return what became of it, by list.

    A source that cannot be read is named on stderr and counted as rejected; the others go on. With ``settle`` a
    source that seems to be in the middle of being written is waited for.

    Raises:
        SourceError: a path is no source at all.
        ArchiveUnavailable: the archive cannot be written.
    """
    summaries: dict[str, Summary] = {}
    feeds = plan.feeds()
    with progress_bar() as bar:
        for feed in feeds:
            task = bar.add_task(feed.name, total=feed.source.size, messages=0)

            def show(octets: int, summary: Summary, task: TaskID = task) -> None:
                bar.update(task, completed=octets, messages=summary.read)

            total = summaries.setdefault(feed.name, Summary())
            _add_up(total, _ingest_and_tell(writer, feed, plan.subject_window, show))
            if settle and feed.source.changed(cursor_of(writer, feed)):
                time.sleep(SETTLED)
                _add_up(total, _ingest_and_tell(writer, feed, plan.subject_window, show))
            bar.remove_task(task)
    return summaries


def ingest_feed(
    writer: SqliteWriter,
    feed: Feed,
    subject_window: int | None,
    progress: Callable[[int, Summary], None] | None = None,
) -> Summary:
    """Add what is new in a feed to its list.

    Raises:
        SourceError: the source cannot be read; what came before is kept.
        ArchiveUnavailable: the archive cannot be written; whole batches are kept.
    """
    from gateway.renderers import RENDERERS  # noqa: PLC0415 - loads the faces' commands, which only writing needs

    return ingest(
        writer, feed.name, feed.source, RENDERERS, subject_window=subject_window, progress=progress
    )


def cursor_of(writer: SqliteWriter, feed: Feed) -> bytes:
    """Return where the last batch from a feed ended."""
    return writer.cursor(feed.name, feed.source.name)


def _ingest_and_tell(
    writer: SqliteWriter,
    feed: Feed,
    subject_window: int | None,
    progress: Callable[[int, Summary], None],
) -> Summary:
    """Ingest, and name on stderr what was no message."""
    try:
        summary = ingest_feed(writer, feed, subject_window, progress)
    except SourceError as error:
        complain(str(error))
        return Summary(rejected=[(feed.source.name, str(error))])
    for position, why in summary.rejected:
        complain(f"{position}: {why}; skipped")
    return summary


def _named_by_list_id(source: Source) -> str:
    """Return the name that the first message's List-Id gives, if it does."""
    if source.name == STANDARD_INPUT:
        return UNNAMED  # what is read of a pipe is gone
    first = next((each for each in source.messages(b"") if isinstance(each, Incoming)), None)
    return (first and list_id_name(first.raw)) or UNNAMED


def _add_up(total: Summary, more: Summary) -> None:
    total.read += more.read
    total.added += more.added
    total.duplicates += more.duplicates
    total.renamed += more.renamed
    total.improved += more.improved
    total.withdrawn += more.withdrawn
    total.withheld += more.withheld
    total.octets += more.octets
    total.seconds += more.seconds
    total.rejected += more.rejected
