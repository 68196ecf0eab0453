"""The selected mailbox as its session sees it: which message sequence number stands for which UID. RFC 9051 s. 2.3.1.

A list's record is a snapshot, shared by all who look at it; a session keeps the one that it last told its client of. A
sequence number is arithmetic over that record's water marks and holes, so that a mailbox of a million messages costs a
session nothing. What was removed since is the difference of two records.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.imap.numset import intersect, runs
from gateway.imap.responses import Bad
from storage.bitmap import EMPTY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gateway.imap.numset import NumberSet
    from storage.bitmap import Bitmap
    from storage.marks import ListMarks
    from storage.model import MailingList

__all__ = ["View", "expunges", "gone", "msn", "msns", "number_at"]


@dataclass(slots=True)
class View:
    """What a session has selected.

    ``record`` is the list as the client knows it. ``marks`` are the user's own flags there, None for those who have
    none; ``told`` is their latest stamp that the client knows of, ``flags_told`` how many of their flags it does. With
    ``writable`` they can be changed. ``saved`` is the last search's result (RFC 5182).
    """

    record: MailingList
    marks: ListMarks | None = None
    writable: bool = False
    told: int = 0
    flags_told: int = 0
    saved: Bitmap = EMPTY

    @property
    def name(self) -> str:
        """The list's name."""
        return self.record.name

    def chosen(self, chosen: NumberSet | None, *, by_uid: bool) -> Sequence[range]:
        """Return the runs of numbers that a set means, of messages that the client knows; None is the saved result.

        Raises:
            Bad: a sequence number is none of this mailbox (RFC 9051 s. 9, seq-number).
        """
        record = self.record
        if chosen is None:
            return [
                run for part in self.saved.ranges() for run in record.present(part[0], part[-1])
            ]
        if by_uid:
            star = (record.previous_present(record.high + 1) or 0) if chosen.has_star else 0
            ranges = chosen.resolve(star)
            return [run for part in ranges for run in record.present(part[0], part[-1])]
        count = record.count
        ranges = chosen.resolve(count)
        if ranges and ranges[-1][-1] > count:
            raise Bad("no message has that sequence number")
        return [
            run
            for part in ranges
            for run in record.present(number_at(record, part[0]), number_at(record, part[-1]))
        ]


def msn(record: MailingList, number: int) -> int:
    """Return the sequence number of a message that is present."""
    return number - record.low + 1 - bisect_left(record.holes, number)


def msns(record: MailingList, numbers: Sequence[int]) -> Sequence[int]:
    """Return the sequence numbers of messages that are present, in any order."""
    if not numbers:
        return ()
    holes, below = record.holes, record.low - 1
    before = bisect_left(holes, min(numbers))
    if before == bisect_left(holes, max(numbers)):
        below += before
        return [number - below for number in numbers] if below else numbers
    return [number - below - bisect_left(holes, number) for number in numbers]


def number_at(record: MailingList, at: int) -> int:
    """Return the number of the message with sequence number ``at``, from 1 to the count."""
    holes, low = record.holes, record.low
    before = bisect_right(range(len(holes)), at - 1, key=lambda hole: holes[hole] - low - hole)
    return low + at - 1 + before


def gone(old: MailingList, new: MailingList) -> Sequence[range]:
    """Return the runs of numbers that were present in ``old`` and are no more."""
    if old.low == new.low and len(old.holes) == bisect_right(new.holes, old.high):
        return ()
    known = [*old.present(old.low, old.high)]
    lost = [range(old.low, min(new.low, old.high + 1))] if new.low > old.low else []
    lost += runs(new.holes[bisect_left(new.holes, old.low) : bisect_right(new.holes, old.high)])
    return intersect(known, [each for each in lost if each])


def expunges(record: MailingList, lost: Sequence[range]) -> Iterator[int]:
    """Yield the sequence numbers to tell as expunged, the highest first, so that none shifts another."""
    for run in reversed(lost):
        first = msn(record, run[0])
        yield from range(first + len(run) - 1, first - 1, -1)
