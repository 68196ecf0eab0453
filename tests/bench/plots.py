"""Curves over sizes, both axes logarithmic, as SVG that needs nothing else."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["curves"]

_WIDTH: Final = 720
_HEIGHT: Final = 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 80, 40, 40, 50
_COLOURS: Final = ("#1f6feb", "#b3541e", "#2da44e", "#8250df", "#bf3989", "#57606a")
_FONT: Final = 'font-family="sans-serif" font-size="12"'
_LEGEND: Final = 16


def curves(
    title: str, across: str, up: str, lines: Mapping[str, Sequence[tuple[float, float]]]
) -> str:
    """Return a drawing of some lines of points, all of which are above 0."""
    points = [point for line in lines.values() for point in line]
    if not points:
        points = [(1.0, 1.0)]
    left, right = _decades(x for x, _ in points)
    low, high = _decades(y for _, y in points)

    def at(x: float, y: float) -> tuple[float, float]:
        width, height = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
        return (
            _LEFT + width * (math.log10(x) - left) / (right - left),
            _HEIGHT - _BOTTOM - height * (math.log10(y) - low) / (high - low),
        )

    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" {_FONT}>',
        f"<title>{escape(title)}</title>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
        _text(_WIDTH / 2, 22, title, size=15),
        _text(_WIDTH / 2, _HEIGHT - 10, across),
        f'<text transform="translate(18 {_HEIGHT / 2:.1f}) rotate(-90)" text-anchor="middle">{escape(up)}</text>',
    ]
    for decade in range(left, right + 1):
        x, y = at(10.0**decade, 10.0**low)
        drawn += [_rule(x, _TOP, x, y), _text(x, y + 16, _power(decade))]
    for decade in range(low, high + 1):
        x, y = at(10.0**left, 10.0**decade)
        drawn += [
            _rule(x, y, _WIDTH - _RIGHT, y),
            _text(x - 6, y + 4, _power(decade), anchor="end"),
        ]
    for number, (name, line) in enumerate(lines.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        places = [at(*point) for point in sorted(line)]
        track = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        drawn.append(f'<polyline points="{track}" fill="none" stroke="{colour}" stroke-width="2"/>')
        drawn += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>' for x, y in places]
        if len(lines) > 1:
            drawn.append(
                _text(_LEFT + 8, _TOP + 14 + _LEGEND * number, name, anchor="start", fill=colour)
            )
    return "\n".join([*drawn, "</svg>", ""])


def _decades(values: Iterable[float]) -> tuple[int, int]:
    """Return between which powers of ten all values lie, two different ones."""
    logs = [math.log10(value) for value in values]
    low, high = math.floor(min(logs)), math.ceil(max(logs))
    return low, max(high, low + 1)


def _power(decade: int) -> str:
    return (
        f"{10**decade:,}"
        if 0 <= decade <= 7
        else f"1e{decade}"
        if decade < -3
        else f"{10.0**decade:g}"
    )


def _rule(x: float, y: float, to_x: float, to_y: float) -> str:
    return f'<path d="M{x:.1f} {y:.1f}L{to_x:.1f} {to_y:.1f}" stroke="#d0d7de"/>'


def _text(
    x: float, y: float, text: str, *, anchor: str = "middle", size: int = 12, fill: str = "#24292f"
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{fill}">'
        f"{escape(text)}</text>"
    )
