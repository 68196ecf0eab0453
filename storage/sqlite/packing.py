"""How octets are packed: blocks and pages with zstd, heads as a delta to the message they were made from."""

from __future__ import annotations

from typing import Final

import zstandard

from storage.message.served import original_of_plain, serve_plain

__all__ = [
    "BLOCK_OCTETS",
    "LEVEL",
    "LEVEL_FOR_NOW",
    "pack",
    "pack_head",
    "pack_raw",
    "unpack",
    "unpack_head",
    "unpack_raw",
]

BLOCK_OCTETS: Final = 64 << 10
"""When a block is full: large enough to compress well, small enough to open for one message."""

LEVEL: Final = 6
"""zstd's level: a twentieth smaller than 3, at a cost that the second core bears."""

LEVEL_FOR_NOW: Final = 3
"""That of what the next batches write again: a third of the time, up to a fifth larger meanwhile."""

DELTA_WINDOW: Final = 64 << 10
"""How much of the original a head's delta refers to: its header, nearly always."""


def pack(
    data: bytes, level: int = LEVEL, dictionary: zstandard.ZstdCompressionDict | None = None
) -> bytes:
    """Compress, against a dictionary if one is given; safe to call from any thread."""
    compressor = zstandard.ZstdCompressor(level=level, write_checksum=True, dict_data=dictionary)
    return compressor.compress(data)


def unpack(data: bytes, dictionary: zstandard.ZstdCompressionDict | None = None) -> bytes:
    """Decompress; the inverse of ``pack``.

    Raises:
        zstandard.ZstdError: the data is damaged.
    """
    return zstandard.ZstdDecompressor(dict_data=dictionary).decompress(data)


def pack_raw(raw: bytes, *, plain: bool) -> bytes:
    """Return original octets as they are kept in a block; ``plain`` ones are served far more often than exported."""
    return serve_plain(raw) if plain else raw


def unpack_raw(kept: bytes, *, plain: bool) -> bytes:
    """Return original octets; the inverse of ``pack_raw``."""
    return original_of_plain(kept) if plain else kept


def pack_head(head: bytes, raw: bytes) -> bytes:
    """Compress a served head against the original octets, of which it repeats nearly everything."""
    return zstandard.ZstdCompressor(level=LEVEL, dict_data=_original(raw)).compress(head)


def unpack_head(data: bytes, kept: bytes, *, plain: bool) -> bytes:
    """Return the served head; the inverse of ``pack_head``, given the octets as they are kept.

    Raises:
        zstandard.ZstdError: it is damaged.
    """
    raw = unpack_raw(kept[: 2 * DELTA_WINDOW], plain=plain)  # each octet is two at most there
    return zstandard.ZstdDecompressor(dict_data=_original(raw)).decompress(data)


def _original(raw: bytes) -> zstandard.ZstdCompressionDict:
    return zstandard.ZstdCompressionDict(
        raw[:DELTA_WINDOW], dict_type=zstandard.DICT_TYPE_RAWCONTENT
    )
