"""The web archive as HTTP sees it: limits, what is kept, and each answer made once for all who wait. RFC 9110, RFC 9111."""

from __future__ import annotations

import logging
import math
import time
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from gateway.access import ANONYMOUS
from gateway.web.answering import Answering
from gateway.web.answers import Answer
from gateway.web.askers import Askers
from gateway.web.begun import close
from gateway.web.codings import accepts_gzip
from gateway.web.config import WebConfig
from gateway.web.kept import KeptAnswers, Key
from gateway.web.limits import Buckets, network
from gateway.web.logins import CHALLENGE
from gateway.web.responses import PUBLIC, Response, Sharing, Whole, field_lines, streamed

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.internet.base import ReactorBase

    from gateway.access import Access, Policy, Reader
    from gateway.connections import Peer
    from gateway.web.askers import Asker
    from gateway.web.asks import Ask
    from gateway.web.logins import Logins
    from gateway.web.requests import Request
    from gateway.web.session import Talk
    from gateway.web.settings import Settings
    from storage.archive import Archive

__all__ = ["Site"]

_TURN_SECONDS: Final = 0.01
"""How long one answer may be made before others get their turn."""

_SECONDS_A_REQUEST: Final = 0.01
"""As long as this may an answer take to be made for the price of one request."""

_STREAM_COST: Final = 10
"""What an answer in pieces costs besides, in requests."""

_MOST_COST: Final = 40

_FAILED_LOGIN_COST: Final = 20

_NOBODY: Final = "This archive is not for the public."
_IN_CLEAR: Final = "A password is taken by https only."

_BULK: Final = (
    "Too many requests came from your network just now. To read much at once, take the mboxes "
    "of threads and months, or read by NNTP or IMAP: they are there for it."
)

log = logging.getLogger(__name__)


class Site:
    """Answers what is asked of the web archive: ``gateway.web.session.Responder``.

    ``tell`` is told of every request that has been answered.
    """

    def __init__(
        self,
        archive: Archive,
        settings: Settings,
        policy: Policy,
        reactor: ReactorBase,
        config: WebConfig | None = None,
        *,
        logins: Logins | None = None,
        login_needs_tls: bool = False,
        tell: Callable[[Talk], None] | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._archive = archive
        self._policy = policy
        self._reactor = reactor
        self._tell = tell
        self._now = now
        self._making: dict[Key, list[Deferred[Whole | Answer | None]]] = {}
        self._has_warned = False
        self.hits = 0
        """How many requests were answered from what is kept."""
        self.replace(settings, config or WebConfig(), logins, login_needs_tls=login_needs_tls)

    def replace(
        self,
        settings: Settings,
        config: WebConfig,
        logins: Logins | None = None,
        *,
        login_needs_tls: bool = False,
    ) -> None:
        """Answer by these settings from now on; without ``logins`` nobody can log in."""
        self._logins = logins
        self._login_needs_tls = login_needs_tls
        self._settings = settings
        self._answering = Answering(self._archive, settings)
        self._login = f"{settings.root}/login".encode()
        self.kept = KeptAnswers(self._archive, config.kept_octets)
        self._askers = Askers(config.trusted_proxies, config.proxy_field)
        rate = config.requests_per_second
        self._buckets = Buckets(rate, max(config.burst, 1)) if rate else None
        self._refusals: dict[tuple[int, str], Response] = {}

    # What a session calls

    def seconds(self) -> float:
        """Return the time."""
        return self._now()

    async def respond(self, request: Request, peer: Peer, talk: Talk) -> Response:
        """Return the response to a request; raises nothing."""
        asker = self._askers.of(peer.address, request.fields, secure=peer.secure)
        talk.address = asker.address
        refused = self._refused(request, peer, asker)
        if refused is not None:
            return refused
        reader = await self._reader(request, asker)
        if isinstance(reader, Response):
            return reader
        talk.user = reader.user
        origin = self._settings.origin or _origin(request.authority, secure=asker.secure)
        key = Key(request.target, origin, self._policy.access(reader))
        whole = self.kept.get(key, self._reactor.seconds())
        if whole is not None:
            self.hits += 1
            return await self._negotiated(whole, request)
        made = await self._made(key, asker)
        if isinstance(made, Whole):
            return await self._negotiated(made, request)
        self._charge(asker, _STREAM_COST)
        response = streamed(made, request.fields, self._sharing(key.access))
        if response.body is not made.body:
            await close(made.body)
        return response

    def refusal(self, status: int, text: str) -> Response:
        """Return the response to what cannot be answered."""
        known = self._refusals.get((status, text))
        if known is None:
            access = self._policy.access(ANONYMOUS)
            answer = self._answering.refusal(status, text, access, self._settings.origin)
            assert isinstance(answer.body, bytes)
            whole = Whole(answer, answer.body)
            known = whole.response({}, is_coded=False)
            assert known is not None
            self._refusals[status, text] = known
        return known

    def ended(self, talk: Talk) -> None:
        """Take note of a request that has been answered, or given up."""
        if self._tell is not None:
            self._tell(talk)

    async def answer(self, ask: Ask, access: Access | None = None) -> Answer:
        """Return the answer to what is asked for, whatever it is, by anybody if nobody is named."""
        breathe = _Turn(self._reactor).breathe
        access = access or self._policy.access(ANONYMOUS)
        return await self._answering.answer(ask, access, breathe, int(self._now()))

    # Limits

    def _refused(self, request: Request, peer: Peer, asker: Asker) -> Response | None:
        """Return the response to a request that is not even looked at."""
        if self._buckets is not None:
            name = network(asker.address)
            wait = self._buckets.wait(name, self._reactor.seconds()) if name else 0.0
            if wait or not name:
                self._warn_of_proxy(request, peer, asker)
            if wait:
                return self._refusal(429, _BULK, "Retry-After", str(math.ceil(wait)))
        if request.method not in {b"GET", b"HEAD"}:
            return self._refusal(405, "This can be read only.", "Allow", "GET, HEAD")
        if request.has_content:
            return self.refusal(413, "A request to read brings no content.")
        return None

    def _warn_of_proxy(self, request: Request, peer: Peer, asker: Asker) -> None:
        """Say once that what may be a proxy asks for too much, or is free: its clients share what one may have."""
        is_for_others = b"x-forwarded-for" in request.fields or b"forwarded" in request.fields
        if is_for_others and asker.address == peer.address and not self._has_warned:
            self._has_warned = True
            log.warning(
                "requests of others come from %s, and are limited as one or not at all; "
                "if that is your proxy, name it in trusted_proxies of [web]",
                asker.address or "a local socket",
            )

    def _refusal(self, status: int, text: str, name: str, value: str) -> Response:
        known = self.refusal(status, text)
        return known._replace(fields=known.fields + field_lines([(name, value)]))

    def _charge(self, asker: Asker, cost: float) -> None:
        """Have a network pay for what it cost to answer it."""
        name = network(asker.address)
        if self._buckets is not None and name:
            self._buckets.charge(name, min(cost, _MOST_COST), self._reactor.seconds())

    # Logins

    async def _reader(self, request: Request, asker: Asker) -> Reader | Response:
        """Return who asks, or the response that refuses them."""
        field = request.fields.get(b"authorization")
        is_needed = self._policy.access(ANONYMOUS).login_needed
        if self._logins is None:
            return self.refusal(403, _NOBODY) if is_needed else ANONYMOUS
        if field is None:
            is_asked = is_needed or request.target == self._login
            return self._challenge(asker) if is_asked else ANONYMOUS
        if self._login_needs_tls and not asker.secure:
            return self.refusal(403, _IN_CLEAR)
        now = self._reactor.seconds()
        reader = self._logins.known(field, now)
        if reader is None:
            self._charge(
                asker, _FAILED_LOGIN_COST
            )  # at once: who asks may hang up before it has failed
            reader = await self._logins.check(field, now)
            if reader is None:
                return self._challenge(asker)
            self._charge(asker, -_FAILED_LOGIN_COST)
        if request.target == self._login:
            return self._refusal(302, "You are logged in.", "Location", f"{self._settings.root}/")
        return reader

    def _challenge(self, asker: Asker) -> Response:
        if self._login_needs_tls and not asker.secure:
            return self.refusal(403, _IN_CLEAR)
        return self._refusal(401, "This is for those who log in.", "WWW-Authenticate", CHALLENGE)

    def _sharing(self, access: Access) -> Sharing:
        if self._logins is None:
            return PUBLIC
        return Sharing(access != self._policy.access(ANONYMOUS), by_user=True)

    # Answers

    async def _negotiated(self, whole: Whole, request: Request) -> Response:
        is_coded = whole.is_codable and accepts_gzip(request.fields.get(b"accept-encoding", b""))
        response = whole.response(request.fields, is_coded=is_coded)
        if response is None:
            await whole.code(_Turn(self._reactor).breathe)
            response = whole.response(request.fields, is_coded=is_coded)
            assert response is not None
        return response

    async def _made(self, key: Key, asker: Asker) -> Whole | Answer:
        """Return an answer that is made now, or is being made already for somebody else."""
        waiting = self._making.get(key)
        if waiting is None:
            waiting = self._making[key] = []
            making = Deferred.fromCoroutine(self._make_for_all(key, asker))
            if making.called:
                return await making
        mine: Deferred[Whole | Answer | None] = Deferred()  # whoever goes away cancels only this
        waiting.append(mine)
        made = await mine
        return await self._make(key, asker) if made is None else made

    async def _make_for_all(self, key: Key, asker: Asker) -> Whole | Answer:
        """Make an answer; give it to those who wait, or to the first alone where it comes in pieces."""
        made = None
        try:
            made = await self._make(key, asker)
        finally:
            waiting = [each for each in self._making.pop(key) if not each.called]  # nor gone away
            for at, each in enumerate(waiting):
                each.callback(made if not at or isinstance(made, Whole) else None)
        return made

    async def _make(self, key: Key, asker: Asker) -> Whole | Answer:
        """Make an answer, for which an asker pays, even one who has gone away meanwhile."""
        began = self._reactor.seconds()
        try:
            return await self._newly_made(key)
        finally:
            self._charge(asker, (self._reactor.seconds() - began) / _SECONDS_A_REQUEST)

    async def _newly_made(self, key: Key) -> Whole | Answer:
        kept, before = self.kept, self._archive.lists()
        if self._answering.is_outside(key.target):
            answer = self._answering.outside(key.target, key.origin, key.access)
        else:
            answer = await self.answer(self._answering.ask(key.target, key.origin), key.access)
        if not isinstance(answer.body, bytes):
            return answer
        whole = Whole(answer, answer.body, self._sharing(key.access))
        kept.put(key, answer, whole, before, self._reactor.seconds())
        return whole


class _Turn:
    """One request's turn of the reactor."""

    def __init__(self, reactor: ReactorBase) -> None:
        self._reactor = reactor
        self._began = reactor.seconds()

    async def breathe(self) -> None:
        """Let others have their turn, if this one has been long."""
        if self._reactor.seconds() - self._began > _TURN_SECONDS:
            await deferLater(self._reactor, 0)
            self._began = self._reactor.seconds()


@lru_cache(1024)
def _origin(authority: str, *, secure: bool) -> str:
    """Return scheme and authority of the addresses that a client asks for. RFC 9110 s. 4.2.3."""
    scheme, usual = ("https", ":443") if secure else ("http", ":80")
    return f"{scheme}://{(authority or 'localhost').removesuffix(usual)}"
