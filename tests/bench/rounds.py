"""Rounds: each line is run against one server after the other, again and again, so that whatever else the machine does hits all."""

from __future__ import annotations

import gc
import statistics
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.bench.lines import NotOffered, Refused, Run
from tests.bench.tables import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tests.bench.lines import Line, Server

__all__ = ["Figures", "as_json", "measured", "of_costs", "of_cpu", "of_times"]

_NOTHING = "-"


@dataclass(slots=True)
class Figures:
    """What the runs of a line against a server took; ``fault`` is why there are none."""

    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    units: int = 0
    octets: int = 0
    plain: int = 0
    fault: str = ""

    @property
    def time(self) -> float | None:
        """The median of the runs, in seconds; None without any."""
        return statistics.median(self.seconds) if self.seconds else None

    @property
    def cost(self) -> float | None:
        """The median time of a unit, in seconds; None without any."""
        return None if self.time is None else self.time / max(self.units, 1)

    @property
    def cpu_cost(self) -> float | None:
        """The processor time of a unit over all runs, in seconds; None where the kernel's clock is too coarse to tell."""
        total = sum(self.cpu)
        return total / (len(self.cpu) * max(self.units, 1)) if total else None


Results = dict[str, list[Figures]]
"""The figures by line, of each server in order."""


def measured(
    lines: Sequence[Line],
    servers: Sequence[Server],
    rounds: int,
    tell: Callable[[str], object],
) -> Results:
    """Run the lines; the first run of each is thrown away, except of those that only the first tells something of."""
    results: Results = {}
    for line in lines:
        tell(line.name)
        gc.collect()
        found = results[line.name] = [Figures() for _ in servers]
        for at in range(1 if line.is_once else rounds + 1):
            for server, figures in zip(servers, found, strict=True):
                if not figures.fault:
                    _add(figures, line, Run(server, line.count, at))
    return results


def _add(figures: Figures, line: Line, run: Run) -> None:
    """Run a line once, and note what it took."""
    gc.disable()  # the client's rubbish is not the server's fault
    try:
        run.start()
        units = line.work(run)
        run.stop()
    except NotOffered:
        figures.fault = _NOTHING
    except (Refused, OSError) as error:
        figures.fault = str(error)[:60] or type(error).__name__
    else:
        if run.at or line.is_once:
            figures.seconds.append(run.seconds)
            figures.cpu.append(run.cpu)
        figures.units, figures.octets, figures.plain = units, run.octets, run.plain
    finally:
        gc.enable()


def of_times(results: Results, servers: Sequence[Server], title: str) -> Table:
    """Return milliseconds of the first server, and of each other how many times longer it took."""
    first, *others = servers
    head = [title, f"{first.name}, ms", *(f"{server.name}, ms" for server in others)]
    head += [f"{server.name}, times {first.name}" for server in others]
    rows = []
    for name, found in results.items():
        times = [_told(figures.time, figures, 1000) for figures in found]
        rows.append([name, *times, *_ratios([figures.time for figures in found])])
    return Table(head, rows)


def of_costs(results: Results, servers: Sequence[Server], units: Mapping[str, str]) -> Table:
    """Return microseconds of each unit, and how many times that of the first server each other's is."""
    first, *others = servers
    head = ["microseconds", "of a", *(server.name for server in servers)]
    head += [f"{server.name}, times {first.name}" for server in others]
    rows = []
    for name, found in results.items():
        costs = [_told(figures.cost, figures, 1e6) for figures in found]
        rows.append([name, units[name], *costs, *_ratios([figures.cost for figures in found])])
    return Table(head, rows)


def of_cpu(results: Results, servers: Sequence[Server], units: Mapping[str, str]) -> Table:
    """Return the processor time of each server whose process is known, in microseconds of a unit."""
    known = [at for at, server in enumerate(servers) if server.process]
    names = [servers[at].name for at in known]
    head = ["processor time of the server, microseconds", "of a", *names]
    head += [f"{name}, times {names[0]}" for name in names[1:]]
    rows = []
    for name, every in results.items():
        found = [every[at] for at in known]
        costs = [_told(figures.cpu_cost, figures, 1e6) for figures in found]
        rows.append([name, units[name], *costs, *_ratios([figures.cpu_cost for figures in found])])
    return Table(head, rows)


def as_json(results: Results, servers: Sequence[Server]) -> Mapping[str, object]:
    """Return all figures, every run's."""
    return {
        name: {
            server.name: {
                "seconds": figures.seconds,
                "cpu": figures.cpu,
                "units": figures.units,
                "octets": figures.octets,
                "inflated": figures.plain,
                "fault": figures.fault,
            }
            for server, figures in zip(servers, found, strict=True)
        }
        for name, found in results.items()
    }


def _told(value: float | None, figures: Figures, times: float) -> str:
    return figures.fault or _NOTHING if value is None else Table.number(value * times)


def _ratios(values: Sequence[float | None]) -> list[str]:
    """Return how many times the first one each other is."""
    first = values[0]
    return [
        Table.number(value / first) if value is not None and first else _NOTHING
        for value in values[1:]
    ]
