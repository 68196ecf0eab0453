"""The dry run: what a feed's peer would refuse, told without a connection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.mirror.fed import Fed, PassedOver
from gateway.nntp.transit_rules import STOCK_CUTOFF, STOCK_OCTETS, refusal
from storage.errors import ArchiveUnavailable, NoSuchMessage

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from storage.archive import Archive
    from storage.model import Entry
    from storage.peers import Feed

__all__ = ["Forecast", "dry_run", "likely_reason"]


@dataclass(frozen=True, slots=True)
class Forecast:
    """What would become of a message; ``why`` says why the peer refuses it or, where it is not ``offered``, why that is.

    ``message_id`` is the one it is offered by.
    """

    name: str
    number: int
    message_id: bytes
    octets: int
    offered: bool
    why: str | None


def dry_run(
    archive: Archive,
    feed: Feed,
    host: bytes,
    *,
    now: int,
    restricted: Collection[str] = (),
    cutoff: int | None = STOCK_CUTOFF,
    max_octets: int | None = STOCK_OCTETS,
) -> Iterator[Forecast]:
    """Yield what would become of each message of a feed, if it were offered to a peer that has none of them.

    ``cutoff`` and ``max_octets`` are the peer's limits, by default those of INN as it is shipped; None for none. Which
    newsgroups it carries is not known here.

    Raises:
        Refused: the feed cannot be one.
    """
    fed = Fed(archive, feed, host, restricted)
    for record in fed.lists:
        for entry in fed.entries(record.name, 0):
            try:
                article = fed.article(record.name, entry, now)
            except (NoSuchMessage, ArchiveUnavailable):
                article = PassedOver("it cannot be read")
            if isinstance(article, PassedOver):
                yield _not_offered(record.name, entry, article.why)
                continue
            why = refusal(
                article.octets,
                now=now,
                cutoff=cutoff,
                max_octets=max_octets,
                offered=article.message_id,
            )
            octets = len(article.octets)
            yield Forecast(
                record.name, entry.number, article.message_id, octets, offered=True, why=why
            )


def _not_offered(name: str, entry: Entry, why: str) -> Forecast:
    return Forecast(name, entry.number, entry.message_id, 0, offered=False, why=why)


def likely_reason(fed: Fed, name: str, entry: Entry, now: int) -> str | None:
    """Return what INN as it is shipped has against a message, if it has something; where it cannot be told, None."""
    try:
        article = fed.article(name, entry, now)
    except (NoSuchMessage, ArchiveUnavailable):
        return None
    if isinstance(article, PassedOver):
        return None
    return refusal(article.octets, now=now, cutoff=STOCK_CUTOFF, max_octets=STOCK_OCTETS)
