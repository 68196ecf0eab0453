"""How mirrors and feeds are, for people, programs and Prometheus."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from gateway.mirror.lock import is_held
from gateway.mirror.schedule import parse_quiet

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from pathlib import Path

    from gateway.mirror.jobs import Job
    from storage.peers import Health
    from storage.sqlite.peers import SqlitePeers

__all__ = ["State", "as_json", "as_metrics", "state_of"]


@dataclass(frozen=True, slots=True)
class State:
    """How one of them is at a moment.

    ``name`` is the mirror's list or the feed's peer, ``url`` has no password. ``kind`` is what it pulls from, or ``feed``. ``state`` is ``new`` (never ran),
    ``running``, ``failing``, ``quiet`` or ``ok``.
    """

    name: str
    url: str
    kind: str
    is_feed: bool
    every: int
    quiet: str
    state: str
    health: Health

    @property
    def rate(self) -> float:
        """Messages a second of the last run that moved any."""
        return self.health.messages / self.health.seconds if self.health.seconds else 0.0


def state_of(
    directory: Path,
    job: Job,
    peers: SqlitePeers,
    now: float,
    twins: Collection[tuple[str, str]] = (),
) -> State:
    """Return how a mirror or feed is; ``twins`` are lists with their origins.

    Raises:
        ArchiveUnavailable: that cannot be read.
    """
    health = job.health(peers)
    if is_held(directory, job.key):
        state = "running"
    elif health.failures:
        state = "failing"
    elif parse_quiet(job.quiet).left(now):
        state = "quiet"
    else:
        state = "ok" if health.succeeded else "new"
    kind = "twin" if (job.name, job.origin) in twins else job.kind
    return State(job.name, job.shown, kind, job.is_feed, job.every, job.quiet, state, health)


def as_json(states: Iterable[State]) -> str:
    """Return the states as an object of JSON: ``mirrors`` and ``feeds``, each with what ``Health`` has."""
    every: dict[str, list[dict[str, object]]] = {"mirrors": [], "feeds": []}
    for each in states:
        values = {
            "peer" if each.is_feed else "list": each.name,
            "url": each.url,
            "kind": each.kind,
            "every": each.every,
            "quiet": each.quiet,
            "state": each.state,
            **asdict(each.health),
            "rate": round(each.rate, 1),
        }
        every["feeds" if each.is_feed else "mirrors"].append(values)
    return json.dumps(every, indent=1)


def as_metrics(states: Sequence[State]) -> str:
    """Return the states in Prometheus' text format, for node_exporter's textfile collector."""
    return "".join(
        line
        for kind, of_kind in (
            ("mirror", [each for each in states if not each.is_feed]),
            ("feed", [each for each in states if each.is_feed]),
        )
        if of_kind
        for line in _metrics(kind, of_kind)
    )


_METRICS: Final = (
    ("up", "gauge", "Whether the last run reached its end."),
    ("running", "gauge", "Whether it is running now."),
    ("last_attempt_timestamp_seconds", "gauge", "When the last run began."),
    (
        "last_success_timestamp_seconds",
        "gauge",
        "When the last run that reached its end did; 0 for never.",
    ),
    ("next_run_timestamp_seconds", "gauge", "When the next run is."),
    ("failures", "gauge", "Runs that failed since the last success."),
    (
        "lag_messages",
        "gauge",
        "Messages that one side has and the other has not, where that is known.",
    ),
    ("messages_total", "counter", "Messages moved by all runs."),
    ("last_messages", "gauge", "Messages moved by the last run that moved any."),
    ("last_octets", "gauge", "Octets moved by the last run that moved any."),
    ("last_duration_seconds", "gauge", "How long the last run took that moved any."),
)


def _metrics(kind: str, states: Sequence[State]) -> Iterator[str]:
    rows = [(_labels(each), _values(each)) for each in states]
    for at, (name, type_, text) in enumerate(_METRICS):
        metric = f"listgate_{kind}_{name}"
        yield f"# HELP {metric} {text}\n# TYPE {metric} {type_}\n"
        for labels, values in rows:
            value = values[at]
            if value is not None:
                yield f"{metric}{{{labels}}} {value}\n"


def _values(each: State) -> Sequence[float | None]:
    """Return the values of ``_METRICS``, in that order."""
    health = each.health
    return (
        int(bool(health.succeeded) and not health.failures),
        int(each.state == "running"),
        health.attempted,
        health.succeeded,
        health.due,
        health.failures,
        health.lag,
        health.total,
        health.messages,
        health.octets,
        round(health.seconds, 3),
    )


def _labels(each: State) -> str:
    labels = {"peer" if each.is_feed else "list": each.name, "url": each.url}
    return ",".join(f'{key}="{_escaped(value)}"' for key, value in labels.items())


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
