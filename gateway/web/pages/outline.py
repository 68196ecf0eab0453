"""A thread's outline, as it stands beside a message: a nested list of the messages that are nearest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from markupsafe import Markup, escape

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
    "nested",
    "outlined",
]

MAX_OUTLINE: Final = 50
"""Places of a thread that are shown beside a message."""

MAX_LEVELS: Final = 8
"""Lists within each other: what is deeper is shown as deep as this."""

_MAX_MARKS: Final = 5  # of answers to answers


class OutlineItem(NamedTuple):
    """A place in an outline: a message with its address, or where there is none, text in its place; ready to stand in HTML.

    ``subject`` is empty where it is that of the message before. ``opens`` tells that a list begins within the item before
    it, ``has_below`` that one begins within this, and ``closes`` how many lists end after it.
    """

    opens: bool
    url: Markup
    is_current: bool
    subject: Markup
    author: Markup
    when: str
    has_below: bool
    closes: int


@dataclass(frozen=True, slots=True)
class Outline:
    """An outline, and how many places of the thread were left out before and after it."""

    items: Sequence[OutlineItem]
    before: int
    after: int

    @property
    def html(self) -> Markup:
        """The outline as a nested list."""
        return nested(self.items)


_NONE: Final = Markup()


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
        line = known.get(node.number or 0) or Line(
            _NONE, Markup("[%s]") % (node.why or ABSENT), "", _NONE, before
        )
        subject = _NONE if line.bare == before else line.subject
        before = line.bare
        items.append(
            OutlineItem(
                depth > last,
                Markup("#m%d") % node.number if is_here and line.url else line.url,
                node.number == number,
                subject,
                line.author,
                line.when,
                following > depth,
                max(0, depth - following),
            )
        )
    return items


def nested(items: Iterable[OutlineItem]) -> Markup:
    """Return the nested list that items make: a template would take ten times as long."""
    made = ['<ol class="outline">']
    for opens, url, is_current, subject, author, when, has_below, closes in items:
        if opens:
            made.append("<ol>")
        if url:
            current = ' aria-current="page"' if is_current else ""
            topic = f"{subject} - " if subject else ""
            made.append(
                f'<li><a href="{url}"{current}>{topic}{author}</a> <time datetime="{when}Z">{when}</time>\n'
            )
        else:
            made.append(f"<li>{author}\n")
        if not has_below:
            made.append("</li>" + "</ol></li>" * closes)
    made.append("</ol>")
    return Markup("".join(made))  # noqa: S704  # what is put in was escaped


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
                escape(reading.urls.message(name, row.message_id)),
                escape(veiled(row.author)),
                short(row.sent),
                escape(veiled(row.subject) or "(no subject)"),
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
