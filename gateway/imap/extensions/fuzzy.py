"""SEARCH=FUZZY: what matches loosely, and how well. RFC 6203. What that means is told in ``storage.relevancy``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.imap.registry import (
    SEARCH_JOINS,
    SEARCH_RETURNS,
    SORT_KEYS,
    Join,
    Later,
    Return,
    SortKey,
    capability,
)
from gateway.imap.results import BATCH
from storage.relevancy import loosely

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.imap.ordering import Column
    from gateway.imap.registry import Criterion
    from gateway.imap.results import Results
    from gateway.imap.rows import Rows

capability(b"SEARCH=FUZZY")


def _loose(criterion: Criterion) -> Criterion:
    return criterion if isinstance(criterion, Later) else loosely(criterion)


def _relevancies(results: Results) -> Iterator[bytes]:
    """Yield the relevancies of what is told, in its order. RFC 6203 s. 4."""
    yield b" RELEVANCY ("
    space = ""
    for start in range(0, len(results.listed), BATCH):
        scores = results.scores_of(results.listed[start : start + BATCH])
        yield (space + " ".join(map(str, scores))).encode()
        space = " "
    yield b")"


def _take(rows: Rows, results: Results, into: Column) -> None:
    into.extend([-score for score in results.scores_of(rows.numbers)])  # the best first


SEARCH_JOINS[b"FUZZY"] = Join(1, lambda parts: parts[0], _loose)
SEARCH_RETURNS[b"RELEVANCY"] = lambda _: Return(_relevancies, scores=True)
SORT_KEYS[b"RELEVANCY"] = SortKey(_take, scores=True)
