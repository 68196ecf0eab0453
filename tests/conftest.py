"""Fixtures that several folders share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.mail import Engine, MemoryEngine, SqliteEngine

if TYPE_CHECKING:
    from collections.abc import Iterator

CORPUS = Path(__file__).resolve().parents[1] / "../shared/corpus"


@pytest.fixture(params=["memory", "sqlite"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """Every storage engine in turn, empty."""
    if request.param == "memory":
        yield MemoryEngine()
        return
    made = SqliteEngine(tmp_path / "archive")
    yield made
    made.close()


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real archives; the test is skipped where it is not."""
    if not CORPUS.is_dir():
        pytest.skip(f"the corpus is not there: {CORPUS}")
    return CORPUS.resolve()
