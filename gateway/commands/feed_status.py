"""How feeds are, and what became of a push, for people and programs."""

from __future__ import annotations

import sys
import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway import shown
from gateway.commands.common import DONE, archive_directory, config_of, existing
from gateway.commands.nested import peers_of
from gateway.errors import Refused
from gateway.mirror.fed import Fed
from gateway.mirror.feeding import FeedJob
from gateway.mirror.ledger import Ledger
from gateway.mirror.schedule import shown_span
from gateway.mirror.status import as_json, as_metrics, state_of
from storage.sqlite.peers import SqlitePeers

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from rich.table import Table

    from gateway.mirror.push import PushSummary
    from gateway.mirror.status import State
    from storage.peers import Feed, Health, Refusal

__all__ = ["feeds_of", "lag_of", "result_table", "show_status"]


def feeds_of(peers: SqlitePeers, names: Sequence[str]) -> Sequence[Feed]:
    """Return the feeds to some peers, or all.

    Raises:
        Refused: one of them is not fed, or there are none at all.
    """
    feeds = peers.feeds()
    strangers = [name for name in names if all(each.peer != name for each in feeds)]
    if strangers:
        raise Refused(f"{', '.join(strangers)}: not fed; 'listgate feed status' shows who is")
    if not feeds:
        raise Refused("nothing is fed; 'listgate feed add --help' shows how")
    return [each for each in feeds if not names or each.peer in names]


def result_table(results: Sequence[tuple[Feed, Health, PushSummary]]) -> Table:
    """Return what became of each push.

    ``known`` had the peer, ``refused`` it will never take, ``later`` it wants another time; ``passed over`` were not
    offered, since the peer had them before us or another list offers them. ``lag`` is what has no verdict.
    """
    columns = ("sent", "known", "refused", "later", "passed over", "octets", "seconds", "rate")
    table = shown.new_table("peer", right=(*columns, "lag"))
    for feed, _, each in results:
        counts = (each.accepted, each.known, each.refused, each.deferred, each.passed_over)
        rate = each.settled / each.seconds if each.seconds else 0
        figures = (str(each.octets), f"{each.seconds:.1f}", f"{rate:.0f}/s", str(each.lag))
        table.add_row(feed.peer, *map(str, counts), *figures)
    return table


@dataclass(frozen=True, slots=True)
class _Row:
    """A feed as it is: ``lag`` counts the messages that the peer has no verdict on now."""

    feed: Feed
    state: State
    lag: int
    refusals: Sequence[Refusal]


def show_status(parsed: argparse.Namespace) -> int:
    """Run ``feed status``."""
    config = config_of(parsed)
    directory = archive_directory(parsed, config)
    now = time.time()
    with closing(existing(parsed)) as archive, closing(peers_of(parsed)) as peers:
        feeds = peers.feeds() if parsed.peer is None else feeds_of(peers, [parsed.peer])
        rows = [
            _Row(
                each,
                state_of(directory, FeedJob(each), peers, now),
                lag_of(Fed(archive, each, b"", config.restricted), peers, each),
                peers.refusals(each.peer),
            )
            for each in feeds
        ]
    states = [row.state for row in rows]
    if parsed.format == "json":
        sys.stdout.write(as_json(states) + "\n")
    elif parsed.format == "prometheus":
        sys.stdout.write(as_metrics(states))
    elif not states:
        shown.console().print("nothing is fed; 'listgate feed add --help' shows how")
    else:
        shown.console().print(_state_table(rows, now))
        for row in rows:
            _tell_of(row, with_refusals=parsed.peer is not None)
    return DONE


def _tell_of(row: _Row, *, with_refusals: bool) -> None:
    """Print what is wrong with a feed."""
    if row.state.health.error:
        shown.console().print(shown.washed(f"{row.feed.peer}: {row.state.health.error}"))
    for each in row.refusals if with_refusals else ():
        message_id = each.message_id.decode("ascii", "replace")
        shown.console().print(
            shown.washed(f"{each.name} {each.number} {message_id}: {each.response}")
        )


def lag_of(fed: Fed, peers: SqlitePeers, feed: Feed) -> int:
    """Return how many messages a feed's peer has no verdict on."""
    return sum(Ledger(peers, feed, record).lag for record in fed.lists)


def _state_table(rows: Sequence[_Row], now: float) -> Table:
    """Return how the feeds are, one a line."""
    table = shown.new_table(
        "peer",
        right=("sent", "refused", "rate", "lag", "last success", "next run"),
        left=("state", "lists", "url"),
    )
    for row in rows:
        health = row.state.health
        table.add_row(
            row.feed.peer,
            str(health.total),
            str(len(row.refusals)),
            f"{row.state.rate:.0f}/s" if row.state.rate else "",
            str(row.lag),
            f"{shown_span(now - health.succeeded)} ago" if health.succeeded else "never",
            f"in {shown_span(health.due - now)}" if health.due > now else "due",
            row.state.state,
            shown.washed(row.feed.lists),
            shown.washed(row.state.url),
        )
    return table
