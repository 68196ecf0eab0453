"""Splitting mboxes: the four kinds, the ugly ones, and that chunks and limits do not matter."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.sources.mboxes import FROM, RECEIVED, mbox, message, quoted, raws, split

BODY = b"line\nFrom the start\n>From quoted\n>>From twice\n"
LENGTH = b"Content-Length: %d\n"

OCTETS = st.lists(
    st.sampled_from([
        FROM, b"From ...\n", b"From here\n", b">From ", b"From ", b"Subject: x\n", b"\n", b"\r\n", b"\n\n", b"x", b"\0",
        bytes(20), b"Content-Length: 2\n", b"Content-Length: 60\n", b"text\n", b"\xff", b"From MAILER-DAEMON ",
    ])
    | st.binary(max_size=8),
    max_size=40,
).map(b"".join)  # fmt: skip
CUTS = st.lists(st.integers(1, 30), max_size=80)


def test_mboxrd_is_unquoted_by_one() -> None:
    assert raws(FROM + message(1, quoted(BODY)) + b"\n" + FROM + message(2) + b"\n") == [
        message(1, BODY),
        message(2),
    ]


def test_mboxo_is_read_as_mboxrd() -> None:
    body = b"line\n>From the start\n"
    assert raws(FROM + message(1, body) + b"\n" + FROM + message(2) + b"\n") == [
        message(1, b"line\nFrom the start\n"),
        message(2),
    ]


def test_mboxcl2_is_not_unquoted_once_it_shows() -> None:
    first = message(1, BODY, LENGTH % len(BODY))
    second = message(2, b">From me\n", LENGTH % len(b">From me\n"))
    assert raws(FROM + first + b"\n" + FROM + second + b"\n") == [first, second]


def test_mboxcl2_body_may_hold_a_whole_mbox() -> None:
    body = mbox(message(8), message(9))
    first = message(1, body, LENGTH % len(body))
    assert raws(FROM + first + b"\n" + FROM + message(2) + b"\n") == [first, message(2)]


def test_mboxcl_is_unquoted() -> None:
    body = quoted(BODY)
    first = message(1, body, LENGTH % len(body))
    assert raws(FROM + first + b"\n" + FROM + message(2)) == [
        message(1, BODY, LENGTH % len(body)),
        message(2),
    ]


@pytest.mark.parametrize("length", [0, 1, 4, 47, 99999, 10**11])
def test_lying_content_length_is_ignored(length: int) -> None:
    first = message(1, b"x\n", LENGTH % length)
    assert raws(FROM + first + b"\n" + FROM + message(2) + b"\n") == [first, message(2)]


def test_content_length_may_lead_right_to_a_separator() -> None:
    first = message(1, b"x\n\n", LENGTH % 3)
    assert raws(FROM + first + FROM + message(2) + b"\n") == [first, message(2)]


def test_content_length_beyond_the_limit_is_ignored() -> None:
    body = mbox(message(8), message(9))
    first = message(1, body, LENGTH % len(body))
    octets = FROM + first + b"\n"
    assert len(split(octets, max_message=len(octets))) == 1
    assert len(split(octets, max_message=len(FROM + first) - 1)) == 3


def test_content_length_in_crlf() -> None:
    body = b"a\r\n\r\n" + mbox(message(8)).replace(b"\n", b"\r\n")
    first = b"Subject: x\r\nContent-length: %d\r\n\r\n%b" % (len(body), body)
    line = FROM.replace(b"\n", b"\r\n")
    assert raws(line + first + b"\r\n" + line + b"Subject: y\r\n\r\ny\r\n\r\n") == [
        first,
        b"Subject: y\r\n\r\ny\r\n",
    ]


@pytest.mark.parametrize(
    "line",
    [
        b"From my point of view this is text.\n",
        b"From a@example.org Tue Jan  2 10:00:00 2024\nand so on\n",
        b"From joe:\nhttps://example.org/\n",
        b"From here\nTo here, nearly a field\n",
        b"From here on\n\n",
        b"From " + b"x" * 3000 + b" Tue Jan  2 10:00:00 2024\nSubject: too long a line\n",
    ],
)
def test_prose_is_no_separator(line: bytes) -> None:
    raw = message(1, b"para\n\n" + line)
    assert raws(FROM + raw + b"\n" + FROM + message(2) + b"\n") == [raw, message(2)]


@pytest.mark.parametrize(
    "line",
    [
        b"From ...\n",
        b"From -6424061923458912345\n",
        b"From a@example.org\n",
        b"From ann at example.org  Tue Jan  2 10:00:00 2024\n",
        b"From a@example.org Tue Jan  2 10:00:00 CET 2024 remote from b\n",
        b"From a@example.org Tue, 2 Jan 2024 10:00:00 +0000\n",
        b"From a@example.org Tue Jan 2 10:00 2024\n",
        b"From a@example.org 2024-01-02 10:00:00\n",
        b"From a@example.org Tue Jan  2 10:00:00 2024\r\n",
    ],
)
def test_separators_of_many_kinds(line: bytes) -> None:
    assert raws(mbox(message(1), message(2), line=line)) == [message(1), message(2)]


def test_separator_with_date_needs_no_empty_line() -> None:
    assert raws(FROM + message(1) + FROM + message(2)) == [message(1), message(2)]


def test_separator_without_date_needs_one() -> None:
    raw = message(1, b"x\nFrom ...\nSubject: y\n")
    assert raws(FROM + raw + b"\n") == [raw]


def test_message_without_header() -> None:
    assert raws(FROM + b"\n1\n\n" + FROM + b"\n2\n") == [b"\n1\n", b"\n2\n"]


def test_received_is_the_separators_time() -> None:
    assert [record.received for record in split(mbox(message(1)) + b"From ...\n" + message(2))] == [
        RECEIVED,
        None,
    ]


def test_crlf() -> None:
    octets = mbox(message(1), message(2)).replace(b"\n", b"\r\n")
    assert raws(octets) == [message(1).replace(b"\n", b"\r\n"), message(2).replace(b"\n", b"\r\n")]
    assert split(octets)[0].received == RECEIVED


@pytest.mark.parametrize("octets", [b"", b"\n\n", b"\r\n", bytes(50)])
def test_nothing_in_it(octets: bytes) -> None:
    assert split(octets) == []


def test_empty_lines_first() -> None:
    (record,) = split(b"\n\n" + mbox(message(1)))
    assert (record.raw, record.start) == (message(1), 0 + len(b"\n\n"))


def test_junk_first_is_named() -> None:
    junk, record = split(b"junk\nmore\n" + mbox(message(1)))
    assert (junk.position, junk.why, junk.raw) == (
        "x.mbox, octet 0",
        "no From_ line starts a message here",
        b"",
    )
    assert (record.raw, record.position) == (message(1), "x.mbox, octet 10")


def test_offsets_follow_each_other() -> None:
    octets = mbox(message(1), message(2))
    first, second = split(octets, offset=100)
    assert (first.start, first.end, second.start, second.end) == (
        100,
        100 + len(octets) // 2,
        100 + len(octets) // 2,
        100 + len(octets),
    )


def test_last_record_cut_short_is_a_message() -> None:
    octets = mbox(message(1)) + FROM + b"Message-ID: <2@x.example>\nFro"
    assert raws(octets) == [message(1), b"Message-ID: <2@x.example>\nFro"]


def test_last_record_cut_short_in_its_first_field() -> None:
    first, second = split(mbox(message(1)) + FROM + b"Mess")
    assert (first.raw, second.why) == (message(1), "it has no header field")


@pytest.mark.parametrize("between", [bytes(4096), bytes(4096) + b"\n", bytes(100) + b"\r\n"])
def test_nul_padding_of_a_crash_is_no_part_of_a_message(between: bytes) -> None:
    octets = FROM + message(1) + b"\n" + between + FROM + message(2) + b"\n"
    assert raws(octets) == [message(1), message(2)]


def test_short_run_of_nuls_is_the_messages_own() -> None:
    raw = message(1, b"x\n\0\0\n")
    assert raws(FROM + raw + b"\n") == [raw]


def test_mailboxs_own_record_is_passed_over() -> None:
    own = (
        b"From MAILER-DAEMON Tue Jan  2 10:00:00 2024\n"
        b"Subject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\n\nThis is no message.\n\n"
    )
    assert raws(own + mbox(message(1))) == [message(1)]
    assert len(raws(own.replace(b"DON'T", b"DO NOT"))) == 1


def test_record_without_a_field_is_refused() -> None:
    octets = FROM + b"\n\n" + mbox(message(1))
    assert [(record.why, record.start) for record in split(octets)] == [
        ("it is empty", 0),
        ("", len(FROM) + 2),
    ]


@pytest.mark.parametrize("cuts", [[], [1] * 5000, [64] * 100])
def test_too_large_a_record_is_refused_and_the_rest_goes_on(cuts: list[int]) -> None:
    large = message(2, b"0123456789\n" * 200)
    octets = mbox(message(1), large, message(3))
    first, refused, third = split(octets, cuts, max_message=1000)
    assert (first.raw, third.raw) == (message(1), message(3))
    assert (refused.why, refused.raw, refused.start) == (
        "it has more than the 1000 octets that are allowed",
        b"",
        first.end,
    )
    assert refused.end == third.start


def test_too_much_junk_is_refused_as_one() -> None:
    junk, record = split(b"junk\n" * 1000 + mbox(message(1)), [100] * 100, max_message=500)
    assert (junk.start, junk.end, record.raw) == (0, 5000, message(1))


def test_content_length_beyond_the_limit_does_not_depend_on_chunks() -> None:
    body = b"y" * 900 + b"\n\n" + mbox(message(8))
    octets = FROM + message(1, body, LENGTH % len(body)) + b"\n" + mbox(message(2))
    assert split(octets, [1] * 3000, max_message=950) == split(octets, max_message=950)


@given(OCTETS, CUTS, st.sampled_from([40, 200, 10**6]))
@example(FROM + b"Content-Length: 60\n\n" + FROM + b"Subject: x\n\nx\n", [1] * 30, 40)
def test_chunks_do_not_matter(octets: bytes, cuts: list[int], limit: int) -> None:
    assert split(octets, cuts, max_message=limit) == split(octets, max_message=limit)


@given(OCTETS)
def test_records_cover_the_file(octets: bytes) -> None:
    """What lies between records is blank, or the mailbox's own record."""
    at = 0
    for record in split(octets):
        assert record.start >= at
        assert record.end > record.start
        at = record.end
    assert at <= len(octets)


@given(
    st.lists(
        st.lists(
            st.sampled_from(
                [
                    b"From me\n",
                    b">From me\n",
                    b">>From \n",
                    FROM,
                    b"\n",
                    b"text\n",
                    b"> x\n",
                    b"a\0b\n",
                ]
            ),
            max_size=8,
        ).map(b"".join),
        max_size=5,
    ),
    CUTS,
    st.booleans(),
)
def test_quoting_what_was_read_gives_the_file_back(
    bodies: list[bytes], cuts: list[int], crlf: bool
) -> None:
    octets = mbox(*(message(number, body) for number, body in enumerate(bodies)))
    if crlf:
        octets = octets.replace(b"\n", b"\r\n")
    end = b"\r\n" if crlf else b"\n"
    line = FROM.replace(b"\n", end)
    again = b"".join(line + quoted(record.raw) + end for record in split(octets, cuts))
    assert again == octets
