"""A request becomes an answer: the page function that its path names is called, and what it raises becomes a page too."""

from __future__ import annotations

import logging
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from gateway.web import machine, pages  # noqa: F401 - they fill the table of routes
from gateway.web.answers import EVERY_LIST, FOR_EVER, Answer, Refusal, moved
from gateway.web.asks import Ask
from gateway.web.begun import Begun
from gateway.web.machine.refusals import elsewhere, is_document, problem
from gateway.web.reading import Reading
from gateway.web.responses import field_lines
from gateway.web.routes import routed
from gateway.web.templates import STYLE, STYLE_NAME, page
from gateway.web.urls import Urls
from storage.errors import ArchiveUnavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from gateway.access import Access
    from gateway.web.settings import Settings
    from storage.archive import Archive

__all__ = ["Answering"]

_STYLE_PATH: Final = f"/{STYLE_NAME}".encode()
_STYLE: Final = Answer(
    STYLE, "text/css; charset=utf-8", lists=frozenset({EVERY_LIST}), max_age=FOR_EVER
)
"""Said to depend on the lists, so that it is kept."""

_TRY_AGAIN_SECONDS: Final = 30
"""When to try again where the archive cannot be read, or there are too many connections."""

log = logging.getLogger(__name__)


class Answering:
    """Answers requests for the resources of an archive."""

    def __init__(self, archive: Archive, settings: Settings) -> None:
        self._archive = archive
        self._settings = settings
        self._urls = Urls(settings.root, STYLE_NAME)
        self._root = settings.root.encode()

    def ask(self, target: bytes, origin: str) -> Ask:
        """Return what a request target in origin form asks for, below the root."""
        return Ask.of(target.removeprefix(self._root), origin)

    def is_outside(self, target: bytes) -> bool:
        """Tell whether a target lies outside the root, where there is nothing."""
        return bool(self._root) and not target.startswith(self._root + b"/")

    def outside(self, target: bytes, origin: str, access: Access) -> Answer:
        """Return the answer to a request for what lies there."""
        if target.partition(b"?")[0] in {self._root, b"/"}:
            return moved(self._urls.home())
        return self.refusal(404, "There is no such page.", access, origin)

    async def answer(
        self, ask: Ask, access: Access, breathe: Callable[[], Awaitable[None]], now: int
    ) -> Answer:
        """Return the answer to what is asked for, whatever it is; raises nothing."""
        reading = Reading(self._archive, self._settings, self._urls, access, breathe, now)
        try:
            return await _answer(reading, ask)
        except Refusal as refusal:
            return self.refused(reading, ask, refusal)
        except ArchiveUnavailable as error:
            log.warning("the archive cannot be read: %s", error)
            return self.refused(reading, ask, Refusal(503, "The archive cannot be read just now."))
        except Exception:  # whatever a page does must end this request only
            log.exception("%r failed", ask.path)
            return self.refused(reading, ask, Refusal(500, "Something went wrong here."))

    def refusal(self, status: int, text: str, access: Access, origin: str) -> Answer:
        """Return the answer to what is no request for a resource."""
        reading = Reading(self._archive, self._settings, self._urls, access)
        return self.refused(reading, Ask(b"/", (b"",), origin=origin), Refusal(status, text))

    def refused(self, reading: Reading, ask: Ask, refusal: Refusal) -> Answer:
        """Return the page that tells of a refusal; a plain text where not even that can be made."""
        if is_document(ask):
            return problem(refusal)
        phrase = HTTPStatus(refusal.status).phrase
        try:
            shown = page(
                "refusal.html",
                reading,
                ask,
                phrase,
                name=_list_around(reading, ask),
                status=refusal.status,
                is_indexed=False,
                text=refusal.text,
            )
        except Exception:  # a page about a failure must not fail
            log.exception("the page for %d failed", refusal.status)
            text = f"{phrase}\n{refusal.text}\n".encode("utf-8", "replace")
            shown = Answer(text, "text/plain; charset=utf-8", refusal.status, is_indexed=False)
        headers = {"Retry-After": str(_TRY_AGAIN_SECONDS)} if refusal.status == 503 else {}
        return replace(shown, max_age=0, lists=frozenset(), headers=headers)


def _list_around(reading: Reading, ask: Ask) -> str:
    """Return the name of the list within which something is asked for; empty if it is in none that may be read."""
    name = b"".join(ask.segments[:1]).decode("ascii", "replace")
    try:
        return reading.mailing_list(name).name
    except Refusal:
        return ""


async def _answer(reading: Reading, ask: Ask) -> Answer:
    if ask.path == _STYLE_PATH:
        return _STYLE
    try:
        function, captured = routed(ask)
        answer = await function(reading, ask, **captured)
    except Refusal as refusal:
        found = await elsewhere(reading, ask, refusal)
        if found is None:
            raise
        answer = found
    HTTPStatus(answer.status)  # raises where a page function made it up, and so do fields below
    field_lines([*answer.headers.items(), ("Content-Type", answer.content_type)])
    if isinstance(answer.body, bytes):
        return answer
    return replace(answer, body=await Begun.of(answer.body))
