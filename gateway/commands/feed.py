"""The commands for what is pushed to other news servers."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from gateway import shown
from gateway.commands.common import DONE, REFUSED, archive_directory, config_of, existing
from gateway.commands.feed_status import feeds_of, lag_of, result_table, show_status
from gateway.commands.nested import nested, peers_of
from gateway.commands.password import add_password_option, url_of
from gateway.config import HOST_NAME
from gateway.errors import Refused
from gateway.mirror.fed import Fed
from gateway.mirror.feeding import FeedJob
from gateway.mirror.forecast import dry_run
from gateway.mirror.jobs import Place, run_job
from gateway.mirror.push import DEFAULT_WINDOW, PushSummary
from gateway.mirror.schedule import parse_every, parse_quiet
from gateway.nntp.transit_rules import DAY, STOCK_CUTOFF, STOCK_OCTETS
from storage.peers import DEFAULT_EVERY, Feed

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable

    from rich.progress import Progress, TaskID

    from gateway.commands.common import AddCommand
    from gateway.mirror.forecast import Forecast
    from storage.peers import Health

__all__ = ["add"]

MAX_WINDOW: Final = 10_000
MAX_PEER: Final = 100

_ADD: Final = """\
examples:
  listgate feed add example nntp://news.example.org --lists 'lists.*'
  listgate feed add example nntps://me:secret@news.example.org --lists 'lists.*,!lists.test'
  listgate feed add example nntp://10.0.0.5:119 --path news.example.org --group lists.a=org.example.a

The peer has to carry the newsgroups and to take articles from this host (INN: a peer in
incoming.conf). A list that not everybody may read is fed only where --lists has its name in full;
which ones those are, and our name in Path, is in the configuration: give --config here and to
'feed run' as to 'serve'.
What is older than the peer takes (INN: 10 days) it takes all the same, because what is sent counts
as injected now; --no-injection-date is for peers that are to know the age."""


def add(command: AddCommand) -> None:
    """Add the commands of this family."""
    feed = nested(
        command, "feed", "push lists to other news servers, which 'serve' then does as mail comes"
    )
    adding = feed("add", "push lists to a peer from now on, or change how", _add, _ADD)
    adding.add_argument("peer", metavar="PEER", help="what to call it here")
    adding.add_argument("url", metavar="URL", help="nntp(s)://[user:password@]host[:port]")
    adding.add_argument(
        "--lists",
        metavar="WILDMAT",
        default="*",
        help="which lists, those to come as well: names, * and ?, joined by commas, ! before what is left out (default: *)",
    )
    adding.add_argument(
        "--path",
        metavar="NAME",
        default="",
        help="the peer's name in Path: what has it there came through the peer (default: the URL's host)",
    )
    adding.add_argument(
        "--group",
        metavar="LIST=NEWSGROUP",
        action="append",
        default=[],
        help="the newsgroup of a list, where it is not called as the list; may be repeated",
    )
    adding.add_argument(
        "--no-injection-date",
        dest="injection_date",
        action="store_false",
        help="send articles with their age",
    )
    add_password_option(adding)
    adding.add_argument(
        "--window",
        metavar="N",
        type=int,
        default=0,
        help=f"how many requests may be under way at once (default: {DEFAULT_WINDOW})",
    )
    adding.add_argument(
        "--every",
        metavar="TIME",
        default=f"{DEFAULT_EVERY}s",
        help=f"how often to look at the latest, as 30s, 5m, 2h or 1d (default: {DEFAULT_EVERY}s)",
    )
    adding.add_argument(
        "--quiet",
        metavar="HH:MM-HH:MM",
        default="",
        help="hours of the day, local time, in which to leave the peer alone",
    )
    _of_peer(feed("remove", "push to a peer no longer", _remove))
    running = feed("run", "push once, whatever the time, and tell what became of it", _run)
    running.add_argument("peers", metavar="PEER", nargs="*", help="to which (default: all)")
    status = feed("status", "show how the feeds are, and what a peer refused", show_status)
    status.add_argument("peer", metavar="PEER", nargs="?", help="whose refusals to show")
    status.add_argument(
        "--format",
        choices=("table", "json", "prometheus"),
        default="table",
        help="default: table",
    )
    checking = feed(
        "check", "tell, without a connection, what a peer would refuse, and why", _check
    )
    _of_peer(checking)
    checking.add_argument(
        "--cutoff",
        metavar="DAYS",
        type=int,
        default=STOCK_CUTOFF // DAY,
        help=f"how old an article the peer takes; 0: any (default: {STOCK_CUTOFF // DAY}, as INN is shipped)",
    )
    checking.add_argument(
        "--max-octets",
        metavar="N",
        type=int,
        default=STOCK_OCTETS,
        help=f"how large an article it takes; 0: any (default: {STOCK_OCTETS}, as INN is shipped)",
    )


def _of_peer(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("peer", metavar="PEER")


def _add(parsed: argparse.Namespace) -> int:
    config = config_of(parsed)
    every = parse_every(parsed.every)
    parse_quiet(parsed.quiet)
    if not 0 <= parsed.window <= MAX_WINDOW:
        raise Refused(f"--window {parsed.window}: from 0, for the usual one, to {MAX_WINDOW}")
    if parsed.path and not HOST_NAME.fullmatch(parsed.path):
        raise Refused(f"--path {parsed.path!r}: no name of letters, digits, '.', '-' and '_'")
    if not parsed.peer.isprintable() or not 0 < len(parsed.peer.strip()) <= MAX_PEER:
        raise Refused(f"{parsed.peer!r}: a peer's name has 1 to {MAX_PEER} printable characters")
    feed = Feed(
        parsed.peer,
        url_of(parsed),
        parsed.lists,
        parsed.window,
        parsed.injection_date,
        parsed.path,
        dict(_mapped(each) for each in parsed.group),
        every,
        parsed.quiet,
        int(time.time()),
    )
    with closing(existing(parsed)) as archive, closing(peers_of(parsed)) as peers:
        fed = Fed(archive, feed, config.host, config.restricted)
        peers.add_feed(feed)
        count = lag_of(fed, peers, feed)
        strangers = feed.groups.keys() - {record.name for record in archive.lists()}
    if b"." not in config.host:
        shown.complain(
            f"the peer knows this server as {config.host.decode()}: set host in [server] to its full name"
        )
    for name in fed.left_out:
        shown.complain(f"{name}: not fed, since not everybody may read it; --lists can name it")
    for name in sorted(strangers):
        shown.complain(f"--group {name}={feed.groups[name]}: no list is called {name} yet")
    shown.console().print(
        f"{feed.peer}: {count} messages to send (lists: {len(fed.lists)}); "
        "'listgate feed run' does it now, 'listgate serve' from now on",
        markup=False,
    )
    return DONE


def _mapped(text: str) -> tuple[str, str]:
    name, equals, group = text.partition("=")
    if not equals:
        raise Refused(f"--group {text}: write LIST=NEWSGROUP")
    return name, group


def _remove(parsed: argparse.Namespace) -> int:
    with closing(peers_of(parsed)) as peers:
        (feed,) = feeds_of(peers, [parsed.peer])
        peers.remove_feed(feed.peer)
    shown.console().print(f"{feed.peer}: not fed any more", markup=False)
    return DONE


def _run(parsed: argparse.Namespace) -> int:
    config = config_of(parsed)
    existing(parsed).close()
    directory = archive_directory(parsed, config)
    place = Place(directory, config.host, restricted=config.restricted)
    with closing(peers_of(parsed)) as peers:
        feeds = feeds_of(peers, parsed.peers)
    results = []
    with shown.rate_bar() as bar:
        for feed in feeds:
            result = _push_one(place, feed, bar)
            if result is not None:
                results.append((feed, *result))
    shown.console().print(result_table(results))
    failed = any(health.error or summary.refused for _, health, summary in results)
    return REFUSED if failed else DONE


@dataclass(frozen=True, slots=True)
class _ToldJob(FeedJob):
    """A feed that tells more of how it goes than a job does."""

    tell: Callable[[PushSummary], None] = field(kw_only=True, compare=False)

    def push(
        self, place: Place, progress: Callable[[PushSummary], None], *, by_hand: bool = True
    ) -> PushSummary:
        def told(summary: PushSummary) -> None:
            self.tell(summary)
            progress(summary)

        return FeedJob.push(self, place, told, by_hand=by_hand)


def _push_one(place: Place, feed: Feed, bar: Progress) -> tuple[Health, PushSummary] | None:
    """Push once to a peer; name on stderr what failed; return None where another process is at it."""
    task = bar.add_task(feed.peer, total=None, messages=0, rate="")
    last = [PushSummary()]

    def tell(summary: PushSummary) -> None:
        last[0] = summary
        _show(bar, task, summary)

    health = run_job(place, _ToldJob(feed, tell=tell))
    bar.remove_task(task)
    if health is None:
        shown.complain(f"{feed.peer}: another listgate is feeding it now; skipped")
        return None
    if health.error:
        shown.complain(f"{feed.peer}: {health.error}")
    return health, last[0]


def _show(bar: Progress, task: TaskID, summary: PushSummary) -> None:
    settled = summary.settled
    rate = f"{settled / summary.seconds:.0f}/s" if summary.seconds else ""
    bar.update(task, completed=settled, total=settled + summary.lag, messages=settled, rate=rate)


def _check(parsed: argparse.Namespace) -> int:
    config = config_of(parsed)
    for option, number in (("cutoff", parsed.cutoff), ("max-octets", parsed.max_octets)):
        if number < 0:
            raise Refused(f"--{option} {number}: from 0, for no limit")
    with closing(existing(parsed)) as archive:
        with closing(peers_of(parsed)) as peers:
            (feed,) = feeds_of(peers, [parsed.peer])
        counts = _forecast(
            dry_run(
                archive,
                feed,
                config.host,
                now=int(time.time()),
                restricted=config.restricted,
                cutoff=parsed.cutoff * DAY or None,
                max_octets=parsed.max_octets or None,
            )
        )
    taken, passed_over = counts.pop(_TAKEN, 0), counts.pop(_PASSED_OVER, 0)
    for why, count in counts.most_common():
        shown.console().print(f"{count} refused: {why}", markup=False)
    refused = counts.total()
    shown.console().print(
        f"{taken + refused + passed_over} messages: {taken} taken, {refused} refused, {passed_over} not offered",
        markup=False,
    )
    return REFUSED if refused else DONE


_TAKEN: Final = "taken"
_PASSED_OVER: Final = "passed over"


def _forecast(forecasts: Iterable[Forecast]) -> Counter[str]:
    """Print what is not taken; return how many are, how many are passed over, and how many are refused by why."""
    counts: Counter[str] = Counter()
    for each in forecasts:
        if each.why is None:
            counts[_TAKEN] += 1
            continue
        counts[each.why if each.offered else _PASSED_OVER] += 1
        outcome = "refused" if each.offered else "not offered"
        message_id = each.message_id.decode("ascii", "replace")
        shown.console().print(
            shown.washed(f"{each.name} {each.number} {message_id}: {outcome}: {each.why}")
        )
    return counts
