from __future__ import annotations

import pytest

from storage.message.fields import MAX_HEADER, Field, extent, parse_header, unfold


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r\r\n"])
def test_fields_do_not_depend_on_the_line_ends(line_end: bytes) -> None:
    raw = b"From: a\nSubject: one\n two\n\tthree\n\nbody\n\nmore\n".replace(b"\n", line_end)
    header = parse_header(raw)
    assert [(field.name, unfold(field.value)) for field in header.fields] == [
        (b"From", b"a"),
        (b"Subject", unfold(b"one\r\n two\r\n\tthree".replace(b"\r\n", line_end))),
    ]
    assert raw[header.body :] == b"body\n\nmore\n".replace(b"\n", line_end)
    assert raw[: header.end].endswith(b"three" + line_end)


def test_line_ends_may_change_within_a_header() -> None:
    header = parse_header(b"A: 1\r\nB: 2\nC: 3\r\n\nbody\r\n\r\n")
    assert [header.first(name) for name in (b"a", b"b", b"c")] == [b"1", b"2", b"3"]


def test_values_are_kept_as_they_were_written() -> None:
    raw = b"Subject:  one\r\n\ttwo \r\n\r\n"
    assert parse_header(raw).fields == [Field(b"Subject", b"  one\r\n\ttwo ", 0, 22)]


def test_names_are_found_whatever_their_case() -> None:
    header = parse_header(b"RECEIVED: 1\nreceived: 2\nTo: x\nReceived : 3\n\n")
    assert header.every(b"received") == [b"1", b"2", b"3"]
    assert header.first(b"received") == b"1"
    assert header.first(b"cc") is None
    assert header.every(b"cc") == []
    assert header.names == {b"received", b"to"}


@pytest.mark.parametrize(
    "line",
    [
        b"no colon here",
        b"From ann@example.org Tue Jan  2 10:00:00 2024",
        b">From ann@example.org Tue Jan  2 10:00:00 2024",
        b": no name",
        b"n\xc3\xa4me: 8-bit",
        b"two words: x",
        b"x" * 1000 + b": longer than a line",
    ],
)
def test_a_line_that_is_no_field_has_no_name(line: bytes) -> None:
    header = parse_header(line + b"\n more\nTo: x\n\n")
    assert header.fields[0] == Field(b"", line + b"\n more", 0, len(line) + 7)
    assert header.fields[1].name == b"To"
    assert b"" in header.names


def test_a_continuation_of_nothing_has_no_name() -> None:
    assert parse_header(b" lost: x\nTo: y\n\n").fields[0] == Field(b"", b" lost: x", 0, 9)


def test_a_byte_order_mark_is_no_part_of_a_name() -> None:
    raw = b"\xef\xbb\xbfFrom: a\n\n"
    assert parse_header(raw).first(b"from") == b"a"
    assert parse_header(raw).fields == [Field(b"From", b" a", 0, 11)]


@pytest.mark.parametrize(
    ("raw", "end", "body"),
    [
        (b"", 0, 0),
        (b"\n", 0, 1),
        (b"\r\nbody", 0, 2),
        (b"\rA: b\n\nbody", 6, 7),
        (b"A: b", 4, 4),
        (b"A: b\n", 5, 5),
        (b"A: b\n\n", 5, 6),
        (b"A: b\r\n\r\nbody", 6, 8),
        (b"A: b\n \nC: d\n\nbody", 12, 13),
    ],
)
def test_the_first_empty_line_ends_the_header(raw: bytes, end: int, body: int) -> None:
    assert extent(raw) == (end, body)


def test_a_header_that_never_ends_is_ended() -> None:
    raw = b"A: 0123456789\n" * (MAX_HEADER // 10)
    end, body = extent(raw)
    assert end == body
    assert MAX_HEADER - 14 < end <= MAX_HEADER
    assert raw[:end].endswith(b"\n")
    assert parse_header(raw).fields[-1].end == end


def test_one_endless_line_is_all_body() -> None:
    assert extent(b"x" * (MAX_HEADER + 1)) == (0, 0)
    assert parse_header(b"x" * (MAX_HEADER + 1)).fields == []


@pytest.mark.parametrize(
    ("value", "unfolded"),
    [
        (b" plain ", b"plain"),
        (b" one\r\n two\n\tthree", b"one two three"),
        (b"\ta\tb", b"a b"),
        (b" nul\0nul one\rtwo", b"nul nul one two"),
        (b" one\n \n two", b"one  two"),
        (b"=?utf-8?Q?x?= \xff", b"=?utf-8?Q?x?= \xff"),
        (b"", b""),
    ],
)
def test_unfolding_leaves_one_line(value: bytes, unfolded: bytes) -> None:
    assert unfold(value) == unfolded


def test_fields_are_chosen_as_they_were_written() -> None:
    raw = b"From x\r\nTO: a,\r\n\tb\r\n: none\r\nCc : c\r\nX: d\r\nto: e\r\n\r\nto: f\r\n"
    chosen = parse_header(raw).chosen(frozenset((b"to", b"cc")))
    assert chosen == [b"TO: a,\r\n\tb\r\n", b"Cc : c\r\n", b"to: e\r\n"]
    assert parse_header(b"To: a").chosen(frozenset((b"to",))) == [b"To: a\n"]
    assert parse_header(b"\nTo: a\n").chosen(frozenset((b"to",))) == []


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_other_line_ends_change_no_field(end: bytes) -> None:
    head = end.join((b"To: a,", b"\tb", b"Cc: c", b"to: d", b"no field", b"To: e", b""))
    served = head.replace(end, b"\r\n")
    known, parsed = parse_header(head + end + b"x").with_line_ends_of(served), parse_header(served)
    wanted = frozenset((b"to", b""))
    assert (known.end, known.body) == (parsed.end, parsed.body) == (len(served), len(served))
    assert known.fields == parsed.fields
    assert known.names == parsed.names
    assert known.chosen(wanted) == parsed.chosen(wanted)
    assert known.every(b"to") == parsed.every(b"to") == [b"a, b", b"d", b"e"]
    assert known.written(b"to") == [b" a,\n\tb".replace(b"\n", end), b" d", b" e"]


def test_a_header_that_grows_too_long_is_parsed_again() -> None:
    head = b"To: a\n" * (MAX_HEADER // 6)
    served = head.replace(b"\n", b"\r\n")
    known = parse_header(head).with_line_ends_of(served)
    assert (known.end, known.body) == (parse_header(served).end, parse_header(served).body)
    assert known.fields == parse_header(served).fields
