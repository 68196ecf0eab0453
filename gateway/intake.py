"""Sources on their way in: which list each goes to, the first import, and following them in a process of its own."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Final

from gateway.child import Child
from gateway.shown import complain, progress_bar
from storage.errors import ArchiveError, SourceError
from storage.ingest import Summary, ingest, versions
from storage.sources import SETTLED, STANDARD_INPUT, expand
from storage.sources.base import Incoming
from storage.sources.names import list_id_name
from storage.sqlite import SqliteWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from rich.progress import TaskID

    from gateway.child import Family
    from storage.sources.base import Source

__all__ = ["Feed", "Follower", "Following", "Plan", "open_for_writing", "take_in"]

POLL_SECONDS: Final = 0.5
"""How often followed sources are looked at; a look is a ``stat``."""

EXPAND_SECONDS: Final = 5.0
"""How often followed folders are searched for new files."""

UNNAMED: Final = "mail"
"""The list that takes a source of which neither its file's name nor List-Id tells a name."""

_GONE: Final = "the sources were not followed any more: following them again"

log = logging.getLogger(__name__)


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
            if settle and feed.source.changed(_cursor(writer, feed)):
                time.sleep(SETTLED)
                _add_up(total, _ingest_and_tell(writer, feed, plan.subject_window, show))
            bar.remove_task(task)
    return summaries


class Following:
    """A process beside this one that adds what comes to a plan's sources; it ends with this one, however that ends."""

    def __init__(self, directory: Path, plan: Plan) -> None:
        kept = replace(plan, paths=[path for path in plan.paths if path != STANDARD_INPUT])
        self._is_needed = bool(kept.paths)
        self._child = Child("listgate-follow", _GONE, _follow, directory, kept)

    def tend(self) -> None:
        """Start the process, if there is anything to follow; start it again if it is gone."""
        if self._is_needed:
            self._child.tend()

    def end(self) -> None:
        """End the process."""
        self._child.end()


def _follow(family: Family, directory: Path, plan: Plan) -> None:
    """Poll the sources until the parent process is gone."""
    follower = Follower(open_for_writing(directory), plan)
    while family.is_whole():
        follower.look()
        time.sleep(POLL_SECONDS)


class Follower:
    """Adds what comes to the sources of a plan, each time it looks; a fault is logged once while it lasts."""

    def __init__(
        self, writer: SqliteWriter, plan: Plan, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._writer = writer
        self._plan = plan
        self._clock = clock
        self._feeds: dict[str, list[Feed]] = {}
        self._expanded = -EXPAND_SECONDS
        self._cursors: dict[tuple[str, str], bytes] = {}
        self._faults: dict[tuple[str, str], str] = {}

    def look(self) -> None:
        """Add what has come since the last look."""
        if self._clock() - self._expanded >= EXPAND_SECONDS:
            self._expanded = self._clock()
            for path in self._plan.paths:
                self._attempt(("search", path), partial(self._expand, path))
        for feed in chain.from_iterable(self._feeds.values()):
            self._attempt(("read", feed.source.name), partial(self._catch_up, feed))

    def _expand(self, path: str) -> None:
        self._feeds[path] = self._plan.feeds_of(path)

    def _attempt(self, what: tuple[str, str], work: Callable[[], None]) -> None:
        try:
            work()
        except ArchiveError as error:
            if self._faults.get(what) != str(error):
                log.warning("%s; trying again", error)
            self._faults[what] = str(error)
        else:
            self._faults.pop(what, None)

    def _catch_up(self, feed: Feed) -> None:
        key = feed.name, feed.source.name
        if key not in self._cursors:
            self._cursors[key] = _cursor(self._writer, feed)
        if not feed.source.changed(self._cursors[key]):
            return
        summary = _ingest(self._writer, feed, self._plan.subject_window, None)
        self._cursors[key] = _cursor(self._writer, feed)
        if summary.added:
            log.info("%s: %d new", feed.name, summary.added)
        for position, why in summary.rejected:
            log.warning("%s: %s; skipped", position, why)


def _cursor(writer: SqliteWriter, feed: Feed) -> bytes:
    return writer.cursor(feed.name, feed.source.name)


def _ingest_and_tell(
    writer: SqliteWriter,
    feed: Feed,
    subject_window: int | None,
    progress: Callable[[int, Summary], None],
) -> Summary:
    """Ingest, and name on stderr what was no message."""
    try:
        summary = _ingest(writer, feed, subject_window, progress)
    except SourceError as error:
        complain(str(error))
        return Summary(rejected=[(feed.source.name, str(error))])
    for position, why in summary.rejected:
        complain(f"{position}: {why}; skipped")
    return summary


def _ingest(
    writer: SqliteWriter,
    feed: Feed,
    subject_window: int | None,
    progress: Callable[[int, Summary], None] | None,
) -> Summary:
    from gateway.renderers import RENDERERS  # noqa: PLC0415 - loads the faces' commands, which only writing needs

    return ingest(
        writer, feed.name, feed.source, RENDERERS, subject_window=subject_window, progress=progress
    )


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
