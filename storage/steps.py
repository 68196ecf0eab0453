"""Work in steps, between which whoever has it done may do something else."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Generator

T = TypeVar("T")

__all__ = ["finished"]


def finished(steps: Generator[object, None, T]) -> T:
    """Do all of it at once; return what comes of it."""
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            found: T = stop.value
            return found
