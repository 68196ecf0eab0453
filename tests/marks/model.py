"""The marks of one list as plain dicts, to compare with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from storage.bitmap import Bitmap
from storage.marks import REVISION_BITS, SYSTEM_FLAGS, Changed, ListMarks, Mode, Wish

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


SEEN = b"\\Seen"
FLAGGED = b"\\Flagged"
ANSWERED = b"\\Answered"


def bitmap(numbers: Iterable[int]) -> Bitmap:
    return Bitmap.of(range(number, number + 1) for number in numbers)


def add(*numbers: int, flags: Sequence[bytes] = (SEEN,), revision: int = 1) -> Wish:
    return Wish(bitmap(numbers), Mode.ADD, flags, revision)


def numbers_of(marked: Bitmap) -> list[int]:
    return [number for run in marked.ranges() for number in run]


@dataclass(slots=True)
class Model:
    """Which flags a number has, by their first spelling, and when each flag of each number changed."""

    flags: list[bytes] = field(default_factory=lambda: list(SYSTEM_FLAGS))
    marked: dict[int, set[bytes]] = field(default_factory=dict)
    stamps: dict[tuple[int, bytes], int] = field(default_factory=dict)
    stamp: int = 0

    def change(self, wish: Wish) -> Changed:
        named = [self.spelt(flag) or flag for flag in wish.flags]
        watched = self.flags if wish.mode is Mode.SET else [f for f in named if f in self.flags]
        stamp = max(wish.revision << REVISION_BITS, self.stamp) + 1
        changed, refused, before = [], [], self.stamp
        for number in numbers_of(wish.numbers):
            if wish.unchanged_since is not None and self._is_late(number, watched, wish):
                refused.append(number)
                continue
            if wish.mode is not Mode.REMOVE:
                self._learn(wish.flags)
            named = [self.spelt(flag) or flag for flag in wish.flags]
            own = self.marked.get(number, set())
            wanted = {
                Mode.SET: set(named),
                Mode.ADD: own | set(named),
                Mode.REMOVE: own - set(named),
            }[wish.mode]
            for flag in own ^ wanted:
                self.stamps[number, flag] = stamp
            if own != wanted:
                changed.append(number)
            self.marked[number] = wanted
        if changed:
            self.stamp = stamp
        return Changed(bitmap(changed), bitmap(refused), self.stamp, before)

    def spelt(self, flag: bytes) -> bytes | None:
        return next((known for known in self.flags if known.lower() == flag.lower()), None)

    def names(self, number: int) -> tuple[bytes, ...]:
        own = self.marked.get(number, set())
        return tuple(flag for flag in self.flags if flag in own)

    def stamp_of(self, number: int) -> int:
        return max((s for (n, _), s in self.stamps.items() if n == number), default=0)

    def _learn(self, flags: Iterable[bytes]) -> None:
        for flag in flags:
            if self.spelt(flag) is None:
                self.flags.append(flag)

    def _is_late(self, number: int, watched: Iterable[bytes], wish: Wish) -> bool:
        assert wish.unchanged_since is not None
        return any(
            self.stamps.get((number, flag), 0) > wish.unchanged_since
            or (flag in SYSTEM_FLAGS and number in wish.later)
            for flag in watched
        )


def compare(marks: ListMarks, model: Model, numbers: list[int], *, exact: bool = True) -> None:
    """Assert that both say the same of some ascending numbers."""
    assert marks.flags == tuple(model.flags)
    assert marks.stamp == model.stamp
    assert [marks.names(n) for n in numbers] == [model.names(n) for n in numbers]
    assert list(marks.column(numbers)) == [b" ".join(model.names(n)) for n in numbers]
    truth = {n: model.stamp_of(n) for n in numbers}
    kept = dict(zip(numbers, marks.stamps(numbers), strict=True))
    assert kept == {n: marks.stamp_of(n) for n in numbers}
    assert all(truth[n] <= kept[n] <= model.stamp for n in numbers)
    assert all(bool(truth[n]) == bool(kept[n]) for n in numbers)
    assert kept == truth or not exact
    for since in {0, model.stamp, *truth.values()}:
        told = set(numbers_of(marks.changed(since)))
        later = {n for n in numbers if truth[n] > since}
        assert told == later or (told > later and not exact)
    for flag in model.flags:
        assert numbers_of(marks.marked(flag)) == sorted(
            n for n, own in model.marked.items() if flag in own
        )
