"""MboxFile: an uncompressed mbox, which may grow while it is followed.

A cursor is the offset where the next record starts, with digests of the file's beginning and of the octets before
the offset, by which a rewritten file is noticed. It names the start of the last record too: where that was the last
of the file and goes on after all, it had been cut short, and is given once more as a whole.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from storage.sources.base import SETTLED, readable
from storage.sources.cursor import MARK, digest, pack, unpack
from storage.sources.file import OneFile
from storage.sources.mbox import MboxSplitter
from storage.sources.separator import LOOKAHEAD, is_separator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from storage.sources.base import Incoming, Record, Rejected

__all__ = ["MboxFile"]

_KIND: Final = "mbox"
_TAIL: Final = 64
_LOOKBEHIND: Final = 3
"""The octets before a From_ line that tell whether an empty line comes before it."""


class _Cursor(NamedTuple):
    offset: int = 0
    start: int = 0  # of the record that ends at the offset
    mark: str = ""  # digest of the file's beginning
    tail: str = ""  # digest of the octets before the offset
    unquoted: bool = False  # the file has shown itself to be mboxcl2


class MboxFile(OneFile):
    """A file of records, which may grow."""

    def messages(self, after: bytes) -> Iterator[Incoming | Rejected]:
        """Yield what lies behind a cursor, as ``Source.messages`` says."""
        with readable(self._path), open(self._path, "rb", buffering=0) as file:
            cursor = unpack(_KIND, after, _Cursor())
            descriptor = file.fileno()
            if not _fits(descriptor, cursor):
                cursor = _Cursor()
            offset = cursor.offset if _begins_record(descriptor, cursor.offset) else cursor.start
            file.seek(offset)
            splitter = MboxSplitter(
                file.read,
                self.name,
                offset=offset,
                unquoted=cursor.unquoted,
                max_message=self._max_message,
            )
            for record in splitter.records():
                if _is_being_written(descriptor, record):
                    return
                cursor = _Cursor(
                    record.end, record.start, *_marks(descriptor, record.end), splitter.unquoted
                )
                yield record.found(pack(_KIND, cursor), record.end)

    def changed(self, after: bytes) -> bool:
        """Tell whether the file has grown or is another, as ``Source.changed`` says."""
        cursor = unpack(_KIND, after, _Cursor())
        try:
            with open(self._path, "rb", buffering=0) as file:
                descriptor = file.fileno()
                return os.fstat(descriptor).st_size != cursor.offset or not _fits(
                    descriptor, cursor
                )
        except OSError:
            return False


def _marks(descriptor: int, offset: int) -> tuple[str, str]:
    """Return the digests of the file's beginning and of what comes before ``offset``."""
    beginning = os.pread(descriptor, min(MARK, offset), 0)
    tail = os.pread(descriptor, min(_TAIL, offset), max(offset - _TAIL, 0))
    return digest(beginning), digest(tail)


def _fits(descriptor: int, cursor: _Cursor) -> bool:
    """Tell whether the file is still the one that the cursor was made of."""
    return cursor == _Cursor() or _marks(descriptor, cursor.offset) == (cursor.mark, cursor.tail)


def _begins_record(descriptor: int, offset: int) -> bool:
    """Tell whether a record starts at ``offset``, if need be behind empty lines, or nothing follows at all."""
    before = min(_LOOKBEHIND, offset)
    octets = os.pread(descriptor, before + LOOKAHEAD, offset - before)
    following = octets[before:].lstrip(b"\0\r\n")
    at = len(octets) - len(following)
    return not following or (following.startswith(b"From ") and is_separator(octets, at))


def _is_being_written(descriptor: int, record: Record) -> bool:
    """Tell whether the record is the file's last, does not end with a line, and was written to a moment ago."""
    status = os.fstat(descriptor)
    return (
        record.end >= status.st_size
        and time.time_ns() - status.st_mtime_ns < SETTLED * 1e9
        and os.pread(descriptor, 1, record.end - 1) != b"\n"
    )
