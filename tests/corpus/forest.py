"""The stored forest, read back through the archive's own door."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.corpus.checks import numbers
from tests.mail import done

if TYPE_CHECKING:
    from storage.archive import Archive

__all__ = ["StoredForest", "stored_forest"]


@dataclass(slots=True)
class StoredForest:
    """Who answers whom, by Message-ID, ghosts included; ``sizes`` counts the messages of each thread."""

    parents: dict[bytes, bytes | None] = field(default_factory=dict)
    messages: dict[bytes, int] = field(default_factory=dict)
    sizes: list[int] = field(default_factory=list)


def stored_forest(archive: Archive, name: str) -> StoredForest:
    """Return the forest of a list; every message must be in it exactly once."""
    forest = StoredForest()
    present = numbers(archive, name)
    drawn: set[int] = set()
    for number in present:
        if number in drawn:
            continue
        above: list[bytes] = []
        own: list[int] = []
        for node in done(archive.thread(name, number)):
            assert node.depth <= len(above)
            del above[node.depth :]
            assert node.message_id not in forest.parents
            forest.parents[node.message_id] = above[-1] if above else None
            above.append(node.message_id)
            if node.number is not None:
                forest.messages[node.message_id] = node.number
                own.append(node.number)
        drawn.update(own)
        forest.sizes.append(len(own))
    assert drawn == set(present)
    assert sum(forest.sizes) == len(present)
    return forest
