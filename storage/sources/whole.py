"""Sources that are read from the beginning each time: compressed files, tar archives, single messages, a pipe.

A cursor counts the records given; it holds as long as the file is the same by size, modification time and beginning.
"""

from __future__ import annotations

import os
import time
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from storage.sources.base import MAX_MESSAGE, SETTLED, Record, readable
from storage.sources.compressed import Octets
from storage.sources.content import SNIFFED, Content, message_record, sniff
from storage.sources.cursor import MARK, digest, pack, unpack
from storage.sources.file import OneFile
from storage.sources.mbox import MboxSplitter
from storage.sources.tartree import tree_records

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from storage.sources.base import Incoming, Rejected

_Item = TypeVar("_Item")

__all__ = ["StreamSource", "WholeFile"]

_KIND: Final = "whole"


class _Cursor(NamedTuple):
    size: int = -1
    modified: int = -1  # nanoseconds
    mark: str = ""  # digest of the file's beginning
    given: int = 0  # how many records
    complete: bool = False


class WholeFile(OneFile):
    """A file that is read as a whole."""

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
            given = begun.given if begun[:3] == now[:3] else 0
            fresh = time.time_ns() - now.modified < SETTLED * 1e9
            octets = Octets(file.read)
            records = enumerate(_records(octets, self.name, self._max_message), 1)
            for (count, record), last in _marking_last(records):
                if octets.damage and fresh:
                    return
                if count > given:
                    cursor = now._replace(given=count, complete=last)
                    yield record.found(pack(_KIND, cursor), octets.consumed)

    def changed(self, after: bytes) -> bool:
        """Tell whether the file is another or has more to give, as ``Source.changed`` says."""
        cursor = unpack(_KIND, after, _Cursor())
        try:
            status = os.stat(self._path)
        except OSError:
            return False
        return not cursor.complete or (cursor.size, cursor.modified) != (
            status.st_size,
            status.st_mtime_ns,
        )


class StreamSource:
    """Standard input, or another stream of octets that comes once."""

    name: Final = "-"
    size: Final = None

    def __init__(self, read: Callable[[int], bytes], max_message: int = MAX_MESSAGE) -> None:
        self._read = read
        self._max_message = max_message

    def messages(self, after: bytes) -> Iterator[Incoming | Rejected]:  # noqa: ARG002 - a stream has no cursor
        """Yield what the stream holds; the cursors are empty.

        Raises:
            SourceError: the stream cannot be read.
        """
        with readable(self.name):
            octets = Octets(self._read)
            for record in _records(octets, self.name, self._max_message):
                yield record.found(b"", octets.consumed)

    def changed(self, after: bytes) -> bool:  # noqa: ARG002 - a stream has no cursor
        """Return False: nobody waits for more behind the end of a stream."""
        return False

    def suggested_name(self) -> str | None:
        """Return None: a stream has no name."""
        return None


def _records(octets: Octets, label: str, max_message: int) -> Iterator[Record]:
    """Yield the records of whatever a stream holds, at last the damage that ended it too early."""
    plain = partial(_plain_records, max_message=max_message)
    if sniff(octets.peek(SNIFFED)) is Content.TAR:
        yield from tree_records(octets, label, plain)
    else:
        yield from plain(octets, label)
    if octets.damage:
        yield Record(label, b"", None, octets.damage, 0, 0)


def _plain_records(octets: Octets, label: str, max_message: int) -> Iterator[Record]:
    """Yield the records of an mbox or the one message of another file."""
    content = sniff(octets.peek(SNIFFED))
    if content is Content.MBOX:
        yield from MboxSplitter(octets.read, label, max_message=max_message).records()
    elif content is Content.TAR:
        yield Record(
            label, b"", None, "it is an archive inside an archive: unpack that one first", 0, 0
        )
    else:
        yield message_record(octets.read_fully(max_message + 1), label, max_message)


def _marking_last(items: Iterator[_Item]) -> Iterator[tuple[_Item, bool]]:
    """Yield each item with whether it is the last."""
    for item in items:
        held = item
        break
    else:
        return
    for item in items:
        yield held, False
        held = item
    yield held, True
