from __future__ import annotations

import calendar
import imaplib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.imap.dates import date_time, date_times, read_day

FIRST, LAST = -62_135_596_800, 253_402_300_799
"""The first second of the year 1 and the last of 9999."""


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (1_704_189_600, b'" 2-Jan-2024 10:00:00 +0000"'),
        (837_596_665, b'"17-Jul-1996 09:44:25 +0000"'),  # RFC 9051 s. 8
        (0, b'" 1-Jan-1970 00:00:00 +0000"'),
        (-1, b'"31-Dec-1969 23:59:59 +0000"'),
        (951_782_400, b'"29-Feb-2000 00:00:00 +0000"'),
        (FIRST, b'" 1-Jan-0001 00:00:00 +0000"'),
        (FIRST - 1, b'" 1-Jan-0001 00:00:00 +0000"'),
        (LAST, b'"31-Dec-9999 23:59:59 +0000"'),
        (LAST + 1, b'"31-Dec-9999 23:59:59 +0000"'),
        (-(2**63), b'" 1-Jan-0001 00:00:00 +0000"'),
    ],
)
def test_date_time(seconds: int, text: bytes) -> None:
    assert date_time(seconds) == text
    assert date_times([seconds, 0]) == [text, b'" 1-Jan-1970 00:00:00 +0000"']


@given(st.integers(0, LAST))
def test_clients_read_the_same_second(seconds: int) -> None:
    read = imaplib.Internaldate2tuple(b"INTERNALDATE " + date_time(seconds))
    assert read is not None
    assert calendar.timegm(datetime(*read[:6]).astimezone(UTC).timetuple()) == seconds


@pytest.mark.parametrize(
    ("text", "day"),
    [
        (b"1-Jan-1970", 0),
        (b"01-Jan-1970", 0),
        (b'"1-Jan-1970"', 0),
        (b"31-Dec-1969", -1),
        (b"1-Feb-1994", 8797),  # RFC 9051 s. 6.4.4
        (b"1-feb-1994", 8797),
        (b"1-FEB-1994", 8797),
        (b"29-Feb-2024", 19782),
        (b"1-Jan-0001", FIRST // 86_400),
        (b"31-Dec-9999", LAST // 86_400),
    ],
)
def test_days(text: bytes, day: int) -> None:
    assert read_day(text) == day


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"30-Feb-2024",
        b"29-Feb-2023",
        b"0-Jan-2024",
        b"32-Jan-2024",
        b"1-Jan-0000",
        b"1-Jan-24",
        b"1-Jan-12024",
        b"001-Jan-2024",
        b"1-January-2024",
        b"1-Mai-2024",
        b" 1-Jan-2024",
        b'" 1-Jan-2024"',
        b"1-Jan-2024\n",
        b'"1-Jan-2024',
        b'1-Jan-2024"',
        b"1 Jan 2024",
        b"1-Jan-2024 10:00:00 +0000",
        b"2024-01-01",
        b"\xb2-Jan-2024",
    ],
)
def test_what_is_no_day(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"date|day|month|year"):
        read_day(text)


@given(st.integers(FIRST // 86_400, LAST // 86_400))
def test_a_day_that_is_written_is_read_as_the_same(day: int) -> None:
    assert read_day(date_time(day * 86_400)[1:12].lstrip()) == day
