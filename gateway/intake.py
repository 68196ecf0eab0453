"""Sources on their way in: which list each goes to, and the first import."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gateway.preparing import Beside
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

    from storage.prepared import Preparer
    from storage.sources.base import Source

__all__ = ["Inlet", "Plan", "cursor_of", "ingest_inlet", "open_for_writing", "take_in"]

LARGE_OCTETS: Final = 8 << 20
"""From this size on a source is worth the processes that help with it."""

UNNAMED: Final = "mail"
"""The list that takes a source of which neither its file's name nor List-Id tells a name."""


@dataclass(frozen=True, slots=True)
class Inlet:
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

    def inlets(self) -> list[Inlet]:
        """Return the sources that there are now.

        Raises:
            SourceError: a path cannot be read.
        """
        return [inlet for path in self.paths for inlet in self.inlets_of(path)]

    def inlets_of(self, path: str) -> list[Inlet]:
        """Return the sources that one of the paths stands for now.

        Raises:
            SourceError: it cannot be read.
        """
        return [
            Inlet(self.name or source.suggested_name() or _named_by_list_id(source), source)
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
    inlets = plan.inlets()
    with progress_bar() as bar, Beside(os.cpu_count() or 1) as beside:
        for inlet in inlets:
            is_large = inlet.source.size is None or inlet.source.size >= LARGE_OCTETS
            preparer = beside if is_large else None
            task = bar.add_task(inlet.name, total=inlet.source.size, messages=0)

            def show(octets: int, summary: Summary, task: TaskID = task) -> None:
                bar.update(task, completed=octets, messages=summary.read)

            total = summaries.setdefault(inlet.name, Summary())
            is_read = _ingest_and_tell(
                writer, inlet, plan.subject_window, show, total, preparer=preparer
            )
            if settle and is_read and inlet.source.changed(cursor_of(writer, inlet)):
                time.sleep(SETTLED)
                _ingest_and_tell(writer, inlet, plan.subject_window, show, total, preparer=preparer)
            bar.remove_task(task)
    return summaries


def ingest_inlet(
    writer: SqliteWriter,
    inlet: Inlet,
    subject_window: int | None,
    progress: Callable[[int, Summary], None] | None = None,
    preparer: Preparer | None = None,
) -> Summary:
    """Add what is new in an inlet to its list.

    Raises:
        SourceError: the source cannot be read; what came before is kept.
        ArchiveUnavailable: the archive cannot be written; whole batches are kept.
    """
    from gateway.renderers import RENDERERS  # noqa: PLC0415 - loads the faces' commands, which only writing needs

    return ingest(
        writer,
        inlet.name,
        inlet.source,
        RENDERERS,
        subject_window=subject_window,
        progress=progress,
        preparer=preparer,
    )


def cursor_of(writer: SqliteWriter, inlet: Inlet) -> bytes:
    """Return where the last batch from an inlet ended."""
    return writer.cursor(inlet.name, inlet.source.name)


def _ingest_and_tell(
    writer: SqliteWriter,
    inlet: Inlet,
    subject_window: int | None,
    progress: Callable[[int, Summary], None],
    total: Summary,
    *,
    preparer: Preparer | None,
) -> bool:
    """Ingest, count it in, and name on stderr what was no message; return whether the source could be read."""
    try:
        summary = ingest_inlet(writer, inlet, subject_window, progress, preparer)
    except SourceError as error:
        complain(str(error))
        total.rejected.append((inlet.source.name, str(error)))
        return False
    for position, why in summary.rejected:
        complain(f"{position}: {why}; skipped")
    _add_up(total, summary)
    return True


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
