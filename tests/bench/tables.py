"""Tables, as a terminal shows them and as Markdown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Table"]


@dataclass(frozen=True, slots=True)
class Table:
    """A table; its first column is text, the others are numbers."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]

    @staticmethod
    def number(value: float) -> str:
        """Return a number with two or three digits that matter."""
        if value == 0 or abs(value) >= 100:
            return f"{value:.0f}"
        return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2g}"

    def markdown(self) -> str:
        """Return it as a README has it."""
        rule = ["---", *("--:" for _ in self.head[1:])]
        rows = [self.head, rule, *self.rows]
        return "".join(f"| {' | '.join(_escaped(cell) for cell in row)} |\n" for row in rows)

    def text(self) -> str:
        """Return it with its columns below each other."""
        rows = [self.head, *self.rows]
        widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
        lines = []
        for first, *rest in rows:
            cells = [f"{cell:>{width}}" for cell, width in zip(rest, widths[1:], strict=True)]
            lines.append("  ".join([f"{first:{widths[0]}}", *cells]).rstrip())
        lines.insert(1, "-" * max(len(line) for line in lines))
        return "".join(f"{line}\n" for line in lines)


def _escaped(cell: str) -> str:
    return cell.replace("|", "\\|").replace("\n", " ")
