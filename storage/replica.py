"""Replicas: what a twin takes over from a list, record by record, and how a record is written.

A twin is a list that is to a reader what its origin is: each number, revision and thread is the origin's. So what
follows from a message alone is made anew, and what depends on the archive's past is told: who was found to answer whom,
what removed messages left behind, when each thing happened.

A record is a kind, its length, and its fields: integers in 64 bits, octets behind their length, all little-endian.
Nothing of what is read is trusted: whatever is no record is a ``BadReplica``.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from storage.days import MAX_DAY
from storage.model import MAX_NUMBER, Fidelity
from storage.record_fields import MAX_VALIDITY, NO_TIME, BadReplica, Fields, integers, octets
from storage.threads import THREAD_OCTETS, Evidence, Node

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = [
    "FORMAT",
    "MAX_RECORD",
    "READABLE",
    "BadReplica",
    "Change",
    "DayPlace",
    "ListState",
    "Mark",
    "Record",
    "RecordBuffer",
    "Replica",
    "Rooted",
    "Tombstone",
    "render",
]

FORMAT: Final = 2
"""To be raised when a record is written in another way."""

READABLE: Final = frozenset({1, FORMAT})
"""The formats that are read. The first one tells no days and places."""

MAX_RECORD: Final = 260 * 1024 * 1024
"""Octets of a record: the largest message that a source may give, and what is known of it."""

_DIGEST_OCTETS: Final = 16

_HEAD: Final = struct.Struct("<BI")


@dataclass(frozen=True, slots=True)
class ListState:
    """A list as its origin has it; the fields are those of ``MailingList``."""

    name: str
    description: str
    address: str
    validity: int
    created: int
    high: int
    revision: int


@dataclass(frozen=True, slots=True)
class Rooted:
    """One node of a list's forest, and the list's revision at which it last changed.

    ``key`` orders those of one revision; it is the origin's own affair.
    """

    node: Node
    revision: int
    key: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Replica:
    """A message, with all that does not follow from its octets; ``head`` is as in ``NewMessage``, the rest as in ``Entry``.

    Without a ``place``, its twin gives it one.
    """

    number: int
    revision: int
    arrived: int
    sent: int | None
    received: int
    fidelity: Fidelity
    raw: bytes
    head: bytes | None
    rooted: Rooted
    day: int = 0
    place: int = 0


@dataclass(frozen=True, slots=True)
class Tombstone:
    """A number that no message has any more, and the Message-ID that none will have again.

    One that was lost, not removed, has neither Message-ID nor digest. Where it is ``withdrawn`` by its source, another copy
    may come than the one whose digest this is, and the one that the source had, whose digest follows if it is another.
    ``day`` and ``place`` are those of the message that was there; without a place, they are not known.
    """

    number: int
    revision: int
    message_id: bytes | None
    digest: bytes
    withdrawn: bool = False
    day: int = 0
    place: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """That a message changed at a revision, and which copy of it is there now."""

    number: int
    revision: int
    digest: bytes
    fidelity: Fidelity


@dataclass(frozen=True, slots=True)
class DayPlace:
    """Which day and place a number has, or had before its message was removed."""

    number: int
    day: int
    place: int


@dataclass(frozen=True, slots=True)
class Mark:
    """How far an answer came that ends before all is told: what is asked for next is what comes behind this."""

    revision: int
    key: int


Record: TypeAlias = ListState | Replica | Tombstone | Change | Rooted | Mark | DayPlace


def render(record: Record) -> bytes:
    """Return a record as it is written: the inverse of ``RecordBuffer``."""
    kind, write = _WRITERS[type(record)]
    body = write(record)
    return _HEAD.pack(kind, len(body)) + body


class RecordBuffer:
    """Takes octets as they come, and gives the records that are complete."""

    def __init__(self) -> None:
        self._octets = bytearray()

    def feed(self, data: bytes) -> Iterator[Record]:
        """Yield the records that ``data`` completes.

        Raises:
            BadReplica: what was fed is no record.
        """
        self._octets += data
        start = 0
        while len(self._octets) - start >= _HEAD.size:
            kind, length = _HEAD.unpack_from(self._octets, start)
            if length > MAX_RECORD:
                raise BadReplica(f"a record of {length} octets")
            if len(self._octets) - start - _HEAD.size < length:
                break
            start += _HEAD.size
            yield _parse(kind, bytes(memoryview(self._octets)[start : start + length]))
            start += length
        del self._octets[:start]

    def close(self) -> None:
        """Make sure that nothing is left over.

        Raises:
            BadReplica: the last record is cut off.
        """
        if self._octets:
            raise BadReplica("a record is cut off")


def _parse(kind: int, body: bytes) -> Record:
    read = _READERS.get(kind)
    if read is None:
        raise BadReplica(f"a record of an unknown kind, {kind}")
    fields = Fields(body)
    record = read(fields)
    fields.close()
    return record


def _write_state(state: ListState) -> bytes:
    texts = (state.name, state.description, state.address)
    numbers = integers(state.validity, state.created, state.high, state.revision)
    return b"".join([*(octets(text.encode()) for text in texts), numbers])


def _read_state(fields: Fields) -> ListState:
    return ListState(
        fields.text(),
        fields.text(),
        fields.text(),
        fields.integer(1, MAX_VALIDITY),
        fields.time(),
        fields.integer(0, MAX_NUMBER),
        fields.integer(),
    )


def _write_rooted(rooted: Rooted) -> bytes:
    node = rooted.node
    numbers = integers(
        rooted.revision, node.number or 0, node.sent, node.evidence, node.weight, node.severed
    )
    return b"".join((octets(node.message_id), octets(node.parent), node.thread, numbers))


def _read_rooted(fields: Fields) -> Rooted:
    message_id, parent = fields.message_id(), fields.optional_id()
    thread = fields.fixed(THREAD_OCTETS)
    revision, number, sent = fields.integer(), fields.integer(0, MAX_NUMBER), fields.time()
    evidence = Evidence(fields.integer(Evidence.NONE, Evidence.REFERENCES))
    weight, severed = fields.time(), bool(fields.integer(0, 1))
    node = Node(message_id, number or None, sent, parent, evidence, weight, severed, thread)
    return Rooted(node, revision)


def _write_replica(replica: Replica) -> bytes:
    sent = NO_TIME if replica.sent is None else replica.sent
    numbers = integers(
        replica.number, replica.revision, replica.arrived, sent, replica.received, replica.fidelity
    )
    copy = octets(replica.raw) + octets(replica.head)
    placed = integers(replica.day, replica.place)
    return b"".join((numbers, copy, _write_rooted(replica.rooted), placed))


def _read_replica(fields: Fields) -> Replica:
    number, revision = fields.integer(1, MAX_NUMBER), fields.integer()
    arrived, sent, received = fields.time(), fields.optional_time(), fields.time()
    fidelity = Fidelity(fields.integer(min(Fidelity), max(Fidelity)))
    raw, head = fields.octets(MAX_RECORD), fields.optional(MAX_RECORD)
    rooted = _read_rooted(fields)
    if rooted.node.number != number:
        raise BadReplica(f"{number} hangs in the forest as {rooted.node.number}")
    known = number, revision, arrived, sent, received, fidelity, raw, head, rooted
    return Replica(*known, *fields.placed())


def _write_tombstone(stone: Tombstone) -> bytes:
    numbers = integers(stone.number, stone.revision, stone.withdrawn)
    placed = integers(stone.day, stone.place)
    return b"".join((numbers, octets(stone.message_id), octets(stone.digest), placed))


def _read_tombstone(fields: Fields) -> Tombstone:
    number, revision = fields.integer(1, MAX_NUMBER), fields.integer()
    withdrawn = bool(fields.integer(0, 1))
    message_id, digest = fields.optional_id(), fields.octets(2 * _DIGEST_OCTETS)
    return Tombstone(number, revision, message_id, digest, withdrawn, *fields.placed())


def _write_change(change: Change) -> bytes:
    return integers(change.number, change.revision, change.fidelity) + change.digest


def _read_change(fields: Fields) -> Change:
    number, revision = fields.integer(1, MAX_NUMBER), fields.integer()
    fidelity = Fidelity(fields.integer(min(Fidelity), max(Fidelity)))
    return Change(number, revision, fields.fixed(_DIGEST_OCTETS), fidelity)


def _write_mark(mark: Mark) -> bytes:
    return integers(mark.revision, mark.key)


def _read_mark(fields: Fields) -> Mark:
    return Mark(fields.integer(), fields.integer())


def _write_place(place: DayPlace) -> bytes:
    return integers(place.number, place.day, place.place)


def _read_place(fields: Fields) -> DayPlace:
    return DayPlace(
        fields.integer(1, MAX_NUMBER), fields.integer(0, MAX_DAY), fields.integer(1, MAX_NUMBER)
    )


_READERS: Final[Mapping[int, Callable[[Fields], Record]]] = {
    1: _read_state,
    2: _read_replica,
    3: _read_tombstone,
    4: _read_change,
    5: _read_rooted,
    6: _read_mark,
    7: _read_place,
}
_WRITERS: Final[Mapping[type[Record], tuple[int, Callable[[Any], bytes]]]] = {
    ListState: (1, _write_state),
    Replica: (2, _write_replica),
    Tombstone: (3, _write_tombstone),
    Change: (4, _write_change),
    Rooted: (5, _write_rooted),
    Mark: (6, _write_mark),
    DayPlace: (7, _write_place),
}
