"""Sources on their way in: which list each goes to, the first import, and following them in a process of its own."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gateway.renderers import RENDERERS
from gateway.shown import errors, progress_bar
from storage.errors import ArchiveError, SourceError
from storage.ingest import Summary, ingest, versions
from storage.sources import expand, open_source
from storage.sources.base import Incoming
from storage.sources.names import list_id_name
from storage.sqlite import SqliteWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from multiprocessing.process import BaseProcess
    from pathlib import Path

    from storage.sources.base import Source

__all__ = ["Feed", "feeds_of", "follow_beside", "open_for_writing", "take_in"]

POLL_SECONDS: Final = 0.5
"""How often followed sources are looked at; a look is a ``stat``."""

UNNAMED: Final = "mail"
"""The list that takes a source of which neither its file's name nor List-Id tells a name."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Feed:
    """A source, the list it goes to, and within which window (seconds) replies are found by their subject."""

    name: str
    source: Source
    subject_window: int | None = None


def open_for_writing(directory: Path) -> SqliteWriter:
    """Open an archive to write to.

    Raises:
        ArchiveUnavailable: it cannot be.
    """
    return SqliteWriter(directory, versions(RENDERERS))


def feeds_of(paths: Iterable[str], name: str | None = None) -> list[Feed]:
    """Return what is to be read for some paths; without a name each source gets its own from its file or List-Id.

    Raises:
        SourceError: a path cannot be read.
    """
    return [
        Feed(name or source.suggested_name() or _named_by_list_id(source), source)
        for path in paths
        for source in expand(path)
    ]


def take_in(writer: SqliteWriter, feeds: Sequence[Feed]) -> dict[str, Summary]:
    """Add what is new in each feed, with a progress bar; return what became of it, by list.

    A source that cannot be read is named on stderr and counted as rejected; the others go on.
    """
    summaries: dict[str, Summary] = {}
    with progress_bar() as bar:
        for feed in feeds:
            task = bar.add_task(feed.name, total=feed.source.size, messages=0)

            def show(octets: int, summary: Summary, task: int = task) -> None:
                bar.update(task, completed=octets, messages=summary.read)  # type: ignore[arg-type]  # rich's NewType

            try:
                summary = _ingest(writer, feed, show)
            except SourceError as error:
                summary = Summary(rejected=[(feed.source.name, str(error))])
                errors().print(f"listgate: {error}", markup=False)
            for position, why in summary.rejected:
                if position != feed.source.name:
                    errors().print(f"listgate: {position}: {why}; skipped", markup=False)
            bar.remove_task(task)
            _merge(summaries.setdefault(feed.name, Summary()), summary)
    return summaries


def follow_beside(directory: Path, feeds: Sequence[Feed]) -> BaseProcess | None:
    """Start a process that adds what comes to the feeds from now on; None where there is nothing to follow.

    It ends with this process, however that ends.
    """
    followed = [
        (feed.name, feed.source.name, feed.subject_window)
        for feed in feeds
        if feed.source.name != "-"
    ]
    if not followed:
        return None
    process = multiprocessing.get_context("spawn").Process(
        target=_follow, args=(directory, followed, os.getpid()), name="listgate-follow", daemon=True
    )
    process.start()
    return process


def _follow(directory: Path, followed: Sequence[tuple[str, str, int | None]], parent: int) -> None:
    """Poll the sources until the parent process is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to end
    logging.basicConfig(format="listgate: %(message)s", level=logging.INFO)
    writer = open_for_writing(directory)
    feeds = [Feed(name, open_source(path), window) for name, path, window in followed]
    cursors = {}
    with writer.batch() as batch:
        for feed in feeds:
            cursors[feed.name, feed.source.name] = batch.cursor(feed.name, feed.source.name)
    faults: dict[str, str] = {}
    while os.getppid() == parent:
        for feed in feeds:
            try:
                _catch_up(writer, feed, cursors)
                faults.pop(feed.source.name, None)
            except ArchiveError as error:
                if faults.get(feed.source.name) != str(error):
                    log.warning("%s; trying again", error)
                faults[feed.source.name] = str(error)
        time.sleep(POLL_SECONDS)


def _catch_up(writer: SqliteWriter, feed: Feed, cursors: dict[tuple[str, str], bytes]) -> None:
    key = feed.name, feed.source.name
    if not feed.source.changed(cursors[key]):
        return
    summary = _ingest(writer, feed, None)
    with writer.batch() as batch:
        cursors[key] = batch.cursor(*key)
    if summary.added:
        log.info("%s: %d new", feed.name, summary.added)
    for position, why in summary.rejected:
        log.warning("%s: %s; skipped", position, why)


def _ingest(
    writer: SqliteWriter, feed: Feed, progress: Callable[[int, Summary], None] | None
) -> Summary:
    return ingest(
        writer,
        feed.name,
        feed.source,
        RENDERERS,
        subject_window=feed.subject_window,
        progress=progress,
    )


def _named_by_list_id(source: Source) -> str:
    """Return the name that the first message's List-Id gives, if it does."""
    if source.name == "-":
        return UNNAMED  # what is read of a pipe is gone
    first = next((each for each in source.messages(b"") if isinstance(each, Incoming)), None)
    return (first and list_id_name(first.raw)) or UNNAMED


def _merge(total: Summary, more: Summary) -> None:
    total.read += more.read
    total.added += more.added
    total.duplicates += more.duplicates
    total.renamed += more.renamed
    total.withheld += more.withheld
    total.octets += more.octets
    total.seconds += more.seconds
    total.rejected += more.rejected
