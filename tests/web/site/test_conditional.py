"""Conditions of requests, and the dates in them."""

from __future__ import annotations

import calendar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.web.conditional import http_date, parse_http_date, precondition

AT = 784_111_777  # the example of RFC 9110 s. 5.6.7
TAG = b'"abc"'


@pytest.mark.parametrize(
    "octets",
    [
        b"Sun, 06 Nov 1994 08:49:37 GMT",
        b"Sunday, 06-Nov-94 08:49:37 GMT",
        b"Sun Nov  6 08:49:37 1994",
    ],
)
def test_dates_of_three_forms(octets: bytes) -> None:
    assert parse_http_date(octets) == AT
    assert http_date(AT) == b"Sun, 06 Nov 1994 08:49:37 GMT"


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"yesterday",
        b"Sun, 06 Nov 1994 08:49:37 +0000",
        b"Sun, 31 Feb 1994 08:49:37 GMT",
        b"Sun, 00 Nov 1994 08:49:37 GMT",
        b"Sun, 06 Nov 0000 08:49:37 GMT",
        b"Sun, 06 Nov 1994 24:00:00 GMT",
        b"Sun Nov 66 08:49:37 1994",
    ],
)
def test_what_is_no_date(octets: bytes) -> None:
    assert parse_http_date(octets) is None


def test_years_of_two_digits() -> None:
    assert parse_http_date(b"Sunday, 06-Nov-69 08:49:37 GMT") == calendar.timegm(
        (2069, 11, 6, 8, 49, 37)
    )
    assert parse_http_date(b"Sunday, 06-Nov-70 08:49:37 GMT") == calendar.timegm(
        (1970, 11, 6, 8, 49, 37)
    )


@given(st.integers(0, 253_402_300_799))
def test_dates_there_and_back(seconds: int) -> None:
    assert parse_http_date(http_date(seconds)) == seconds


@given(st.binary(max_size=40))
def test_any_octets_may_be_a_date(octets: bytes) -> None:
    assert parse_http_date(octets) is None


BEFORE, AFTER = http_date(AT - 1), http_date(AT + 1)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, None),
        ({b"if-none-match": TAG}, 304),
        ({b"if-none-match": b'"x", W/"abc" ,"y"'}, 304),
        ({b"if-none-match": b"*"}, 304),
        ({b"if-none-match": b'"x"'}, None),
        ({b"if-none-match": b"abc"}, None),
        ({b"if-none-match": b'"abc-gzip"'}, None),
        ({b"if-none-match": b'"x"', b"if-modified-since": http_date(AT)}, None),
        ({b"if-none-match": TAG, b"if-modified-since": BEFORE}, 304),
        ({b"if-modified-since": http_date(AT)}, 304),
        ({b"if-modified-since": AFTER}, 304),
        ({b"if-modified-since": BEFORE}, None),
        ({b"if-modified-since": b"nonsense"}, None),
        ({b"if-match": TAG}, None),
        ({b"if-match": b"*"}, None),
        ({b"if-match": b'W/"abc"'}, 412),
        ({b"if-match": b'"x"'}, 412),
        ({b"if-match": TAG, b"if-none-match": TAG}, 304),
        ({b"if-match": TAG, b"if-unmodified-since": BEFORE}, None),
        ({b"if-unmodified-since": BEFORE}, 412),
        ({b"if-unmodified-since": http_date(AT)}, None),
        ({b"if-unmodified-since": b"nonsense"}, None),
    ],
)
def test_conditions(fields: dict[bytes, bytes], status: int | None) -> None:
    assert precondition(fields, TAG, AT) == status


def test_without_a_date_only_tags_count() -> None:
    fields = {b"if-modified-since": AFTER, b"if-unmodified-since": BEFORE}
    assert precondition(fields, TAG, None) is None
