"""Putting in order: what Python's sort makes, in steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.imap import ordering
from gateway.imap.ordering import Column, order

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDE = st.integers(-(1 << 62), 1 << 62)
NUMBERS = st.integers(-3, 3) | WIDE
TEXTS = st.binary(max_size=3)


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ordering, "CHUNK", 4)
    monkeypatch.setattr(ordering, "SAMPLE", 2)


def column(values: Sequence[int] | Sequence[bytes], *, is_reversed: bool) -> Column:
    """Return a column that got its values in two parts."""
    made = Column(is_reversed=is_reversed)
    for part in filter(None, (values[:5], values[5:])):
        if isinstance(part[0], bytes):
            made.extend_texts(part)  # type: ignore[arg-type]  # all are
        else:
            made.extend(part)  # type: ignore[arg-type]  # all are
    assert len(made) == len(values)
    return made


@st.composite
def tables(draw: st.DrawFn) -> list[tuple[Sequence[int] | Sequence[bytes], bool]]:
    """Draw columns of one length, and whether each is reversed."""
    count = draw(st.integers(0, 20))
    made: list[tuple[Sequence[int] | Sequence[bytes], bool]] = []
    for _ in range(draw(st.integers(1, 4))):
        numbers = st.lists(NUMBERS, min_size=count, max_size=count)
        texts = st.lists(TEXTS, min_size=count, max_size=count)
        values = draw(numbers) if draw(st.booleans()) else draw(texts)
        made.append((values, draw(st.booleans())))
    return made


@settings(deadline=None)
@given(tables())
def test_order_is_that_of_stable_sorts(
    table: list[tuple[Sequence[int] | Sequence[bytes], bool]],
) -> None:
    expected = list(range(len(table[0][0])))
    for values, is_reversed in reversed(table):
        expected.sort(key=values.__getitem__, reverse=is_reversed)
    columns = [column(values, is_reversed=is_reversed) for values, is_reversed in table]
    batches = [list(batch) for batch in order(columns)]
    assert [place for batch in batches for place in batch] == expected
    chunks = -(-len(expected) // 4)
    assert all(len(batch) <= 4 + 2 * chunks for batch in batches)


def test_many_are_put_in_order_with_pauses() -> None:
    values = [at * 7919 % 100 for at in range(100)]
    batches = [list(batch) for batch in order([column(values, is_reversed=True)])]
    assert batches.count([]) == 25
    assert [values[at] for batch in batches for at in batch] == sorted(values, reverse=True)
