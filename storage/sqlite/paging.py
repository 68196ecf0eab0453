"""How pages of rows are packed: some against the page of overviews of the same messages, of which they repeat much.

That saves a quarter of all pages. Such a page is written whenever its basis is, in the same transaction, and read with it.
One that was packed by itself is read as well: what refers to nothing needs no basis.
"""

from __future__ import annotations

from typing import Final

import zstandard

from storage.model import Rendition
from storage.sqlite.packing import pack, unpack

__all__ = ["BASED", "BASIS", "PAGE", "PAGES", "pack_page", "unpack_page"]

BASIS: Final = Rendition.OVERVIEW
BASED: Final = (Rendition.ENVELOPE, Rendition.FIELDS, Rendition.LISTING)

_KINDS: Final = ", ".join(f"'{kind.value}'" for kind in BASED)
_WITH_BASIS: Final = (
    f"FROM page p LEFT JOIN page b ON p.kind IN ({_KINDS}) AND b.list = p.list AND b.kind = '{BASIS.value}' "
    "AND b.page = p.page WHERE p.list = ?"
)
PAGE: Final = (
    f"SELECT p.version, p.changed, p.data, b.data {_WITH_BASIS} AND p.kind = ? AND p.page = ?"
)
PAGES: Final = (
    f"SELECT p.rowid, p.kind, p.page, p.data, b.data {_WITH_BASIS} ORDER BY p.kind, p.page"
)


def pack_page(rows: bytes, level: int, basis: bytes | None) -> bytes:
    """Compress a page's rows, against those of its basis if there is one."""
    return pack(rows, level, None if basis is None else _dictionary(basis))


def unpack_page(data: bytes, basis: bytes | None) -> bytes:
    """Return a page's rows, given its basis as it is stored; the inverse of ``pack_page``.

    Raises:
        zstandard.ZstdError: one of the two is damaged, or the basis is another than it was.
    """
    return unpack(data, None if basis is None else _dictionary(unpack(basis)))


def _dictionary(rows: bytes) -> zstandard.ZstdCompressionDict:
    return zstandard.ZstdCompressionDict(rows, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
