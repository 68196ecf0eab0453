"""Handing sockets on to the next version of the program, so that no connection is refused while one follows the other.

The next one is started by this one with the same arguments, finds the sockets in its environment, and tells this one to
end when its workers serve.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple

from gateway.notify import notify
from gateway.sockets import open_sockets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.listeners import Listener

__all__ = ["Sockets", "Wanted", "done", "opened", "renew"]

Place = tuple[str, int]
"""A face's name, and the place of a listener among its own."""

Sockets = dict[Place, list[socket.socket]]
"""The sockets opened for each place: one for each worker, or one that all share."""


_SOCKETS: Final = "LISTGATE_SOCKETS"
_BEFORE: Final = "LISTGATE_TAKES_OVER"

log = logging.getLogger(__name__)


class Wanted(NamedTuple):
    """A listener that sockets are wanted for: which one it is, and where an operator sets it."""

    place: Place
    listener: Listener
    setting: str


def opened(wanted: Sequence[Wanted], workers: int) -> Sockets:
    """Return the sockets for listeners: those handed on, and new ones. Those that only Twisted opens are left out.

    Raises:
        CannotListen: a place cannot be had.
    """
    handed = {
        key: [socket.socket(fileno=number) for number in numbers]
        for key, numbers in json.loads(os.environ.pop(_SOCKETS, "{}")).items()
    }
    sockets: Sockets = {}
    for place, listener, setting in wanted:
        if listener.is_shared:
            before = handed.pop(_key(place, listener), [])
            missing = (workers if listener.address else 1) - len(before)
            port = before[0].getsockname()[1] if before and listener.address else None
            fresh = open_sockets(listener, missing, setting, port) if missing > 0 else []
            sockets[place] = [*before, *fresh]
    for several in handed.values():
        for each in several:
            each.close()
    return sockets


def renew(wanted: Sequence[Wanted], sockets: Sockets) -> None:
    """Start the program anew, with the sockets; it serves beside this one until it is ready."""
    numbers = {
        _key(place, listener): [each.fileno() for each in sockets[place]]
        for place, listener, _ in wanted
        if place in sockets
    }
    passed = [number for several in numbers.values() for number in several]
    environment = {**os.environ, _SOCKETS: json.dumps(numbers), _BEFORE: str(os.getpid())}
    try:
        began = subprocess.Popen(  # noqa: S603 - as this one was started
            [sys.executable, *sys.orig_argv[1:]], env=environment, pass_fds=passed
        )
    except OSError as error:
        log.warning("a new version cannot be started: %s", error.strerror or error)
    else:
        log.info("process %d is to take over", began.pid)


def done() -> None:
    """Tell the process before this one, if there is one, that it may end."""
    before = os.environ.pop(_BEFORE, "")
    if before.isdigit():
        notify(f"MAINPID={os.getpid()}")
        with suppress(ProcessLookupError):
            os.kill(int(before), signal.SIGTERM)


def _key(place: Place, listener: Listener) -> str:
    face, at = place
    return f"{face} {at} {listener.text}"
