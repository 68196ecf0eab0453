"""What is kept in memory of what was asked for lately, up to a limit."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

__all__ = ["Kept"]

K = TypeVar("K")
V = TypeVar("V")


class Kept(Generic[K, V]):
    """What was asked for lately, up to ``most`` in weight; what would take more than a quarter of it is not kept."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._items: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._weight = 0

    def get(self, key: K) -> V | None:
        """Return what is kept under a key, or None."""
        item = self._items.get(key)
        if item is None:
            return None
        self._items.move_to_end(key)
        return item[0]

    def put(self, key: K, value: V, weight: int = 1) -> None:
        """Keep something, in place of what was under the key, and let go of what was not asked for longest."""
        self.drop(key)
        if weight > self._most // 4:
            return
        self._items[key] = value, weight
        self._weight += weight
        while self._weight > self._most:
            _, (_, lighter) = self._items.popitem(last=False)
            self._weight -= lighter

    def drop(self, key: K) -> None:
        """Let go of what is under a key."""
        item = self._items.pop(key, None)
        if item is not None:
            self._weight -= item[1]

    def clear(self) -> None:
        """Let go of everything."""
        self._items.clear()
        self._weight = 0
