"""What the archive in memory holds of one list."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from storage.model import Entry, MailingList, Rendition

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from storage.replica import Tombstone
    from storage.threads import Node, Note
    from storage.writer import Incumbent, NewMessage

__all__ = ["MemoryForest", "Shelf", "Stored"]


@dataclass(slots=True)
class Stored:
    """A message, with the revision at which it last changed."""

    message: NewMessage
    revision: int
    versions: Mapping[Rendition, int]
    thread: bytes
    day: int
    place: int
    arrived: int = 0

    def entry(self, number: int) -> Entry:
        """Return what is known of the message under its number."""
        message = self.message
        return Entry(
            number,
            message.message_id,
            message.digest,
            message.sent,
            message.received,
            self.arrived,
            message.size,
            message.lines,
            self.revision,
            self.thread,
            message.fidelity,
            self.day,
            self.place,
        )


@dataclass(slots=True)
class MemoryForest:
    """The forest of one list as plain dicts.

    ``stamps`` has the list's revision at which each node last changed; what is put gets ``stamp``.
    """

    nodes: dict[bytes, Node] = field(default_factory=dict)
    stamps: dict[bytes, int] = field(default_factory=dict)
    stamp: int = 1
    kept_notes: dict[bytes, list[Note]] = field(default_factory=dict)

    def node(self, message_id: bytes) -> Node | None:
        return self.nodes.get(message_id)

    def put(self, node: Node) -> None:
        self.nodes[node.message_id] = node
        self.stamps[node.message_id] = self.stamp

    def note(self, key: bytes, note: Note) -> None:
        notes = self.kept_notes.setdefault(key, [])
        if note not in notes:
            notes.append(note)

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
        found = [
            n for n in self.kept_notes.get(key, ()) if n.waits == waits and since <= n.sent <= until
        ]
        found.sort(key=lambda note: (-note.sent if newest_first else note.sent, note.message_id))
        return found[:most]

    def drop_notes(self, kind: bytes, message_id: bytes) -> None:
        for key, notes in self.kept_notes.items():
            if key.startswith(kind):
                notes[:] = [note for note in notes if note.message_id != message_id]


@dataclass(slots=True)
class Shelf:
    """Everything of one list.

    ``edition`` grows where readers see a change that is no revision. ``given`` has the last place of each day that was.
    """

    record: MailingList
    edition: int = 0
    messages: dict[int, Stored] = field(default_factory=dict)
    ids: dict[bytes, Incumbent] = field(default_factory=dict)
    removals: dict[int, Tombstone] = field(default_factory=dict)
    forest: MemoryForest = field(default_factory=MemoryForest)
    cursors: dict[str, bytes] = field(default_factory=dict)
    arrived: int = 0
    given: dict[int, int] = field(default_factory=dict)

    def revise(self) -> int:
        """Note a visible change; return its revision. A twin's revision is its origin's."""
        self.edition += 1
        if not self.record.origin:
            self.record = replace(self.record, revision=self.record.revision + 1)
        return self.record.revision

    def give(self, day: int) -> int:
        """Return the next place of a day."""
        place = self.given[day] = self.given.get(day, 0) + 1
        return place
