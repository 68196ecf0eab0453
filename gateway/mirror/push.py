"""Pushing: a feed's messages are offered to its peer, and the peer's verdicts kept.

Over a streaming connection (RFC 4644) offers and articles go out in one stream with many on their way, so that the
distance to the peer does not matter; where the peer does not stream, one article after the other is offered by IHAVE
(RFC 3977 s. 6.3.2). What the peer wants later is offered again at the end of the run, some times, and then in the next.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Protocol

from gateway.mirror.connection import Connection
from gateway.mirror.failures import failed
from gateway.mirror.fed import Fed, PassedOver
from gateway.mirror.forecast import likely_reason
from gateway.mirror.ledger import MAX_REFUSED, Ledger
from gateway.mirror.nntp_client import Request
from gateway.mirror.url import parse_url
from gateway.mirror.verdicts import CHECK, IHAVE, REMEDIES, TAKETHIS, Verdict, verdict_of
from storage.errors import ArchiveUnavailable, NoSuchMessage

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from gateway.mirror.ledger import Cursors
    from gateway.mirror.nntp_client import Response
    from gateway.nntp.transit import Article
    from storage.archive import Archive
    from storage.errors import SourceError
    from storage.model import Entry
    from storage.peers import Feed

__all__ = ["DEFAULT_WINDOW", "PushSummary", "push"]

DEFAULT_WINDOW: Final = 200
"""Requests on their way at once: 400 articles a round trip at most, where every one is wanted."""

MAX_FLYING: Final = 4 * 1024 * 1024
"""Octets of articles on their way beyond which no further one is sent: large ones are not heaped up in memory."""

KEPT_OCTETS: Final = 64 * 1024
"""The largest article kept from its offer until the peer wants it; a larger one is made again."""

MAX_KEPT: Final = 16 * 1024 * 1024
"""Octets of all articles kept so at most: with a wide window only small ones are."""

MAX_TRIES: Final = 3
"""How often a message is offered in one run that the peer wants later."""

RETRY_SECONDS: Final = 5.0
"""How long to wait before what the peer wants later is offered again."""

MAX_DEFERRED: Final = 10_000
"""So many messages that the peer wants later, and it wants nothing at all: the run is over."""

GENTLE: Final = 4
"""Offers on their way as long as the peer has taken nothing of a list: what it refuses it may never take again."""

MAX_UNREADABLE: Final = 10
"""Damaged messages that are passed over; where there are more, it is not them that are damaged."""

SAVE_SECONDS: Final = 1.0
"""How often the cursors are written: what a ``kill -9`` makes the peer be asked about again."""

_STREAMING: Final = 203
_UNKNOWN: Final = 500

log = logging.getLogger(__name__)


@dataclass(slots=True)
class PushSummary:
    """What became of the messages of a run so far.

    ``accepted`` took the peer, ``known`` it had, ``refused`` it will never take, ``deferred`` it wants later;
    ``passed_over`` were not offered, because it had them before us or another list offers them. ``octets`` are those of
    the articles it took. ``lag`` is how many messages have no verdict yet. ``left_alone`` are the lists that the peer
    refuses all of.
    """

    accepted: int = 0
    known: int = 0
    refused: int = 0
    deferred: int = 0
    passed_over: int = 0
    octets: int = 0
    seconds: float = 0.0
    lag: int = 0
    left_alone: list[str] = field(default_factory=list)

    @property
    def settled(self) -> int:
        """How many messages have a verdict now."""
        return self.accepted + self.known + self.refused + self.passed_over


class Connected(Protocol):
    """A connection, as ``gateway.mirror.connection.Connection``."""

    def ask(self, command: bytes, /) -> Response: ...

    def run(self, requests: Iterable[Request | None], window: int, /) -> Iterator[Response]: ...


class Connect(Protocol):
    """Connects to the server that a URL names."""

    def __call__(self, url: str, /, *, reader: bool) -> AbstractContextManager[Connected]: ...


@dataclass(frozen=True, slots=True)
class _Offer:
    """A message on offer; ``article`` is kept unless it is large."""

    ledger: Ledger
    entry: Entry
    message_id: bytes
    article: Article | None


@dataclass(frozen=True, slots=True)
class _Flight:
    """A request on its way, with the octets of the article in it."""

    command: bytes
    offer: _Offer
    octets: int = 0


def push(
    archive: Archive,
    peers: Cursors,
    feed: Feed,
    host: bytes,
    *,
    restricted: Collection[str] = (),
    by_hand: bool = False,
    progress: Callable[[PushSummary], None] | None = None,
    connect: Connect = Connection,
    clock: Callable[[], float] = time.time,
    pause: Callable[[float], None] = time.sleep,
) -> PushSummary:
    """Offer a peer what it has no verdict on yet; return what became of it.

    ``host`` is our path identity; ``restricted`` are the lists that not everybody may read. A list that the peer refused
    all of lately is left alone, unless the run is ``by_hand``. ``progress`` is called from time to time; what it raises
    ends the run. Whatever ends it, the verdicts that are in are kept.

    Raises:
        Refused: the feed cannot be one.
        SourceError: the peer cannot be reached, takes no articles, or goes away.
        ArchiveUnavailable: the archive or the peers' file cannot be used.
    """
    fed = Fed(archive, feed, host, restricted)
    ledgers = [Ledger(peers, feed, record) for record in fed.lists]
    now = clock()
    due = [ledger for ledger in ledgers if by_hand or ledger.rests_until <= now]
    total = sum(ledger.lag for ledger in ledgers)
    run = _Run(fed, due, feed, progress or _nobody, clock, total=total)
    if not any(ledger.lag for ledger in due):
        run.keep(always=True)
        return run.summary
    try:
        with connect(feed.url, reader=False) as connection:
            run.offer_all(connection, pause)
    finally:
        run.keep(always=True)
    return run.summary


def _nobody(summary: PushSummary) -> None:
    """Tell nobody."""


class _Run:
    """One run: what is offered, on its way, and put off."""

    def __init__(
        self,
        fed: Fed,
        ledgers: Sequence[Ledger],
        feed: Feed,
        progress: Callable[[PushSummary], None],
        clock: Callable[[], float],
        *,
        total: int,
    ) -> None:
        self._fed = fed
        self._ledgers = ledgers
        self._feed = feed
        self._url = parse_url(feed.url)
        self._window = feed.window or DEFAULT_WINDOW
        self._progress = progress
        self._clock = clock
        self._began = self._saved = clock()
        self._total = total
        self._wanted: deque[_Offer] = deque()
        self._flying: deque[_Flight] = deque()
        self._flying_octets = 0
        self._deferred: list[_Offer] = []
        self._current: Ledger | None = None
        self._unreadable = 0
        self.summary = PushSummary(lag=self._total)

    def offer_all(self, connection: Connected, pause: Callable[[float], None]) -> None:
        """Offer everything, and what was put off again.

        Raises:
            SourceError: the peer goes away.
        """
        mode = connection.ask(b"MODE STREAM")
        if mode.code in REMEDIES and mode.code != _UNKNOWN:
            raise self._failed(mode)
        streams = mode.code == _STREAMING
        offers: Iterator[_Offer] = self._offers()
        tries = 1
        while True:
            requests = self._stream(offers) if streams else self._one_by_one(offers)
            for response in connection.run(requests, self._window):
                self._take(response)
            if not self._deferred or tries == MAX_TRIES:
                return
            pause(RETRY_SECONDS * tries)
            tries += 1
            offers = self._offers_again(self._deferred)
            self._deferred, self.summary.deferred = [], 0

    def keep(self, *, always: bool = False) -> None:
        """Keep the verdicts from time to time, and tell how it goes."""
        now = self._clock()
        if not always and now - self._saved < SAVE_SECONDS:
            return
        self._saved = now
        for ledger in self._ledgers:
            ledger.keep()
        self.summary.seconds = now - self._began
        self.summary.lag = self._total - self.summary.settled
        self._progress(self.summary)

    def _offers(self) -> Iterator[_Offer]:
        """Yield what is to be offered, list by list."""
        for ledger in self._ledgers:
            self._current = ledger
            for entry in self._fed.entries(ledger.record.name, ledger.number):
                if ledger.refused_in_a_row >= MAX_REFUSED:
                    self.summary.left_alone.append(ledger.record.name)
                    break
                ledger.begin(entry.number)
                offer = self._offer(ledger, entry)
                if offer is None:
                    self.keep()
                else:
                    yield offer
            else:
                ledger.complete()

    def _offers_again(self, deferred: Iterable[_Offer]) -> Iterator[_Offer]:
        """Yield what was put off, where it is still there."""
        for each in deferred:
            offer = self._offer(each.ledger, each.entry)
            if offer is not None:
                yield offer

    def _offer(self, ledger: Ledger, entry: Entry) -> _Offer | None:
        """Return a message as it is offered; None where it is not, and needs no verdict."""
        article = self._made(ledger, entry)
        if isinstance(article, PassedOver):
            return None
        most = min(KEPT_OCTETS, MAX_KEPT // self._window)
        kept = article if len(article.octets) <= most else None
        return _Offer(ledger, entry, article.message_id, kept)

    def _made(self, ledger: Ledger, entry: Entry) -> Article | PassedOver:
        """Make the article of a message; where it is not offered, that settles it.

        Raises:
            ArchiveUnavailable: too much is damaged.
        """
        try:
            article = self._fed.article(ledger.record.name, entry, int(self._clock()))
        except NoSuchMessage:
            article = PassedOver("it was removed")
        except ArchiveUnavailable as error:
            self._unreadable += 1
            if self._unreadable > MAX_UNREADABLE:
                raise
            log.warning("%s: not sent to %s", error, self._feed.peer)
            article = PassedOver("it is damaged")
        if isinstance(article, PassedOver):
            self.summary.passed_over += 1
            ledger.settle(entry.number)
        return article

    def _stream(self, offers: Iterator[_Offer]) -> Iterator[Request | None]:
        """Yield offers, but before further ones the articles that the peer wants. RFC 4644 s. 2.4, 2.5."""
        while True:
            if self._wanted and self._flying_octets < MAX_FLYING:
                request = self._sent(TAKETHIS, self._wanted.popleft())
                if request is None:
                    continue
            elif self._may_offer() and (offer := next(offers, None)) is not None:
                self._flying.append(_Flight(CHECK, offer))
                request = Request(b"CHECK " + offer.message_id)
            elif self._flying:
                request = None
            else:
                return
            yield request

    def _one_by_one(self, offers: Iterator[_Offer]) -> Iterator[Request | None]:
        """Yield offers that the articles follow. RFC 3977 s. 6.3.2."""
        for offer in offers:
            request = self._sent(IHAVE, offer)
            if request is not None:
                yield request

    def _may_offer(self) -> bool:
        """Tell whether more is to be offered now: nothing is while articles wait, little while nothing is taken."""
        is_trusted = self._current is not None and self._current.is_trusted
        return not self._wanted and (is_trusted or len(self._flying) < GENTLE)

    def _sent(self, command: bytes, offer: _Offer) -> Request | None:
        """Return the request with an article; None where the message went away since it was offered."""
        article: Article | PassedOver | None = offer.article
        if article is None:
            article = self._made(offer.ledger, offer.entry)
        if isinstance(article, PassedOver):
            return None
        self._flying.append(_Flight(command, offer, len(article.octets)))
        self._flying_octets += len(article.octets)
        return Request(b"%b %b" % (command, offer.message_id), article.octets)

    def _take(self, response: Response) -> None:
        """Take in what the peer says to the request that was sent first.

        Raises:
            SourceError: it is no answer to that.
        """
        flight = self._flying.popleft()
        self._flying_octets -= flight.octets
        offer = flight.offer
        verdict = verdict_of(flight.command, offer.message_id, response)
        if verdict is None:
            raise self._failed(response)
        if verdict is Verdict.WANTED:
            self._wanted.append(offer)
        elif verdict is Verdict.LATER:
            self._defer(offer, response)
        else:
            self._settle(flight, verdict, response)
        self.keep()

    def _settle(self, flight: _Flight, verdict: Verdict, response: Response) -> None:
        offer = flight.offer
        if verdict is Verdict.REFUSED:
            self._refuse(offer, response)
            return
        if verdict is Verdict.TAKEN:
            self.summary.accepted += 1
            self.summary.octets += flight.octets
        else:
            self.summary.known += 1
        offer.ledger.accept(offer.entry.number)

    def _refuse(self, offer: _Offer, response: Response) -> None:
        """Keep and log what the peer refused, with what may be the reason: INN gives none."""
        ledger, number, now = offer.ledger, offer.entry.number, int(self._clock())
        ledger.refuse(number, offer.message_id, response.shown, now)
        self.summary.refused += 1
        shown = offer.message_id.decode("ascii", "replace")
        why = likely_reason(self._fed, ledger.record.name, offer.entry, now)
        log.warning(
            "%s: %s %d %s refused: %s%s",
            *(self._feed.peer, ledger.record.name, number, shown, response.shown),
            f" (perhaps: {why})" if why else "",
        )

    def _defer(self, offer: _Offer, response: Response) -> None:
        """Put an offer off.

        Raises:
            SourceError: the peer puts everything off.
        """
        if len(self._deferred) >= MAX_DEFERRED:
            raise self._failed(response)
        self._deferred.append(replace(offer, article=None))
        self.summary.deferred = len(self._deferred)

    def _failed(self, response: Response) -> SourceError:
        remedy = REMEDIES.get(response.code, "run it again; if it stays, ask who runs it")
        return failed(self._url, f"the peer says {response.shown}", remedy)
