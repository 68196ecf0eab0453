"""The commands for lists that are pulled from other servers."""

from __future__ import annotations

import sys
import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gateway import shown
from gateway.commands.common import (
    DONE,
    REFUSED,
    archive_directory,
    config_of,
    plan_of,
    rerender_all,
)
from gateway.commands.nested import nested, peers_of
from gateway.commands.password import add_password_option, url_of
from gateway.errors import Refused
from gateway.intake import open_for_writing
from gateway.mirror.jobs import Place, run_job
from gateway.mirror.known import known_jobs
from gateway.mirror.pull import MirrorJob
from gateway.mirror.schedule import parse_every, parse_quiet, shown_span
from gateway.mirror.source import KINDS, forget_copy, kind_of, open_mirror, origin_of
from gateway.mirror.status import as_json, as_metrics, state_of
from storage.model import check_list_name
from storage.peers import DEFAULT_EVERY, Mirror, shown_url
from storage.sqlite import SqliteArchive
from storage.sqlite.peers import SqlitePeers

if TYPE_CHECKING:
    import argparse
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from rich.progress import Progress, TaskID
    from rich.table import Table

    from gateway.commands.common import AddCommand
    from gateway.mirror.jobs import Moved
    from gateway.mirror.status import State
    from storage.peers import Health

__all__ = ["add", "state_table"]

MAX_WINDOW: Final = 10_000

_ADD: Final = """\
examples:
  listgate mirror add lists.a nntp://news.example/org.example.a
  listgate mirror add lists.a nntps://me:secret@news.example/org.example.a --every 1m
  listgate mirror add lists.a imaps://me@mail.example/Lists/a --password
  listgate mirror add lists.a git+https://lore.example/a         public-inbox, v1 or v2
  listgate mirror add lists.a https://host.example/a.git
  listgate mirror add lists.a /srv/public-inbox/a
  listgate mirror add lists.a https://host.example/archives/a.mbox.gz
  listgate mirror add lists.a https://host.example/pipermail/a/ --every 1d --quiet 08:00-18:00

In a user or password of a URL write @ as %40, : as %3A and / as %2F. Passwords are kept in peers.sqlite3 in
the archive's folder, which only its owner may read, and are shown nowhere. A newsgroup of another
listgate becomes a twin if the list is new: with the same numbers, so that readers may use either."""

_STATUS: Final = """\
For Prometheus let node_exporter's textfile collector read what this writes every minute:
  listgate mirror status --format prometheus > /var/lib/node_exporter/listgate.prom.new \\
    && mv /var/lib/node_exporter/listgate.prom.new /var/lib/node_exporter/listgate.prom"""


def add(command: AddCommand) -> None:
    """Add the commands of this family."""
    mirror = nested(
        command, "mirror", "pull lists from other servers, which 'serve' then keeps current"
    )
    adding = mirror("add", "pull a list from a URL from now on, or change how", _add, _ADD)
    adding.add_argument("list", metavar="LIST", help="the list's name here; made if there is none")
    adding.add_argument("url", metavar="URL", help=KINDS)
    adding.add_argument(
        "--every",
        metavar="TIME",
        default=f"{DEFAULT_EVERY}s",
        help=f"how often to look for new messages, as 30s, 5m, 2h or 1d (default: {DEFAULT_EVERY}s)",
    )
    adding.add_argument(
        "--quiet",
        metavar="HH:MM-HH:MM",
        default="",
        help="hours of the day, local time, in which to leave the server alone",
    )
    adding.add_argument(
        "--window",
        metavar="N",
        type=int,
        default=0,
        help="how many requests may be under way at once (default: by the distance)",
    )
    add_password_option(adding)
    adding.add_argument(
        "--run", dest="is_now", action="store_true", help="pull what there is at once"
    )
    removing = mirror("remove", "pull a list no longer; its messages stay", _remove)
    removing.add_argument("list", metavar="LIST")
    removing.add_argument(
        "url", metavar="URL", nargs="?", help="which one, where the list has several (default: all)"
    )
    running = mirror("run", "pull once, whatever the time, and tell what came", _run)
    running.add_argument("lists", metavar="LIST", nargs="*", help="which ones (default: all)")
    status = mirror("status", "show how the mirrors are, and the feeds", _status, _STATUS)
    status.add_argument(
        "--format",
        choices=("table", "json", "prometheus"),
        default="table",
        help="default: table",
    )


def _add(parsed: argparse.Namespace) -> int:
    config = config_of(parsed)
    directory = archive_directory(parsed, config)
    every = parse_every(parsed.every)
    parse_quiet(parsed.quiet)
    if not 0 <= parsed.window <= MAX_WINDOW:
        raise Refused(
            f"--window {parsed.window}: from 0, which means by the distance, to {MAX_WINDOW}"
        )
    name = check_list_name(parsed.list)
    mirror = Mirror(name, url_of(parsed), every, parsed.window, parsed.quiet, int(time.time()))
    open_mirror(mirror, directory)
    with closing(open_for_writing(directory)):
        pass  # so that there is an archive
    with closing(SqlitePeers(directory)) as peers:
        peers.add_mirror(mirror)
    shown.console().print(
        f"{name}: pulled every {shown_span(every)} while 'listgate serve' runs ({kind_of(mirror.url).value})",
        markup=False,
    )
    return _pull(parsed, [mirror]) if parsed.is_now else DONE


def _remove(parsed: argparse.Namespace) -> int:
    with closing(peers_of(parsed)) as peers:
        gone = _mirrors(peers, [parsed.list])
        if parsed.url is not None:
            gone = [each for each in gone if shown_url(each.url) == shown_url(parsed.url)]
        if not gone:
            raise Refused(
                f"{parsed.list}: not pulled from {shown_url(parsed.url)}; 'listgate mirror status' shows from where"
            )
        for each in gone:
            peers.remove_mirror(each.name, each.url)
            shown.console().print(
                f"{each.name}: not pulled from {shown_url(each.url)} any more", markup=False
            )
        left = peers.mirrors()
    directory = archive_directory(parsed, config_of(parsed))
    origins = [origin_of(each.url) for each in left if each.name == parsed.list]
    _release(directory, parsed.list, origins)
    for each in gone:
        forget_copy(each, directory, left)
    return DONE


def _release(directory: Path, name: str, left: Sequence[str]) -> None:
    """Make a list one of its own that is the twin of none of the origins left."""
    with closing(open_for_writing(directory)) as writer:
        if writer.has(name):
            with writer.batch() as batch:
                if batch.mailing_list(name).origin not in left:
                    batch.release(name)


def _run(parsed: argparse.Namespace) -> int:
    with closing(peers_of(parsed)) as peers:
        mirrors = _mirrors(peers, parsed.lists)
    return _pull(parsed, mirrors)


def _pull(parsed: argparse.Namespace, mirrors: Sequence[Mirror]) -> int:
    """Pull once from each; name on stderr what failed, and show what came."""
    config = config_of(parsed)
    directory = archive_directory(parsed, config)
    place = Place(directory, subject_window=plan_of((), config).subject_window)
    with closing(open_for_writing(directory)) as writer:
        rerender_all(writer)
    results = []
    with shown.rate_bar() as bar:
        for mirror in mirrors:
            result = _pull_one(place, mirror, bar)
            if result is not None:
                results.append(result)
    shown.console().print(_result_table(results))
    return REFUSED if any(each.health.error for each in results) else DONE


@dataclass(frozen=True, slots=True)
class _Result:
    """What became of a pull."""

    mirror: Mirror
    health: Health
    messages: int
    octets: int
    seconds: float


def _pull_one(place: Place, mirror: Mirror, bar: Progress) -> _Result | None:
    task = bar.add_task(mirror.name, total=None, messages=0, rate="")
    began = time.monotonic()
    last: list[Moved] = []

    def report(moved: Moved) -> None:
        last[:] = [moved]
        _show(bar, task, moved, time.monotonic() - began)

    job = MirrorJob(mirror)
    health = run_job(place, job, report=report)
    bar.remove_task(task)
    if health is None:
        shown.complain(f"{mirror.name}: another listgate is pulling from {job.shown} now; skipped")
        return None
    if health.error:
        shown.complain(f"{mirror.name}: {health.error}")
    messages, octets = (last[0].messages, last[0].octets) if last else (0, 0)
    return _Result(mirror, health, messages, octets, time.monotonic() - began)


def _show(bar: Progress, task: TaskID, moved: Moved, seconds: float) -> None:
    rate = f"{moved.messages / seconds:.0f}/s" if seconds else ""
    total = None if moved.share is None else 1.0
    bar.update(task, completed=moved.share, total=total, messages=moved.messages, rate=rate)


def _status(parsed: argparse.Namespace) -> int:
    directory = archive_directory(parsed, config_of(parsed))
    now = time.time()
    with closing(SqlitePeers(directory)) as peers:
        jobs = known_jobs(peers)
        twins = _twins(directory) if jobs else ()
        states = [state_of(directory, job, peers, now, twins) for job in jobs]
    if parsed.format == "json":
        sys.stdout.write(as_json(states) + "\n")
    elif parsed.format == "prometheus":
        sys.stdout.write(as_metrics(states))
    elif not states:
        shown.console().print("nothing is mirrored or fed; 'listgate mirror add --help' shows how")
    else:
        shown.console().print(state_table(states, now))
        for each in states:
            if each.health.error:
                shown.console().print(shown.washed(f"{each.name}: {each.health.error}"))
    return DONE


def _twins(directory: Path) -> Collection[tuple[str, str]]:
    """Return which lists are twins, and of what."""
    with closing(SqliteArchive(directory)) as archive:
        return {(each.name, each.origin) for each in archive.lists() if each.origin}


def _mirrors(peers: SqlitePeers, names: Sequence[str]) -> Sequence[Mirror]:
    """Return the mirrors of some lists, or all.

    Raises:
        Refused: one of the lists has none, or there are none at all.
    """
    mirrors = peers.mirrors()
    strangers = [name for name in names if all(each.name != name for each in mirrors)]
    if strangers:
        raise Refused(
            f"{', '.join(strangers)}: not mirrored; 'listgate mirror status' shows what is"
        )
    if not mirrors:
        raise Refused("nothing is mirrored; 'listgate mirror add --help' shows how")
    return [each for each in mirrors if not names or each.name in names]


def _result_table(results: Sequence[_Result]) -> Table:
    """Return what became of each pull."""
    table = shown.new_table(
        "list", right=("new", "octets", "seconds", "rate", "lag"), left=("from",)
    )
    for each in results:
        rate = each.messages / each.seconds if each.seconds else 0
        lag = "" if each.health.lag is None else str(each.health.lag)
        counts = (str(each.messages), str(each.octets), f"{each.seconds:.1f}", f"{rate:.0f}/s", lag)
        table.add_row(each.mirror.name, *counts, shown.washed(shown_url(each.mirror.url)))
    return table


def state_table(states: Sequence[State], now: float) -> Table:
    """Return how mirrors or feeds are, one a line."""
    table = shown.new_table(
        "list",
        right=("messages", "rate", "lag", "last success", "next run"),
        left=("state", "kind", "url"),
    )
    for each in states:
        health = each.health
        table.add_row(
            each.name,
            str(health.total),
            f"{each.rate:.0f}/s" if each.rate else "",
            "" if health.lag is None else str(health.lag),
            f"{shown_span(now - health.succeeded)} ago" if health.succeeded else "never",
            f"in {shown_span(health.due - now)}" if health.due > now else "due",
            each.state,
            each.kind,
            shown.washed(each.url),
        )
    return table
