"""Taking articles from peers: whether an offered one is wanted, where it belongs, and what becomes of it. RFC 5537 s. 3.6."""

from __future__ import annotations

import enum
import logging
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gateway.acceptance import Outcome
from gateway.nntp.transit_rules import is_transit_id, newsgroups, path_identities, refusal
from storage.errors import ArchiveUnavailable, BadListName, NoSuchList, NoSuchMessage
from storage.message.fields import parse_header
from storage.model import Fidelity, check_list_name

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

    from gateway.acceptance import Acceptor
    from gateway.peers import Grant, Peers
    from storage.archive import Archive
    from storage.message.fields import Header

__all__ = ["Article", "Fate", "NotNow", "NotTaken", "Sink", "Wish"]

MAX_HEADER: Final = 128 << 10
"""How many octets an article's header may have: to judge it takes time that grows with them."""

MAX_NEWSGROUPS: Final = 100
"""In how many newsgroups an article may be."""

BUSY_OCTETS: Final = 32 << 20
"""How much may wait to be stored before nothing more is asked for."""

DUPLICATE: Final = "duplicate"
"""Why an article is refused that is here."""

RECENT: Final = 4096
"""How many articles are remembered that were stored last: the archive's catalogue may not know them yet."""

log = logging.getLogger(__name__)


class Wish(enum.Enum):
    """What we say to an offer."""

    SEND = enum.auto()
    KNOWN = enum.auto()
    LATER = enum.auto()


class Fate(enum.Enum):
    """What became of an article."""

    TAKEN = enum.auto()
    KNOWN = enum.auto()
    """It came another way meanwhile."""
    REFUSED = enum.auto()
    """It will never be stored: an operator removed it before."""
    LATER = enum.auto()
    """It could not be stored now; nothing of it was."""


class NotNow(Exception):
    """An article cannot be judged now: it may come again."""


class NotTaken(Exception):
    """An article will never be taken; the text is why, in fixed wording."""


@dataclass(frozen=True, slots=True)
class Article:
    """An article that may be stored: in which lists, and its octets. With ``improves`` one has a poorer copy."""

    message_id: bytes
    names: Sequence[str]
    raw: bytes
    improves: bool


class Sink:
    """Takes articles, for all sessions of a server; ``identity`` is its name in Path."""

    def __init__(
        self,
        archive: Archive,
        peers: Peers,
        acceptor: Acceptor,
        identity: bytes,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.peers = peers
        self._archive = archive
        self._acceptor = acceptor
        self._identity = identity
        self._clock = clock
        self._in_flight: dict[bytes, Awaitable[Mapping[str, Outcome]]] = {}
        self._recent: dict[bytes, frozenset[str]] = {}  # in which lists what was stored last is
        self._told: set[str] = set()  # of which peers it was said that their Path begins otherwise

    @property
    def is_busy(self) -> bool:
        """Whether so much waits to be stored that more should not be asked for."""
        return self._acceptor.pending() >= BUSY_OCTETS

    async def wish(self, grant: Grant, message_id: bytes) -> Wish:
        """Return what to say to an offer: by what the peer may feed only, so that nothing tells of other lists."""
        try:
            if not is_transit_id(message_id) or await self._has_whole_copy(grant, message_id):
                return Wish.KNOWN
        except NotNow:
            return Wish.LATER
        return Wish.LATER if message_id in self._in_flight or self.is_busy else Wish.SEND

    async def examine(self, grant: Grant, offered: bytes, octets: bytes | None) -> Article:
        """Return the article, ready to be stored, that a peer sent; ``octets`` is None where it was too long.

        Raises:
            NotTaken: it is none that can be stored.
            NotNow: the archive cannot be read.
        """
        if octets is None:
            raise NotTaken(f"larger than the {grant.max_article} octets that are taken")
        if len(octets) > MAX_HEADER and octets.find(b"\r\n\r\n", 0, MAX_HEADER) < 0:
            raise NotTaken(f"a header larger than the {MAX_HEADER} octets that are taken")
        why = refusal(octets, now=self._clock(), identity=self._identity, offered=offered)
        if why is not None:
            raise NotTaken(why)
        header = parse_header(octets)
        self._look_at_path(grant, header)
        names = self._lists(grant, newsgroups(header.first(b"newsgroups") or b""))
        copies = await self._copies(grant, offered)
        wanting = [name for name in names if copies.get(name) is not Fidelity.FULL]
        if not wanting:
            raise NotTaken(DUPLICATE)
        improves = any(name in copies for name in wanting)
        return Article(offered, wanting, _without_xref(octets, header), improves)

    async def store(self, article: Article) -> Fate:
        """Have an article stored; return what became of it when that is certain.

        While another with its id is being stored, it waits: that may be another text, and the first one has the id.
        """
        message_id = article.message_id
        while (other := self._in_flight.get(message_id)) is not None:
            await other
        recent = self._recent.get(message_id, ())
        names = [name for name in article.names if name not in recent]
        if not names:
            return Fate.KNOWN
        try:
            self._in_flight[message_id] = self._acceptor.accept(names, article.raw)
            outcomes = await self._in_flight[message_id]
        except Exception:  # the peer gets an answer, whatever goes wrong here
            log.exception("an article could not be handed on")
            return Fate.LATER
        finally:
            self._in_flight.pop(message_id, None)
        self._remember(message_id, outcomes)
        return _fate(outcomes.values(), improves=article.improves)

    def _remember(self, message_id: bytes, outcomes: Mapping[str, Outcome]) -> None:
        here = {name for name, outcome in outcomes.items() if outcome in _HERE}
        if here:
            before = self._recent.pop(message_id, frozenset())
            self._recent[message_id] = before | here
            if len(self._recent) > RECENT:
                del self._recent[next(iter(self._recent))]

    async def _has_whole_copy(self, grant: Grant, message_id: bytes) -> bool:
        copies = await self._copies(grant, message_id)
        return any(fidelity is Fidelity.FULL for fidelity in copies.values())

    async def _copies(self, grant: Grant, message_id: bytes) -> dict[str, Fidelity]:
        """Return how good the copies are that lists have which the peer may feed.

        Raises:
            NotNow: the archive cannot be read.
        """
        recent = self._recent.get(message_id, ())
        copies = {name: Fidelity.FULL for name in recent if grant.may_feed(name)}
        try:
            for place in await self._archive.find(message_id):
                if place.name not in copies and grant.may_feed(place.name):
                    with suppress(NoSuchMessage):  # removed a moment ago
                        entry = await self._archive.entry(place.name, place.number)
                        copies[place.name] = entry.fidelity
        except ArchiveUnavailable as error:
            log.warning("articles cannot be taken now: %s", error)
            raise NotNow from None
        return copies

    def _lists(self, grant: Grant, groups: Sequence[bytes]) -> Sequence[str]:
        """Return the lists that an article with these newsgroups belongs in.

        Raises:
            NotTaken: there is none that the peer may feed.
        """
        if len(groups) > MAX_NEWSGROUPS:
            raise NotTaken(f"in more than {MAX_NEWSGROUPS} newsgroups")
        found = (self._list(grant, group.decode("utf-8", "replace")) for group in groups)
        names = list(dict.fromkeys(name for name in found if name is not None))
        if not names:
            raise NotTaken("no such newsgroup here")
        return names

    def _list(self, grant: Grant, group: str) -> str | None:
        """Return the list that a newsgroup is for the peer, or None."""
        if group in grant.groups:
            return grant.groups[group]
        if not grant.fits(group):
            return None
        try:
            return self._archive.mailing_list(group).name
        except NoSuchList:
            return group if grant.create and _can_be_a_list(group) else None

    def _look_at_path(self, grant: Grant, header: Header) -> None:
        """Say once where a peer's Path does not begin with its name: loops are prevented by that. RFC 5537 s. 3.2.1."""
        if not grant.path or grant.name in self._told:
            return
        identities = path_identities(header.first(b"path") or b"")
        if identities[:1] != [grant.path.lower().encode()]:
            self._told.add(grant.name)
            log.warning(
                "peer %s: its articles' Path does not begin with %s: see peers.%s.path",
                grant.name,
                grant.path,
                grant.name,
            )


_HERE: Final = (Outcome.ADDED, Outcome.KNOWN)


def _fate(outcomes: Collection[Outcome], *, improves: bool) -> Fate:
    if Outcome.UNAVAILABLE in outcomes:
        return Fate.LATER
    if Outcome.ADDED in outcomes or (improves and Outcome.KNOWN in outcomes):
        return Fate.TAKEN
    return Fate.KNOWN if Outcome.KNOWN in outcomes else Fate.REFUSED


def _can_be_a_list(group: str) -> bool:
    try:
        check_list_name(group)
    except BadListName:
        return False
    return True


def _without_xref(octets: bytes, header: Header) -> bytes:
    """Return an article without the numbers it had on the peer. RFC 5537 s. 3.2.2."""
    if b"xref" not in header.names:
        return octets
    pieces, at = [], 0
    for field in header.fields:
        if field.name.lower() == b"xref":
            pieces.append(octets[at : field.start])
            at = field.end
    return b"".join([*pieces, octets[at:]])
