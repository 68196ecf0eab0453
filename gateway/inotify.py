"""inotify: the system tells what changes in folders, where it can (Linux, on its own disks)."""

from __future__ import annotations

import ctypes
import enum
import errno
import logging
import os
import select
import struct
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from gateway.mounts import Mounts

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

__all__ = ["Change", "Inotify", "Touched", "Watch"]

_READ_OCTETS: Final = 64 * 1024
_MAX_READS: Final = 64
"""How often the queue is read before what was read is looked at: so often it may be full."""

_GATHER_SECONDS: Final = 0.005
"""How long one change is let others follow, so that they are looked at together."""

_EVENT: Final = struct.Struct("iIII")  # descriptor, mask, cookie, octets of the name


log = logging.getLogger(__name__)


class Change(enum.IntFlag):
    """What happened, as the system's header has it."""

    WRITTEN = 0x002
    """Something was written to a file."""
    TOUCHED = 0x004
    """A time, an owner or the like is another."""
    CLOSED = 0x008
    """A file that could be written to was closed."""
    MOVED_IN = 0x080
    CREATED = 0x100
    MOVED_AWAY = 0x800
    """The folder itself has another place or name now."""
    OVERFLOW = 0x4000
    """There was more than the system kept."""
    FORGOTTEN = 0x8000
    """The folder is gone, and watched no more."""
    FOLDER = 0x4000_0000
    """It happened to a folder."""
    ONLY_FOLDERS = 0x0100_0000
    """Asks for folders to be watched and nothing else."""


_OF_INTEREST: Final = (
    Change.WRITTEN | Change.CLOSED | Change.MOVED_IN | Change.CREATED | Change.MOVED_AWAY
)


class Touched(NamedTuple):
    """What happened to what is called so in a folder."""

    folder: str
    name: str
    change: Change


class Event(NamedTuple):
    """What happened to what is called so in the folder that a descriptor stands for."""

    descriptor: int
    change: Change
    name: bytes


class Inotify:
    """One queue of events."""

    def __init__(self) -> None:
        """Open it.

        Raises:
            OSError: the system has none, or no more of them.
        """
        self._libc = ctypes.CDLL(None, use_errno=True)
        if not hasattr(self._libc, "inotify_init1"):
            raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
        self._descriptor = self._checked(
            self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC), "inotify"
        )

    def fileno(self) -> int:
        """Return what can be waited for."""
        return self._descriptor

    def add(self, folder: str, changes: Change) -> int:
        """Watch a folder; return the descriptor that stands for it.

        Raises:
            OSError: it is none, or there are more than may be watched (ENOSPC).
        """
        mask = int(changes | Change.ONLY_FOLDERS)
        return self._checked(
            self._libc.inotify_add_watch(self._descriptor, os.fsencode(folder), mask), folder
        )

    def remove(self, descriptor: int) -> None:
        """Watch a folder no more; one that is gone already is let pass."""
        self._libc.inotify_rm_watch(self._descriptor, descriptor)

    def events(self) -> list[Event]:
        """Return what happened since, without waiting."""
        events: list[Event] = []
        try:
            octets = os.read(self._descriptor, _READ_OCTETS)
        except BlockingIOError:
            return events
        at = 0
        while at < len(octets):
            descriptor, mask, _, length = _EVENT.unpack_from(octets, at)
            at += _EVENT.size + length
            events.append(Event(descriptor, Change(mask), octets[at - length : at].rstrip(b"\0")))
        return events

    def close(self) -> None:
        """Give the queue back."""
        os.close(self._descriptor)

    def _checked(self, result: int, what: str) -> int:
        if result < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), what)
        return result


class Watch:
    """Watches a set of folders, as far as the system does."""

    def __init__(self) -> None:
        self._folders: dict[int, set[str]] = {}  # a folder may have several names
        self._descriptors: dict[str, int] = {}
        self._remote: set[str] = set()
        self._is_told = False
        try:
            self._inotify: Inotify | None = Inotify()
        except OSError as error:
            log.info("changes of files are not told of (%s): they are looked for", error.strerror)
            self._inotify = None

    def keep(self, folders: AbstractSet[str]) -> bool:
        """Watch these folders and no others; return whether all that changes in them is told."""
        if self._inotify is None:
            return False
        new = folders - self._descriptors.keys()
        if new:
            mounts = Mounts.now()
            self._remote = {folder for folder in folders if mounts.is_remote(folder)}
        for folder in self._descriptors.keys() - folders:
            descriptor = self._descriptors.pop(folder)
            self._folders[descriptor].discard(folder)
            if not self._folders[descriptor]:
                del self._folders[descriptor]
                self._inotify.remove(descriptor)
        for folder in new:
            try:
                descriptor = self._inotify.add(folder, _OF_INTEREST)
            except OSError as error:
                self._complain(folder, error)
            else:
                self._folders.setdefault(descriptor, set()).add(folder)
                self._descriptors[folder] = descriptor
        return len(self._descriptors) == len(folders) and not self._remote & folders

    def wait(self, seconds: float) -> list[Touched]:
        """Wait until something happens, but no longer than this; return what it was."""
        if self._inotify is None:
            time.sleep(seconds)
            return []
        polled = select.poll()
        polled.register(self._inotify.fileno(), select.POLLIN)
        if not polled.poll(seconds * 1000):
            return []
        time.sleep(_GATHER_SECONDS)
        touched: list[Touched] = []
        for _ in range(_MAX_READS):
            events = self._inotify.events()
            if not events:
                break
            for event in events:
                touched += self._touched(event)
        return touched

    def close(self) -> None:
        """Watch nothing any more."""
        if self._inotify is not None:
            self._inotify.close()

    def _touched(self, event: Event) -> list[Touched]:
        """Return what an event means under each name of its folder; of an overflow, which has none, under none."""
        if event.change & Change.OVERFLOW:
            return [Touched("", "", event.change)]
        # None where it is watched no more.
        folders = sorted(self._folders.get(event.descriptor, ()))
        if event.change & Change.MOVED_AWAY and self._inotify is not None:
            # It is FORGOTTEN next, and what has its name then can be watched.
            self._inotify.remove(event.descriptor)
        if event.change & Change.FORGOTTEN:
            self._folders.pop(event.descriptor, None)
            for folder in folders:
                del self._descriptors[folder]
        return [Touched(folder, os.fsdecode(event.name), event.change) for folder in folders]

    def _complain(self, folder: str, error: OSError) -> None:
        """Say once that not all is watched."""
        if error.errno == errno.ENOSPC and not self._is_told:
            self._is_told = True
            log.warning(
                "%s: no more folders can be watched, so sources are looked at twice a second instead of at once; "
                "raise fs.inotify.max_user_watches",
                folder,
            )
