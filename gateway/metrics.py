"""What a running server tells of itself, in Prometheus' text format."""

from __future__ import annotations

import os
import time
from bisect import bisect_left
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

__all__ = [
    "CONTENT_TYPE",
    "Durations",
    "Metric",
    "as_record",
    "as_text",
    "joined",
    "process_metrics",
]

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_BOUNDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of a histogram's buckets, in seconds."""

_BEGAN: Final = time.time()


class Durations:
    """How many took how long."""

    def __init__(self) -> None:
        self._counts = [0] * (len(_BOUNDS) + 1)
        self._sum = 0.0

    def add(self, seconds: float) -> None:
        """Count one more."""
        self._counts[bisect_left(_BOUNDS, seconds)] += 1
        self._sum += seconds

    def samples(self) -> Iterator[tuple[str, Mapping[str, str], float]]:
        """Yield what a histogram has: suffix, labels, value."""
        total = 0
        for bound, count in zip((*map(str, _BOUNDS), "+Inf"), self._counts, strict=True):
            total += count
            yield "_bucket", {"le": bound}, total
        yield "_sum", {}, round(self._sum, 6)
        yield "_count", {}, total


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric: ``kind`` is counter, gauge or histogram; each sample has a suffix of the name, labels and a value."""

    name: str
    kind: str
    text: str
    samples: Iterable[tuple[str, Mapping[str, str], float]]

    @classmethod
    def single(cls, name: str, kind: str, text: str, value: float) -> Metric:
        """Return one that has a single value."""
        return cls(name, kind, text, [("", {}, value)])

    @classmethod
    def by(cls, name: str, kind: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
        """Return one that has a value for each of a label's."""
        return cls(name, kind, text, [("", {label: key}, values[key]) for key in sorted(values)])


def as_text(metrics: Iterable[Metric]) -> str:
    """Return metrics as they are scraped."""
    lines = []
    for each in metrics:
        lines.append(f"# HELP {each.name} {each.text}\n# TYPE {each.name} {each.kind}\n")
        for suffix, labels, value in each.samples:
            shown = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
            lines.append(f"{each.name}{suffix}{f'{{{shown}}}' if shown else ''} {value}\n")
    return "".join(lines)


def as_record(metric: Metric, worker: int) -> list[Any]:
    """Return a metric of one of several processes, which its samples name, so that it can be written as JSON."""
    samples = [
        (suffix, {**labels, "worker": str(worker + 1)}, value)
        for suffix, labels, value in metric.samples
    ]
    return [metric.name, metric.kind, metric.text, samples]


def joined(records: Iterable[Sequence[Any]]) -> Iterator[Metric]:
    """Yield the metrics of several processes, each once, with the samples of them all."""
    found: dict[str, Metric] = {}
    for name, kind, text, samples in records:
        before = found.get(name)
        found[name] = Metric(name, kind, text, [*(before.samples if before else ()), *samples])
    yield from found.values()


def process_metrics() -> Iterator[Metric]:
    """Yield what is known of this process, under the names that Prometheus' own clients use."""
    yield Metric.single(
        "process_cpu_seconds_total", "counter", "Processor time spent.", time.process_time()
    )
    yield Metric.single(
        "process_start_time_seconds", "gauge", "When the process began.", round(_BEGAN, 3)
    )
    for name, text, read in _OF_LINUX:
        value = read()
        if value is not None:
            yield Metric.single(name, "gauge", text, value)


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _resident() -> int | None:
    try:
        pages = Path("/proc/self/statm").read_text("ascii").split()[1]
    except OSError:
        return None
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _open_files() -> int | None:
    try:
        return len(os.listdir("/proc/self/fd"))
    except OSError:
        return None


_OF_LINUX: Final[tuple[tuple[str, str, Callable[[], int | None]], ...]] = (
    ("process_resident_memory_bytes", "Memory in use.", _resident),
    ("process_open_fds", "Files and connections open.", _open_files),
)
