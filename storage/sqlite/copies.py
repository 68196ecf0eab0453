"""One Message-ID in several lists, within a batch: octets that are equal are kept once, and each list knows of the others."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

import zstandard

from storage.sqlite.packing import pack_raw
from storage.sqlite.shelf import Place

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping, Sequence

    from storage.sqlite.blocks import Blocks
    from storage.sqlite.shelf import Shelf
    from storage.writer import NewMessage

__all__ = ["Copies"]

_SEVERAL: Final = "SELECT count(*) > 1 FROM (SELECT 1 FROM list LIMIT 2)"
_ELSEWHERE: Final = (
    "SELECT l.name, n.number FROM node n JOIN list l ON l.id = n.list "
    "WHERE n.message_id = ? AND n.list <> ? AND n.number IS NOT NULL"
)
_COPIES: Final = "SELECT l.name, c.other_number FROM copy c JOIN list l ON l.id = c.other_list WHERE c.list = ? AND c.number = ?"
_LINK: Final = "INSERT OR REPLACE INTO copy VALUES (?, ?, ?, ?)"
_TO_LINK: Final = (
    "SELECT m.number, l.name, o.number FROM message m JOIN node n ON n.id = m.node "
    "JOIN node o ON o.message_id = n.message_id AND o.list <> n.list JOIN list l ON l.id = o.list "
    "WHERE m.list = ? AND m.number BETWEEN ? AND ? AND o.number <= l.high"
)


class Copies:
    """The messages of a batch's lists as copies of each other. ``shelf_of`` returns the list of a name."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        blocks: Blocks,
        shelves: Mapping[str, Shelf],
        shelf_of: Callable[[str], Shelf],
    ) -> None:
        self._connection = connection
        self._blocks = blocks
        self._shelves = shelves
        self._shelf_of = shelf_of
        self._has_several: bool | None = None

    def recount(self) -> None:
        """Take note that there may be more lists."""
        self._has_several = None

    def link(self, shelf: Shelf, number: int, message_id: bytes) -> None:
        """Note where in other lists, as readers see them, a message's Message-ID lies."""
        for other, other_number in self.elsewhere(shelf, message_id):
            if other_number <= other.high:
                self._link(shelf, number, other, other_number)
                other.touch(other_number)

    def link_all(self, shelf: Shelf, first: int, last: int) -> None:
        """Do for the messages of a range, all written, what ``link`` does for one."""
        if not self._are_several():
            return
        found = self._connection.execute(_TO_LINK, (shelf.key, first, last)).fetchall()
        for number, name, other_number in found:
            other = self._shelf_of(name)
            self._link(shelf, number, other, other_number)
            shelf.touch(number)
            other.touch(other_number)

    def keep(self, shelf: Shelf, message: NewMessage) -> Place:
        """Return where the octets lie: where another list has equal ones, else newly kept."""
        for other, number in self.elsewhere(shelf, message.message_id):
            copy = other.copy(number)
            if copy is not None and copy.digest == message.digest:
                return other.place(number)
        kept = pack_raw(message.raw, plain=message.plain)
        return Place(*self._blocks.add(kept), len(kept), message.plain)

    def erase(self, shelf: Shelf, number: int, message_id: bytes) -> None:
        """Put zeros where a message's octets lie, unless another list's lies there as well."""
        place = shelf.place(number)
        copies = self.elsewhere(shelf, message_id)
        if any(other.copy(at) and other.place(at) == place for other, at in copies):
            return
        with suppress(zstandard.ZstdError):  # of a damaged block nothing is to be saved
            self._blocks.erase(place.block, place.start, place.length)

    def forget(self, shelf: Shelf, number: int) -> None:
        """Take a removed message out of what other lists know of it."""
        values = shelf.key, number
        for name, other in self._connection.execute(_COPIES, values).fetchall():
            copied = self._shelf_of(name)
            copied.touch(other)
            self._connection.execute(
                "DELETE FROM copy WHERE list = ? AND number = ? AND other_list = ?",
                (copied.key, other, shelf.key),
            )
        self._connection.execute("DELETE FROM copy WHERE list = ? AND number = ?", values)

    def elsewhere(self, shelf: Shelf, message_id: bytes) -> Sequence[tuple[Shelf, int]]:
        """Return the messages with this Message-ID in other lists, also those that no reader sees yet."""
        if not self._are_several():
            return []
        found = dict(self._connection.execute(_ELSEWHERE, (message_id, shelf.key)).fetchall())
        for name, other in self._shelves.items():  # what this batch did is not written yet
            node = None if other is shelf else other.forest.pending(message_id)
            if node is not None:
                found[name] = node.number
        numbers = [(name, number) for name, number in found.items() if number is not None]
        return [(self._shelf_of(name), number) for name, number in numbers]

    def _link(self, shelf: Shelf, number: int, other: Shelf, other_number: int) -> None:
        pair = (shelf.key, number, other.key, other_number)
        self._connection.executemany(_LINK, [pair, pair[2:] + pair[:2]])

    def _are_several(self) -> bool:
        if self._has_several is None:
            self._has_several = bool(self._connection.execute(_SEVERAL).fetchone()[0])
        return self._has_several
