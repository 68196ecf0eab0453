"""The web archive over HTTP: a request becomes an ``Ask``, an ``Answer`` becomes a response. RFC 9110, RFC 9112."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.web.http import HTTPChannel, HTTPFactory, Request

from gateway.access import ANONYMOUS
from gateway.web import pages  # noqa: F401 - fills the table of routes
from gateway.web.answers import Answer, Refusal
from gateway.web.asks import Ask
from gateway.web.reading import Reading
from gateway.web.routes import routed
from gateway.web.templates import STYLE, STYLE_NAME, page
from gateway.web.urls import Urls
from storage.errors import ArchiveUnavailable

if TYPE_CHECKING:
    from twisted.internet.base import ReactorBase

    from gateway.access import Policy
    from gateway.web.settings import Settings
    from storage.archive import Archive

__all__ = ["Site", "site_factory"]

_TURN_SECONDS: Final = 0.01

SECURITY_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Site:
    """The web archive: answers what is asked of it."""

    archive: Archive
    settings: Settings
    policy: Policy
    reactor: ReactorBase

    async def answer(self, ask: Ask) -> Answer:
        """Answer a request, whatever it is."""
        reading = self._reading()
        try:
            if ask.path == f"/{STYLE_NAME}".encode():
                return Answer(STYLE, "text/css; charset=utf-8")
            function, captured = routed(ask)
            return await function(reading, ask, **captured)
        except Refusal as refusal:
            return _refused(reading, ask, refusal)
        except ArchiveUnavailable as error:
            log.warning("the archive cannot be read: %s", error)
            return _refused(reading, ask, Refusal(503, "The archive cannot be read just now."))
        except Exception:
            log.exception("%r failed", ask.path)
            return _refused(reading, ask, Refusal(500, "Something went wrong here."))

    def _reading(self) -> Reading:
        turn = _Turn(self.reactor)
        return Reading(
            self.archive,
            self.settings,
            Urls(self.settings.root, STYLE_NAME),
            self.policy.access(ANONYMOUS),
            turn.breathe,
            int(time.time()),
        )


class _Turn:
    """One request's turn of the reactor."""

    def __init__(self, reactor: ReactorBase) -> None:
        self._reactor = reactor
        self._began = reactor.seconds()

    async def breathe(self) -> None:
        """Let others have their turn, if this one has been long."""
        if self._reactor.seconds() - self._began > _TURN_SECONDS:
            await deferLater(self._reactor, 0, lambda: None)
            self._began = self._reactor.seconds()


def _refused(reading: Reading, ask: Ask, refusal: Refusal) -> Answer:
    title = HTTPStatus(refusal.status).phrase
    shown = page(
        "refusal.html",
        reading,
        ask,
        title,
        status=refusal.status,
        is_indexed=False,
        text=refusal.text,
    )
    return replace(shown, max_age=0)


class _WebRequest(Request):
    """One request of one connection."""

    def process(self) -> None:
        ask = Ask.of(self.uri, "http://" + (self.getHeader("host") or "localhost"))
        site: Site = self.channel.factory.site
        Deferred.fromCoroutine(self._respond(site, ask)).addErrback(
            lambda failure: log.error("a response failed", exc_info=failure.value)
        )

    async def _respond(self, site: Site, ask: Ask) -> None:
        answer = await site.answer(ask)
        self.setResponseCode(answer.status)
        self.setHeader("Content-Type", answer.content_type)
        for name, value in (*SECURITY_HEADERS.items(), *answer.headers.items()):
            self.setHeader(name, value)
        if isinstance(answer.body, bytes):
            self.setHeader("Content-Length", str(len(answer.body)))
            self.write(answer.body)
        else:
            async for piece in answer.body:
                self.write(piece)
        self.finish()


class _WebChannel(HTTPChannel):
    requestFactory = _WebRequest  # noqa: N815 - Twisted's name


def site_factory(site: Site) -> HTTPFactory:
    """Return what makes a connection's protocol."""
    factory: Any = HTTPFactory(reactor=site.reactor)
    factory.protocol = lambda: _WebChannel()  # noqa: PLW0108
    factory.site = site
    return factory
