"""What a feed is about: the lists it takes in, and the articles that their messages are to a peer.

A message that lies in several of a feed's lists is one article, in all of their newsgroups. It is offered where it lies
in the list that comes first by name, and passed over in the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from gateway.access import EVERY_LIST
from gateway.errors import Refused
from gateway.mirror.url import parse_url
from gateway.nntp.responses import NntpError
from gateway.nntp.transit import Article, stored_path, transit
from gateway.nntp.wildmat import newsgroup_wildmat

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Coroutine, Iterator, Sequence

    from storage.archive import Archive
    from storage.model import Entry, MailingList, Served
    from storage.peers import Feed

__all__ = ["Fed", "PassedOver", "check_feed", "stepped", "stepped_through"]

T = TypeVar("T")

_SCHEMES: Final = ("nntp", "nntps")
MAX_GROUP: Final = 460
"""Octets of a newsgroup's name: it has to fit into a command of 512 with the rest (RFC 3977 s. 3.1)."""


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A message that is not offered, and why."""

    why: str


class Fed:
    """A feed's lists in an archive; ``host`` is our path identity.

    ``restricted`` are the lists that not everybody may read, or ``EVERY_LIST``: a pattern does not take them in, only
    their names do; ``left_out`` names those that are not in the feed for that reason.
    """

    def __init__(
        self, archive: Archive, feed: Feed, host: bytes, restricted: Collection[str] = ()
    ) -> None:
        """Take what ``check_feed`` has nothing against.

        Raises:
            Refused: as ``check_feed``.
        """
        check_feed(feed)
        self._archive = archive
        self._feed = feed
        self._host = host
        matches = newsgroup_wildmat(feed.lists.encode())
        named = feed.lists.split(",")
        closed = {name.casefold() for name in restricted}
        meant = [each for each in archive.lists() if matches(each.name)]
        self.lists: Sequence[MailingList] = [
            each
            for each in meant
            if each.name in named or closed.isdisjoint((EVERY_LIST, each.name.casefold()))
        ]
        self.left_out = [each.name for each in meant if each not in self.lists]
        self._names = {each.name for each in self.lists}
        peer = feed.path or parse_url(feed.url).host
        self._peer = peer.lower().encode()

    def entries(self, name: str, after: int) -> Iterator[Entry]:
        """Yield what is known of a list's messages behind a number, ascending."""
        record = self._archive.mailing_list(name)
        for batch in stepped_through(self._archive.entries(name, after + 1, record.high)):
            yield from batch

    def article(self, name: str, entry: Entry, now: int) -> Article | PassedOver:
        """Return the article that a message is to the peer, or why it is not offered.

        Raises:
            NoSuchMessage: it was removed.
            ArchiveUnavailable: it cannot be read.
        """
        served = stepped(self._archive.served(name, entry.number))
        names = sorted({place.name for place in served.elsewhere} & self._names | {name})
        if names[0] != name:
            return PassedOver(f"offered as a message of {names[0]}")
        if self._peer in stored_path(served):
            return PassedOver("it came through the peer")
        return self._transit(served, names, entry, now)

    def _transit(self, served: Served, names: Sequence[str], entry: Entry, now: int) -> Article:
        groups = self._feed.groups
        return transit(
            served,
            host=self._host,
            groups=list(dict.fromkeys(groups.get(each, each).encode() for each in names)),
            dated=entry.received if entry.sent is None else entry.sent,
            now=now,
            injection_date=self._feed.injection_date,
        )


def check_feed(feed: Feed) -> None:
    """Check that a feed can be one.

    Raises:
        Refused: its URL is not a news server's, its pattern is none, or a newsgroup's name is none.
        SourceError: its URL is none.
    """
    url = parse_url(feed.url)
    if url.scheme not in _SCHEMES:
        raise Refused(
            f"{feed.peer}: articles go to news servers: write nntp://host or nntps://host"
        )
    if url.path:
        raise Refused(
            f"{feed.peer}: {url.shown} names a newsgroup: leave that out; --lists and --group say what goes where"
        )
    try:
        newsgroup_wildmat(feed.lists.encode())
    except (NntpError, UnicodeEncodeError):
        raise Refused(
            f"{feed.peer}: --lists {feed.lists!r} is no pattern: write names, '*' and '?', joined by commas, "
            "with '!' before those that are left out"
        ) from None
    for group in feed.groups.values():
        is_name = group.isascii() and group.isprintable() and not set(group) & set(" ,:")
        if not is_name or not 0 < len(group) <= MAX_GROUP:
            raise Refused(f"{feed.peer}: {group!r} cannot name a newsgroup")


def stepped(coroutine: Coroutine[object, object, T]) -> T:
    """Return what a coroutine of an embedded archive returns: those never suspend."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    coroutine.close()
    raise RuntimeError("a remote archive cannot be fed from here")


def stepped_through(iterator: AsyncIterator[T]) -> Iterator[T]:
    """Yield what an asynchronous iterator of an embedded archive yields."""
    while True:
        try:
            yield stepped(iterator.__anext__())  # type: ignore[arg-type]  # an awaitable that is a coroutine
        except StopAsyncIteration:
            return
