"""Preparing records in processes beside the one that writes, so that an import uses all cores.

Numbers, threads and what is stored do not depend on how many there are: each batch is prepared in pieces and comes back
in its order, and what it comes to is decided where it is written.
"""

from __future__ import annotations

import logging
import multiprocessing
import signal
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from queue import SimpleQueue
from typing import TYPE_CHECKING, Final, Self

from storage.prepared import prepare_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess
    from types import TracebackType

    from storage.prepared import Prepared
    from storage.sources.base import Item

__all__ = ["Beside"]

PIECE_OCTETS: Final = 1 << 19
PIECE_RECORDS: Final = 100
"""A piece of a batch is of so much at most, or one record."""

AHEAD: Final = 2
"""Batches that are prepared while one is written: memory for speed."""

log = logging.getLogger(__name__)


class Beside:
    """Prepares records in ``workers`` processes; see ``storage.prepared.Preparer``. To be used as a context."""

    is_rendering = True

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._idle: SimpleQueue[_Worker] = SimpleQueue()
        self._started: list[_Worker] = []
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="preparing")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._threads.shutdown(cancel_futures=True)
        for worker in self._started:
            worker.end()

    @property
    def processes(self) -> list[int]:
        """The ids of the processes, as the system has them."""
        return [worker.process for worker in self._started]

    def start(self) -> None:
        """Start the processes, unless they are there. They leave it to this one when to stop, from their first moment."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            while len(self._started) < self._workers:
                worker = _Worker()
                self._started.append(worker)
                self._idle.put(worker)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def prepared(
        self, batches: Iterator[Sequence[Item]], clock: Callable[[], float], *, with_subject: bool
    ) -> Iterator[tuple[Sequence[Item], Sequence[Prepared | None]]]:
        """Yield the batches in their order; what the iterator raises is raised behind those that came before."""
        ahead: deque[tuple[Sequence[Item], list[Future[list[Prepared | None]]]]] = deque()
        fault: Exception | None = None
        is_over = False
        while ahead or not is_over:
            while not is_over and len(ahead) <= AHEAD:
                try:
                    batch = next(batches, None)
                except Exception as error:  # noqa: BLE001 - raised again in its place
                    fault, batch = error, None
                if batch is None:
                    is_over = True
                else:
                    self.start()
                    ahead.append((batch, self._begin(batch, int(clock()), with_subject)))
            if ahead:
                batch, pieces = ahead.popleft()
                yield batch, [each for piece in pieces for each in piece.result()]
        if fault is not None:
            raise fault

    def _begin(
        self, batch: Sequence[Item], now: int, with_subject: bool
    ) -> list[Future[list[Prepared | None]]]:
        return [
            self._threads.submit(self._piece, piece, now, self.is_rendering, with_subject)
            for piece in _pieces(batch)
        ]

    def _piece(
        self, piece: Sequence[Item], now: int, is_rendering: bool, with_subject: bool
    ) -> list[Prepared | None]:
        """Have a piece prepared by a process; where that is gone, prepare it here."""
        worker = self._idle.get()
        try:
            return worker.prepared(piece, now, is_rendering, with_subject)
        except (EOFError, OSError):
            log.warning("a process that prepared messages is gone; its work is done without it")
            return prepare_all(piece, now, (), with_subject=with_subject)
        finally:
            self._idle.put(worker)


class _Worker:
    """A process, and the way to it."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._way: Connection
        self._way, other = context.Pipe()
        self._process: BaseProcess = context.Process(
            target=_work, args=(other,), name="listgate-prepare", daemon=True
        )
        self._process.start()
        other.close()
        self.process = self._process.pid or 0

    def prepared(
        self, piece: Sequence[Item], now: int, is_rendering: bool, with_subject: bool
    ) -> list[Prepared | None]:
        self._way.send((piece, now, is_rendering, with_subject))
        told: list[Prepared | None] = self._way.recv()
        return told

    def end(self) -> None:
        self._way.close()
        self._process.join()


def _work(way: Connection) -> None:
    """Prepare what comes until nobody is there any more."""
    from gateway.renderers import RENDERERS  # noqa: PLC0415 - loads the faces' commands

    try:
        while True:
            piece, now, is_rendering, with_subject = way.recv()
            renderers = RENDERERS if is_rendering else ()
            told = prepare_all(piece, now, renderers, with_subject=with_subject)
            way.send([each and replace(each, header=None) for each in told])
    except (EOFError, OSError):
        return


def _pieces(batch: Sequence[Item]) -> Iterator[Sequence[Item]]:
    piece: list[Item] = []
    octets = 0
    for item in batch:
        piece.append(item)
        octets += len(getattr(item, "raw", b""))
        if octets >= PIECE_OCTETS or len(piece) >= PIECE_RECORDS:
            yield piece
            piece, octets = [], 0
    if piece:
        yield piece
