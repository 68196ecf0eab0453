"""Dates as INN's ``convdate`` reads them, from which these verdicts are."""

from __future__ import annotations

from typing import Final

import pytest

from gateway.nntp.news_dates import news_date

NEW_YEAR: Final = 1_072_915_200  # 2004-01-01T00:00:00Z

DATES: Final = (
    (b"Thu, 01 Jan 2004 00:00:00 +0000", 0),
    (b"01 Jan 2004 00:00:00 +0000", 0),
    (b"1 January 04 0:0", 0),
    (b"1 jan. 104 0:00", 0),
    (b"Thursday the , 1 Jan 2004 00:00:60 GMT", 60),
    (b"Thu 1 Jan 2004 00:00:00 utc", 0),
    (b"Thu, 01 Jan 2004 00:00:00 EDT", 4 * 3600),
    (b"Thu, 01 Jan 2004 00:00:00 CEST", -2 * 3600),
    (b"Thu, 01 Jan 2004 00:00:00 Z", 0),
    (b"Thu, 01 Jan 2004 00:00:00 bogus", 0),
    (b"Thu, 01 Jan 2004 00:00:00 _", 0),
    (b"Thu, 01 Jan 2004 00:00:00 -8", 8 * 3600),
    (b"Thu, 01 Jan 2004 00:00:00 +0530", -5 * 3600 - 1800),
    (b"Thu, 01 Jan 2004 00:00:00 GMT+0200", -2 * 3600),
    (b"Thu, 01 Jan 2004 00:00:00 +0100 EST", 5 * 3600),
    (b"(Thu)(day), 1 (one (of) \\) 31) Jan(uary)2004 00 :00: 00 -0100 (open", 3600),
    (b"\r\n Thu,\r\n 01 Jan 2004\r\n\t00:00:00 +0000\r\n", 0),
)


@pytest.mark.parametrize(("date", "after"), DATES)
def test_dates(date: bytes, after: int) -> None:
    assert news_date(date) == NEW_YEAR + after


NO_DATES: Final = (
    b"",
    b"yesterday",
    b"(1 Jan 2004 00:00)",
    b"Thu Jan  1 00:00:00 2004",
    b"2004-01-01T00:00:00Z",
    b"Thu (1st), 01 Jan 2004 00:00:00 +0000",
    b"01 Jan 4 00:00",
    b"01 Sept 2004 00:00",
    b"00 Jan 2004 00:00",
    b"31 Feb 2004 00:00",
    b"01 Jan 2004 24:00",
    b"01 Jan 2004 00:60",
    b"01 Jan 2004 00:00:61",
    b"01 Jan 2004 00:00:",
    b"01 Jan 2004 00",
    b"01 Jan 1969 00:00",
    b"31 Dec 1969 23:59:59 +0000",
    b"01 Jan 1970 00:59:59 +0100",
    b"01 Jan 2004 00:00 +",
    b"01 Jan 2004 00:00 + 0100",
)
UNSURE: Final = (b"01 Jan 2004 00:00 gm", b"01 Jan 2004 00:00 U")
"""What INN reads depends on what lies in memory behind them."""


@pytest.mark.parametrize("date", [*NO_DATES, *UNSURE])
def test_what_is_no_date(date: bytes) -> None:
    assert news_date(date) is None


def test_two_digits_are_of_the_years_from_1950() -> None:
    assert news_date(b"1 Jan 70 00:00") == 0
    assert news_date(b"1 Jan 49 00:00") == 2_493_072_000
    assert news_date(b"1 Jan 50 00:00") is None  # before 1970


def test_what_is_longer_than_a_line_is_no_date() -> None:
    date = b"1 Jan 2004 00:00 "
    assert news_date(date.ljust(998)) == NEW_YEAR
    assert news_date(date.ljust(999)) is None
