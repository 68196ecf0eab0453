"""A thread's outline, as it stands beside a message: a nested list of the messages that are nearest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from gateway.web.pages.drawings import ABSENT, Line
from gateway.web.pages.fields import veil
from gateway.web.templates import short

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from gateway.web.pages.drawings import Drawing, Node
    from gateway.web.reading import Reading

__all__ = [
    "MAX_LEVELS",
    "MAX_OUTLINE",
    "Outline",
    "OutlineItem",
    "levels",
    "lines",
    "listed",
    "outlined",
]

MAX_OUTLINE: Final = 50
"""Places of a thread that are shown beside a message."""

MAX_LEVELS: Final = 8
"""Lists within each other: what is deeper is shown as deep as this."""

_MAX_MARKS: Final = 5  # of answers to answers


class OutlineItem(NamedTuple):
    """A place in an outline: a message with its address, or where there is none, text in its place.

    ``subject`` is empty where it is that of the message before. ``opens`` tells that a list begins within the item before
    it, ``has_below`` that one begins within this, and ``closes`` how many lists end after it.
    """

    opens: bool
    url: str
    is_current: bool
    subject: str
    author: str
    when: str
    has_below: bool
    closes: int


@dataclass(frozen=True, slots=True)
class Outline:
    """An outline, and how many places of the thread were left out before and after it."""

    items: Sequence[OutlineItem]
    before: int
    after: int


async def outlined(
    reading: Reading, name: str, thread: Drawing, number: int, most: int = MAX_OUTLINE
) -> Outline:
    """Return the outline of a thread: of those ``most`` nodes that are nearest to a message."""
    start = max(0, min(thread.at[number] - most // 2, len(thread.nodes) - most))
    near = thread.nodes[start : start + most]
    known = await lines(
        reading, name, thread, (node.number for node in near if node.number is not None)
    )
    return Outline(listed(near, known, number), start, len(thread.nodes) - start - len(near))


def listed(
    nodes: Sequence[Node], known: Mapping[int, Line], number: int = 0, *, is_here: bool = False
) -> Sequence[OutlineItem]:
    """Return the items of an outline of some nodes; where all are on the page itself, they lead to their anchors."""
    depths = [0, *levels(nodes), 0]
    items = []
    before = ""
    for node, last, depth, following in zip(nodes, depths, depths[1:], depths[2:], strict=False):
        line = known.get(node.number or 0) or Line("", f"[{node.why or ABSENT}]", "", "", before)
        subject = "" if line.bare == before else line.subject
        before = line.bare
        items.append(
            OutlineItem(
                depth > last,
                f"#m{node.number}" if is_here and line.url else line.url,
                node.number == number,
                subject,
                line.author,
                line.when,
                following > depth,
                max(0, depth - following),
            )
        )
    return items


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


async def lines(
    reading: Reading, name: str, thread: Drawing, numbers: Iterable[int]
) -> Mapping[int, Line]:
    """Return what is shown of messages of a thread; those that are gone are left out."""
    missing = [number for number in numbers if number not in thread.lines]
    if missing:
        veiled = veil(reading, name)
        for number, row in (await reading.rows(name, missing)).items():
            bare = bare_subject(row.subject)
            thread.lines[number] = Line(
                reading.urls.message(name, row.message_id),
                veiled(row.author),
                short(row.sent),
                veiled(row.subject) or "(no subject)",
                bare,
            )
    return thread.lines


def bare_subject(subject: str) -> str:
    """Return a subject without what programs put before that of an answer."""
    for _ in range(_MAX_MARKS):
        if subject[:3].lower() != "re:":
            break
        subject = subject[3:].lstrip()
    return subject
