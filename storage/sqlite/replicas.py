"""What a list tells its twin, read from the archive's file."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from storage.errors import ArchiveDamaged, NoSuchMessage
from storage.model import Fidelity
from storage.replica import Change, DayPlace, Mark, Replica, Rooted, Tombstone
from storage.threads import Evidence, Node

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from storage.sqlite.octets import Octets
    from storage.sqlite.query import Query

__all__ = ["Replicas"]

log = logging.getLogger(__name__)

_AT_ONCE: Final = 64

_MESSAGES: Final = (
    "SELECT m.number, m.revision, m.arrived, m.sent, m.received, m.fidelity, n.id, n.revision, n.message_id, n.number, "
    "n.sent, p.message_id, n.evidence, n.weight, n.severed, n.thread, m.day, m.place FROM message m JOIN node n ON n.id = m.node "
    "LEFT JOIN node p ON p.id = n.parent WHERE m.list = ? AND m.number BETWEEN ? AND ?"
)
_STONES: Final = (
    "SELECT t.number, t.revision, n.message_id, t.digest, t.withdrawn, t.day, t.place FROM tombstone t LEFT JOIN node n ON n.id = t.node "
    "WHERE t.list = ? AND t.number BETWEEN ? AND ?"
)
_CHANGES: Final = (
    "SELECT number, revision, digest, fidelity FROM message INDEXED BY message_revision WHERE list = ? "
    "AND (revision, number) > (?, ?) AND revision <= ? AND number <= ? ORDER BY revision, number LIMIT ?"
)
_STONE_CHANGES: Final = (
    "SELECT t.number, t.revision, n.message_id, t.digest, t.withdrawn, t.day, t.place "
    "FROM tombstone t INDEXED BY tombstone_revision "
    "LEFT JOIN node n ON n.id = t.node WHERE t.list = ? AND (t.revision, t.number) > (?, ?) AND t.revision <= ? "
    "AND t.number <= ? ORDER BY t.revision, t.number LIMIT ?"
)
_PLACES: Final = (
    "SELECT number, day, place FROM message WHERE list = ?1 AND number BETWEEN ?2 AND ?3 UNION ALL "
    "SELECT number, day, place FROM tombstone WHERE list = ?1 AND number BETWEEN ?2 AND ?3 AND place > 0 "
    "ORDER BY number LIMIT ?4"
)
_NODES: Final = (
    "SELECT n.id, n.revision, n.message_id, iif(n.number > ?, NULL, n.number), n.sent, p.message_id, n.evidence, n.weight, "
    "n.severed, n.thread FROM node n INDEXED BY node_revision LEFT JOIN node p ON p.id = n.parent WHERE n.list = ? "
)
_SAME: Final = _NODES + "AND n.revision = ? AND n.id > ? ORDER BY n.id LIMIT ?"
_LATER: Final = _NODES + "AND n.revision > ? AND n.revision <= ? ORDER BY n.revision, n.id LIMIT ?"


class Replicas:
    """The lists of an archive, by their key, as their twins are told of them; ``high`` is what readers see of each."""

    def __init__(self, query: Query, octets: Octets) -> None:
        self._query = query
        self._octets = octets

    def replicas(self, key: int, high: int, first: int, last: int) -> Iterator[Replica | Tombstone]:
        """Yield what there is of each number of a range."""
        last = min(last, high)
        for start in range(max(first, 1), last + 1, _AT_ONCE):
            stop = min(start + _AT_ONCE - 1, last)
            # What is removed meanwhile is in both, and counts as removed.
            messages = {row[0]: row for row in self._query.rows(_MESSAGES, key, start, stop)}
            stones = {row[0]: row for row in self._query.rows(_STONES, key, start, stop)}
            for number in range(start, stop + 1):
                if number in stones:
                    yield _stone(stones[number])
                elif number in messages:
                    yield self._replica(key, messages[number])
                else:
                    yield Tombstone(number, 0, None, b"")

    def changes(
        self, key: int, high: int, after: Mark, until: int, most: int
    ) -> Sequence[Change | Tombstone]:
        """Return what became of messages, in the order in which it did."""
        values = key, after.revision, after.key, until, high, most
        changed: list[Change | Tombstone] = [
            Change(number, revision, digest, Fidelity(fidelity))
            for number, revision, digest, fidelity in self._query.rows(_CHANGES, *values)
        ]
        stones = [_stone(row) for row in self._query.rows(_STONE_CHANGES, *values)]
        return sorted([*changed, *stones], key=lambda each: (each.revision, each.number))[:most]

    def places(self, key: int, high: int, first: int, most: int) -> Sequence[DayPlace]:
        """Return the places of numbers from one on, ascending."""
        rows = self._query.rows(_PLACES, key, first, high, most)
        return [DayPlace(*row) for row in rows]

    def rooted(self, key: int, high: int, after: Mark, until: int, most: int) -> Sequence[Rooted]:
        """Return nodes in the order in which they changed."""
        rows = []
        if after.revision <= until:
            rows = self._query.rows(_SAME, high, key, after.revision, after.key, most)
        if len(rows) < most:
            values = high, key, after.revision, until, most - len(rows)
            rows += self._query.rows(_LATER, *values)
        return [_rooted(row) for row in rows]

    def _replica(self, key: int, row: Sequence[Any]) -> Replica | Tombstone:
        number, revision, arrived, sent, received, fidelity = row[:6]
        placed = row[-2:]
        try:
            raw, head = self._octets.original(key, number)
        except NoSuchMessage:  # removed a moment ago
            return _stone(self._query.rows(_STONES, key, number, number)[0])
        except ArchiveDamaged as error:
            log.error(  # noqa: TRY400  the error says all
                "list %d, number %d: %s; its twins go without it", key, number, error
            )
            return Tombstone(number, 0, None, b"", False, *placed)
        known = number, revision, arrived, sent, received, Fidelity(fidelity), raw, head
        return Replica(*known, _rooted(row[6:-2]), *placed)


def _stone(row: Sequence[Any]) -> Tombstone:
    number, revision, message_id, digest, withdrawn, day, place = row
    return Tombstone(number, revision, message_id, digest, bool(withdrawn), day, place)


def _rooted(row: Sequence[Any]) -> Rooted:
    key, revision, message_id, number, sent, parent, evidence, weight, severed, thread = row
    node = Node(message_id, number, sent, parent, Evidence(evidence), weight, bool(severed), thread)
    return Rooted(node, revision, key)
