"""Folders that hold a message a file: what maildir, MH and folders of ``.eml`` files share.

A pass lists the files, orders them and gives them one by one. A file's inode change time (ctime) is set when it is
put into the folder, renamed or rewritten, and cannot be forged, so the next pass reads only files whose ctime is not
below the newest one seen, less some slack. A cursor from the middle of a pass names the last file given instead of
trusting the order of ctimes.
"""

from __future__ import annotations

import os
import stat
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from storage.errors import SourceError
from storage.sources.base import MAX_MESSAGE, SETTLED, Incoming, Rejected, readable, shown
from storage.sources.content import message_record, too_large
from storage.sources.cursor import digest, pack, unpack
from storage.sources.names import name_from_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["DirectorySource", "Layout", "Listed"]

_SLACK: Final = int(SETTLED * 1e9)


@dataclass(frozen=True, slots=True)
class Layout:
    """How a kind of folder keeps its messages.

    ``parts`` are the folders inside that hold files, an empty string being the folder itself. ``accepts`` tells by
    its name whether a file is a message, ``order`` gives what names are sorted by, and ``lasting`` the part of a name
    that stays when the file is marked as read and the like.
    """

    kind: str
    parts: Sequence[str]
    accepts: Callable[[str], bool]
    order: Callable[[str], tuple[int | str, ...]]
    lasting: Callable[[str], str]


class _Cursor(NamedTuple):
    floor: int = 0  # every file with a ctime below was given; nanoseconds
    newest: int = 0  # the newest ctime of the pass the cursor is from
    last: str = ""  # digest of the last file given, empty when the pass is complete
    modified: int = -1  # the folder's own modification time when it was listed
    settled: bool = False  # whether a later change must have given it another one


class Listed(NamedTuple):
    """A file found, and what it is sorted by."""

    order: tuple[int | str, ...]
    name: str
    part: str
    changed: int  # ctime in nanoseconds
    size: int


class DirectorySource:
    """A folder with a message in every file; ``label`` is the path that a list's name is made from."""

    def __init__(
        self, folder: str, layout: Layout, label: str, max_message: int = MAX_MESSAGE
    ) -> None:
        self.name = shown(os.path.abspath(folder))
        self._folder = folder
        self._layout = layout
        self._label = label
        self._max_message = max_message

    @property
    def size(self) -> int:
        """The octets of all files.

        Raises:
            SourceError: the folder cannot be listed.
        """
        return sum(file.size for file in self._files())

    def messages(self, after: bytes) -> Iterator[Incoming | Rejected]:
        """Yield what lies behind a cursor, as ``Source.messages`` says."""
        begun = unpack(self._layout.kind, after, _Cursor())
        modified = self._modified()
        settled = time.time_ns() - modified >= _SLACK
        files = sorted(self._files())
        newest = max((file.changed for file in files), default=0)
        files = self._behind(begun, files)
        progress = 0
        for left, file in zip(range(len(files) - 1, -1, -1), files, strict=True):
            cursor = _Cursor(begun.floor, newest, self._mark(file), modified, settled)
            if not left:
                cursor = _Cursor(max(newest, begun.floor), newest, "", modified, settled)
            progress += file.size
            found = self._read(file, pack(self._layout.kind, cursor), progress)
            if found is not None:
                yield found

    def changed(self, after: bytes) -> bool:
        """Tell whether the folder was modified since, or may have been, as ``Source.changed`` says."""
        cursor = unpack(self._layout.kind, after, _Cursor())
        try:
            modified = self._modified()
        except SourceError:
            return False
        return bool(cursor.last) or not cursor.settled or cursor.modified != modified

    def suggested_name(self) -> str | None:
        """Return the name that the folder's own suggests."""
        return name_from_path(self._label)

    def _modified(self) -> int:
        """Return when the last file was put in, renamed or taken out; nanoseconds."""
        with readable(self._folder):
            return max(os.stat(path).st_mtime_ns for _, path in self._parts())

    def _files(self) -> Iterator[Listed]:
        """Yield the messages' files in no order."""
        layout = self._layout
        with readable(self._folder):
            for part, path in self._parts():
                with os.scandir(path) as entries:
                    for entry in entries:
                        status = _file_status(entry) if layout.accepts(entry.name) else None
                        if status is not None:
                            order = layout.order(entry.name)
                            yield Listed(
                                order, entry.name, part, status.st_ctime_ns, status.st_size
                            )

    def _parts(self) -> Iterator[tuple[str, str]]:
        """Yield the folders that hold the files, and their paths."""
        for part in self._layout.parts:
            yield part, os.path.join(self._folder, part)

    def _behind(self, begun: _Cursor, files: list[Listed]) -> list[Listed]:
        """Return those of the ordered files that were not surely given before the cursor."""
        floor = begun.floor - _SLACK
        if not begun.last:
            return [file for file in files if file.changed >= floor]
        given = next((at + 1 for at, file in enumerate(files) if self._mark(file) == begun.last), 0)
        renewed = begun.newest - _SLACK
        return [
            file
            for at, file in enumerate(files)
            if file.changed >= (floor if at >= given else renewed)
        ]

    def _mark(self, file: Listed) -> str:
        return digest(os.fsencode(self._layout.lasting(file.name)))

    def _read(self, file: Listed, cursor: bytes, progress: int) -> Incoming | Rejected | None:
        """Read one file; None where it went away, as a file does that is renamed: it will be found as a newer one."""
        path = os.path.join(self._folder, file.part, file.name)
        if file.size > self._max_message:
            return Rejected(shown(path), too_large(self._max_message), cursor, progress)
        try:
            with open(path, "rb") as opened:
                raw = opened.read()
        except FileNotFoundError:
            return None
        except OSError as error:
            return Rejected(shown(path), f"it cannot be read ({error.strerror})", cursor, progress)
        return message_record(raw, shown(path), self._max_message).found(cursor, progress)


def _file_status(entry: os.DirEntry[str]) -> os.stat_result | None:
    """Return the status of a regular file or of one that a link leads to, else None."""
    try:
        status = entry.stat()
    except OSError:
        return None
    return status if stat.S_ISREG(status.st_mode) else None
