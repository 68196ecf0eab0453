"""A folder with a file of messages for each month or other period, all of one list: a volume each.

Volumes are read in the calendar's order, whatever their names' order is. They only grow, as a rule the last one; so a
cursor tells which volume is at hand and how many of its messages were given, and is good for as long as those before
have the sizes they had. A volume that was compressed since is the same volume: what counts is its text's size.
"""

from __future__ import annotations

import os
import re
import time
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from storage.sources.base import MAX_MESSAGE, SETTLED, Record, readable, shown
from storage.sources.compressed import Octets
from storage.sources.cursor import digest, pack, unpack
from storage.sources.mbox import MboxSplitter
from storage.sources.names import name_from_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from storage.sources.base import Item

__all__ = ["Order", "Volume", "VolumeFolder", "volumes"]

Order: TypeAlias = "Callable[[str], tuple[int, ...] | None]"
"""Returns what a file's name is sorted by, or None where it is no volume's."""

_KIND: Final = "volumes"
_SUFFIX: Final = re.compile(r"\.(?:txt|mbox)(?:\.(?:gz|bz2|xz|zst))?\Z")
_GZIP: Final = b"\x1f\x8b"
_GZIP_OCTETS: Final = 18
"""The octets of the shortest gzip file."""


class _Cursor(NamedTuple):
    before: str = ""  # digest of the volumes before this one and the sizes of their texts
    volume: str = ""  # its name without what tells a format
    given: int = 0  # how many of its records
    last: str = ""  # digest of the last one given
    size: int = -1  # of its text, when all of it was given; else -1


class Volume(NamedTuple):
    """A file; ``stem`` is its name without what tells a format, ``size`` that of its text."""

    stem: str
    path: str
    size: int


class VolumeFolder:
    """A folder of volumes, which may grow; ``label`` is the path that a list's name is made from."""

    def __init__(
        self, folder: str, label: str, order: Order, max_message: int = MAX_MESSAGE
    ) -> None:
        self.name = shown(os.path.abspath(folder))
        self._folder = folder
        self._order = order
        self._label = label
        self._max_message = max_message
        self._read: tuple[bytes, str] | None = None

    @property
    def size(self) -> int:
        """The octets of all volumes' texts.

        Raises:
            SourceError: the folder cannot be read.
        """
        with readable(self._folder):
            return sum(volume.size for volume in volumes(self._folder, self._order))

    def messages(self, after: bytes) -> Iterator[Item]:
        """Yield what lies behind a cursor, as ``Source.messages`` says."""
        with readable(self._folder):
            found = volumes(self._folder, self._order)
        begun = unpack(_KIND, after, _Cursor())
        start = _position(found, begun)
        if start is None:
            start, begun = 0, _Cursor()
        progress = sum(volume.size for volume in found[:start])
        last = after
        is_whole = True
        for at, volume in enumerate(found[start:], start):
            cursor = _Cursor(_state(found[:at]), volume.stem)
            given = self._still_given(volume, begun) if at == start else 0
            if given is not None:
                for item in self._behind(given, volume, cursor, progress):
                    if item is not None:
                        last = item.cursor
                        yield item
                    is_whole = is_whole and item is not None
            progress += volume.size
        self._read = (last, _state(found)) if is_whole else None

    def changed(self, after: bytes) -> bool:
        """Tell whether a volume has grown or come, as ``Source.changed`` says.

        One that grew by nothing that is a message is not read again and again.
        """
        try:
            found = volumes(self._folder, self._order)
        except OSError:
            return False
        if self._read == (after, _state(found)):
            return False
        cursor = unpack(_KIND, after, _Cursor())
        at = _position(found, cursor)
        return at is None or at < len(found) - 1 or found[at].size != cursor.size

    def suggested_name(self) -> str | None:
        """Return the name that the folder's own suggests."""
        return name_from_path(self._label)

    def _still_given(self, volume: Volume, cursor: _Cursor) -> int | None:
        """Return how many records of a volume were given: none, where the last one of them is another now.

        None where all were, and nothing has come.
        """
        if volume.size == cursor.size:
            return None
        record = next(islice(self._records(volume), max(cursor.given - 1, 0), None), None)
        return cursor.given if record and digest(record.raw) == cursor.last else 0

    def _behind(
        self, given: int, volume: Volume, cursor: _Cursor, progress: int
    ) -> Iterator[Item | None]:
        """Yield a volume's records behind those given, the last one with a cursor that tells that it is.

        None where more of it is to come.
        """
        held: Item | None = None
        for count, record in enumerate(self._records(volume), 1):
            if held:
                yield held
                held = None
            if record is None:
                yield None
            elif count > given:
                cursor = cursor._replace(given=count, last=digest(record.raw))
                held = record.found(pack(_KIND, cursor), progress + record.end)
        if held:
            at_end = pack(_KIND, cursor._replace(size=volume.size))
            yield replace(held, cursor=at_end, progress=progress + volume.size)

    def _records(self, volume: Volume) -> Iterator[Record | None]:
        """Yield a volume's records; None at the end of one that was written to a moment ago and is cut there."""
        label = shown(volume.path)
        with readable(volume.path), open(volume.path, "rb", buffering=0) as file:
            fresh = time.time_ns() - os.fstat(file.fileno()).st_mtime_ns < SETTLED * 1e9
            octets = Octets(file.read)
            for record in MboxSplitter(octets.read, label, max_message=self._max_message).records():
                if fresh and (octets.damage or not record.raw.endswith(b"\n")):
                    yield None
                    return
                yield record
            if octets.damage and not fresh:
                yield Record(label, b"", None, octets.damage, 0, 0)


def volumes(folder: str, order_of: Order) -> list[Volume]:
    """Return a folder's volumes in their order; of one that is there twice, the longer text.

    Raises:
        OSError: it cannot be read.
    """
    longest: dict[str, tuple[tuple[int, ...], Volume]] = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            order = order_of(entry.name)
            if order and entry.is_file():
                stem = _SUFFIX.sub("", entry.name)
                volume = Volume(stem, entry.path, _text_size(entry))
                if stem not in longest or longest[stem][1].size < volume.size:
                    longest[stem] = order, volume
    return [volume for _, volume in sorted(longest.values())]


def _text_size(entry: os.DirEntry[str]) -> int:
    """Return the size of a volume's text; gzip tells it at its end (RFC 1952 s. 2.3.1), of others it is the file's."""
    size = entry.stat().st_size
    if not entry.name.endswith(".gz") or size < _GZIP_OCTETS:
        return size
    with open(entry.path, "rb", buffering=0) as file:
        if file.read(len(_GZIP)) != _GZIP:  # the server decompressed it on its way
            return size
        return int.from_bytes(os.pread(file.fileno(), 4, size - 4), "little")


def _position(found: Sequence[Volume], cursor: _Cursor) -> int | None:
    """Return the index of the volume that a cursor is in, or None where it fits no longer."""
    at = next((at for at, volume in enumerate(found) if volume.stem == cursor.volume), None)
    return at if at is not None and _state(found[:at]) == cursor.before else None


def _state(found: Iterable[Volume]) -> str:
    """Return a digest of volumes and the sizes of their texts."""
    return digest("".join(f"{volume.stem} {volume.size}\n" for volume in found).encode())
