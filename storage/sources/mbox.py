"""The mbox formats: one file, many records, told apart by their From_ lines.

All four kinds are read without being told which it is. ``>From `` is unquoted by one ``>``, as mboxrd has it; mboxo
quotes only ``From ``, so that there a line which was ``>From `` in the message loses its ``>``. A Content-Length is
believed only where it leads exactly to the next record or to the end of the file; once such a body is seen to hold an
unquoted From_ line the file is mboxcl2, and no body that is measured so is unquoted from there on. What an archive's
software did to a record is undone, as ``rebuilt`` says.

The splitter holds one record and a chunk in memory, whatever the file's size, and what it finds does not depend on
how the octets were cut into chunks.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from storage.message.dates import from_line
from storage.sources.base import CHUNK, MAX_MESSAGE, Record
from storage.sources.content import refusal, too_large
from storage.sources.rebuilt import is_export_name, mended
from storage.sources.separator import LOOKAHEAD, is_separator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["MboxSplitter"]

_FROM: Final = b"\nFrom "
_FROM_BEHIND_NUL: Final = re.compile(rb"[\n\0]From ")
"""A crash's padding may end without a line end; looked for only in files that hold a NUL, because it is slower."""
_VIRTUAL: Final = b"\n\n"
"""Stands before the first octet, so that a From_ line there is one behind an empty line."""
_BLANK: Final = b"\0\t\n\r "

_QUOTED: Final = re.compile(rb"^>(>*From )", re.MULTILINE)
_PADDING: Final = bytes(16)
"""What a crash leaves where a block was never written; shorter runs of NULs may be the message's own."""

_LENGTH_SPELLINGS: Final = (b"\nContent-Length:", b"\nContent-length:")
_CONTENT_LENGTH: Final = re.compile(rb"\nContent-[Ll]ength:[ \t]*([0-9]{1,12})[ \t\r]*\n")
_INTERNAL_SENDER: Final = b"From MAILER-DAEMON "
_INTERNAL_SUBJECT: Final = b"\nSubject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA"
"""The record in which UW IMAP and Dovecot keep a mailbox's UIDs: it is no message."""
_INTERNAL_OCTETS: Final = 4096


class MboxSplitter:
    """Splits the octets that ``read`` gives, which begin at ``offset`` of the file, into records.

    ``label`` names the file in positions. ``unquoted`` tells whether the file has shown itself to be mboxcl2.

    The buffer always begins with the record at hand, or before the first one with whatever comes before it.
    """

    def __init__(
        self,
        read: Callable[[int], bytes],
        label: str,
        *,
        offset: int = 0,
        unquoted: bool = False,
        max_message: int = MAX_MESSAGE,
    ) -> None:
        self.unquoted = unquoted
        self._read = read
        self._label = label
        self._is_export = is_export_name(label)
        self._max_message = max_message
        self._buffer = bytearray(_VIRTUAL)
        self._offset = offset - len(_VIRTUAL)  # of the buffer in the file
        self._start = offset  # of the record at hand in the file
        self._body_end: int | None = None
        self._ended = False
        self._has_nul = False

    def records(self) -> Iterator[Record]:
        """Yield the records in order; ``why`` tells what cannot be a message."""
        end = self._next_separator(0)
        if self._offset + end - self._start > self._max_message or self._buffer[:end].strip(_BLANK):
            yield self._refused(end, "no From_ line starts a message here")
        self._advance(end)
        while self._buffer:
            end = self._next_separator(len(_FROM))
            record = self._record(end)
            if record is not None:
                yield record
            self._advance(end)

    def _next_separator(self, at: int) -> int:
        """Return where the next record starts behind ``at``, as an index of the buffer, or where the file ends."""
        while (candidate := self._candidate(at)) > 0:
            self._fill(candidate + LOOKAHEAD)
            at = candidate
            if is_separator(self._buffer, candidate):
                body_end = self._measured_end(candidate)
                if candidate >= body_end or not self._leads_to_record(body_end):
                    return candidate
                at = body_end - 1
        return len(self._buffer)

    def _candidate(self, at: int) -> int:
        """Return the index of the next line behind ``at`` that begins with ``From ``, or 0."""
        while True:
            if self._has_nul:
                match = _FROM_BEHIND_NUL.search(self._buffer, at)
                found = match.start() if match else -1
            else:
                found = self._buffer.find(_FROM, at)
            if found >= 0:
                return found + 1
            at = max(at, len(self._buffer) - len(_FROM) + 1)
            at -= self._drop_excess(at)
            if not self._fill(len(self._buffer) + 1):
                return 0

    def _fill(self, size: int) -> bool:
        """Read until the buffer has ``size`` octets; return whether it has."""
        while len(self._buffer) < size and not self._ended:
            chunk = self._read(CHUNK)
            self._ended = not chunk
            self._has_nul = self._has_nul or b"\0" in chunk
            self._buffer += chunk
        return len(self._buffer) >= size

    def _drop_excess(self, at: int) -> int:
        """Let go of the octets before ``at`` where they are too many for a message; return how many went."""
        if self._offset + at - self._start <= self._max_message:
            return 0
        dropped = max(at - len(b"\n\r\n"), 0)  # an empty line there must still be seen
        del self._buffer[:dropped]
        self._offset += dropped
        return dropped

    def _advance(self, end: int) -> None:
        """Let go of the record at hand, which ends at ``end``."""
        del self._buffer[:end]
        self._offset += end
        self._start = self._offset
        self._body_end = None

    def _measured_end(self, limit: int) -> int:
        """Return where the body ends by the record's Content-Length, or 0 where there is no usable one.

        The header is looked for before ``limit``.
        """
        if self._body_end is None:
            self._body_end = self._body_end_before(limit)
        return self._body_end

    def _body_end_before(self, limit: int) -> int:
        buffer = self._buffer
        if self._start != self._offset or not buffer.startswith(b"From "):
            return 0
        body = buffer.find(b"\n\n", 0, limit) + 2
        if body == 1:
            body = buffer.find(b"\n\r\n", 0, limit) + 3
        at = max(buffer.find(spelling, 0, body) for spelling in _LENGTH_SPELLINGS)
        field = _CONTENT_LENGTH.match(buffer, at, body) if at >= 0 else None
        body_end = body + int(field[1]) if field else 0
        return body_end if body_end <= self._max_message else 0

    def _leads_to_record(self, body_end: int) -> bool:
        """Tell whether a record starts, or the file ends, at ``body_end`` or one empty line behind it."""
        buffer = self._buffer
        self._fill(body_end + len(b"\r\n") + LOOKAHEAD)
        at = body_end + self._empty_line(body_end)
        if at >= len(buffer):
            return at == len(buffer)
        return buffer.startswith(_FROM, at - 1) and is_separator(buffer, at)

    def _empty_line(self, at: int) -> int:
        """Return how many octets an empty line at ``at`` has, or 0 where there is none."""
        starts = (b"\n\r\n", b"\n\n")
        return next((len(line) - 1 for line in starts if self._buffer.startswith(line, at - 1)), 0)

    def _record(self, end: int) -> Record | None:
        """Return the record at hand, which ends at ``end``; None for the mailbox's own."""
        if self._offset + end - self._start > self._max_message:
            return self._refused(end, too_large(self._max_message))
        line_end = self._buffer.find(b"\n", 0, end)
        line_end = line_end if line_end >= 0 else end
        line = bytes(self._buffer[:line_end])
        raw = self._content(line_end + 1, end)
        if (
            line.startswith(_INTERNAL_SENDER)
            and _INTERNAL_SUBJECT in b"\n" + raw[:_INTERNAL_OCTETS]
        ):
            return None
        why = refusal(raw)
        if why:
            return self._refused(end, why)
        line = line.rstrip(b"\r")
        record = Record(self._position(), raw, from_line(line), "", self._start, self._offset + end)
        return mended(line, record, is_export=self._is_export)

    def _content(self, begin: int, end: int) -> bytes:
        """Return the message between a From_ line and the next: unquoted, and without what ends a record."""
        body_end = self._measured_end(end)
        measured = begin < body_end <= end and body_end + self._empty_line(body_end) >= end
        with memoryview(self._buffer) as view:  # slicing the buffer itself would copy twice
            content = bytes(view[begin : body_end if measured else end])
        if measured:
            self.unquoted = self.unquoted or _FROM in content
            return content if self.unquoted else _unquote(content)
        return _unquote(_without_end(content))

    def _refused(self, end: int, why: str) -> Record:
        return Record(self._position(), b"", None, why, self._start, self._offset + end)

    def _position(self) -> str:
        return f"{self._label}, octet {self._start}"


def _unquote(content: bytes) -> bytes:
    """Take one ``>`` from every quoted From_ line."""
    return _QUOTED.sub(rb"\1", content) if b">From " in content else content


def _without_end(content: bytes) -> bytes:
    """Take away the empty line that ends a record, and before that a crash's padding."""
    if content.endswith((b"\0", b"\0\n", b"\0\r\n")):
        kept = len(content.rstrip(b"\0\r\n"))
        padding = content.find(_PADDING, kept)
        content = content[:padding] if padding >= 0 else content
    for blank in (b"\r\n", b"\n"):
        if content == blank or content.endswith(b"\n" + blank):
            return content[: -len(blank)]
    return content
