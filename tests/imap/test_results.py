"""What was found, as it is told."""

from __future__ import annotations

from array import array
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.imap import results
from gateway.imap.grammar import Parser
from gateway.imap.numset import NumberSet
from gateway.imap.responses import Bad
from gateway.imap.results import Results, bitmaps, esearch, gathered, number_list, read_returns
from gateway.imap.view import View, msn
from storage.model import MailingList

if TYPE_CHECKING:
    from collections.abc import Sequence

RECORD = MailingList("lists.a", low=3, high=400, holes=(*range(10, 20), 30, 399))
PRESENT = [number for run in RECORD.present(3, 400) for number in run]


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "BATCH", 4)
    monkeypatch.setattr(results, "_PIECE_OCTETS", 10)


def found(numbers: Sequence[int], *, by_uid: bool = True) -> Results:
    made = array("I", numbers)
    return Results(View(RECORD), by_uid, made, made, made)


@given(st.lists(st.sampled_from(PRESENT), unique=True), st.booleans())
def test_a_set_means_the_numbers_in_their_order(numbers: list[int], by_uid: bool) -> None:
    made = found(numbers, by_uid=by_uid)
    text = b"".join(made.sets(numbers))
    told = [
        number
        for item in text.split(b",")
        if item
        for part in NumberSet.parse(item).ranges
        for number in part
    ]
    assert told == (numbers if by_uid else [msn(RECORD, number) for number in numbers])
    assert b":" in text or not any(b - a == 1 for a, b in pairwise(told))


@given(st.lists(st.sampled_from(PRESENT), unique=True), st.booleans())
def test_a_list_names_each_number(numbers: list[int], by_uid: bool) -> None:
    text = b"".join(gathered(number_list(b"SORT", found(numbers, by_uid=by_uid))))
    told = [number if by_uid else msn(RECORD, number) for number in numbers]
    assert text == b"* SORT" + b"".join(b" %d" % number for number in told) + b"\r\n"


@given(st.sets(st.sampled_from(PRESENT)))
def test_a_bitmap_has_the_numbers(numbers: set[int]) -> None:
    *_, last = bitmaps(sorted(numbers))
    assert [number for run in last.ranges() for number in run] == sorted(numbers)


def test_runs_are_joined_over_batches() -> None:
    assert [*found(range(40, 60)).sets(range(40, 60))] == [b""] * 5 + [b"40:59"]
    assert b"".join(found([]).sets([])) == b""


def test_pieces_are_laid_together_and_pauses_stay() -> None:
    assert [*gathered(iter([b"12345", b"", b"67890", b"x"]))] == [b"", b"1234567890", b"x"]


def returns(text: bytes) -> results.Returns:
    made = read_returns(Parser(text + b" "))
    assert made is not None
    return made


def test_what_is_asked_for_is_told_in_one_order() -> None:
    made = found([40, 41, 50])
    text = b"".join(esearch(b"a]", returns(b"RETURN (COUNT MAX ALL MIN)"), made, b" MAILBOX x"))
    assert text == b'* ESEARCH (TAG "a]" MAILBOX x) UID MIN 40 MAX 50 ALL 40:41,50 COUNT 3\r\n'


def test_parts_of_the_results_are_asked_for_once() -> None:
    made = found([40, 41, 50, 60])
    assert [*returns(b"RETURN (MIN MAX)").asked(made)] == [40, 60]
    assert [*returns(b"RETURN (MIN PARTIAL 1:2)").asked(made)] == [40, 41]
    assert [*returns(b"RETURN (MIN COUNT)").asked(made)] == [40, 41, 50, 60]
    assert [*returns(b"RETURN (SAVE)").asked(made)] == [40, 41, 50, 60]


def test_options_are_read_or_are_not_there() -> None:
    assert read_returns(Parser(b"RETURNED")) is None
    assert [*returns(b"return ()").options] == [b"ALL"]
    with pytest.raises(Bad):
        read_returns(Parser(b"RETURN (ALL)"))
