"""A thread's outline, as it stands beside a message: a nested list of the messages that are nearest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from gateway.web.pages.drawings import Node
    from gateway.web.reading import Row

__all__ = [
    "MAX_LEVELS",
    "MAX_OUTLINE",
    "Outline",
    "OutlineItem",
    "changed_subjects",
    "levels",
    "outlined",
]

MAX_OUTLINE: Final = 100
"""Places of a thread that are shown beside a message."""

MAX_LEVELS: Final = 8
"""Lists within each other: what is deeper is shown as deep as this."""

_MARKS: Final = 20  # characters within which the marks of an answer stand


@dataclass(frozen=True, slots=True)
class OutlineItem:
    """A place in an outline.

    ``opens`` tells that a list begins within the item before it, ``has_below`` that one begins within this, and
    ``closes`` how many lists end after it.
    """

    node: Node
    opens: bool
    has_below: bool
    closes: int


@dataclass(frozen=True, slots=True)
class Outline:
    """An outline, and how many places of the thread were left out before and after it."""

    items: Sequence[OutlineItem]
    before: int
    after: int

    @property
    def numbers(self) -> Sequence[int]:
        """The numbers of the messages in it."""
        return [item.node.number for item in self.items if item.node.number is not None]


def outlined(nodes: Sequence[Node], at: int, most: int = MAX_OUTLINE) -> Outline:
    """Return the outline of a thread: of those ``most`` nodes that are nearest to the one at ``at``."""
    start = max(0, min(at - most // 2, len(nodes) - most))
    near = nodes[start : start + most]
    depths = [*levels(near), 0]
    items = [
        OutlineItem(
            node,
            opens=place > 0 and depths[place] > depths[place - 1],
            has_below=depths[place + 1] > depths[place],
            closes=max(0, depths[place] - depths[place + 1]),
        )
        for place, node in enumerate(near)
    ]
    return Outline(items, start, len(nodes) - start - len(near))


def levels(nodes: Iterable[Node]) -> Sequence[int]:
    """Return how deep each of some neighbouring nodes lies in nested lists: at most one deeper than the one before it.

    The first is at 0; and so is what hangs under none of those before it.
    """
    found: list[int] = []
    above: list[int] = []
    for node in nodes:
        while above and above[-1] >= node.depth:
            above.pop()
        found.append(min(len(above), MAX_LEVELS - 1))
        above.append(node.depth)
    return found


def changed_subjects(items: Iterable[OutlineItem], rows: Mapping[int, Row]) -> Sequence[str]:
    """Return the subjects of an outline's messages where they are others than those before them; else empty texts."""
    found, before = [], ""
    for item in items:
        row = None if item.node.number is None else rows.get(item.node.number)
        subject = "" if row is None else row.subject
        bare = bare_subject(subject)
        found.append(subject if bare and bare != before else "")
        before = bare or before
    return found


def bare_subject(subject: str) -> str:
    """Return a subject without what programs put before that of an answer."""
    return (
        subject[subject.lower().rfind("re: ", 0, _MARKS) + 4 :]
        if subject[:2].lower() == "re"
        else subject
    )
