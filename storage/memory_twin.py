"""Twins in memory: what a list tells its twin, and a list that is brought to where its origin is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from storage.days import day_of
from storage.memory_days import unhide
from storage.memory_shelf import Stored
from storage.model import Fidelity
from storage.replica import Change, DayPlace, ListState, Mark, Replica, Rooted, Tombstone
from storage.threads import Node, withdraw
from storage.writer import Incumbent, Kept

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from storage.memory_shelf import Shelf
    from storage.model import MailingList, Rendition
    from storage.writer import NewMessage

__all__ = ["MemoryTwin", "as_incumbent", "changes", "places", "replicas", "rooted"]


def replicas(
    shelf: Shelf, record: MailingList, first: int, last: int
) -> Iterator[Replica | Tombstone]:
    """Yield what a twin takes over of a range of numbers."""
    for number in range(max(first, 1), min(last, record.high) + 1):
        stored = shelf.messages.get(number)
        if stored is None:
            yield shelf.removals.get(number) or Tombstone(number, 0, None, b"")
            continue
        message = stored.message
        yield Replica(
            number,
            stored.revision,
            stored.arrived,
            message.sent,
            message.received,
            message.fidelity,
            message.raw,
            message.head,
            _rooted(shelf, record, message.message_id),
            stored.day,
            stored.place,
        )


def changes(
    shelf: Shelf, record: MailingList, after: Mark, until: int, most: int
) -> Sequence[Change | Tombstone]:
    """Return what became of messages, in the order in which it did."""
    until = min(until, record.revision)
    found: list[Change | Tombstone] = [*shelf.removals.values()]
    for number, stored in shelf.messages.items():
        message = stored.message
        found.append(Change(number, stored.revision, message.digest, message.fidelity))
    told = (
        each
        for each in found
        if (after.revision, after.key) < (each.revision, each.number)
        and each.revision <= until
        and each.number <= record.high
    )
    return sorted(told, key=lambda each: (each.revision, each.number))[:most]


def places(shelf: Shelf, record: MailingList, first: int, most: int) -> Sequence[DayPlace]:
    """Return the places of numbers from one on, ascending."""
    found = [
        DayPlace(number, *placed)
        for number, placed in _placed(shelf).items()
        if first <= number <= record.high
    ]
    return sorted(found, key=lambda each: each.number)[:most]


def rooted(
    shelf: Shelf, record: MailingList, after: Mark, until: int, most: int
) -> Sequence[Rooted]:
    """Return nodes in the order in which they changed."""
    until = min(until, record.revision)
    found = []
    for key, message_id in enumerate(shelf.forest.nodes, 1):
        each = replace(_rooted(shelf, record, message_id), key=key)
        if (after.revision, after.key) < (each.revision, key) and each.revision <= until:
            found.append(each)
    return sorted(found, key=lambda each: (each.revision, each.key))[:most]


def _placed(shelf: Shelf) -> dict[int, tuple[int, int]]:
    """Return the day and place of each number that has one."""
    placed = {number: (each.day, each.place) for number, each in shelf.removals.items()}
    placed |= {number: (each.day, each.place) for number, each in shelf.messages.items()}
    return {number: (day, place) for number, (day, place) in placed.items() if place}


def _rooted(shelf: Shelf, record: MailingList, message_id: bytes) -> Rooted:
    forest = shelf.forest
    node = replace(forest.nodes[message_id])
    if node.number is not None and node.number > record.high:
        node.number = None
    return Rooted(node, forest.stamps[message_id])


def as_incumbent(stone: Tombstone) -> Incumbent:
    """Return a tombstone as who holds a Message-ID."""
    return Incumbent(
        stone.number, stone.digest, Fidelity.FULL, removed=True, withdrawn=stone.withdrawn
    )


class MemoryTwin:
    """See ``storage.writer.Twin``."""

    def __init__(self, shelf: Shelf, versions: Mapping[Rendition, int]) -> None:
        self._shelf = shelf
        self._versions = versions

    @property
    def next_number(self) -> int:
        shelf = self._shelf
        return max([shelf.record.high, *shelf.messages, *shelf.removals]) + 1

    def kept(self, number: int) -> Kept | None:
        stored = self._shelf.messages.get(number)
        if stored is None:
            return None
        return Kept(stored.revision, stored.message.digest, stored.message.fidelity)

    def adopt(self, replica: Replica, message: NewMessage) -> None:
        shelf, number = self._shelf, replica.number
        stored = shelf.messages.get(number)
        message = replace(message, terms=None)
        if stored is not None:
            self._count(number, message.size - stored.message.size)
            stored.message, stored.versions = message, self._versions
        else:
            self._expect(number)
            self._plant(replica.rooted, number)
            thread = replica.rooted.node.thread
            day, place = self._placed(replica)
            shelf.messages[number] = Stored(
                message, replica.revision, self._versions, thread, day, place, replica.arrived
            )
            shelf.arrived = max(shelf.arrived, replica.arrived)
        shelf.ids[message.message_id] = Incumbent(
            number, message.digest, message.fidelity, removed=False
        )
        shelf.edition += 1

    def bury(self, stone: Tombstone) -> None:
        shelf, number = self._shelf, stone.number
        stored = shelf.messages.pop(number, None)
        if stored is not None:
            self._count(number, -stored.message.size)
            if shelf.ids[stored.message.message_id].number == number:
                del shelf.ids[stored.message.message_id]
            node = shelf.forest.node(stored.message.message_id)
            if node is not None and node.number == number:  # else another copy has come
                withdraw(shelf.forest, node.message_id)
        elif number not in shelf.removals:
            self._expect(number)
        unhide(shelf, [number])
        known = stored or shelf.removals.get(number)
        day, place = self._placed(stone) if known is None else (known.day, known.place)
        shelf.removals[number] = replace(stone, day=day, place=place)
        own = stone.message_id
        if own is not None:
            if shelf.forest.node(own) is None:
                shelf.forest.put(Node(own))
            holder = shelf.ids.get(own)
            if holder is None or holder.number <= number:
                shelf.ids[own] = as_incumbent(stone)

    def restamp(self, number: int, revision: int) -> None:
        stored = self._shelf.messages.get(number)
        if stored is not None:
            stored.revision = revision

    def plant(self, rooted: Rooted) -> None:
        known = self._shelf.forest.node(rooted.node.message_id)
        self._plant(rooted, None if known is None else known.number)

    def _plant(self, rooted: Rooted, number: int | None) -> None:
        forest, node = self._shelf.forest, replace(rooted.node, number=number)
        forest.put(node)
        forest.stamps[node.message_id] = rooted.revision
        if node.parent is not None and forest.node(node.parent) is None:
            forest.put(Node(node.parent))

    def put_places(self, places: Iterable[DayPlace]) -> None:
        shelf = self._shelf
        for number, stone in shelf.removals.items():
            shelf.removals[number] = replace(stone, day=0, place=0)
        for told in places:
            number, day, place = told.number, told.day, told.place
            if number in shelf.messages:
                shelf.messages[number].day, shelf.messages[number].place = day, place
            elif number in shelf.removals:
                shelf.removals[number] = replace(shelf.removals[number], day=day, place=place)
        shelf.given = {}
        for day, place in _placed(shelf).values():
            shelf.given[day] = max(place, shelf.given.get(day, 0))

    def settle(self, state: ListState) -> None:
        shelf = self._shelf
        if state.high >= self.next_number:
            raise ValueError(f"{shelf.record.name} has not been given all up to {state.high}")
        shelf.record = replace(
            shelf.record,
            description=state.description,
            address=state.address,
            validity=state.validity,
            created=state.created,
        )
        self._show(state.high, state.revision)

    def show_all(self) -> None:
        """Show all that was given."""
        shelf, high = self._shelf, self.next_number - 1
        given = [stored.revision for stored in shelf.messages.values()]
        given += [stone.revision for stone in shelf.removals.values()]
        self._show(high, max([shelf.record.revision, *given]))

    def _show(self, high: int, revision: int) -> None:
        """Show what was given up to a number."""
        shelf = self._shelf
        present = sorted(number for number in shelf.messages if number <= high)
        low = present[0] if present else high + 1
        there = set(present)
        shelf.record = replace(
            shelf.record,
            revision=revision,
            low=low,
            high=high,
            octets=sum(shelf.messages[number].message.size for number in present),
            holes=[n for n in range(low, high + 1) if n not in there],
        )
        shelf.edition += 1

    def _placed(self, told: Replica | Tombstone) -> tuple[int, int]:
        """Return the day and place that the origin tells, or new ones where it tells none or one that is given."""
        given, day, place = self._shelf.given, told.day, told.place
        if not place:
            if isinstance(told, Tombstone):
                return 0, 0
            day = day_of(told.received)
        if place <= given.get(day, 0):
            place = given.get(day, 0) + 1
        given[day] = place
        return day, place

    def _expect(self, number: int) -> None:
        if number != self.next_number:
            raise ValueError(f"{self._shelf.record.name}: {number} in place of {self.next_number}")

    def _count(self, number: int, octets: int) -> None:
        """Count octets more, or fewer, of a message that readers see."""
        record = self._shelf.record
        if number <= record.high:
            self._shelf.record = replace(record, octets=record.octets + octets)
