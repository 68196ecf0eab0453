"""A tar archive of a web archive's tree: pipermail's volumes in the calendar's order, the pages beside them passed over.

An archive holds its members in any order, and cannot be read twice where it comes through a pipe. So the volumes are
put into a nameless file until all are known.
"""

from __future__ import annotations

import posixpath
from contextlib import ExitStack
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Final, NamedTuple

from storage.sources.base import CHUNK
from storage.sources.compressed import Octets
from storage.sources.content import SNIFFED, WEB_PAGE
from storage.sources.pipermail import is_volume, volume_order
from storage.sources.tar import tar_records

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from storage.sources.base import Record

__all__ = ["tree_records"]

MAX_SPOOLED: Final = 8 << 30
"""The octets of volumes that are put aside; what is more is given as it comes."""
MAX_HELD: Final = 10_000
"""The pages that are not named until it is known whether they lie beside volumes."""


class _Spooled(NamedTuple):
    folder: str
    order: tuple[int, ...]
    position: str
    start: int
    end: int


def tree_records(
    octets: Octets, label: str, records_in: Callable[[Octets, str], Iterator[Record]]
) -> Iterator[Record]:
    """Yield what a tar archive holds, as ``tar_records`` does, but volumes last and in their order."""
    with ExitStack() as stack:
        tree = _Tree(label, records_in, stack)
        yield from tar_records(octets, label, tree.look)
        yield from tree.rest()


class _Tree:
    """Looks at members, and keeps what is to come last. ``stack`` closes the file."""

    def __init__(
        self, label: str, records_in: Callable[[Octets, str], Iterator[Record]], stack: ExitStack
    ) -> None:
        self._label = label
        self._records_in = records_in
        self._stack = stack
        self._file: IO[bytes] | None = None
        self._size = 0
        self._volumes: list[_Spooled] = []
        self._roots: set[str] = set()  # the folders of volumes
        self._pages: list[tuple[str, Record]] = []

    def look(self, content: Octets, position: str) -> Iterator[Record]:
        """Yield a member's records, unless it is a volume or a page that may lie beside volumes."""
        folder, name = posixpath.split(position.removeprefix(f"{self._label}: "))
        order = volume_order(name)
        if order and is_volume(content.peek(SNIFFED)):
            self._roots.add(folder)
            start = self._size
            while self._size < MAX_SPOOLED and (octets := content.read(CHUNK)):
                self._spool().write(octets)
                self._size += len(octets)
            if self._size < MAX_SPOOLED:
                self._volumes.append(_Spooled(folder, order, position, start, self._size))
                return
            begun, rest = _Stretch(self._spool(), start, self._size), content.read
            content = Octets(lambda size: begun.read(size) or rest(size))
        for record in self._records_in(content, position):
            if record.why == WEB_PAGE and len(self._pages) < MAX_HELD:
                self._pages.append((folder, record))
            else:
                yield record

    def rest(self) -> Iterator[Record]:
        """Yield what was kept."""
        for volume in sorted(self._volumes):
            stretch = _Stretch(self._spool(), volume.start, volume.end)
            yield from self._records_in(Octets(stretch.read), volume.position)
        for folder, record in self._pages:
            if self._roots.isdisjoint(_and_above(folder)):
                yield record

    def _spool(self) -> IO[bytes]:
        if self._file is None:
            self._file = self._stack.enter_context(TemporaryFile())  # noqa: SIM115 - it does
        return self._file


def _and_above(folder: str) -> Iterator[str]:
    """Yield a folder and those that it lies in."""
    yield folder
    while folder:
        folder = folder.rpartition("/")[0]
        yield folder


class _Stretch:
    """Reads a stretch of a file."""

    def __init__(self, file: IO[bytes], start: int, end: int) -> None:
        self._file = file
        self._at = start
        self._end = end

    def read(self, size: int) -> bytes:
        self._file.seek(self._at)
        octets = self._file.read(min(size, self._end - self._at))
        self._at += len(octets)
        return octets
