"""Verdicts: what a condition told of messages, kept for whoever asks the same again.

The same is searched for again and again: by other readers, page by page, as a list grows. What a message says changes
only with a revision of its list that names it; so a verdict is kept until then, and only what is new is looked at.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from sys import getsizeof
from typing import TYPE_CHECKING, Final, TypeAlias
from weakref import WeakKeyDictionary

from storage.kept import Kept
from storage.runs import RUN_NUMBERS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from storage.archive import Archive
    from storage.conditions import Condition
    from storage.query import Query
    from storage.runs import Run

__all__ = ["KEPT_OCTETS", "Remembering"]

KEPT_OCTETS: Final = 8 << 20
"""Verdicts of one archive kept in memory: of some twenty searches through a million messages."""

MOST_CHANGES: Final = 4096
"""After more of them a list is looked through anew: to ask for them all at once would hold up others."""

_RUN_OCTETS: Final = 3 * RUN_NUMBERS // 8
"""What the verdicts of a run take."""

_LEAST_OCTETS: Final = 1000


@dataclass(slots=True)
class _Verdicts:
    """What a condition told of one list's messages, as of ``revision``, by the start of their run.

    Of each run there are the bits of the messages that were looked at, and of those that match.
    """

    revision: int
    runs: dict[int, tuple[int, int]] = field(default_factory=dict)

    def note(self, start: int, seen: int, matching: int) -> None:
        """Note what was told of some messages of a run."""
        before, before_matching = self.runs.get(start, (0, 0))
        self.runs[start] = before | seen, before_matching | matching

    def forget(self, number: int) -> None:
        """Let go of what was told of a message."""
        start = number - number % RUN_NUMBERS
        seen, matching = self.runs.get(start, (0, 0))
        if seen:
            others = ~(1 << number - start)
            self.runs[start] = seen & others, matching & others


_Key: TypeAlias = "tuple[str, int, Query]"

_archives: Final[WeakKeyDictionary[Archive, Kept[_Key, _Verdicts]]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Remembering:
    """A condition on what messages say, which is told only once of each; ``query`` is what it tests."""

    condition: Condition
    query: Query

    @property
    def cost(self) -> int:
        return self.condition.cost

    async def test(self, run: Run) -> AsyncIterator[None]:
        verdicts = await _verdicts(run, self.query)
        revision = verdicts.revision
        seen, matching = verdicts.runs.get(run.start, (0, 0))
        told, run.bits = run.bits & seen & matching, run.bits & ~seen
        if run.bits:
            asked = run.bits
            async for _ in self.condition.test(run):
                yield
            if verdicts.revision == revision:  # else some of it may be of what was there before
                verdicts.note(run.start, asked, run.bits)
        run.bits |= told


async def _verdicts(run: Run, query: Query) -> _Verdicts:
    """Return what is known of a list's messages now."""
    record = run.archive.mailing_list(run.name)
    kept = _archives.setdefault(run.archive, Kept(KEPT_OCTETS))
    key = run.name, record.validity, query
    verdicts = kept.get(key)
    if verdicts is None or record.revision - verdicts.revision > MOST_CHANGES:
        verdicts = _Verdicts(record.revision)
        runs = (record.high - record.low) // RUN_NUMBERS + 2
        kept.put(key, verdicts, _octets_of(query) + runs * _RUN_OCTETS)
    elif verdicts.revision != record.revision:
        changed = await run.archive.changed(run.name, verdicts.revision)
        for number in changed:
            verdicts.forget(number)
        verdicts.revision = record.revision
    return verdicts


def _octets_of(query: Query) -> int:
    """Return what a query takes that joins no others: a needle may be as long as a command."""
    return _LEAST_OCTETS + sum(getsizeof(getattr(query, each.name)) for each in fields(query))
