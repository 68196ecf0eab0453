"""Line ends, and runs of whole lines."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from storage.message.lines import runs_of_lines


@given(
    st.lists(st.sampled_from([b"\n", b"\r\n", b"a", b"bc", b"\r"]), max_size=40).map(b"".join),
    st.integers(1, 9),
    st.integers(0, 5),
)
def test_runs_are_whole_lines_and_all_there_is(octets: bytes, most: int, start: int) -> None:
    runs = list(runs_of_lines(octets, most, start))
    assert b"".join(runs) == octets[start:]
    assert all(run.endswith(b"\n") for run in runs[:-1])
    assert all(runs)
    assert all(len(run) <= most or run.count(b"\n") <= 1 for run in runs)


def test_as_many_lines_as_fit_are_one_run() -> None:
    assert list(runs_of_lines(b"a\nb\nc\n", 4)) == [b"a\nb\n", b"c\n"]
    assert list(runs_of_lines(b"long\nb\nc", 3)) == [b"long\n", b"b\n", b"c"]
    assert list(runs_of_lines(b"", 3)) == []
