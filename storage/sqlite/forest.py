"""The threads of one list, over SQLite: nodes are read once, kept while the writer lives, written back in one go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from storage.threads import Evidence, Node, Note

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from storage.replica import Rooted

__all__ = ["NodeIds", "SqliteForest"]

_NODE: Final = (
    "SELECT n.id, n.number, n.sent, p.id, p.message_id, n.evidence, n.weight, n.severed, n.thread "
    "FROM node n LEFT JOIN node p ON p.id = n.parent WHERE n.message_id = ? AND n.list = ?"
)
_PUT: Final = (
    "INSERT INTO node (id, list, message_id, number, sent, parent, evidence, weight, severed, thread, revision) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET number = excluded.number, "
    "sent = excluded.sent, parent = excluded.parent, evidence = excluded.evidence, weight = excluded.weight, "
    "severed = excluded.severed, thread = excluded.thread, revision = excluded.revision"
)
_NOTE: Final = (
    "INSERT OR IGNORE INTO note (list, key, waits, sent, message_id) VALUES (?, ?, ?, ?, ?)"
)
_DROP_NOTES: Final = "DELETE FROM note WHERE list = ? AND substr(key, 1, 1) = ? AND message_id = ?"
_NOTES: Final = (
    "SELECT message_id, sent FROM note WHERE list = ? AND key = ? AND waits = ? AND sent BETWEEN ? AND ? "
    "ORDER BY sent, message_id LIMIT ?"
)
_NOTES_NEWEST: Final = (
    "SELECT message_id, sent FROM note WHERE list = ? AND key = ? AND waits = ? AND sent BETWEEN ? AND ? "
    "ORDER BY sent DESC, message_id LIMIT ?"
)


@dataclass(slots=True)
class NodeIds:
    """Hands out the row ids of new nodes, in all lists alike."""

    last: int = 0

    def next(self) -> int:
        """Return an id never given before."""
        self.last += 1
        return self.last


class SqliteForest:
    """See ``storage.threads.Forest``."""

    def __init__(self, connection: sqlite3.Connection, key: int, ids: NodeIds) -> None:
        self._connection = connection
        self._key = key
        self._new_ids = ids
        self._nodes: dict[bytes, Node | None] = {}  # None: known not to be there
        self._ids: dict[bytes, int] = {}
        self._changed: dict[bytes, Node] = {}
        self._stamps: dict[bytes, int] = {}

    def node(self, message_id: bytes) -> Node | None:
        try:
            return self._nodes[message_id]
        except KeyError:
            node = self._nodes[message_id] = self._read(message_id)
            return node

    def put(self, node: Node) -> None:
        self._nodes[node.message_id] = node
        self._changed[node.message_id] = node

    def note(self, key: bytes, note: Note) -> None:
        self._connection.execute(_NOTE, (self._key, key, note.waits, note.sent, note.message_id))

    def notes(
        self,
        key: bytes,
        *,
        waits: bool,
        since: int,
        until: int,
        most: int,
        newest_first: bool = False,
    ) -> Sequence[Note]:
        statement = _NOTES_NEWEST if newest_first else _NOTES
        found = self._connection.execute(statement, (self._key, key, waits, since, until, most))
        return [Note(message_id, sent, waits) for message_id, sent in found]

    def drop_notes(self, kind: bytes, message_id: bytes) -> None:
        self._connection.execute(_DROP_NOTES, (self._key, kind, message_id))

    def plant(self, rooted: Rooted) -> None:
        """Set a node, and the revision at which it changed."""
        node = rooted.node
        if node.parent is not None and self.node(node.parent) is None:
            self.put(Node(node.parent))
        self.node(node.message_id)  # so that it keeps its row, if there is one
        self.put(node)
        self._stamps[node.message_id] = rooted.revision

    def id_of(self, message_id: bytes) -> int:
        """Return the row id of a node that ``node`` returned or ``put`` took."""
        own = self._ids.get(message_id)
        if own is None:
            own = self._ids[message_id] = self._new_ids.next()
        return own

    def pending(self, message_id: bytes) -> Node | None:
        """Return the node if it was changed and is not written yet."""
        return self._changed.get(message_id)

    def flush(self, revision: int) -> bool:
        """Write back what changed, as of a revision of the list unless another one was told; return whether it did."""
        if not self._changed:
            return False
        id_of, stamps = self.id_of, self._stamps
        self._connection.executemany(
            _PUT,
            [
                (
                    id_of(node.message_id),
                    self._key,
                    node.message_id,
                    node.number,
                    node.sent,
                    None if node.parent is None else id_of(node.parent),
                    int(node.evidence),
                    node.weight,
                    node.severed,
                    node.thread,
                    stamps.get(node.message_id, revision),
                )
                for node in self._changed.values()
            ],
        )
        self._changed.clear()
        self._stamps.clear()
        return True

    def forget(self) -> None:
        """Read everything anew from now on."""
        self._nodes.clear()
        self._ids.clear()

    def __len__(self) -> int:
        return len(self._nodes)

    def _read(self, message_id: bytes) -> Node | None:
        row = self._connection.execute(_NODE, (message_id, self._key)).fetchone()
        if row is None:
            return None
        own, number, sent, parent_id, parent, evidence, weight, severed, thread = row
        self._ids[message_id] = own
        if parent is not None:
            self._ids[parent] = parent_id
        return Node(
            message_id, number, sent, parent, Evidence(evidence), weight, bool(severed), thread
        )
