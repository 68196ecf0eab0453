"""Waiting on a local socket that others wait on as well.

Twisted's own port for such a socket sets its file's mode, and removes the file when it ends: both are for who opened it.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Final

from twisted.internet.address import UNIXAddress
from twisted.internet.interfaces import IListeningPort, IReadDescriptor
from zope.interface import implementer

if TYPE_CHECKING:
    from twisted.internet.interfaces import IProtocolFactory
    from twisted.internet.posixbase import PosixReactorBase
    from twisted.python.failure import Failure

__all__ = ["LocalPort"]

_ACCEPTED_AT_ONCE: Final = 100


@implementer(IListeningPort, IReadDescriptor)
class LocalPort:
    """Accepts connections from a socket that is listening and does not block."""

    def __init__(
        self, opened: socket.socket, factory: IProtocolFactory, reactor: PosixReactorBase
    ) -> None:
        self._opened = opened
        self._factory = factory
        self._reactor = reactor

    def startListening(self) -> None:  # noqa: N802 - Twisted's name
        """Begin to accept."""
        self._factory.doStart()
        self._reactor.addReader(self)

    def stopListening(self) -> None:  # noqa: N802 - Twisted's name
        """Accept no more; the socket stays."""
        self._reactor.removeReader(self)
        self._factory.doStop()

    def getHost(self) -> UNIXAddress:  # noqa: N802 - Twisted's name
        """Return where it is."""
        return UNIXAddress(self._opened.getsockname())

    def fileno(self) -> int:
        """Return what the reactor waits for."""
        return self._opened.fileno()

    def doRead(self) -> None:  # noqa: N802 - Twisted's name
        """Accept who waits, unless another process was quicker."""
        for _ in range(_ACCEPTED_AT_ONCE):
            try:
                connected, _ = self._opened.accept()
            except (
                OSError
            ):  # nobody is left, or it has hung up already, or no more files may be open
                return
            with connected:
                connected.setblocking(False)
                self._reactor.adoptStreamConnection(
                    connected.fileno(), socket.AF_UNIX, self._factory
                )

    def connectionLost(self, reason: Failure) -> None:
        """Do nothing: the socket is not ours."""

    def logPrefix(self) -> str:  # noqa: N802 - Twisted's name
        """Return what Twisted calls it in its log."""
        return "local"
