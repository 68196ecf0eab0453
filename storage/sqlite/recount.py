"""What the tables of one list say of each other, and where they disagree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import zstandard

from storage.model import MAX_NUMBER
from storage.pages import decode_rows
from storage.sqlite.paging import PAGES, unpack_page

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

__all__ = ["Tally", "tally"]

_ENDS: Final = (
    "SELECT min(low), max(high) FROM (SELECT min(number) low, max(number) high FROM message WHERE list = :list "
    "AND number <= :most UNION ALL SELECT NULL, max(number) FROM tombstone WHERE list = :list AND number <= :most)"
)
_OCTETS: Final = "SELECT coalesce(sum(size), 0) FROM message WHERE list = ? AND number <= ?"
_LOST: Final = (
    "WITH RECURSIVE given (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM given WHERE number < :high) "
    "SELECT number FROM given WHERE :high > 0 EXCEPT SELECT number FROM message WHERE list = :list "
    "EXCEPT SELECT number FROM tombstone WHERE list = :list ORDER BY number"
)
_NAMELESS: Final = (
    "SELECT number FROM message m WHERE list = ? AND NOT EXISTS (SELECT 1 FROM node WHERE id = m.node) "
    "ORDER BY number"
)


@dataclass(frozen=True, slots=True)
class Tally:
    """How one list really stands.

    ``low``, ``high`` and ``octets`` are what its water marks and octets should be. ``lost`` are the numbers that are neither a message's nor a
    tombstone's, ``nameless`` the messages whose Message-ID is gone. ``unreadable`` holds each damaged page's row and
    what it is called.
    """

    low: int
    high: int
    octets: int
    lost: Sequence[int]
    nameless: Sequence[int]
    unreadable: Sequence[tuple[int, str]]

    def faults(self, low: int, high: int, octets: int) -> list[str]:
        """Return what is wrong, for people, with a list that has these water marks and octets."""
        wrong = []
        if (low, high) != (self.low, self.high):
            wrong.append(
                f"the water marks are {low} and {high}, and should be {self.low} and {self.high}"
            )
        if octets != self.octets and not self.lost:  # whose sizes are lost with them
            wrong.append(f"it counts {octets} octets, and should count {self.octets}")
        wrong += [f"{number} is lost: neither a message nor removed" for number in self.lost]
        wrong += [f"{number} has lost its Message-ID" for number in self.nameless]
        wrong += [f"{page} cannot be read" for _, page in self.unreadable]
        return wrong


def tally(connection: sqlite3.Connection, key: int, high: int, *, is_twin: bool) -> Tally:
    """Count a list anew; ``high`` is its water mark, below which no number was not given.

    What lies above that is a message that was not counted, or, in a twin, one that is not shown yet.
    """
    last = high if is_twin else MAX_NUMBER
    low, most = connection.execute(_ENDS, {"list": key, "most": last}).fetchone()
    high = max(high, most or 0)
    lost = connection.execute(_LOST, {"list": key, "high": high})
    return Tally(
        low=high + 1 if low is None else low,
        high=high,
        octets=connection.execute(_OCTETS, (key, last)).fetchone()[0],
        lost=[number for (number,) in lost],
        nameless=[number for (number,) in connection.execute(_NAMELESS, (key,))],
        unreadable=list(_unreadable(connection, key)),
    )


def _unreadable(connection: sqlite3.Connection, key: int) -> Iterator[tuple[int, str]]:
    for row, kind, page, data, basis in connection.execute(PAGES, (key,)):
        try:
            decode_rows(unpack_page(data, basis))
        except (zstandard.ZstdError, ValueError):
            yield row, f"page {page} of its {kind}"
