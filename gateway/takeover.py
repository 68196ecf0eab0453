"""The sockets of a server, and handing them on to its next version, so that no connection is refused between the two.

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
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from gateway.notify import notify
from gateway.sockets import open_sockets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gateway.listeners import Listener

__all__ = ["Opened", "Place", "Wanted", "open_wanted"]

Place = tuple[str, int]
"""A face's name, and the place of a listener among its own."""

_SOCKETS: Final = "LISTGATE_SOCKETS"
_BEFORE: Final = "LISTGATE_TAKES_OVER"

log = logging.getLogger(__name__)


class Wanted(NamedTuple):
    """A listener that sockets are wanted for: which one it is, and where an operator sets it."""

    place: Place
    listener: Listener
    setting: str

    @property
    def key(self) -> str:
        """What the next version knows it by."""
        face, at = self.place
        return f"{face} {at} {self.listener.text}"


@dataclass(slots=True)
class Opened:
    """The sockets that were opened, by place: one for each of ``workers`` processes, or one that all share."""

    wanted: Sequence[Wanted]
    sockets: Mapping[Place, Sequence[socket.socket]]
    workers: int
    _is_handed_on: bool = False

    def of(self, index: int) -> Mapping[Place, Sequence[socket.socket]]:
        """Return the sockets of one worker."""
        return {
            place: several[index :: self.workers] or several
            for place, several in self.sockets.items()
        }

    def renew(self) -> None:
        """Start the program anew, with the sockets; it serves beside this one until it is ready."""
        numbers = {
            each.key: [opened.fileno() for opened in self.sockets[each.place]]
            for each in self.wanted
            if each.place in self.sockets
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
            self._is_handed_on = True
            log.info("process %d is to take over", began.pid)

    def take_over(self) -> None:
        """Tell the process before this one, if there is one, that it may end."""
        before = os.environ.pop(_BEFORE, "")
        if before.isdigit():
            notify(f"MAINPID={os.getpid()}")
            with suppress(ProcessLookupError):
                os.kill(int(before), signal.SIGTERM)

    def close(self) -> None:
        """Close the sockets; the files of local ones go, unless the next version has them."""
        for place, listener, _ in self.wanted:
            for each in self.sockets.get(place, ()):
                each.close()
            if listener.path and not self._is_handed_on:
                with suppress(OSError):
                    os.unlink(listener.path)


def open_wanted(wanted: Sequence[Wanted], workers: int) -> Opened:
    """Open the sockets for listeners, but for those handed on. Listeners that only Twisted can open are left out.

    Raises:
        CannotListen: a place cannot be had.
    """
    handed = {
        key: [socket.socket(fileno=number) for number in numbers]
        for key, numbers in json.loads(os.environ.pop(_SOCKETS, "{}")).items()
    }
    sockets: dict[Place, Sequence[socket.socket]] = {}
    for each in wanted:
        listener = each.listener
        if listener.is_shared:
            before = handed.pop(each.key, [])
            missing = (workers if listener.address else 1) - len(before)
            port = before[0].getsockname()[1] if before and listener.address else None
            fresh = open_sockets(listener, missing, each.setting, port) if missing > 0 else []
            sockets[each.place] = [*before, *fresh]
    for several in handed.values():
        for opened in several:
            opened.close()
    return Opened(wanted, sockets, workers)
