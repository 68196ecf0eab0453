"""The places of a list's days within a batch: which are given, and how many messages each day has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

__all__ = ["Places"]

_DAY: Final = "SELECT given, present FROM day WHERE list = ? AND day = ?"
_PUT: Final = "INSERT OR REPLACE INTO day (list, day, given, present) VALUES (?, ?, ?, ?)"
_COUNTS: Final = (
    "SELECT day, count(*) FROM message WHERE list = ? AND number BETWEEN ? AND ? GROUP BY +day"
)

_ALL: Final = """
SELECT day, max(given), sum(present) FROM (
  SELECT day, max(place) AS given, sum(number <= ?2) AS present FROM message WHERE list = ?1 GROUP BY day
  UNION ALL
  SELECT day, max(place), 0 FROM tombstone WHERE list = ?1 AND place > 0 GROUP BY day
) GROUP BY day
"""


class Places:
    """The days of one list; what changes is written by ``write``."""

    def __init__(self, connection: sqlite3.Connection, key: int) -> None:
        self._connection = connection
        self._key = key
        self._days: dict[int, list[int]] = {}

    def give(self, day: int, told: int = 0) -> int:
        """Return the next place of a day, or the one told if that is behind all that were given."""
        counts = self._of(day)
        counts[0] = max(counts[0] + 1, told)
        return counts[0]

    def count(self, day: int, more: int) -> None:
        """Count messages more, or fewer, that readers see."""
        self._of(day)[1] += more

    def count_all(self, first: int, last: int) -> None:
        """Count the messages of a range, all written, in."""
        for day, more in self._connection.execute(_COUNTS, (self._key, first, last)).fetchall():
            self.count(day, more)

    def set(self, day: int, given: int, present: int) -> None:
        """Set what is counted of a day."""
        self._days[day] = [given, present]

    def recount(self, high: int) -> None:
        """Count everything anew, with the messages up to ``high`` as those that readers see."""
        self._connection.execute("DELETE FROM day WHERE list = ?", (self._key,))
        self._days.clear()
        for day, given, present in self._connection.execute(_ALL, (self._key, high)):
            self.set(day, given, present)

    def write(self) -> None:
        """Write what was asked for, as it stands now."""
        rows: Sequence[Sequence[int]] = [
            (self._key, day, *counts) for day, counts in self._days.items()
        ]
        self._connection.executemany(_PUT, rows)

    def _of(self, day: int) -> list[int]:
        """Return how many places of a day were given, and how many messages it has, to be changed in place."""
        counts = self._days.get(day)
        if counts is None:
            row = self._connection.execute(_DAY, (self._key, day)).fetchone()
            counts = self._days[day] = [0, 0] if row is None else [*row]
        return counts
