"""Sources that are read from the beginning each time: compressed files, tar archives, single messages, a pipe.

A cursor counts the records given; it holds as long as the file is the same by size, modification time and beginning.
"""

from __future__ import annotations

import os
import time
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from storage.errors import SourceError
from storage.sources.base import MAX_MESSAGE, SETTLED, Record, readable, shown
from storage.sources.compressed import Octets
from storage.sources.content import SNIFFED, Content, message_record, sniff
from storage.sources.cursor import MARK, digest, pack, unpack
from storage.sources.mbox import MboxSplitter
from storage.sources.names import name_from_path
from storage.sources.tar import tar_records

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from storage.sources.base import Incoming, Rejected

__all__ = ["StreamSource", "WholeFile"]

_KIND: Final = "whole"


class _Cursor(NamedTuple):
    size: int = -1
    modified: int = -1  # nanoseconds
    mark: str = ""  # digest of the file's beginning
    count: int = 0  # of the records given
    complete: bool = False


class WholeFile:
    """A file that is read as a whole; ``label`` is the path that a list's name is made from."""

    def __init__(self, path: str, label: str, max_message: int = MAX_MESSAGE) -> None:
        self.name = shown(os.path.abspath(path))
        self._path = path
        self._label = label
        self._max_message = max_message

    @property
    def size(self) -> int:
        """The file's octets, compressed as they are.

        Raises:
            SourceError: the file cannot be read.
        """
        with readable(self._path):
            return os.stat(self._path).st_size

    def messages(self, after: bytes) -> Iterator[Incoming | Rejected]:
        """Yield what lies behind a cursor, as ``Source.messages`` says.

        The end of a file that is damaged, and was written to a moment ago, is taken for one still to come.
        """
        with readable(self._path), open(self._path, "rb", buffering=0) as file:
            status = os.fstat(file.fileno())
            mark = digest(file.read(MARK))
            file.seek(0)
            now = _Cursor(status.st_size, status.st_mtime_ns, mark)
            begun = unpack(_KIND, after, _Cursor())
            count = begun.count if begun[:3] == now[:3] else 0
            octets = Octets(file.read)
            records = _all_records(octets, self.name, self._max_message)
            held: Record | None = None  # until it is known whether it is the last
            for at, record in enumerate(records):
                if held is not None:
                    yield held.found(pack(_KIND, now._replace(count=at)), octets.consumed)
                held = record if at >= count else None
                
