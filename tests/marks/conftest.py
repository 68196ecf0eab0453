"""Both engines, each opened as often as there are processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from storage.memory_marks import MemoryMarks
from storage.sqlite.marks import SqliteMarks
from tests.marks.model import SEEN, add

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from storage.marks import Changed, ListMarks, Marks


class Engine:
    """Marks, and the same marks as another process has them."""

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory
        self._opened: list[Marks] = []

    def opened(self) -> Marks:
        if self._directory is not None:
            self._opened.append(SqliteMarks(self._directory))
        elif not self._opened:
            self._opened.append(MemoryMarks())
        return self._opened[-1]

    def close(self) -> None:
        for each in self._opened:
            each.close()


class Desk:
    """One user's marks in one list."""

    def __init__(self, marks: Marks) -> None:
        self.marks = marks

    def live(self) -> ListMarks:
        return self.marks.of("u", "l", 1)

    def add(self, *numbers: int, flag: bytes = SEEN, revision: int = 1) -> Changed:
        return self.marks.change("u", "l", 1, add(*numbers, flags=[flag], revision=revision))


@pytest.fixture(params=["memory", "sqlite"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    made = Engine(tmp_path if request.param == "sqlite" else None)
    yield made
    made.close()


@pytest.fixture
def marks(engine: Engine) -> Marks:
    return engine.opened()


@pytest.fixture
def desk(marks: Marks) -> Desk:
    return Desk(marks)
