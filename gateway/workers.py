"""Several processes that serve the same sockets, and the one that watches over them.

It starts them, tells them to reload and to end, and puts another in the place of one that dies. It serves nothing
itself, and runs no reactor. The workers end when it is gone, however that came.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import signal
import socket
import time
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any, Final

from gateway.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

__all__ = ["Share", "Workers"]

TEND_SECONDS: Final = 5
"""How often it is made sure that all that runs beside is there."""

GRACE_SECONDS: Final = 5
"""How much longer than its connections a worker may take to end."""

STEADY_SECONDS: Final = 10
"""A worker that lived for so long may be replaced at once; others ever later, up to this."""

log = logging.getLogger(__name__)


class WorkerFailed(Refused):
    """A worker ended before it served."""


@dataclass(frozen=True, slots=True)
class Share:
    """What one worker is told: which of them it is, from 0, and the way on which it answers.

    ``life`` is readable at its end when the process that watches is gone.
    """

    index: int
    life: Connection
    way: Connection

    def is_ready(self, urls: Sequence[tuple[str, str]]) -> None:
        """Say that it serves, and where each face is reached."""
        self.way.send(("ready", urls))

    def has_reloaded(self, fault: str = "") -> None:
        """Say that it has done what SIGHUP asked for, or why it could not."""
        self.way.send(("reloaded", fault))


@dataclass(slots=True)
class _Worker:
    index: int
    process: BaseProcess
    way: Connection
    began: float
    is_ready: bool = False
    is_reloading: bool = False


@dataclass(slots=True)
class Workers:
    """``count`` processes that each do ``work``.

    ``begun`` is called once, with what the first worker said, when all are ready; ``tend`` now and then, ``reload`` on
    SIGHUP before the workers are told, unless it raises ``Refused``; ``renew`` on SIGUSR2. A worker is given
    ``drain_seconds`` to end.
    """

    work: Callable[[Share], None]
    count: int
    drain_seconds: float
    begun: Callable[[Sequence[tuple[str, str]]], None]
    tend: Callable[[], None] = lambda: None
    reload: Callable[[], None] = lambda: None
    renew: Callable[[], None] = lambda: None
    _running: dict[int, _Worker] = field(default_factory=dict)
    _due: dict[int, float] = field(default_factory=dict)
    _hasty: dict[int, int] = field(default_factory=dict)
    _told: Sequence[tuple[str, str]] = ()
    _has_begun: bool = False
    _ends: float = 0.0
    _fault: str = ""
    _signals: list[int] = field(default_factory=list)
    _pipes: Sequence[Connection] = ()
    """That whose other end is this process's life, and that other end."""

    def run(self) -> None:
        """Serve until SIGINT or SIGTERM; a second one cuts the connections that still end in order.

        Raises:
            WorkerFailed: a worker could not begin.
        """
        context = multiprocessing.get_context("fork")
        self._pipes = context.Pipe()  # sockets, whose end a reactor sees as something to read
        woken, wake = socket.socketpair()
        for end in (woken, wake):
            end.setblocking(False)
        wakeup = signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
        handled = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR2)
        before = {number: signal.signal(number, self._note) for number in handled}
        try:
            for index in range(self.count):
                self._begin(index)
            self._watch(woken)
        finally:
            self._end_all()
            signal.set_wakeup_fd(wakeup)
            for number, handler in before.items():
                signal.signal(number, handler)
            for each in (woken, wake, *self._pipes):
                each.close()

    def _note(self, number: int, _: object) -> None:
        self._signals.append(number)

    def _watch(self, woken: socket.socket) -> None:
        tended = 0.0
        while self._running or self._due:
            now = time.monotonic()
            if self._ends and now > self._ends:
                return
            if now - tended >= TEND_SECONDS and self._has_begun and not self._ends:
                self.tend()
                tended = now
            for index in [index for index, due in self._due.items() if due <= now]:
                del self._due[index]
                self._begin(index)
            waited: list[Any] = [woken, *(each.process.sentinel for each in self._running.values())]
            waited += [each.way for each in self._running.values()]
            soonest = min([*self._due.values(), self._ends or now + TEND_SECONDS])
            wait(waited, max(0.0, soonest - now))
            with contextlib.suppress(BlockingIOError):
                woken.recv(4096)
            self._heed()
            for worker in list(self._running.values()):
                self._look_at(worker)

    def _heed(self) -> None:
        """Do what signals asked for."""
        while self._signals:
            number = self._signals.pop(0)
            if number in {signal.SIGINT, signal.SIGTERM}:
                self._ends = self._ends or time.monotonic() + self.drain_seconds + GRACE_SECONDS
                self._due.clear()
                self._tell(signal.SIGTERM)
            elif number == signal.SIGHUP:
                self._reload()
            elif not self._ends:
                self.renew()

    def _reload(self) -> None:
        try:
            self.reload()
        except Refused as error:
            log.warning("not reloaded, what was read before stays in force: %s", error)
            return
        for worker in self._running.values():
            worker.is_reloading = worker.is_ready
        self._tell(signal.SIGHUP)

    def _look_at(self, worker: _Worker) -> None:
        try:
            while worker.way.poll():
                kind, value = worker.way.recv()
                self._hear(worker, kind, value)
        except (EOFError, OSError):
            pass  # it is gone, or going
        if not worker.process.is_alive():
            self._bury(worker)

    def _hear(self, worker: _Worker, kind: str, value: Any) -> None:
        """Take note of what a worker says."""
        if kind == "failed":
            if not self._has_begun:
                raise WorkerFailed(value)
            log.warning("worker %d: %s", worker.index + 1, value)
        elif kind == "reloaded":
            worker.is_reloading = False
            self._fault = self._fault or value
            if not any(each.is_reloading for each in self._running.values()):
                self._has_reloaded()
        else:
            worker.is_ready = True
            self._told = value if worker.index == 0 else self._told
            ready = [each for each in self._running.values() if each.is_ready]
            if not self._has_begun and len(ready) == self.count:
                self._has_begun = True
                self.begun(self._told)

    def _has_reloaded(self) -> None:
        fault, self._fault = self._fault, ""
        if fault:
            log.warning("not reloaded, what was read before stays in force: %s", fault)
        else:
            log.info("reloaded")

    def _bury(self, worker: _Worker) -> None:
        """Say how a worker ended, and have another take its place."""
        del self._running[worker.index]
        worker.process.join()
        worker.way.close()
        if self._ends:
            return
        if not self._has_begun:
            raise WorkerFailed("a worker ended before it served; what the log has above tells why")
        code = worker.process.exitcode or 0
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
        log.warning("worker %d %s; another takes its place", worker.index + 1, how)
        now = time.monotonic()
        hasty = self._hasty.get(worker.index, 0) + 1 if now - worker.began < STEADY_SECONDS else 0
        self._hasty[worker.index] = hasty
        self._due[worker.index] = now + min(STEADY_SECONDS, 2**hasty - 1)

    def _begin(self, index: int) -> None:
        context = multiprocessing.get_context("fork")
        way, said = context.Pipe(duplex=False)
        process = context.Process(
            target=self._run, args=(index, said), name=f"listgate-worker-{index + 1}"
        )
        process.start()
        said.close()
        self._running[index] = _Worker(index, process, way, time.monotonic())

    def _run(self, index: int, way: Connection) -> None:
        """Be a worker."""
        signal.set_wakeup_fd(-1)
        life, alive = self._pipes
        alive.close()
        for other in self._running.values():
            other.way.close()
        self._running.clear()
        signal.signal(signal.SIGUSR2, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # who watches tells us when to end
        try:
            self.work(Share(index, life, way))
        except Refused as error:
            way.send(("failed", str(error)))
            raise SystemExit(1) from None

    def _tell(self, number: int) -> None:
        for worker in self._running.values():
            if worker.process.pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(worker.process.pid, number)

    def _end_all(self) -> None:
        """End what still runs, by force in the end."""
        self._tell(signal.SIGTERM)
        deadline = time.monotonic() + self.drain_seconds + GRACE_SECONDS
        for worker in self._running.values():
            worker.process.join(max(0.0, deadline - time.monotonic()))
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
        self._running.clear()
