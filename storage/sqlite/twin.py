"""A list that is brought to where its origin is, within a batch."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Final

from storage.days import day_of
from storage.model import Fidelity
from storage.threads import Node
from storage.writer import Kept

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from storage.replica import DayPlace, ListState, Replica, Rooted, Tombstone
    from storage.sqlite.batch import SqliteBatch
    from storage.sqlite.shelf import Shelf
    from storage.writer import NewMessage

__all__ = ["SqliteTwin"]

_LAST: Final = (
    "SELECT max(?, (SELECT coalesce(max(number), 0) FROM message WHERE list = ?), "
    "(SELECT coalesce(max(number), 0) FROM tombstone WHERE list = ?))"
)
_LAST_REVISION: Final = (
    "SELECT max(?, (SELECT coalesce(max(revision), 0) FROM message WHERE list = ?), "
    "(SELECT coalesce(max(revision), 0) FROM tombstone WHERE list = ?))"
)
_KEPT: Final = "SELECT revision, digest, fidelity FROM message WHERE list = ? AND number = ?"
_RESTAMP: Final = "UPDATE message SET revision = ? WHERE list = ? AND number = ?"
_BURY: Final = "INSERT OR REPLACE INTO tombstone VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_BURIED: Final = "SELECT day, place FROM tombstone WHERE list = ? AND number = ?"
_UNPLACE: Final = "UPDATE tombstone SET day = 0, place = 0 WHERE list = ? AND place > 0"
_MOVE: Final = "UPDATE message SET day = ?, place = ? WHERE list = ? AND number = ?"
_MOVE_STONE: Final = "UPDATE tombstone SET day = ?, place = ? WHERE list = ? AND number = ?"
_OCTETS: Final = (
    "SELECT coalesce(sum(size), 0) FROM message WHERE list = ? AND number BETWEEN ? AND ?"
)
_STONES: Final = "SELECT count(*) FROM tombstone WHERE list = ? AND number BETWEEN ? AND ?"
_FIRST: Final = "SELECT min(number) FROM message WHERE list = ? AND number <= ?"


_AT_ONCE: Final = 10_000
"""Places that are set at a time."""


class SqliteTwin:
    """See ``storage.writer.Twin``."""

    def __init__(self, connection: sqlite3.Connection, batch: SqliteBatch, shelf: Shelf) -> None:
        self._connection = connection
        self._batch = batch
        self._shelf = shelf
        self._has_buried = False
        shelf.write_messages()
        values = shelf.high, shelf.key, shelf.key
        (self._last,) = connection.execute(_LAST, values).fetchone()

    @property
    def next_number(self) -> int:
        last: int = self._last
        return last + 1

    def kept(self, number: int) -> Kept | None:
        shelf = self._shelf
        if number > self._last:
            return None
        shelf.write_messages()
        row = self._connection.execute(_KEPT, (shelf.key, number)).fetchone()
        return None if row is None else Kept(row[0], bytes(row[1]), Fidelity(row[2]))

    def adopt(self, replica: Replica, message: NewMessage) -> None:
        shelf, number = self._shelf, replica.number
        if self.kept(number) is not None:
            self._batch.put_in_place(shelf, number, message, revision=None)
            return
        self._take(number)
        shelf.forest.plant(replica.rooted)
        shelf.arrived = max(shelf.arrived, replica.arrived)
        day = replica.day if replica.place else day_of(replica.received)
        placed = day, shelf.places.give(day, replica.place)
        self._batch.put_new(
            shelf, number, message, placed, revision=replica.revision, arrived=replica.arrived
        )

    def bury(self, stone: Tombstone) -> None:
        shelf, number = self._shelf, stone.number
        day = place = 0
        if number > self._last:
            self._take(number)
            if stone.place:
                day, place = stone.day, shelf.places.give(stone.day, stone.place)
        elif self.kept(number) is not None:
            _, _, day, place = self._batch.take_out(shelf, number)
        else:
            buried = self._connection.execute(_BURIED, (shelf.key, number)).fetchone()
            day, place = buried or (0, 0)  # of what is lost it is not known
        node = None
        if stone.message_id is not None:
            if shelf.forest.node(stone.message_id) is None:
                shelf.forest.put(Node(stone.message_id))
            node = shelf.forest.id_of(stone.message_id)
        values = shelf.key, number, node, stone.digest, stone.revision, stone.withdrawn, day, place
        self._connection.execute(_BURY, values)
        self._has_buried = shelf.changed = True

    def restamp(self, number: int, revision: int) -> None:
        shelf = self._shelf
        shelf.write_messages()
        self._connection.execute(_RESTAMP, (revision, shelf.key, number))

    def plant(self, rooted: Rooted) -> None:
        forest = self._shelf.forest
        known = forest.node(rooted.node.message_id)
        number = None if known is None else known.number
        forest.plant(replace(rooted, node=replace(rooted.node, number=number)))

    def put_places(self, places: Iterable[DayPlace]) -> None:
        shelf, connection = self._shelf, self._connection
        shelf.write_messages()
        connection.execute(_UNPLACE, (shelf.key,))
        told = iter(places)
        while batch := [
            (each.day, each.place, shelf.key, each.number) for each in islice(told, _AT_ONCE)
        ]:
            connection.executemany(_MOVE, batch)
            connection.executemany(_MOVE_STONE, batch)
        shelf.places.recount(shelf.high)
        shelf.changed = True

    def settle(self, state: ListState) -> None:
        shelf = self._shelf
        if state.high > self._last:
            raise ValueError(f"{shelf.name} has not been given all up to {state.high}")
        shelf.description, shelf.address = state.description, state.address
        shelf.validity, shelf.created = state.validity, state.created
        self._show(state.high, state.revision)

    def show_all(self) -> None:
        """Show all that was given."""
        shelf = self._shelf
        values = shelf.revision, shelf.key, shelf.key
        (revision,) = self._connection.execute(_LAST_REVISION, values).fetchone()
        self._show(self._last, revision)

    def _show(self, high: int, revision: int) -> None:
        """Show what was given up to a number."""
        shelf = self._shelf
        shelf.write_messages()
        first, shelf.high, shelf.revision = shelf.high + 1, high, revision
        values = shelf.key, first, high
        shelf.octets += self._connection.execute(_OCTETS, values).fetchone()[0]
        shelf.places.count_all(first, high)
        if self._has_buried or self._connection.execute(_STONES, values).fetchone()[0]:
            shelf.removed = revision
        (low,) = self._connection.execute(_FIRST, (shelf.key, high)).fetchone()
        shelf.low = high + 1 if low is None else low
        shelf.changed = True
        self._batch.copies.link_all(shelf, first, high)

    def _take(self, number: int) -> None:
        """Give the next number."""
        if number != self._last + 1:
            raise ValueError(f"{self._shelf.name}: {number} in place of {self._last + 1}")
        self._last = number
