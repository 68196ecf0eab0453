"""The process beside the one that serves in which the rounds are made; there is one as soon as there is something to do."""

from __future__ import annotations

import logging
import os
import signal
import time
from typing import TYPE_CHECKING, Final

from gateway.child import Child
from gateway.mirror.known import known_jobs
from gateway.mirror.rounds import Rounds
from storage.errors import ArchiveError
from storage.sqlite.peers import SqlitePeers

if TYPE_CHECKING:
    from gateway.child import Family
    from gateway.mirror.jobs import Place

__all__ = ["PeersProcess"]

LOOK_SECONDS: Final = 0.5
"""How often it is looked what has changed; a look asks SQLite two numbers."""

_GONE: Final = "the mirrors and feeds were not tended any more: tending them again"

log = logging.getLogger(__name__)


class PeersProcess:
    """Has the mirrors and feeds of an archive tended; ends with this process, however that ends."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._child = Child("listgate-peers", _GONE, _go, place)
        self._peers = SqlitePeers(place.directory)
        self._version = -1
        self._is_needed = False
        self._trouble = ""

    def tend(self) -> None:
        """Start it if there is a mirror or a feed, start it again if it is gone. Cheap; says at most once what hinders it."""
        if self._child.is_alive:
            return
        try:
            version = self._peers.version()
            if version != self._version:
                self._is_needed = bool(known_jobs(self._peers))
                self._version = version
        except ArchiveError as error:
            if str(error) != self._trouble:
                log.warning("%s", error)
            self._trouble = str(error)
            return
        if self._is_needed:
            self._child.tend()

    def move_to(self, place: Place) -> None:
        """Have them tended as another configuration says, from the next ``tend`` on."""
        if place != self._place:
            self._child.end()
            self._place = place
            self._child = Child("listgate-peers", _GONE, _go, place)

    def end(self) -> None:
        """End it; what it was about is gone on with the next time."""
        self._child.end()
        self._peers.close()


def _go(family: Family, place: Place) -> None:
    """Go round until the parent process is gone, or there is a fault."""
    rounds = Rounds(place, known_jobs)
    try:
        while family.is_whole():
            rounds.look()
            time.sleep(LOOK_SECONDS)
    except Exception:
        log.exception("the rounds are at fault")
    # Without waiting for threads, which may take hours: what they have stored is whole.
    os.kill(os.getpid(), signal.SIGTERM)
