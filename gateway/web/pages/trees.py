"""Who answers whom among some messages of a list, by the References that they are served with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from gateway.web.pages.lines import Line

__all__ = ["Branch", "drawn", "grouped"]

MAX_DEPTH: Final = 9
"""What is deeper is shown as deep as this."""


Branch = tuple[int, "Line"]
"""How far below the first of its thread that is shown a message stands, and the message."""


def grouped(lines: Sequence[Line]) -> Sequence[Sequence[Branch]]:
    """Return the threads that messages make, in the order of what they begin with, and so the answers within them.

    Where what they answer is not among the messages, those of one thread stand together. Takes time in proportion to the
    messages and their references, also where these go round in a loop.
    """
    by_id = {line.message_id: line for line in lines}
    below: dict[bytes, list[Line]] = {}
    tops: list[Line] = []
    for line in by_id.values():
        parent = _parent(line, by_id)
        if parent is None:
            tops.append(line)
        else:
            below.setdefault(parent, []).append(line)
    known: set[int] = set()
    groups: dict[bytes, list[Branch]] = {}
    for line in _each_once(tops, by_id.values(), known):
        _draw(groups.setdefault(line.thread, []), line, below, known)
    return list(groups.values())


def drawn(thread: Iterable[Branch]) -> Markup:
    """Return the items of a list of the messages of a thread; an answer has a class by how deep it stands.

    Of an answer whose subject is that of the message before it only the author stands there.
    """
    items: list[str] = []
    before = ""
    for depth, line in thread:
        if depth:
            shown = line.answer if line.topic == before else line.item
            items.append(f'<li class="d{depth}">{shown}')
        else:
            items.append(f"<li>{line.item}")
        before = line.topic
    return Markup("".join(items))  # noqa: S704  lines are escaped


def _each_once(tops: Iterable[Line], others: Iterable[Line], known: set[int]) -> Iterator[Line]:
    """Yield what nothing is above; then of each loop that is left its first."""
    for line in (*tops, *others):
        if line.number not in known:
            yield line


def _parent(line: Line, by_id: Mapping[bytes, Line]) -> bytes | None:
    """Return the nearest ancestor that is there."""
    last = line.references.rpartition(b" ")[2]
    if last in by_id and last != line.message_id:  # as it mostly is
        return last
    for reference in reversed(line.references.split()):
        if reference in by_id and reference != line.message_id:
            return reference
    return None


def _draw(
    group: list[Branch], top: Line, below: Mapping[bytes, Sequence[Line]], known: set[int]
) -> None:
    """Add a message and what is below it, depth first; what was drawn is not drawn again."""
    waiting = [(0, top)]
    while waiting:
        branch = depth, line = waiting.pop()
        if line.number in known:
            continue
        known.add(line.number)
        group.append(branch)
        answers = below.get(line.message_id)
        if answers:
            deeper = min(depth + 1, MAX_DEPTH)
            waiting += [(deeper, each) for each in reversed(answers)]
