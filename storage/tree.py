"""A thread as a drawing: its nodes depth first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage.errors import ArchiveDamaged
from storage.model import ThreadNode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from storage.threads import Node

__all__ = ["draw"]


def draw(nodes: Iterable[Node], message_id: bytes) -> Sequence[ThreadNode]:
    """Return the tree that holds ``message_id``, depth first, siblings by the time sent.

    ``nodes`` hold at least the whole tree. One that never came is ordered by the first of those below it. The
    message's ancestors end in a root, unless the archive is damaged.

    Raises:
        ArchiveDamaged: they go round in a loop.
    """
    by_id = {node.message_id: node for node in nodes}
    below: dict[bytes, list[Node]] = {}
    for node in by_id.values():
        if node.above is not None:
            below.setdefault(node.above, []).append(node)
    root = _root(by_id, message_id)
    drawn: list[ThreadNode] = []
    waiting = [(0, root)]
    while waiting:
        depth, node = waiting.pop()
        drawn.append(ThreadNode(depth, node.message_id, node.number))
        children = below.get(node.message_id, [])
        children.sort(key=lambda child: (_first_sent(child, below), child.message_id), reverse=True)
        waiting.extend((depth + 1, child) for child in children)
    return drawn


def _root(by_id: Mapping[bytes, Node], message_id: bytes) -> Node:
    """Return the root of the tree that holds ``message_id``."""
    above = message_id
    passed: set[bytes] = set()
    while above in by_id and above not in passed:
        passed.add(above)
        node = by_id[above]
        if node.above is None:
            return node
        above = node.above
    raise ArchiveDamaged(
        f"the thread of {message_id.decode()} has no beginning; run 'listgate check --repair'"
    )


def _first_sent(node: Node, below: dict[bytes, list[Node]]) -> int:
    """Return when a node was sent, or for one that never came the first of its answers."""
    if node.number is not None or node.sent:
        return node.sent
    return min(
        (child.sent for child in below.get(node.message_id, ()) if child.number is not None),
        default=0,
    )
