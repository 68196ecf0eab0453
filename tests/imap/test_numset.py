from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.imap.numset import (
    LARGEST_NUMBER,
    SET_OCTETS,
    NumberSet,
    contains,
    intersect,
    merge,
    render,
    runs,
    total,
)

NUMBERS = st.sets(st.integers(1, 60) | st.integers(LARGEST_NUMBER - 3, LARGEST_NUMBER)).map(sorted)
SMALL = st.sets(st.integers(1, 60)).map(sorted)
END = st.integers(1, 12) | st.just("*")
ITEM = st.lists(END, min_size=1, max_size=2)


def written(items: list[list[int | str]]) -> bytes:
    return ",".join(":".join(map(str, item)) for item in items).encode()


@pytest.mark.parametrize(
    ("text", "star", "numbers"),
    [
        (b"1", 9, [1]),
        (b"4294967295", 9, [4294967295]),
        (b"2:4", 9, [2, 3, 4]),
        (b"4:2", 9, [2, 3, 4]),  # RFC 9051 s. 9, seq-range: 2:4 and 4:2 are equivalent
        (b"3:3", 9, [3]),
        (b"2,4:7,9,12:*", 15, [2, 4, 5, 6, 7, 9, 12, 13, 14, 15]),  # s. 9, sequence-set
        (b"*:4,5:7", 10, [4, 5, 6, 7, 8, 9, 10]),  # likewise
        (b"*", 7, [7]),
        (b"*:*", 7, [7]),
        (b"*,1", 7, [1, 7]),
        (b"3:*", 2, [2, 3]),
        (b"*:3", 2, [2, 3]),
        (b"559:*", 500, list(range(500, 560))),  # s. 6.4.9: always the last
        (b"3:*,9:*", 5, [3, 4, 5, 6, 7, 8, 9]),
        (b"3:*,9:*", 20, list(range(3, 21))),
        (b"5,1:2,2:3,4", 9, [1, 2, 3, 4, 5]),
        (b"2,*,3:*", 0, [2]),  # nothing is in use
    ],
)
def test_sets(text: bytes, star: int, numbers: list[int]) -> None:
    assert list(NumberSet.parse(text).resolve(star)) == list(runs(numbers))


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"0",
        b"01",
        b"1:0",
        b"0:1",
        b"*:01",
        b"4294967296",
        b"1:4294967296",
        b"4294967296:*",
        b"99999999999",
        b"1,",
        b",1",
        b"1,,2",
        b"1:",
        b":1",
        b"1:2:3",
        b"1 ,2",
        b"1\n",
        b"-1",
        b"+1",
        b"1_0",
        b"**",
        b"$",
        b"a",
        b"\xb2",
    ],
)
def test_what_is_no_set(text: bytes) -> None:
    with pytest.raises(ValueError, match="number"):
        NumberSet.parse(text)


def test_a_set_has_a_length() -> None:
    longest = b"1" + b",1" * ((SET_OCTETS - 1) // 2)
    assert NumberSet.parse(longest).ranges == (range(1, 2),)
    with pytest.raises(ValueError, match="too long"):
        NumberSet.parse(longest + b",11")


def test_star_is_known() -> None:
    assert NumberSet.parse(b"1,*").has_star
    assert NumberSet.parse(b"1:*").has_star
    assert not NumberSet.parse(b"1:2").has_star


@given(st.lists(ITEM, min_size=1), st.integers(1, 15))
def test_a_set_is_the_union_of_its_items(items: list[list[int | str]], star: int) -> None:
    expected: set[int] = set()
    for item in items:
        ends = [star if end == "*" else int(end) for end in item]
        expected.update(range(min(ends), max(ends) + 1))
    assert list(NumberSet.parse(written(items)).resolve(star)) == list(runs(sorted(expected)))


@given(NUMBERS)
def test_what_is_rendered_is_read_as_the_same(numbers: list[int]) -> None:
    ranges = runs(numbers)
    assert [number for span in ranges for number in span] == numbers
    assert render(numbers) == render(ranges)
    if numbers:
        assert list(NumberSet.parse(render(numbers)).resolve(1)) == list(ranges)


@given(st.lists(ITEM, min_size=1), st.integers(0, 15))
def test_rendering_what_was_read_is_canonical(items: list[list[int | str]], star: int) -> None:
    ranges = NumberSet.parse(written(items)).resolve(star)
    assert ranges == merge(ranges)
    assert all(one.stop < other.start for one, other in pairwise(ranges))


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ([], b""),
        ([7], b"7"),
        ([1, 2, 3, 5], b"1:3,5"),
        ([1, 3, 4], b"1,3:4"),
        (range(1), b"0"),
        (range(0), b""),
        (range(2, 900_000_000), b"2:899999999"),
        (range(2, 9, 2), b"2,4,6,8"),
        ([range(1, 4), range(5, 6)], b"1:3,5"),
    ],
)
def test_rendering(numbers: list[int], text: bytes) -> None:
    assert render(numbers) == text


@given(SMALL, SMALL)
def test_intersection(one: list[int], other: list[int]) -> None:
    common = sorted(set(one) & set(other))
    assert list(intersect(runs(one), runs(other))) == list(runs(common))


@given(SMALL)
def test_membership_and_total(numbers: list[int]) -> None:
    ranges = runs(numbers)
    assert [number for number in range(63) if contains(ranges, number)] == numbers
    assert total(ranges) == len(numbers)


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(1, 5))))
def test_merging(spans: list[tuple[int, int]]) -> None:
    ranges = [range(start, start + length) for start, length in spans]
    numbers = {number for span in ranges for number in span}
    assert list(merge(ranges)) == list(runs(sorted(numbers)))
