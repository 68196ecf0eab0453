"""What the command line shows people: tables, trees, progress. Nothing of mail reaches the terminal unwashed."""

from __future__ import annotations

import datetime as dt
import logging
import sys
from typing import TYPE_CHECKING, Final

from rich import box
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from storage.message.fields import parse_header
from storage.message.words import decode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from storage.ingest import Summary
    from storage.model import Entry, MailingList, Served, ThreadNode

__all__ = [
    "complain",
    "console",
    "errors",
    "list_details",
    "list_table",
    "log_to_stderr",
    "new_table",
    "progress_bar",
    "rate_bar",
    "summary_table",
    "thread_tree",
    "washed",
]

_PLAIN_WIDTH: Final = 500
"""Columns where the output is no terminal, so that nothing is cut off."""

_GHOST: Final = "(not in the archive)"


def console() -> Console:
    """Return what results are printed on."""
    made = Console(highlight=False)
    return made if made.is_terminal else Console(highlight=False, width=_PLAIN_WIDTH)


def errors() -> Console:
    """Return what progress and refusals are printed on."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def complain(text: str) -> None:
    """Print one line for the operator on stderr; file names in it may come out of an archive."""
    errors().print(washed(f"listgate: {text}"))


def log_to_stderr() -> None:
    """Send what is logged to stderr, a line each."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_WashedFormatter("listgate: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])


def progress_bar() -> Progress:
    """Return a progress bar, shown only on a terminal."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TextColumn("{task.fields[messages]} messages"),
        TimeRemainingColumn(),
        console=errors(),
        transient=True,
        disable=not errors().is_terminal,
    )


def rate_bar() -> Progress:
    """Return a progress bar for what comes from or goes to another server, shown only on a terminal."""
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[messages]} messages {task.fields[rate]}", markup=False),
        TimeRemainingColumn(),
        console=errors(),
        transient=True,
        disable=not errors().is_terminal,
    )


def summary_table(summaries: Mapping[str, Summary]) -> Table:
    """Return what became of each list's sources, by list.

    ``known`` were there already, ``renamed`` were added under an id of their own because another mail had theirs,
    ``removed`` are kept out because an operator removed them. Where there are such, ``improved`` took the place of a
    poorer copy, and ``withdrawn`` were taken back by the source.
    """
    rare = {
        "improved": [each.improved for each in summaries.values()],
        "withdrawn": [each.withdrawn for each in summaries.values()],
    }
    shown_rare = [name for name, counts in rare.items() if any(counts)]
    table = new_table(
        "list",
        right=("read", "added", "known", "renamed", *shown_rare, "removed", "rejected", "seconds"),
    )
    for at, (name, each) in enumerate(summaries.items()):
        counts = (
            each.read,
            each.added,
            each.duplicates,
            each.renamed,
            *(rare[kind][at] for kind in shown_rare),
            each.withheld,
            len(each.rejected),
        )
        table.add_row(name, *map(str, counts), f"{each.seconds:.1f}")
    return table


def list_table(lists: Iterable[MailingList]) -> Table:
    """Return the lists with their counts and water marks."""
    table = new_table("list", right=("messages", "low", "high"), left=("description",))
    for record in lists:
        marks = map(str, (record.count, record.low, record.high))
        table.add_row(record.name, *marks, washed(record.description))
    return table


def list_details(record: MailingList, first: Entry | None, last: Entry | None) -> Table:
    """Return what is known of one list; ``first`` and ``last`` are its messages with the ends' numbers."""
    rows = [
        ("list", record.name),
        ("description", record.description),
        ("address", record.address),
        ("messages", str(record.count)),
        ("water marks", f"{record.low} to {record.high}"),
        ("removed", str(len(record.holes))),
        ("validity", str(record.validity)),
        ("revision", str(record.revision)),
        ("created", _when(record.created)),
    ]
    if record.hidden:
        rows.append(("hidden", str(len(record.hidden))))
    if record.origin:
        rows.append(("twin of", record.origin))
    if first is not None and last is not None:
        rows += [
            ("first message", f"received {_when(first.received)}"),
            ("last message", f"received {_when(last.received)}, arrived {_when(last.arrived)}"),
        ]
    table = Table(box=None, show_header=False)
    for key, value in rows:
        table.add_row(key, washed(value))
    return table


def thread_tree(title: str, nodes: Sequence[ThreadNode], messages: Mapping[int, Served]) -> Tree:
    """Return a thread as a tree, one line a message; ``messages`` is by number."""
    tree = Tree(washed(title))
    branches = [tree]
    for node in nodes:
        if node.number is None:
            label = Text(
                f"{washed(node.message_id.decode('ascii', 'replace'))} {_GHOST}", style="dim"
            )
        else:
            label = _message_line(node.number, messages[node.number])
        del branches[node.depth + 1 :]
        branches.append(branches[-1].add(label))
    return tree


def washed(text: str) -> Text:
    """Return a text without what could command a terminal."""
    return Text(
        "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)
    )


class _WashedFormatter(logging.Formatter):
    """Washes messages; a traceback behind one keeps its lines."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the library's name
        return washed(super().formatMessage(record)).plain


def _message_line(number: int, served: Served) -> Text:
    first = parse_header(served.head).first
    sender, date, subject = (decode(first(name) or b"") for name in (b"from", b"date", b"subject"))
    return Text.assemble(
        (f"{number} ", "bold"),
        washed(sender),
        "  ",
        (washed(date).plain, "dim"),
        "  ",
        washed(subject),
    )


def new_table(first: str, *, right: Sequence[str], left: Sequence[str] = ()) -> Table:
    """Return an empty table, with columns of numbers and then of texts."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column(first, overflow="fold")
    for column in right:
        table.add_column(column, justify="right", no_wrap=True)
    for column in left:
        table.add_column(column)
    return table


def _when(seconds: int) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(sep=" ").replace("+00:00", "Z")
