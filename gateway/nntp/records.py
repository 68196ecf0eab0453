"""Replicas' records in the lines of an NNTP block: compressed with zstd, and what a line cannot hold escaped.

A block may hold any octet but NUL, and CR and LF only where a line ends (RFC 3977 s. 3.1.1). So these three and the
escape itself are written as two octets: one in 64 becomes longer, where base64 would take a third more.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

import zstandard

from gateway.nntp.responses import dot_stuffed
from storage.replica import MAX_RECORD, BadReplica, RecordBuffer, render

if TYPE_CHECKING:
    from collections.abc import Iterator

    from storage.replica import Record

__all__ = ["MAX_BLOCK", "RecordWriter", "read_records"]

MAX_BLOCK: Final = MAX_RECORD + (16 << 20)
"""Octets of the records of one block, decompressed: what is more is no answer but an attack."""

LINE_OCTETS: Final = 990
"""Octets of a line without its CRLF: less than the 998 that mail and news know."""

STEP: Final = 64 * 1024
"""Octets compressed at a time: half a millisecond."""

_LEVEL: Final = 3
_MAX_WINDOW: Final = 1 << 23

_ESCAPES: Final = ((b"=", b"=}"), (b"\0", b"=@"), (b"\r", b"=M"), (b"\n", b"=J"))


class RecordWriter:
    """Makes a block's lines of records, without the block's end."""

    def __init__(self) -> None:
        self._compressor = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).compressobj()
        self._pending = b""
        self.octets = 0

    def write(self, record: Record) -> Iterator[bytes]:
        """Take a record; yield the lines that are complete, or nothing for now, as a pause in long work."""
        data = render(record)
        self.octets += len(data)
        for start in range(0, len(data), STEP):
            yield self._lines(self._compressor.compress(data[start : start + STEP]))

    def end(self) -> bytes:
        """Return the last lines."""
        lines = self._lines(self._compressor.flush())
        rest, self._pending = self._pending, b""
        return lines + (dot_stuffed(rest) + b"\r\n" if rest else b"")

    def _lines(self, packed: bytes) -> bytes:
        if not packed:
            return b""
        for octet, escape in _ESCAPES:
            packed = packed.replace(octet, escape)
        data = self._pending + packed
        whole = len(data) - len(data) % LINE_OCTETS
        self._pending = data[whole:]
        lines = [data[start : start + LINE_OCTETS] for start in range(0, whole, LINE_OCTETS)]
        return dot_stuffed(b"\r\n".join([*lines, b""])) if lines else b""


def read_records(block: bytes) -> Iterator[Record]:
    """Yield the records of a block, whose dots are undone.

    Raises:
        BadReplica: there are none, or too much of them.
    """
    buffer = RecordBuffer()
    octets = 0
    reader = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW).stream_reader(
        io.BytesIO(_unescaped(block)), read_across_frames=False
    )
    while data := _read(reader):
        octets += len(data)
        if octets > MAX_BLOCK:
            raise BadReplica(f"more than {MAX_BLOCK} octets at once")
        yield from buffer.feed(data)
    buffer.close()


def _read(reader: zstandard.ZstdDecompressionReader) -> bytes:
    try:
        return reader.read(STEP * 4)
    except zstandard.ZstdError as error:
        raise BadReplica(f"damaged: {error}") from error


def _unescaped(block: bytes) -> bytes:
    data = block.replace(b"\r\n", b"")
    if data.count(b"=") != sum(data.count(escape) for _, escape in _ESCAPES):
        raise BadReplica("an escape that is none")
    for octet, escape in reversed(_ESCAPES):
        data = data.replace(escape, octet)
    return data
