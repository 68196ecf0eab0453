"""Intervals, quiet hours and patience."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Refused
from gateway.mirror.schedule import (
    LONGEST_EVERY,
    MAX_BACKOFF,
    backoff,
    parse_every,
    parse_quiet,
    shown_span,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def _east(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Local time is an hour and a half later than UTC."""
    monkeypatch.setenv("TZ", "EAST-1:30")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def clock(text: str) -> int:
    """Return the seconds of a time of day of 1970-01-02 by UTC."""
    hours, minutes, seconds = map(int, text.split(":"))
    return 86_400 + hours * 3600 + minutes * 60 + seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("5m", 300), ("2h", 7200), ("1d", 86_400), ("90", 90), ("366d", LONGEST_EVERY)],
)
def test_an_interval_is_read(text: str, seconds: int) -> None:
    assert parse_every(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "0", "0s", "-5", "5 m", "m", "1w", "1.5h", "367d", "٣s", "1s\n"]
)
def test_what_is_no_interval_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="5m"):
        parse_every(text)


@pytest.mark.parametrize(
    "text", ["8:00-18:00", "08:00", "24:00-01:00", "08:00-08:00", "08:60-09:00", "x"]
)
def test_what_are_no_hours_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="--quiet"):
        parse_quiet(text)


@pytest.mark.usefixtures("_east")
@pytest.mark.parametrize(
    ("hours", "at", "left"),
    [
        ("08:00-18:00", "06:29:59", 0),
        ("08:00-18:00", "06:30:00", 36_000),
        ("08:00-18:00", "16:29:59", 1),
        ("08:00-18:00", "16:30:00", 0),
        ("22:00-06:00", "20:29:59", 0),
        ("22:00-06:00", "20:30:00", 28_800),
        ("22:00-06:00", "22:30:01", 21_599),
        ("22:00-06:00", "04:29:00", 60),
        ("22:00-06:00", "04:30:00", 0),
        ("00:00-23:59", "22:29:00", 0),
        ("", "12:00:00", 0),
    ],
)
def test_quiet_hours_are_local_and_may_span_midnight(hours: str, at: str, left: int) -> None:
    assert parse_quiet(hours).left(clock(at)) == left


def test_patience_grows_to_an_hour() -> None:
    waits = [backoff(failures, 300, 0.999999) for failures in range(1, 9)]
    assert waits == pytest.approx([60, 120, 240, 480, 960, 1920, 3600, 3600], rel=1e-4)
    assert backoff(1, 10, 0.999999) == pytest.approx(10, rel=1e-4)
    assert backoff(1, 86_400, 0.999999) == pytest.approx(60, rel=1e-4)


@given(st.integers(1, 10**6), st.integers(1, LONGEST_EVERY), st.floats(0, 1, exclude_max=True))
def test_patience_is_spread_and_bounded(failures: int, every: int, chance: float) -> None:
    wait = backoff(failures, every, chance)
    assert backoff(failures, every, 0) <= wait <= 2 * backoff(failures, every, 0) <= MAX_BACKOFF
    assert wait >= 0.5


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0 s"), (119, "119 s"), (120, "2 m"), (7199, "119 m"), (7200, "2 h"), (172_800, "2 d")],
)
def test_spans_are_shown(seconds: int, shown: str) -> None:
    assert shown_span(seconds) == shown
