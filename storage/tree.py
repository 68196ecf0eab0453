"""A thread as a drawing: its nodes depth first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage.model import ThreadNode

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from storage.threads import Node

__all__ = ["draw"]


def draw(nodes: Iterable[Node], message_id: bytes) -> Sequence[ThreadNode]:
    """Return the tree that holds ``message_id``, depth first, siblings by the time sent.

    ``nodes`` hold at least the whole tree. One that never came is ordered by the first of those below it.
    """
    by_id = {node.message_id: node for node in nodes}
    below: dict[bytes, list[Node]] = {}
    for node in by_id.values():
        if node.above is not None:
            below.setdefault(node.above, []).append(node)
    root = by_id[message_id]
    while root.above is not None:
        root = by_id[root.above]
    drawn: list[ThreadNode] = []
    waiting = [(0, root)]
    while waiting:
        depth, node = waiting.pop()
        drawn.append(ThreadNode(depth, node.message_id, node.number))
        children = below.get(node.message_id, [])
        children.sort(key=lambda child: (_first_sent(child, below), child.message_id), reverse=True)
        waiting.extend((depth + 1, child) for child in children)
    return drawn


def _first_sent(node: Node, below: dict[bytes, list[Node]]) -> int:
    """Return when a node was sent, or for one that never came the first of its answers."""
    if node.number is not None or node.sent:
        return node.sent
    return min(
        (child.sent for child in below.get(node.message_id, ()) if child.number is not None),
        default=0,
    )
