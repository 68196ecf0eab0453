"""A process beside the one that serves: ends with it, however that ends, and is started again when it is gone."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
from typing import TYPE_CHECKING

from gateway.shown import log_to_stderr

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.process import BaseProcess

__all__ = ["Child", "Family"]

log = logging.getLogger(__name__)


class Family:
    """What a child knows of the process that started it."""

    def __init__(self, parent: int) -> None:
        self._parent = parent

    def is_whole(self) -> bool:
        """Tell whether that process is still there: otherwise this one is to end."""
        return os.getppid() == self._parent


class Child:
    """A process that does ``work``, which gets a ``Family`` and the arguments, all of which can be pickled.

    ``complaint`` is what the log has when it ended without having been told to.
    """

    def __init__(
        self, name: str, complaint: str, work: Callable[..., None], *arguments: object
    ) -> None:
        self._name = name
        self._complaint = complaint
        self._work = work
        self._arguments = arguments
        self._process: BaseProcess | None = None

    @property
    def is_alive(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.is_alive()

    def tend(self) -> None:
        """Start it; start it again if it is gone. One that returned from its work did so on purpose."""
        if self.is_alive:
            return
        if self._process is not None and self._process.exitcode:
            log.warning("%s", self._complaint)
        self._process = None
        process = multiprocessing.get_context("spawn").Process(
            target=_begin,
            args=(self._work, os.getpid(), self._arguments),
            name=self._name,
            daemon=True,
        )
        try:
            process.start()
        except OSError as error:  # no memory, or too many processes
            log.warning(
                "%s cannot be started: %s; trying again", self._name, error.strerror or error
            )
            return
        self._process = process

    def end(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.terminate()
            self._process.join()


def _begin(work: Callable[..., None], parent: int, arguments: tuple[object, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to end
    log_to_stderr()
    work(Family(parent), *arguments)
