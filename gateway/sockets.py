"""Sockets on which several processes wait for connections, opened before any of them runs.

On TCP each process has one of its own on the same port, so that the kernel deals connections out evenly; on a local
path all share one. They are handed on to a new version of the program, so that no connection is refused meanwhile.
"""

from __future__ import annotations

import errno
import os
import socket
import stat
from typing import TYPE_CHECKING, Final

from gateway.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.listeners import Listener

__all__ = ["CannotListen", "open_sockets"]

BACKLOG: Final = 1024
"""Connections that may wait to be accepted; the kernel's own limit may be lower."""


class CannotListen(Refused):
    """A face cannot wait where it was told to."""


def open_sockets(
    listener: Listener, count: int, setting: str, port: int | None = None
) -> Sequence[socket.socket]:
    """Return the sockets for so many processes, bound and not listening yet; one that all share, for a local path.

    ``setting`` is where an operator says where the face listens. ``port`` is the one that others of ours have already.

    Raises:
        CannotListen: the place cannot be had.
    """
    try:
        if listener.path:
            return [_local(listener.path, listener.mode)]
        assert listener.address is not None, "a listener that Twisted opens"
        return _tcp(*listener.address, count, port)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise CannotListen(
            f"cannot listen on {listener.text}: {why}; choose another with {setting}"
        ) from None


def _tcp(host: str, port: int, count: int, ours: int | None) -> Sequence[socket.socket]:
    found = socket.getaddrinfo(
        host or None, ours or port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    family, _, _, _, address = found[0]
    opened: list[socket.socket] = []
    try:
        if (
            ours is None
        ):  # several of ours may have the port, but nobody else: asked for alone at first
            with _bound(family, address, is_shared=False) as first:
                address = first.getsockname()
        for _ in range(count):
            opened.append(_bound(family, address, is_shared=True))  # noqa: PERF401 - closed if one fails
    except OSError:
        for each in opened:
            each.close()
        raise
    return opened


def _bound(family: int, address: object, *, is_shared: bool) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if is_shared:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        made.bind(address)  # type: ignore[arg-type]  # what getaddrinfo gave
    except OSError:
        made.close()
        raise
    return made


def _local(path: str, mode: int) -> socket.socket:
    _forget_deserted(path)
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        made.bind(path)
        os.chmod(path, mode)
    except OSError:
        made.close()
        raise
    return made


def _forget_deserted(path: str) -> None:
    """Remove a socket's file where nobody listens any more.

    Raises:
        OSError: somebody does.
    """
    try:
        if not stat.S_ISSOCK(os.stat(path).st_mode):
            raise OSError(errno.EEXIST, os.strerror(errno.EEXIST))
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            os.unlink(path)
        else:
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
