"""The marks in memory: for tests, and for servers that keep nothing for users."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from storage.list_marks import ListMarks
from storage.marks import check_chunks, check_lists, chosen

if TYPE_CHECKING:
    from collections.abc import Iterable

    from storage.list_marks import Changed, Wish

__all__ = ["MemoryMarks"]


@dataclass(slots=True)
class _Own:
    """What one user has: marks by list and validity, how many chunks these have, and the choice of subscriptions."""

    lists: dict[tuple[str, int], ListMarks] = field(default_factory=dict)
    chunks: dict[tuple[str, int], int] = field(default_factory=dict)
    names: frozenset[str] | None = None


class MemoryMarks:
    """Keeps marks for as long as the process lives; see ``storage.marks.Marks``."""

    def __init__(self) -> None:
        self._users: dict[str, _Own] = {}

    def of(self, user: str, name: str, validity: int) -> ListMarks:
        return self._own(user).lists.setdefault((name, validity), ListMarks())

    def change(self, user: str, name: str, validity: int, wish: Wish) -> Changed:
        marks = self.of(user, name, validity)
        plan = marks.plan(wish)
        if plan.parts:
            own, key = self._own(user), (name, validity)
            chunks = dict(own.chunks)
            if key not in chunks:  # those under a lower validity make place
                chunks = {k: n for k, n in chunks.items() if k[0] != name or k[1] > validity}
            chunks[key] = chunks.get(key, 0) + plan.added
            check_lists(len(chunks))
            check_chunks(sum(chunks.values()))
            for dropped in own.chunks.keys() - chunks.keys():
                own.lists[dropped].forget()
            own.chunks = chunks
            marks.take(plan)
        return plan.changed

    def subscriptions(self, user: str) -> frozenset[str] | None:
        return self._own(user).names

    def subscribe(self, user: str, name: str, default: Iterable[str]) -> bool:
        before = self._before(user, default)
        self._own(user).names = chosen(before | {name})
        return name not in before

    def unsubscribe(self, user: str, name: str, default: Iterable[str]) -> bool:
        before = self._before(user, default)
        self._own(user).names = chosen(before - {name})
        return name in before

    def refresh(self) -> bool:
        return False

    def close(self) -> None:
        self._users.clear()

    def _own(self, user: str) -> _Own:
        return self._users.setdefault(user, _Own())

    def _before(self, user: str, default: Iterable[str]) -> frozenset[str]:
        names = self._own(user).names
        return frozenset(default) if names is None else names
