"""Cursors: what is written is read again, and nothing else is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.web.search.cursor import decode_cursor, encode_cursor
from storage.model import MAX_NUMBER

NUMBERS = st.integers(0, MAX_NUMBER)


@given(st.lists(NUMBERS, min_size=1, max_size=40))
def test_what_is_written_is_read(below: list[int]) -> None:
    names = [f"list.{at}" for at in range(len(below))]
    text = encode_cursor(names, below)
    assert decode_cursor(names, text) == below
    assert text.isascii()
    assert not set(text) - set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_that_of_one_list_is_its_number() -> None:
    assert encode_cursor(["a"], [17]) == "17"


@pytest.mark.parametrize("text", ["", "x", "-1", "1.5", "٣", "12345678901", "1\n", " 1"])
def test_other_texts_are_none_of_one_list(text: str) -> None:
    assert decode_cursor(["a"], text) is None


def test_one_of_other_lists_is_none() -> None:
    text = encode_cursor(["a", "b"], [1, 2])
    assert decode_cursor(["a", "c"], text) is None
    assert decode_cursor(["a", "b", "c"], text) is None
    assert decode_cursor(["a", "b"], text[:-1]) is None
    assert decode_cursor(["a", "b"], text + "AAAA") is None


@given(st.text(max_size=20) | st.text("AZaz09-_=", max_size=40))
def test_no_text_is_an_error(text: str) -> None:
    for names in (["a"], ["a", "b"], []):
        read = decode_cursor(names, text)
        assert read is None or all(number >= 0 for number in read)


def test_numbers_are_bounded() -> None:
    mark = encode_cursor(["a", "b"], [0, 0])[:5]
    read = decode_cursor(["a", "b"], mark + "_" * 1000)
    assert read is None or max(read) <= MAX_NUMBER
