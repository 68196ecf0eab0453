"""Bar charts as numbers: where each bar of a drawing stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Bar", "Chart", "Count", "chart", "scale"]

HEIGHT: Final = 200
"""Of the bars' part of a drawing, in its own units."""

WIDTH: Final = 720
LEFT: Final = 60  # where the scale's numbers stand
ABOVE: Final = 14
BELOW: Final = 26

_STEPS: Final = (1, 2, 5, 10)


class Count(NamedTuple):
    """How many of something there are; ``mark`` is written below the bar, if there is something in it."""

    text: str
    number: int
    url: str = ""
    mark: str = ""


class Bar(NamedTuple):
    """One bar, from the top of it."""

    x: float
    y: float
    width: float
    height: float
    text: str


class Tick(NamedTuple):
    """A number or a mark of the scale, and where it stands."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing of counts: ``id`` is its own on the page, ``counts`` are what it shows, for a table."""

    id: str
    title: str
    about: str
    counts: Sequence[Count]
    bars: Sequence[Bar]
    lines: Sequence[Tick]
    marks: Sequence[Tick]
    width: int = LEFT + WIDTH
    height: int = ABOVE + HEIGHT + BELOW
    left: int = LEFT
    base: int = ABOVE + HEIGHT


def chart(id: str, title: str, about: str, counts: Sequence[Count]) -> Chart:
    """Return a drawing of counts, one bar each; those of nothing have none."""
    top = scale(max((count.number for count in counts), default=0))
    step = WIDTH / max(len(counts), 1)
    gap = step * 0.15 if step > 4 else 0.0
    bars = [
        _bar(LEFT + at * step + gap / 2, step - gap, count, top)
        for at, count in enumerate(counts)
        if count.number
    ]
    lines = [
        Tick(round(ABOVE + HEIGHT * (1 - part / 2), 1), f"{top * part / 2:g}")
        for part in ((0, 1, 2) if top % 2 == 0 else (0, 2))
    ]
    marks = [
        Tick(round(LEFT + (at + 0.5) * step, 1), count.mark)
        for at, count in enumerate(counts)
        if count.mark
    ]
    return Chart(id, title, about, counts, bars, lines, marks)


def scale(most: int) -> int:
    """Return where a scale ends that holds ``most``: 1, 2 or 5 and zeros."""
    power = 1
    while 10 * power < most:
        power *= 10
    return next(step * power for step in _STEPS if step * power >= most)


def _bar(x: float, width: float, count: Count, top: int) -> Bar:
    height = max(HEIGHT * count.number / top, 1.0)  # so that it is seen
    return Bar(
        round(x, 2),
        round(ABOVE + HEIGHT - height, 2),
        round(width, 2),
        round(height, 2),
        f"{count.text}: {count.number}",
    )
