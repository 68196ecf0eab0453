from __future__ import annotations

import pytest

from storage.message.dates import EARLIEST, LATEST, from_line, parse_date, received, sent
from storage.message.fields import parse_header

NOON = 1_704_189_600  # 2024-01-02T10:00:00Z


@pytest.mark.parametrize(
    ("value", "time"),
    [
        (b"Tue, 02 Jan 2024 10:00:00 +0000", NOON),
        (b"Tue, 2 Jan 2024 10:00:00 -0000", NOON),
        (b"2 Jan 2024 10:00 +0000", NOON),
        (b"  Tue,\n 02 Jan 2024 10:00:00 +0000 (UTC)", NOON),
        (b"Tue, 02 Jan 2024 12:30:00 +0230", NOON),
        (b"Tue, 02 Jan 2024 05:00:00 -0500 (EST)", NOON),
        (b"Tue, 02 Jan 2024 11:00:00 +01:00", NOON),
        (b"Tue, 02 Jan 2024 05:00:00 EST", NOON),
        (b"Tue, 02 Jan 2024 10:00:00 GMT", NOON),
        (b"Tue, 02 Jan 2024 10:00:00 Z", NOON),
        (b"Tue, 02 Jan 2024 10:00:00 XYZ", NOON),
        (b"Tue, 02 Jan 2024 10:00:00", NOON),
        (b"Tue, 02 Jan 2024 10.00.00 +0000", NOON),
        (b"Tue, 02 Jan 2024 10:00:00.123 +0000", NOON),
        (b"Tue (tues(day)), 02 Jan (x) 2024 10:00 (no sec) +0000", NOON),
        (b"Tue) 02 Jan 2024 10:00:00 (x)) +0000", NOON),
        (b"Tue Jan  2 10:00:00 2024", NOON),
        (b"Tue Jan  2 11:00:00 CET 2024", NOON),
        (b"Tue Jan  2 11:00:00 +0100 2024", NOON),
        (b"Tue Jan  2 05:00:00 2024 -0500", NOON),
        (b"Tue Jan  2 10:00 2024", NOON),
        (b"2024-01-02T10:00:00Z", NOON),
        (b"2024-01-02 11:00:00 +0100", NOON),
        (b"mar., 02 janv. 2024 11:00:00 +0100", NOON),
        (b"Wed, 5-Nov-86 15:29:00 EST", 531_606_540),
        (b"Mon, 01 Jan 104 00:00:00 GMT", 1_072_915_200),
        (b"Mon, 01 Jan 04 00:00:00 GMT", 1_072_915_200),
        (b"Sat, 31 Dec 2016 23:59:60 +0000", 1_483_228_800),
        (b"Thu, 29 Feb 2024 00:00:00 +0000", 1_709_164_800),
    ],
)
def test_dates_are_read(value: bytes, time: int) -> None:
    assert parse_date(value) == time


@pytest.mark.parametrize(
    ("value", "time"),
    [
        (b"Wed, 13 Dec 2006 10:26:38 +1", 1_166_001_998),
        (b"Fri, 3 Feb 2006 18:11:22 -00", 1_138_990_282),
        (b"Thursday, 20 Feb 2003 01:14:34 +000", 1_045_703_674),
        (b"Fri, 28 Jun 2002 12:54:40 -700", 1_025_294_080),
        (b"Tue, 3 Jun 2003 8:58:23 --500", 1_054_648_703),
        (b"Thu, 18 May 100 10:40:43 +0200 (MET DST)", 958_639_243),
        (b"Tue, 27 Feb 2007 16:23:25 -0060", 1_172_597_005),
        (b"Thu, 14 Dec 2006 00:20:24 +0480", 1_166_036_424),
        (b"Mon, 14 Apr 2014 07:59:01 -0007", 1_397_462_761),
        (b"Tue, 02 Jan 2024 10:00:00 +9999", NOON),
    ],
)
def test_zones_that_real_programs_wrote_are_read(value: bytes, time: int) -> None:
    assert parse_date(value) == time


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"yesterday",
        b"Thu, 31 Feb 2022 10:00:00 +0000",
        b"Thu, 01 Feb 2022 24:00:00 +0000",
        b"Thu, 01 Feb 2022 10:60:00 +0000",
        b"Thu, 01 Feb 2022 10:00:61 +0000",
        b"Thu, 01 Foo 2022 10:00:00 +0000",
        b"2022-13-01T10:00:00Z",
        b"Fri, 9 Mar 71685 18:45:56 +0000",
        b"\xcf\xed, 02 \xff\xed\xe2 2024 10:00:00 +0300",
        b"(Tue, 02 Jan 2024 10:00:00 +0000",
        b"x" * 400 + b"Tue, 02 Jan 2024 10:00:00 +0000",
    ],
)
def test_what_is_no_date_is_none(value: bytes) -> None:
    assert parse_date(value) is None


@pytest.mark.parametrize(
    ("value", "time"),
    [
        (b"Tue, 02 Jan 2024 10:00:00 +0000", NOON),
        (b"Fri, 01 Jan 1971 00:00:00 +0000", EARLIEST),
        (b"Thu, 31 Dec 1970 23:59:59 +0000", None),
        (b"Fri, 1 Jan 1904 10:12:31 +0100", None),
        (b"Tue, 19 Jan 2038 03:14:07 +0000", LATEST),
        (b"Tue, 19 Jan 2038 03:14:08 +0000", None),
        (b"never", None),
    ],
)
def test_a_date_is_taken_only_if_sane(value: bytes, time: int | None) -> None:
    assert sent(parse_header(b"Date: " + value)) == time


def test_the_caller_may_know_the_present() -> None:
    header = parse_header(b"Date: Tue, 02 Jan 2024 10:00:00 +0000")
    assert sent(header, latest=NOON) == NOON
    assert sent(header, latest=NOON - 1) is None
    assert sent(parse_header(b"")) is None


def test_the_topmost_sane_received_date_counts() -> None:
    header = parse_header(
        b"Received: by x, Tue, 02 Jan 2024 13:00:00 +0000\n"
        b"Received: by x; Thu, 01 Jan 1970 00:00:00 +0000\n"
        b"Received: by x; a;\n\tTue, 02 Jan 2024 10:00:00 +0000\n"
        b"Received: by x; Tue, 02 Jan 2024 09:00:00 +0000\n"
    )
    assert received(header) == NOON
    assert received(header, latest=NOON - 1) == NOON - 3600
    assert received(parse_header(b"")) is None


@pytest.mark.parametrize(
    "line",
    [
        b"From ann@example.org Tue Jan  2 10:00:00 2024",
        b"From ann at example.org  Tue Jan  2 10:00:00 2024",
        b"From - Tue Jan  2 10:00:00 2024\r\n",
        b"From ann@example.org Tue Jan  2 11:00:00 CET 2024 remote from b",
        b"From ann@example.org Tue Jan  2 10:00:00 2024 remote from b",
        b"From ann@example.org Tue Jan  2 05:00:00 2024 -0500",
        b"From ann@example.org Tue Jan 2 10:00 2024",
        b"From ann@example.org Tue, 02 Jan 2024 11:00:00 +0100",
        b'From "Ann Mon Author" Tue Jan  2 10:00:00 2024',
    ],
)
def test_separators_tell_the_time(line: bytes) -> None:
    assert from_line(line) == NOON


@pytest.mark.parametrize(
    "line",
    [
        b"From ...",
        b"From -6424061923458912345",
        b"From ann@example.org",
        b"From mboxrd@z Thu Jan  1 00:00:00 1970",
        b"From 0123456789abcdef0123456789abcdef01234567 Mon Sep 17 00:00:00 2001",
        b"From Mon to Fri we work",
        b"",
    ],
)
def test_separators_without_a_date_are_none(line: bytes) -> None:
    assert from_line(line) is None
