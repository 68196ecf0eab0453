"""Noticing at once that any process has written to the archive, where the system tells of it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from twisted.internet.interfaces import IReadDescriptor
from zope.interface import implementer

from gateway.inotify import Change, Inotify

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from twisted.internet.base import ReactorBase
    from twisted.python.failure import Failure

__all__ = ["Commits"]

log = logging.getLogger(__name__)


@implementer(IReadDescriptor)
class Commits:
    """Calls ``told`` when a writer has touched the archive's folder, as each does behind its transaction."""

    def __init__(self, directory: Path, told: Callable[[], None], reactor: ReactorBase) -> None:
        self._directory = directory
        self._told = told
        self._reactor = reactor
        self._inotify: Inotify | None = None

    def start(self) -> None:
        """Begin to notice; where the system cannot tell, nothing is noticed."""
        try:
            self._inotify = Inotify()
            self._inotify.add(str(self._directory), Change.TOUCHED)
        except OSError as error:
            log.info("%s: its changes are not told of (%s)", self._directory, error.strerror)
            return
        self._reactor.addReader(self)

    def end(self) -> None:
        """Notice no more; to be called when the reactor has stopped."""
        inotify, self._inotify = self._inotify, None
        if inotify is not None:
            inotify.close()

    def fileno(self) -> int:
        """Return what the reactor waits for."""
        return -1 if self._inotify is None else self._inotify.fileno()

    def doRead(self) -> None:  # noqa: N802 - Twisted's name
        """Tell, once for all that happened."""
        if self._inotify is not None and self._inotify.events():
            self._told()

    def connectionLost(self, reason: Failure) -> None:
        """Do nothing: the reactor ends, and ``end`` follows."""

    def logPrefix(self) -> str:  # noqa: N802 - Twisted's name
        """Return what Twisted calls it in its log."""
        return "commits"
