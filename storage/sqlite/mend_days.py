"""What a list's counts by day, its places and the rest of what the web archive asks say wrongly, and how it is put right.

Places are names that others have written down: they are counted, and never given anew.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

from storage.days import MAX_DAY

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    from storage.sqlite.shelf import Shelf

__all__ = ["day_faults", "place_damage"]

_DAYS: Final = """
SELECT day, max(given), max(present), sum(there), max(last) FROM (
  SELECT day, given, present, 0 AS there, 0 AS last FROM day WHERE list = ?1
  UNION ALL
  SELECT day, 0, 0, sum(number <= ?2), max(place) FROM message INDEXED BY message_day WHERE list = ?1 GROUP BY day
  UNION ALL
  SELECT day, 0, 0, 0, max(place) FROM tombstone WHERE list = ?1 AND place > 0 GROUP BY day
) GROUP BY day HAVING max(present) <> sum(there) OR max(given) < max(last) ORDER BY day
"""
_UNHASHED: Final = (
    "SELECT m.number FROM message m JOIN node n ON n.id = m.node "
    "WHERE m.list = ? AND m.hash <> hash_of(n.message_id) ORDER BY m.number"
)
_HASH: Final = (
    "UPDATE message SET hash = hash_of((SELECT message_id FROM node WHERE id = node)) "
    "WHERE list = ? AND number = ?"
)
_HIDDEN: Final = (
    "SELECT number FROM hidden h WHERE list = ? AND NOT EXISTS "
    "(SELECT 1 FROM message WHERE list = h.list AND number = h.number) ORDER BY number"
)
_UNHIDE: Final = "DELETE FROM hidden WHERE list = ? AND number = ?"
_DISORDER: Final = """
SELECT (SELECT name FROM list WHERE id = m.list), number, day, place FROM (
  SELECT list, number, day, place, lag(number, 1, 0) OVER earlier AS number_before, lag(place, 1, 0) OVER earlier AS place_before
  FROM message INDEXED BY message_day WINDOW earlier AS (PARTITION BY list, day ORDER BY place, number)
) m WHERE number < number_before OR place = place_before OR place < 1 OR day < 0 OR day > ?
UNION
SELECT (SELECT name FROM list WHERE id = m.list), m.number, m.day, m.place FROM tombstone t
JOIN message m ON m.list = t.list AND m.day = t.day AND m.place = t.place WHERE t.place <> 0
"""


def day_faults(
    connection: sqlite3.Connection, shelf: Shelf, high: int, *, repair: bool
) -> Sequence[str]:
    """Return what is wrong with a list's counts by day, with ``high`` as its water mark; put it right if ``repair``."""
    wrong = []
    for day, given, present, there, last in connection.execute(_DAYS, (shelf.key, high)).fetchall():
        if present != there:
            wrong.append(f"it counts {present} messages on {_date(day)}, and should count {there}")
        if given < last:
            wrong.append(f"it has given {given} places of {_date(day)}, and should have {last}")
        if repair:
            shelf.places.set(day, max(given, last), there)
    for select, mend, what in (
        (_UNHASHED, _HASH, "is not found by the SHA-1 of its Message-ID"),
        (_HIDDEN, _UNHIDE, "is hidden but not there"),
    ):
        numbers = [number for (number,) in connection.execute(select, (shelf.key,))]
        wrong += [f"{number} {what}" for number in numbers]
        if repair:
            connection.executemany(mend, [(shelf.key, number) for number in numbers])
    if repair and wrong:
        shelf.changed = True
    return wrong


def place_damage(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield which messages of all lists have a place that is another's, or is not in the order in which they came."""
    for name, number, day, place in connection.execute(_DISORDER, (MAX_DAY,)):
        yield f"{name} {number}: place {place} of {_date(day)} is out of order, or given twice"


def _date(day: int) -> str:
    if not 0 <= day <= MAX_DAY:
        return f"day {day}"
    return date.fromordinal(date(1970, 1, 1).toordinal() + day).isoformat()
