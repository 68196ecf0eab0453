"""Following sources in a process of its own: what comes to them is added at once where the system tells of it.

A file is looked at when a program that wrote to it has closed it, or when it was moved into its folder: then what is in
it is whole. Where nobody closes it, it is looked at once it rests. Every few seconds everything is looked at anyway, for the
system does not tell everything: nothing of what other machines do on a network's disks, and nothing at all where more is
watched than it allows. Then, and where it cannot tell, everything is looked at twice a second.
"""

from __future__ import annotations

import logging
import os
import time
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Final

from gateway.child import Child
from gateway.inotify import Change, Watch
from gateway.intake import Inlet, cursor_of, ingest_inlet, open_for_writing
from storage.errors import ArchiveError
from storage.sources import STANDARD_INPUT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from gateway.child import Family
    from gateway.inotify import Touched
    from gateway.intake import Plan
    from storage.sqlite import SqliteWriter

__all__ = ["Follower", "Following"]

POLL_SECONDS: Final = 0.5
"""How often followed sources are looked at where the system does not tell; a look is a ``stat``."""

EXPAND_SECONDS: Final = 5.0
"""How often followed folders are searched for new files, and everything is looked at where the system tells."""

REST: Final = 4.0
"""How many times as long as it looked a follower rests, up to ``POLL_SECONDS``: folders may be large."""

MAX_NOTHING: Final = 10_000
"""How many files that are no sources are remembered, for which folders need not be searched again."""

_WHOLE: Final = Change.CLOSED | Change.MOVED_IN
_LOST: Final = Change.OVERFLOW | Change.FORGOTTEN
_MAILDIR: Final = ("new", "cur")

_GONE: Final = "the sources were not followed any more: following them again"

log = logging.getLogger(__name__)


class Following:
    """A process beside this one that adds what comes to a plan's sources; it ends with this one, however that ends."""

    def __init__(self, directory: Path, plan: Plan) -> None:
        kept = replace(plan, paths=[path for path in plan.paths if path != STANDARD_INPUT])
        self._is_needed = bool(kept.paths)
        self._child = Child("listgate-follow", _GONE, _follow, directory, kept)

    def tend(self) -> None:
        """Start the process, if there is anything to follow; start it again if it is gone."""
        if self._is_needed:
            self._child.tend()

    def end(self) -> None:
        """End the process."""
        self._child.end()


def _follow(family: Family, directory: Path, plan: Plan) -> None:
    """Look at the sources when there is something to see, until the parent process is gone."""
    follower = Follower(open_for_writing(directory), plan)
    watch = Watch()
    while family.is_whole():
        began = time.monotonic()
        follower.search()
        if not watch.keep(follower.folders()):
            follower.poll(POLL_SECONDS)
        follower.look()
        rest = min(REST * (time.monotonic() - began), POLL_SECONDS)
        time.sleep(rest)
        follower.notice(watch.wait(follower.idle_seconds()))


class Follower:
    """Adds what comes to the sources of a plan; a fault is logged once while it lasts.

    What is to be looked at, and when, is known by ``source.name``: the path of a file, or of a folder with a message a file.
    """

    def __init__(
        self, writer: SqliteWriter, plan: Plan, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._writer = writer
        self._plan = plan
        self._clock = clock
        self._inlets: dict[str, list[Inlet]] = {}
        self._places: dict[str, Inlet] = {}
        self._folders: set[str] = set()
        self._due: dict[str, float] = {}
        self._nothing: set[tuple[str, str]] = set()
        self._expand_at = self._look_at = -EXPAND_SECONDS
        self._cursors: dict[tuple[str, str], bytes] = {}
        self._faults: dict[tuple[str, str], str] = {}

    def search(self) -> None:
        """Find out what there is to follow, when that is due."""
        now = self._clock()
        if now < self._expand_at:
            return
        self._expand_at = now + EXPAND_SECONDS
        for path in self._plan.paths:
            self._attempt(("search", path), partial(self._expand, path))
        self._map()

    def look(self) -> None:
        """Add what has come to the sources that are due."""
        now = self._clock()
        due = {name for name, at in self._due.items() if at <= now}
        if now >= self._look_at:
            self._look_at = now + EXPAND_SECONDS
            due = {inlet.source.name for inlet in self._all()}
        self._due = {name: at for name, at in self._due.items() if at > now and name not in due}
        for inlet in self._all():
            if inlet.source.name in due:
                self._attempt(("read", inlet.source.name), partial(self._catch_up, inlet))

    def poll(self, seconds: float) -> None:
        """Have everything looked at after so many seconds at the latest: the system does not tell of all."""
        self._look_at = min(self._look_at, self._clock() + seconds)

    def idle_seconds(self) -> float:
        """Return how long there is nothing to look at, if nothing is noticed."""
        soonest = min([self._look_at, self._expand_at, *self._due.values()])
        return max(soonest - self._clock(), 0.0)

    def folders(self) -> set[str]:
        """Return the folders that it wants to notice the changes of."""
        return self._folders

    def notice(self, touched: Iterable[Touched]) -> None:
        """Have what was touched looked at, when it is whole."""
        now = self._clock()
        for folder, name, change in touched:
            inlet = self._places.get(os.path.join(folder, name)) or self._places.get(folder)
            if change & _LOST:
                self._look_at = self._expand_at = now
            elif inlet is not None:
                is_link = change & Change.CREATED and os.path.basename(folder) in _MAILDIR
                is_whole = change & _WHOLE or is_link
                self._due[inlet.source.name] = now if is_whole else now + POLL_SECONDS
            elif change & Change.FOLDER:
                self._expand_at = min(self._expand_at, now + POLL_SECONDS)
            elif change & _WHOLE and (folder, name) not in self._nothing:
                self._expand_at = now
                if len(self._nothing) >= MAX_NOTHING:
                    self._nothing.clear()
                self._nothing.add((folder, name))  # unless it turns out to be a source

    def _all(self) -> Iterable[Inlet]:
        return chain.from_iterable(self._inlets.values())

    def _expand(self, path: str) -> None:
        known = {inlet.source.name for inlet in self._inlets.get(path, ())}
        self._inlets[path] = self._plan.inlets_of(path)
        for inlet in self._inlets[path]:
            if inlet.source.name not in known:
                self._due[inlet.source.name] = self._clock()

    def _map(self) -> None:
        """Find out where changes are of interest: beside files, also where a link leads, and in folders of messages."""
        self._places = {}
        self._folders = {path for path in self._plan.paths if os.path.isdir(path)}
        for inlet in self._all():
            path = inlet.source.name
            if os.path.isdir(path):
                for place in (path, *(os.path.join(path, part) for part in _MAILDIR)):
                    self._places[place] = inlet
                    self._folders.update([place] if os.path.isdir(place) else [])
            else:
                for place in (path, os.path.realpath(path)):
                    self._places[place] = inlet
                    self._folders.add(os.path.dirname(place))

    def _attempt(self, what: tuple[str, str], work: Callable[[], None]) -> None:
        try:
            work()
        except ArchiveError as error:
            if self._faults.get(what) != str(error):
                log.warning("%s; trying again", error)
            self._faults[what] = str(error)
        else:
            self._faults.pop(what, None)

    def _catch_up(self, inlet: Inlet) -> None:
        key = inlet.name, inlet.source.name
        if key not in self._cursors:
            self._cursors[key] = cursor_of(self._writer, inlet)
        if not inlet.source.changed(self._cursors[key]):
            return
        self._due[inlet.source.name] = self._clock() + POLL_SECONDS  # there may be more to come
        summary = ingest_inlet(self._writer, inlet, self._plan.subject_window)
        self._cursors[key] = cursor_of(self._writer, inlet)
        if summary.added:
            log.info("%s: %d new", inlet.name, summary.added)
        for position, why in summary.rejected:
            log.warning("%s: %s; skipped", position, why)
