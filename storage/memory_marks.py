"""The marks in memory: for tests, and for servers that keep nothing for users."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage.list_marks import Changed, ListMarks, Wish
from storage.marks import MAX_LISTS, TooMany, chosen

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["MemoryMarks"]


class MemoryMarks:
    """Keeps marks for as long as the process lives; see ``storage.marks.Marks``."""

    def __init__(self) -> None:
        self._lists: dict[str, dict[tuple[str, int], ListMarks]] = {}
        self._subscriptions: dict[str, frozenset[str]] = {}

    def of(self, user: str, name: str, validity: int) -> ListMarks:
        return self._lists.setdefault(user, {}).setdefault((name, validity), ListMarks())

    def change(self, user: str, name: str, validity: int, wish: Wish) -> Changed:
        marks = self.of(user, name, validity)
        plan = marks.plan(wish)
        if plan.parts:
            own = self._lists[user]
            if not marks.stamp and sum(bool(each.stamp) for each in own.values()) >= MAX_LISTS:
                raise TooMany(f"a user has marks in {MAX_LISTS} lists at most")
            for key in [key for key in own if key[0] == name and key[1] < validity]:
                own.pop(key).become(ListMarks().flags, 0, {})
            marks.take(plan)
        return plan.changed

    def subscriptions(self, user: str) -> frozenset[str] | None:
        return self._subscriptions.get(user)

    def subscribe(self, user: str, name: str, default: Iterable[str]) -> bool:
        before = self._before(user, default)
        self._subscriptions[user] = chosen(before | {name})
        return name not in before

    def unsubscribe(self, user: str, name: str, default: Iterable[str]) -> bool:
        before = self._before(user, default)
        self._subscriptions[user] = chosen(before - {name})
        return name in before

    def refresh(self) -> bool:
        return False

    def close(self) -> None:
        self._lists.clear()

    def _before(self, user: str, default: Iterable[str]) -> frozenset[str]:
        own = self._subscriptions.get(user)
        return frozenset(default) if own is None else own
