"""``/metrics``: what Prometheus scrapes, on a listener of its own, since it tells more than readers may know."""

from __future__ import annotations

import json
import logging
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from twisted.internet.task import LoopingCall

from gateway.metrics import (
    CONTENT_TYPE,
    Durations,
    Metric,
    as_record,
    as_text,
    joined,
    process_metrics,
)
from gateway.mirror.known import known_jobs
from gateway.mirror.status import as_metrics, state_of
from gateway.transport import Manners
from gateway.web.answers import Answer
from gateway.web.responses import Response, Whole
from gateway.web.session import Session
from storage.errors import ArchiveUnavailable
from storage.sqlite.peers import SqlitePeers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from twisted.internet.interfaces import IReactorTime

    from gateway.connections import Peer
    from gateway.server import Server
    from gateway.slots import Slots
    from gateway.web.requests import Request
    from gateway.web.session import Talk
    from gateway.web.site import Site
    from storage.archive import Archive

__all__ = ["METRICS_MANNERS", "Counts", "Measured", "MetricsFace"]

METRICS_MANNERS: Final = Manners("metrics", idle_seconds=120, linger_seconds=2)

_PUBLISH_SECONDS: Final = 1
"""How old what is told of another worker may be."""

_TEXT: Final = "text/plain; charset=utf-8"

log = logging.getLogger(__name__)


class Counts:
    """What is counted of the requests of a face of HTTP."""

    def __init__(self) -> None:
        self._requests: Counter[str] = Counter()
        self._octets = 0
        self._durations = Durations()

    def ended(self, talk: Talk, now: float) -> None:
        """Count a request."""
        self._requests[f"{talk.status // 100}xx" if talk.status else "none"] += 1
        self._octets += talk.octets
        self._durations.add(max(now - talk.began, 0.0))

    def metrics(self) -> Iterator[Metric]:
        """Yield what was counted; a request without a status was given up before it had one."""
        yield Metric.by(
            "listgate_http_requests_total",
            "counter",
            "Requests answered, by class of status.",
            "status",
            self._requests,
        )
        yield Metric.single(
            "listgate_http_sent_octets_total", "counter", "Octets of bodies sent.", self._octets
        )
        yield Metric(
            "listgate_http_request_duration_seconds",
            "histogram",
            "From a request's head to its answer's end.",
            self._durations.samples(),
        )


@dataclass(frozen=True, slots=True)
class Measured:
    """What is measured; the server is made later."""

    directory: Path
    archive: Archive
    counts: Counts
    site: Site
    server: Callable[[], Server]


class MetricsFace:
    """Answers ``/metrics``, and nothing else: ``gateway.web.session.Responder``."""

    def __init__(
        self, measured: Measured, slots: Slots, worker: int, reactor: IReactorTime
    ) -> None:
        self._measured = measured
        self._slots = slots
        self._worker = worker
        self._reactor = reactor

    def publish_always(self) -> None:
        """Tell the other workers how this one is, now and again and again."""
        publishing = LoopingCall(self._publish)
        publishing.clock = self._reactor
        publishing.start(_PUBLISH_SECONDS)

    def _publish(self) -> None:
        own = [as_record(each, self._worker) for each in self._own()]
        self._slots.write(self._worker, json.dumps(own).encode())

    def session(self, peer: Peer) -> Session:
        """Return the session of a connection."""
        return Session(self, peer)

    def seconds(self) -> float:
        """Return the time."""
        return time.time()

    async def respond(self, request: Request, peer: Peer, talk: Talk) -> Response:  # noqa: ARG002 - a Responder's
        """Return the metrics; raises nothing."""
        if request.method not in {b"GET", b"HEAD"}:
            return self.refusal(405, "This can be read only.")
        if request.target.partition(b"?")[0] != b"/metrics":
            return self.refusal(404, "Here is nothing but /metrics.")
        try:
            body = self._text()
        except Exception:  # whatever cannot be measured must end this request only
            log.exception("the metrics failed")
            return self.refusal(500, "Something went wrong here.")
        return _response(Answer(body.encode(), CONTENT_TYPE, max_age=0, is_indexed=False))

    def refusal(self, status: int, text: str) -> Response:
        """Return the response to what cannot be answered."""
        headers = {"Allow": "GET, HEAD"} if status == 405 else {}
        return _response(
            Answer(
                f"{text}\n".encode(), _TEXT, status, max_age=0, is_indexed=False, headers=headers
            )
        )

    def ended(self, talk: Talk) -> None:
        """Take no note."""

    def _text(self) -> str:
        records = [as_record(each, self._worker) for each in self._own()]
        for told in self._slots.others(self._worker):
            records += json.loads(told)
        return as_text([*self._served(), *joined(records)]) + self._mirrors()

    def _own(self) -> Iterator[Metric]:
        """Yield what is measured of this worker."""
        yield from self._measured.counts.metrics()
        yield from self._working()
        yield from process_metrics()

    def _served(self) -> Iterator[Metric]:
        """Yield what is the same whichever worker tells it."""
        records = self._measured.archive.lists()
        for name, text, value in (
            ("lists", "Lists served.", len(records)),
            ("messages", "Messages served.", sum(each.count for each in records)),
        ):
            yield Metric.single(f"listgate_{name}", "gauge", text, value)

    def _working(self) -> Iterator[Metric]:
        measured = self._measured
        kept = measured.site.kept
        read, changed = measured.server().ages()
        for name, kind, text, value in (
            (
                "catalogue_age_seconds",
                "gauge",
                "Since the archive was last looked at for changes.",
                round(read, 3),
            ),
            (
                "catalogue_change_age_seconds",
                "gauge",
                "Since the archive was found changed, or the server began.",
                round(changed, 3),
            ),
            (
                "http_kept_hits_total",
                "counter",
                "Requests answered from what is kept in memory.",
                measured.site.hits,
            ),
            ("http_kept_answers", "gauge", "Answers kept in memory.", len(kept)),
            ("http_kept_octets", "gauge", "Memory that they take.", kept.octets),
        ):
            yield Metric.single(f"listgate_{name}", kind, text, value)
        yield Metric.by(
            "listgate_connections",
            "gauge",
            "Connections open, by face.",
            "face",
            measured.server().connected(),
        )
        yield Metric.by(
            "listgate_answered_total",
            "counter",
            "Times that something was answered, by face; once for commands that came together.",
            "face",
            measured.server().answered(),
        )

    def _mirrors(self) -> str:
        """Return how mirrors and feeds are; nothing where that cannot be read just now."""
        try:
            with closing(SqlitePeers(self._measured.directory)) as peers:
                now, directory = self.seconds(), self._measured.directory
                twins = [
                    (each.name, each.origin)
                    for each in self._measured.archive.lists()
                    if each.origin
                ]
                return as_metrics(
                    [state_of(directory, job, peers, now, twins) for job in known_jobs(peers)]
                )
        except ArchiveUnavailable as error:
            log.warning("how mirrors are cannot be read: %s", error)
            return ""


def _response(answer: Answer) -> Response:
    assert isinstance(answer.body, bytes)
    response = Whole(answer, answer.body).response({}, is_coded=False)
    assert response is not None
    return response
