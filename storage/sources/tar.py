"""Tar archives as a stream of members.

The standard library's reader is not used: it takes a pax header of any size into memory, and nests a call for each
header that precedes a member. Here what extends a header is bounded, and damage ends the archive without raising.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from storage.sources.base import CHUNK, Record, shown
from storage.sources.compressed import Octets
from storage.sources.tarheader import BLOCK, TarHeader, parse_pax, parse_tar_header

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["tar_records"]

_MAX_EXTENSION: Final = 1024 * 1024
_GNU_LONG_NAME: Final = b"L"
_PAX_HEADER: Final = b"x"


def tar_records(
    octets: Octets, label: str, records_in: Callable[[Octets, str], Iterator[Record]]
) -> Iterator[Record]:
    """Yield what ``records_in`` finds in each regular file of an archive, in the archive's order.

    ``label`` names the archive in positions. Folders, links and hidden files are passed over; a member may itself be
    compressed.
    """
    archive = _Archive(octets)
    while (member := archive.next_member()) is not None:
        name = shown(member.name.decode("utf-8", "surrogateescape"))
        if not member.is_file or name.rpartition("/")[2].startswith("."):
            continue
        position = f"{label}: {name}"
        content = Octets(archive.read)
        yield from records_in(content, position)
        if content.damage:
            yield Record(position, b"", None, content.damage, 0, 0)
    if archive.damage and not octets.damage:
        yield Record(label, b"", None, archive.damage, 0, 0)


class _Archive:
    """Walks through the members; ``damage`` is empty, or tells why the walk ended too early."""

    def __init__(self, octets: Octets) -> None:
        self.damage = ""
        self._octets = octets
        self._left = 0
        self._padding = 0

    def next_member(self) -> TarHeader | None:
        """Pass over what is left of a member and return the next one, or None behind the last."""
        name = b""
        size = -1
        while (header := self._next_header()) is not None:
            if header.kind == _GNU_LONG_NAME:
                name = self._extension().rstrip(b"\0")
            elif header.kind == _PAX_HEADER:
                keywords = parse_pax(self._extension())
                name = keywords.get(b"path", name)
                pax_size = keywords.get(b"size", b"")
                size = int(pax_size) if pax_size.isdigit() and len(pax_size) < 20 else size
            else:
                self._expect(size if size >= 0 and header.has_data else self._left)
                return TarHeader(name or header.name, self._left, header.kind)
        return None

    def read(self, size: int) -> bytes:
        """Return the member's next octets, ``size`` at most; none only at its end."""
        octets = self._octets.read(min(size, self._left))
        if self._left and not octets:
            self.damage = "the archive ends in the middle of a member"
            self._left = 0
        self._left -= len(octets)
        return octets

    def _next_header(self) -> TarHeader | None:
        while self.read(CHUNK):
            pass
        self._octets.read_fully(self._padding)
        block = self._octets.read_fully(BLOCK)
        if not block.strip(b"\0"):  # the end, marked by empty blocks or not
            return None
        header = parse_tar_header(block)
        if header is None:
            self.damage = "the archive is damaged: a member's header is not one"
            return None
        self._expect(header.size if header.has_data else 0)
        return header

    def _expect(self, size: int) -> None:
        """Note that so many octets of a member follow."""
        self._left = size
        self._padding = -size % BLOCK

    def _extension(self) -> bytes:
        """Return the octets that extend the next header."""
        pieces = []
        wanted = _MAX_EXTENSION
        while wanted and (piece := self.read(wanted)):
            pieces.append(piece)
            wanted -= len(piece)
        return b"".join(pieces)
