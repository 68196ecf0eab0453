"""Days, places and hidden messages, read from the archive's file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from storage.days import MAX_DAY, DayCount, Placed, hash_key, id_sha1
from storage.errors import NoSuchMessage, Removed
from storage.kept import Kept
from storage.model import MAX_NUMBER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.sqlite.query import Query

__all__ = ["Days"]

KEPT_DAYS: Final = 100_000
"""Days whose counts are kept in memory, of all lists: some ten megabytes."""

_DAYS: Final = """
SELECT day, present, 0 FROM day WHERE list = ?1
UNION ALL
SELECT day, -1, 0 FROM message NOT INDEXED
  WHERE list = ?1 AND number > ?2 AND number <= (SELECT high FROM list WHERE id = ?1)
UNION ALL
SELECT m.day, 0, 1 FROM hidden h CROSS JOIN message m NOT INDEXED ON m.list = h.list AND m.number = h.number
  WHERE h.list = ?1 AND h.number <= ?2
"""
_ON_DAY: Final = (
    "SELECT place, number FROM message INDEXED BY message_day WHERE list = ? AND day = ? AND number <= ? "
    "ORDER BY place"
)
_AT_PLACE: Final = (
    "SELECT number FROM message INDEXED BY message_day WHERE list = ? AND day = ? AND place = ?"
)
_GIVEN: Final = "SELECT 1 FROM day WHERE list = ? AND day = ? AND given >= ?"
_HASHED: Final = (
    "SELECT m.number, n.message_id FROM message m INDEXED BY message_hash JOIN node n ON n.id = m.node "
    "WHERE m.list = ? AND m.hash = ? AND m.number <= ? ORDER BY m.number"
)
_HIDDEN: Final = "SELECT number FROM hidden WHERE list = ? ORDER BY number"


class Days:
    """The lists of an archive, by their key; ``high`` is what readers see of each."""

    def __init__(self, query: Query) -> None:
        self._query = query
        self._counts: Kept[int, tuple[int, Sequence[DayCount]]] = Kept(KEPT_DAYS)

    def counts(self, key: int, high: int, change: int) -> Sequence[DayCount]:
        """Return the days that have messages, ascending; they are kept until the list's next change."""
        kept = self._counts.get(key)
        if kept is not None and kept[0] == change:
            return kept[1]
        present: dict[int, int] = {}
        hidden: dict[int, int] = {}
        for day, more, more_hidden in self._query.rows(_DAYS, key, high):  # true together
            present[day] = present.get(day, 0) + more
            if more_hidden:
                hidden[day] = hidden.get(day, 0) + 1
        counts = [
            DayCount(day, count, hidden.get(day, 0))
            for day, count in sorted(present.items())
            if count > 0
        ]
        self._counts.put(key, (change, counts), len(counts))
        return counts

    def on_day(self, key: int, high: int, day: int) -> Sequence[Placed]:
        """Return the messages of a day, by their places."""
        if not 0 <= day <= MAX_DAY:
            return []
        return [Placed._make(row) for row in self._query.rows(_ON_DAY, key, day, high)]

    def at_place(self, key: int, high: int, day: int, place: int) -> int:
        """Return the number of the message that has a place of a day.

        Raises:
            NoSuchMessage: no message has come to that place; ``Removed`` where it was removed.
        """
        where = f"list {key}, day {day}: {place}"
        if not (0 <= day <= MAX_DAY and 0 < place <= MAX_NUMBER):
            raise NoSuchMessage(where)
        rows = self._query.rows(_AT_PLACE, key, day, place)
        if rows and rows[0][0] <= high:
            number: int = rows[0][0]
            return number
        if not rows and self._query.rows(_GIVEN, key, day, place):
            raise Removed(where)
        raise NoSuchMessage(where)

    def hashed(self, key: int, high: int, sha1: bytes) -> Sequence[int]:
        """Return the numbers of the messages whose Message-ID has this SHA-1."""
        rows = self._query.rows(_HASHED, key, hash_key(sha1), high)
        return [number for number, message_id in rows if id_sha1(message_id) == sha1]

    def hidden(self, key: int) -> Sequence[int]:
        """Return the numbers of the messages that are hidden."""
        return [number for (number,) in self._query.rows(_HIDDEN, key)]
