"""What is measured: a line of a benchmark, run against a server once, and what that took."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tests.bench.processes import cpu_seconds

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Line", "NotOffered", "Refused", "Run", "Server", "fewer"]


class Refused(Exception):
    """The server answered with an error, or closed the connection."""


class NotOffered(Refused):
    """The server does not know how to do it."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that is measured.

    ``place`` is its newsgroup, mailbox or the path of its list. ``process`` is that of the server, 0 where that is not
    known: its processor time, and that of all processes below it, is counted.
    """

    name: str
    host: str
    port: int
    place: str
    user: str = ""
    password: str = ""
    process: int = 0
    form: str = ""
    """Which archive's addresses it has, of the web."""
    ids: tuple[bytes, ...] = ()
    """Message-IDs that it has, with their brackets, for the web."""
    months: tuple[tuple[int, int], ...] = ()
    """The months in which it has messages, for the web."""


class Run:
    """One run. It is timed as a whole; a line that has to prepare something calls ``start`` when it has.

    Attributes:
        server: which one it is run against.
        count: how often the line does what it does.
        at: which round it is, from 0.
        octets: how many came over the wire.
        plain: how many they were when inflated.
    """

    def __init__(self, server: Server, count: int, at: int = 0) -> None:
        self.server, self.count, self.at = server, count, at
        self.octets = self.plain = 0
        self._stopped: float | None = None
        self.start()

    def start(self) -> None:
        """Count from here."""
        self.octets = self.plain = 0
        self._cpu = self._cpu_now()
        self._began = time.perf_counter()

    def stop(self) -> None:
        """Stop the clock, if it runs: what comes then has to be done, but is not measured."""
        if self._stopped is None:
            self._stopped = time.perf_counter() - self._began
            self._cpu = self._cpu_now() - self._cpu

    @property
    def seconds(self) -> float:
        """How long it took, once it is stopped."""
        assert self._stopped is not None
        return self._stopped

    @property
    def cpu(self) -> float:
        """How much processor time the server took, in seconds, once it is stopped."""
        return self._cpu

    def _cpu_now(self) -> float:
        return cpu_seconds(self.server.process) if self.server.process else 0.0


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a benchmark: ``work`` does something ``count`` times and returns how many units came of it."""

    name: str
    work: Callable[[Run], int]
    count: int = 1
    unit: str = "message"
    is_once: bool = False
    """Whether it only tells something the first time, of one run."""


_LEAST: Final = 2


def fewer(lines: list[Line], divisor: int) -> list[Line]:
    """Return the lines with a fraction of their counts, to try them out."""
    return [
        Line(
            line.name,
            line.work,
            line.count if line.count <= _LEAST else max(line.count // divisor, _LEAST),
            line.unit,
            line.is_once,
        )
        for line in lines
    ]
