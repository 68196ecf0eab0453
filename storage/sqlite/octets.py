"""Where messages lie, and their octets: looked up singly, or by the window where neighbours are asked for as well.

What is kept here was true at ``_version`` of the file. Only a removal, or a better copy, makes it false: it fills the
octets with zeros. So whenever a block is read from the file, the version is looked at after it, and where a message
lies is looked up again if that was under an older one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import zstandard

from storage.errors import NoSuchMessage
from storage.kept import Kept
from storage.message.served import serve, with_head
from storage.model import Served
from storage.sqlite.packing import unpack_head, unpack_raw

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from storage.model import Location
    from storage.sqlite.query import Query

__all__ = ["Octets"]

WINDOW_BITS: Final = 6
"""Messages are looked up 64 at a time where a second one of a window is asked for."""

KEPT_WINDOWS: Final = 256
KEPT_BLOCK_OCTETS: Final = 48 << 20

_PLACES: Final = (
    "SELECT m.number, n.message_id, m.block, m.start, m.length, m.head, m.plain, m.dotted "
    "FROM message m JOIN node n ON n.id = m.node WHERE m.list = ? AND m.number BETWEEN ? AND ?"
)
_BLOCK: Final = "SELECT dictionary, data FROM block WHERE id = ?"


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a message's octets lie, and what else it takes to serve them."""

    message_id: bytes
    block: int
    start: int
    length: int
    delta: bytes | None
    plain: bool
    dotted: bool
    elsewhere: Sequence[Location]


class Octets:
    """The messages of an archive by the key of their list and their number.

    ``elsewhere`` tells where the messages of a range of a list's numbers lie in other lists.
    """

    def __init__(
        self, query: Query, elsewhere: Callable[[int, int, int], Mapping[int, Sequence[Location]]]
    ) -> None:
        self._query = query
        self._elsewhere = elsewhere
        self._version = query.version()
        self._windows: Kept[tuple[int, int], dict[int, _Place]] = Kept(KEPT_WINDOWS)
        self._looked_into: Kept[tuple[int, int], bool] = Kept(KEPT_WINDOWS)
        self._blocks: Kept[int, bytes] = Kept(KEPT_BLOCK_OCTETS)

    def served(self, key: int, number: int) -> Served:
        """Return a message in its served form.

        Raises:
            NoSuchMessage: the list has no such message.
            ArchiveUnavailable: its octets are damaged.
        """
        place, kept = self._read(key, number)
        if place.delta is not None or not place.plain:
            kept = self._made(place, kept)
        return Served(place.message_id, kept, place.dotted, place.elsewhere)

    def raw(self, key: int, number: int) -> bytes:
        """Return a message's original octets; raises as ``served``."""
        place, kept = self._read(key, number)
        return unpack_raw(kept, plain=place.plain)

    def original(self, key: int, number: int) -> tuple[bytes, bytes | None]:
        """Return a message's original octets, and its served head where it has one of its own; raises as ``served``."""
        place, kept = self._read(key, number)
        return unpack_raw(kept, plain=place.plain), self._head(place, kept)

    def message_id(self, key: int, number: int) -> bytes:
        """Return a message's Message-ID; raises as ``served``."""
        return self._place(key, number).message_id

    def forget(self) -> None:
        """Look everything up again from now on; blocks only ever grow, or lose what cannot be found any more."""
        self._windows.clear()
        self._looked_into.clear()

    def _read(self, key: int, number: int) -> tuple[_Place, bytes]:
        """Return where a message lies, and its octets as they are kept."""
        while True:
            place = self._place(key, number)
            end = place.start + place.length
            block = self._blocks.get(place.block)
            if block is not None and len(block) >= end:
                break
            block = self._read_block(place.block)  # also one that is kept: the last block grows
            version = self._query.version()
            if version == self._version:
                break
            self._version = version
            self.forget()
        if len(block) < end:
            raise self._query.damaged(f"block {place.block} is too short")
        return place, block[place.start : end]

    def _read_block(self, block: int) -> bytes:
        rows = self._query.rows(_BLOCK, block)
        if not rows:
            raise self._query.damaged(f"block {block} is lost")
        dictionary, packed = rows[0]
        data = self._query.unpack(packed, dictionary)
        self._blocks.put(block, data, len(data))
        return data

    def _place(self, key: int, number: int) -> _Place:
        window = key, number >> WINDOW_BITS
        places = self._windows.get(window)
        if places is not None and number in places:
            return places[number]
        if places is None and not self._looked_into.get(window):
            self._looked_into.put(window, value=True)
            places = self._places(key, number, number)
        else:
            first = window[1] << WINDOW_BITS
            places = self._places(key, first, first + (1 << WINDOW_BITS) - 1)
            self._windows.put(window, places)
        try:
            return places[number]
        except KeyError:
            raise NoSuchMessage(f"list {key}, number {number}") from None

    def _places(self, key: int, first: int, last: int) -> dict[int, _Place]:
        elsewhere = self._elsewhere(key, first, last)
        found = {}
        for row in self._query.rows(_PLACES, key, first, last):
            number, message_id, block, start, length, delta, plain, dotted = row
            others = elsewhere.get(number, ())
            found[number] = _Place(
                message_id, block, start, length, delta, bool(plain), bool(dotted), others
            )
        return found

    def _made(self, place: _Place, kept: bytes) -> bytes:
        """Return the served form of a message that is not kept as such."""
        head = self._head(place, kept)
        return with_head(kept, head) if place.plain else serve(kept, head)

    def _head(self, place: _Place, kept: bytes) -> bytes | None:
        """Return the served head that is kept of a message, if one is."""
        if place.delta is None:
            return None
        try:
            return unpack_head(place.delta, kept, plain=place.plain)
        except zstandard.ZstdError as error:
            raise self._query.damaged(str(error)) from error
