"""KEYS: rows that are searched and sorted by the column."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.message.dates import parse_date, written_day
from storage.message.fields import parse_header
from storage.message.keys import (
    Column,
    column,
    containing,
    keys_row,
    neighbours,
    plain_base_subject,
    written_between,
)
from storage.message.text import fold

DAY = 86_400


def row(*fields: str) -> bytes:
    return keys_row(parse_header("\r\n".join([*fields, "", ""]).encode()))


ROWS = [
    row(
        "From: =?utf-8?q?Ren=C3=A9?= <rene@x.example>, b@y.example",
        "To: Friends: c@z.example, d@z.example;",
        "Cc: e@x.example",
        "Bcc: f@x.example",
        "Subject: [list] Re: [PATCH] Überall (fwd)",
        "Date: Thu, 1 Jan 2004 23:30:00 -0800",
    ),
    row(
        "Subject: one",
        "Subject: two",
        "Date: Fri, 2 Jan 2004 00:30:00 +0800",
        "From: plain@x.example",
    ),
    row("Subject:"),
    row("X: y", "Date: nonsense"),
]


def test_columns() -> None:
    first = {each: text.decode() for each in Column for text in column(ROWS[:1], each)}
    assert first == {
        Column.SUBJECT: "\0" + fold("[list] Re: [PATCH] Überall (fwd)"),
        Column.FROM: "\0" + fold("René <rene@x.example>, b@y.example"),
        Column.TO: "\0FRIENDS: C@Z.EXAMPLE, D@Z.EXAMPLE;",
        Column.CC: "\0E@X.EXAMPLE",
        Column.BCC: "\0F@X.EXAMPLE",
        Column.WRITTEN: "12418",
        Column.MARKED: "1",
        Column.BASE: fold("Überall"),
        Column.SORT_FROM: "RENE",
        Column.SORT_TO: "FRIENDS",
        Column.SORT_CC: "E",
        Column.DISPLAY_FROM: fold("René"),
        Column.DISPLAY_TO: "FRIENDS",
    }
    assert column(ROWS, Column.SUBJECT)[1:] == [b"\0ONE\0TWO", b"\0", b""]
    assert column(ROWS, Column.BASE)[1:] == [b"ONE", b"", b""]
    assert column(ROWS, Column.DISPLAY_FROM)[1:] == [b"PLAIN@X.EXAMPLE", b"", b""]
    assert column(ROWS, Column.MARKED)[1:] == [b"", b"", b""]


def test_a_row_has_one_line_a_column() -> None:
    for each in ROWS:
        assert each.count(b"\n") == len(Column) - 1


def positions(marks: list[bool]) -> list[int]:
    return [at for at, mark in enumerate(marks) if mark]


def test_containing() -> None:
    def found(which: Column, needle: bytes) -> list[int]:
        return positions(containing(column(ROWS, which), needle))

    assert found(Column.SUBJECT, b"PATCH") == [0]
    assert found(Column.SUBJECT, b"TWO") == [1]
    assert found(Column.SUBJECT, b"ONETWO") == []
    assert found(Column.SUBJECT, b"") == [0, 1, 2]
    assert found(Column.BCC, b"") == [0]
    assert found(Column.TO, b"Z.EXAMPLE") == [0]
    assert found(Column.CC, b"Z.EXAMPLE") == []
    assert found(Column.SUBJECT, b"X.EXAMPLE") == []


@given(st.lists(st.lists(st.binary(max_size=3), min_size=13, max_size=13)), st.data())
def test_columns_are_what_was_joined(table: list[list[bytes]], data: st.DataObject) -> None:
    table = [[text.replace(b"\n", b"") for text in texts] for texts in table]
    rows = [b"\n".join(texts) for texts in table]
    which = data.draw(st.sampled_from(Column))
    assert column(rows, which) == [texts[which] for texts in table]
    assert neighbours(rows, Column.MARKED, which) == [
        texts[Column.MARKED : which + 1] for texts in table
    ]


def test_the_day_is_the_one_that_is_written() -> None:
    new_year = 12418 * DAY  # 2004-01-01T00:00:00Z
    days = column(ROWS, Column.WRITTEN)
    assert positions(written_between(days, new_year, new_year + DAY)) == [0]
    assert positions(written_between(days, new_year + DAY, None)) == [1]
    assert positions(written_between(days, None, new_year)) == []
    assert positions(written_between(days, None, None)) == [0, 1]


@given(st.integers(0, 2**31), st.integers(-14, 14))
def test_a_day_is_told_without_its_zone(seconds: int, hours: int) -> None:
    clock = time.strftime("%d %b %Y %H:%M:%S", time.gmtime(seconds))
    written = f"{clock} {'-' if hours < 0 else '+'}{abs(hours):02}00".encode()
    assert parse_date(written) == seconds - hours * 3600
    assert written_day(written) == seconds // DAY


@pytest.mark.parametrize("value", [b"", b"tomorrow", b"32 Jan 2004 00:00:00 +0000"])
def test_no_date_no_day(value: bytes) -> None:
    assert written_day(value) is None


@pytest.mark.parametrize(
    ("subject", "base", "is_marked"),
    [
        ("", "", False),
        ("a  b\tc", "a b c", False),
        ("Re: a", "a", True),
        ("RE[3]: a", "a", True),
        ("re [x] : a", "a", True),
        ("Re a: b", "Re a: b", False),
        ("Fw: Fwd: a", "a", True),
        ("AW: a", "AW: a", False),
        ("[l] a", "a", False),
        ("[l] [m] a", "a", False),
        ("[l] [m]", "[m]", False),
        ("[l]", "[l]", False),
        ("[l] Re: [m] a", "a", True),
        ("Re: [l]", "[l]", True),
        ("Re:", "", True),
        ("[l] Re:", "", True),
        ("a (fwd)", "a", True),
        ("a (FWD) (fwd) ", "a", True),
        ("(fwd)", "", True),
        ("[fwd: a]", "a", True),
        ("[Fwd: Re: [fwd: [l] a (fwd)]]", "a", True),
        ("[fwd: a", "[fwd: a", False),
        ("[fwd:", "[fwd:", False),
        ("a [l]", "a [l]", False),
    ],
)
def test_base_subjects(subject: str, base: str, *, is_marked: bool) -> None:
    assert plain_base_subject(subject) == (base, is_marked)


@pytest.mark.parametrize("unit", ["[a]", "[fwd:", "Re: ", "(fwd)", "[", "[a] Re", " "])
def test_long_subjects_take_no_longer(unit: str) -> None:
    began = time.perf_counter()
    plain_base_subject(unit * 20_000)
    assert time.perf_counter() - began < 1


@given(st.binary(max_size=400))
def test_any_header_has_a_row(octets: bytes) -> None:
    assert keys_row(parse_header(octets)).count(b"\n") == len(Column) - 1
