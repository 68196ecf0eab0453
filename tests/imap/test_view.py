"""Sequence numbers are arithmetic over water marks and holes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.imap.numset import NumberSet
from gateway.imap.responses import Bad
from gateway.imap.view import View, expunges, gone, msn, number_at
from storage.bitmap import Bitmap
from storage.model import MailingList

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Set as AbstractSet

HIGH = 24
NUMBERS = st.sets(st.integers(1, HIGH))


def record(present: Iterable[int], high: int = HIGH) -> MailingList:
    """Return a list with these numbers, as it comes to be by removals."""
    numbers = sorted(present)
    low = numbers[0] if numbers else high + 1
    holes = tuple(number for number in range(low, high + 1) if number not in numbers)
    return MailingList("l", low=low, high=high, holes=holes)


def chosen(view: View, text: bytes, *, by_uid: bool) -> list[int]:
    runs = view.chosen(NumberSet.parse(text), by_uid=by_uid)
    assert all(runs)
    return [number for run in runs for number in run]


@given(NUMBERS)
def test_sequence_numbers_and_numbers_are_inverse(present: AbstractSet[int]) -> None:
    held = record(present)
    for at, number in enumerate(sorted(present), 1):
        assert msn(held, number) == at
        assert number_at(held, at) == number


@given(NUMBERS, st.sets(st.integers(1, HIGH)), st.integers(0, 6))
def test_what_is_gone_is_what_was_there_and_is_not(
    present: AbstractSet[int], removed: AbstractSet[int], more: int
) -> None:
    old = record(present)
    left = (present - removed) | set(range(HIGH + 1 + more // 2, HIGH + 1 + more))
    new = record(left, HIGH + more)
    lost = gone(old, new)
    assert all(lost)
    assert [number for run in lost for number in run] == sorted(present & removed)
    numbers = sorted(present)
    for at in expunges(old, lost):
        del numbers[at - 1]
    assert numbers == sorted(present - removed)


def test_nothing_is_gone_from_a_list_that_only_grew() -> None:
    assert gone(record([2, 4], 4), record([2, 4, 9], 9)) == ()
    assert gone(record([], 0), record([7, 9], 9)) == []


SET = st.lists(
    st.tuples(st.integers(1, HIGH + 4), st.integers(1, HIGH + 4)), min_size=1, max_size=4
)


@given(NUMBERS, SET, st.booleans())
def test_a_set_of_uids_means_those_that_are_there(
    present: AbstractSet[int], ends: list[tuple[int, int]], with_star: bool
) -> None:
    text = b",".join(b"%d:%d" % pair for pair in ends)
    wanted = {number for low, high in map(sorted, ends) for number in range(low, high + 1)}
    if with_star:
        text += b",*:%d" % ends[0][0]
        if present:
            low, high = sorted((ends[0][0], max(present)))
            wanted |= set(range(low, high + 1))
    assert chosen(View(record(present)), text, by_uid=True) == sorted(wanted & present)


@given(NUMBERS, SET)
def test_a_set_of_sequence_numbers_has_none_that_is_not_there(
    present: AbstractSet[int], ends: list[tuple[int, int]]
) -> None:
    view = View(record(present))
    text = b",".join(b"%d:%d" % pair for pair in ends)
    numbers = sorted(present)
    if max(max(pair) for pair in ends) > len(numbers):
        with pytest.raises(Bad):
            view.chosen(NumberSet.parse(text), by_uid=False)
        return
    wanted = {at for low, high in map(sorted, ends) for at in range(low, high + 1)}
    assert chosen(view, text, by_uid=False) == [numbers[at - 1] for at in sorted(wanted)]


def test_the_last_of_nothing_is_nothing() -> None:
    view = View(record([]))
    for text in (b"*", b"1:*", b"*:9"):
        for by_uid in (True, False):
            assert chosen(view, text, by_uid=by_uid) == []


def test_the_saved_result_means_what_is_left_of_it() -> None:
    view = View(record([2, 3, 5]), saved=Bitmap.of([range(1, 4), range(5, 6), range(9, 12)]))
    assert [*view.chosen(None, by_uid=False)] == [range(2, 4), range(5, 6)]
    assert view.name == "l"


def test_a_million_messages_take_no_time() -> None:
    held = record(range(1, 5), 4)
    giant = MailingList("l", low=1, high=2**31 - 1, holes=tuple(range(10, 200_000, 10)))
    assert number_at(giant, giant.count) == giant.high
    assert msn(giant, 200_001) == number_at(giant, msn(giant, 200_001)) - 19_999
    assert held.count == 4
