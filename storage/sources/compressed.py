"""Octets: a source's octets as a stream, decompressed as they are read, whatever the file's name says.

gzip, bzip2, xz (and its forerunner lzma) and Zstandard are known by their first octets. Several compressed streams
one behind the other are one. What a piece of compressed data becomes is bounded, so that a few octets that stand for
gigabytes cost no memory. Damage does not raise: the stream ends there, and ``damage`` tells.
"""

from __future__ import annotations

import bz2
import lzma
import re
import zlib
from typing import TYPE_CHECKING, Final, Protocol

import zstandard

from storage.sources.base import CHUNK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Octets", "is_compressed"]

_COMPRESSED_CHUNK: Final = 64 * 1024
_LZMA_MEMORY: Final = 1024 * 1024 * 1024
"""The most memory an xz file's dictionary may ask for; ``xz -9`` asks for 65 MiB."""
_ZSTD_PIECE: Final = 256
"""Zstandard's decompressor takes no bound for its output, and 4 octets can stand for 128 KiB (RFC 8878 s. 3.1.1.2.2):
it gets few at a time."""


class Octets:
    """The octets that ``read`` gives, decompressed if they are compressed.

    ``consumed`` counts those taken from ``read``. ``damage`` is empty, or tells why the stream ended too early.
    """

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self.consumed = 0
        self.damage = ""
        self._source = read
        head = b""
        while len(head) < _MAGIC_OCTETS and (more := self._take(_COMPRESSED_CHUNK)):
            head += more
        make = _decoder_for(head)
        self._pieces = self._decompressed(head, make) if make else self._plain(head)
        self._pending = b""
        self._at = 0

    def read(self, size: int) -> bytes:
        """Return the next octets, ``size`` at most; none only at the end."""
        if self._at == len(self._pending):
            self._pending, self._at = next(self._pieces, b""), 0
        octets = self._pending[self._at : self._at + size]
        self._at += len(octets)
        return octets

    def read_fully(self, size: int) -> bytes:
        """Return the next ``size`` octets, fewer only at the end."""
        pieces = []
        while size and (piece := self.read(size)):
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)

    def peek(self, size: int) -> bytes:
        """Return the next ``size`` octets, fewer only at the end, and leave them to be read."""
        pieces = [self._pending[self._at :]]
        missing = size - len(pieces[0])
        while missing > 0 and (piece := next(self._pieces, b"")):
            pieces.append(piece)
            missing -= len(piece)
        self._pending, self._at = b"".join(pieces), 0
        return self._pending[:size]

    def _take(self, size: int) -> bytes:
        octets = self._source(size)
        self.consumed += len(octets)
        return octets

    def _plain(self, octets: bytes) -> Iterator[bytes]:
        while octets:
            yield octets
            octets = self._take(CHUNK)

    def _decompressed(self, octets: bytes, make: Callable[[], _Decoder]) -> Iterator[bytes]:
        decoder = make()
        while True:
            try:
                piece = decoder.decompress(octets, CHUNK)
            except (OSError, EOFError, lzma.LZMAError, zlib.error, zstandard.ZstdError) as error:
                self.damage = (
                    f"the compressed data is damaged before octet {self.consumed} ({error})"
                )
                return
            if piece:
                yield piece
            octets = b""
            if decoder.eof:
                octets = self._behind(decoder.unused_data)
                if not octets:
                    return
                decoder = make()
            elif decoder.needs_input:
                octets = self._take(_COMPRESSED_CHUNK)
                if not octets:
                    self.damage = f"the compressed data ends too early, at octet {self.consumed}"
                    return

    def _behind(self, octets: bytes) -> bytes:
        """Return what comes behind the end of one compressed stream, without the NULs that may pad it."""
        octets = octets.lstrip(b"\0")
        while not octets and (octets := self._take(_COMPRESSED_CHUNK)):
            octets = octets.lstrip(b"\0")
        return octets


def is_compressed(head: bytes) -> bool:
    """Tell whether a file that begins with these octets is compressed."""
    return _decoder_for(head) is not None


class _Decoder(Protocol):
    """What decompresses one stream, as the standard library's bz2 and lzma have it."""

    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _GzipDecoder:
    """Decompresses one gzip member."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(
            zlib.MAX_WBITS + 16
        )  # 16 asks for gzip's header and checksum

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def needs_input(self) -> bool:
        return not self._zlib.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._zlib.decompress(self._zlib.unconsumed_tail + data, max_length)


class _ZstdDecoder:
    """Decompresses one Zstandard frame."""

    def __init__(self) -> None:
        self._zstd = zstandard.ZstdDecompressor().decompressobj()
        self._waiting = memoryview(b"")

    @property
    def eof(self) -> bool:
        return self._zstd.eof

    @property
    def needs_input(self) -> bool:
        return not self._waiting

    @property
    def unused_data(self) -> bytes:
        return self._zstd.unused_data + bytes(self._waiting)

    def decompress(self, data: bytes, max_length: int) -> bytes:  # noqa: ARG002 - the protocol has it
        if data:  # given only when none is waiting
            self._waiting = memoryview(data)
        piece, self._waiting = self._waiting[:_ZSTD_PIECE], self._waiting[_ZSTD_PIECE:]
        return self._zstd.decompress(piece)


def _decoder_for(head: bytes) -> Callable[[], _Decoder] | None:
    """Return what makes a decoder for data that begins so, or None where it is not compressed."""
    return next((make for magic, make in _MAGICS if magic.match(head)), None)


def _lzma_decoder() -> _Decoder:
    return lzma.LZMADecompressor(memlimit=_LZMA_MEMORY)


_MAGIC_OCTETS: Final = 10
_MAGICS: Final[tuple[tuple[re.Pattern[bytes], Callable[[], _Decoder]], ...]] = (
    (re.compile(rb"\x1f\x8b\x08"), _GzipDecoder),
    (re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)"), bz2.BZ2Decompressor),
    (re.compile(rb"\xfd7zXZ\0|\x5d\0\0"), _lzma_decoder),
    (re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18"), _ZstdDecoder),
)
