"""What holds for the functions on a message's octets, whatever the octets."""

from __future__ import annotations

import re
import time
from datetime import datetime, timedelta, timezone
from email import policy
from email.parser import BytesParser
from email.utils import format_datetime, parsedate_to_datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.message.conversation import conversation
from storage.message.dates import from_line, parse_date, received, sent
from storage.message.fields import parse_header, unfold
from storage.message.ids import MAX_REFERENCES, message_id, references, sound_id, synthetic_id
from storage.message.same import identity
from storage.message.served import count_lines, is_dotted, serve, served_head
from storage.message.subject import base_subject
from storage.message.words import decode
from storage.model import Served
from tests.properties.mail_octets import LINE_ENDS, octets, ordinary_mails, sound_ids

if TYPE_CHECKING:
    from collections.abc import Callable

SOUND_ID = re.compile(rb"<[!-;=?-~]+@[!-;=?-~]+>")


def is_sound(identifier: bytes) -> bool:
    return SOUND_ID.fullmatch(identifier) is not None and len(identifier) <= 250


def head_of(raw: bytes, new_references: list[bytes] | None) -> bytes | None:
    header = parse_header(raw)
    own = message_id(header)[0] or synthetic_id(identity(raw, header))
    return served_head(raw, header, own, new_references)


def halves(served: bytes) -> tuple[bytes, bytes]:
    both = Served(b"", served, is_dotted(served))
    assert both.dotted == any(line.startswith(b".") for line in served.split(b"\r\n"))
    return both.head, both.body


@given(octets)
def test_fields_cover_the_header(raw: bytes) -> None:
    header = parse_header(raw)
    assert b"".join(raw[field.start : field.end] for field in header.fields) == raw[: header.end]
    assert raw[header.end : header.body].strip(b"\r\n") == b""
    assert {field.name.lower() for field in header.fields} == header.names
    for name in header.names - {b""}:
        values = [unfold(field.value) for field in header.fields if field.name.lower() == name]
        assert header.every(name) == values
        assert header.first(name) == values[0]


@given(octets)
def test_unfolding_leaves_one_line_without_blanks_around(value: bytes) -> None:
    unfolded = unfold(value)
    assert not set(unfolded) & set(b"\r\n\t\0")
    assert unfolded == unfolded.strip(b" ")
    assert unfold(unfolded) == unfolded


@given(octets, st.none() | st.lists(sound_ids, max_size=5))
def test_the_served_form_can_be_sent(raw: bytes, new_references: list[bytes] | None) -> None:
    served = serve(raw, head_of(raw, new_references))
    head, body = halves(served)
    assert served == b"\r\n".join((head, body))
    assert b"\0" not in served
    assert served.count(b"\r") == served.count(b"\n") == served.count(b"\r\n")
    assert served.endswith(b"\r\n")
    assert count_lines(served) == body.count(b"\r\n")
    for line in head.split(b"\r\n")[:-1]:
        assert re.match(rb"[!-9;-~]+:(?: |$|\t)|[ \t].*[^ \t]", line)


@given(octets, st.none() | st.lists(sound_ids, max_size=5))
def test_the_served_form_is_found_as_it_was_meant(
    raw: bytes, new_references: list[bytes] | None
) -> None:
    own = message_id(parse_header(raw))[0] or synthetic_id(identity(raw))
    served = serve(raw, head_of(raw, new_references))
    head, body = halves(served)
    assert served == b"\r\n".join((head, body))
    header = parse_header(served)
    assert message_id(header) == (own, True)
    assert served[header.body :] == body
    assert not header.names & {b"control", b""}
    if new_references is not None:
        found = [
            identifier for value in header.every(b"references") for identifier in references(value)
        ]
        assert found == references(b" ".join(new_references))
    assert served_head(served, header, own, None) is None
    assert serve(served, None) == served


@given(octets)
def test_ids_are_sound_or_none(raw: bytes) -> None:
    own, verbatim = message_id(parse_header(b"Message-ID: " + raw))
    assert own is None or is_sound(own)
    assert own is not None or not verbatim


@given(octets)
def test_references_are_sound_and_do_not_repeat(value: bytes) -> None:
    found = references(value)
    assert all(map(is_sound, found))
    assert len(set(found)) == len(found) <= MAX_REFERENCES


@given(
    st.lists(sound_ids, unique=True, max_size=8),
    st.sampled_from([b"", b" ", b"\r\n ", b"\n\t", b", "]),
)
def test_sound_references_come_back(ids: list[bytes], between: bytes) -> None:
    assert references(between.join(ids)) == ids
    assert references(b" ".join([*ids, b"(a comment)"])) == ids


@given(octets)
def test_a_sound_id_stays(text: bytes) -> None:
    made = sound_id(text)
    assert is_sound(made)
    assert sound_id(made) == made


@given(octets)
def test_dates_conversations_and_texts_never_fail(raw: bytes) -> None:
    header = parse_header(raw)
    for time_of in (sent(header), received(header), from_line(raw), parse_date(raw)):
        assert time_of is None or isinstance(time_of, int)
    own, parent = conversation(parse_header(b"Thread-Index: " + raw))
    assert parent is None or (own or b"").startswith(parent)
    for text in (decode(raw), base_subject(raw)[0]):
        text.encode()
        assert not any(ord(letter) < 32 or 127 <= ord(letter) < 160 for letter in text)


ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
DATES = st.datetimes(datetime(1901, 1, 1), datetime(2100, 1, 1), timezones=ZONES)  # noqa: DTZ001  # ZONES are added


@given(DATES)
def test_dates_agree_with_the_standard_library(when: datetime) -> None:
    written = format_datetime(when)
    expected = int(parsedate_to_datetime(written).timestamp())
    assert parse_date(written.encode()) == expected


@given(ordinary_mails())
def test_fields_agree_with_the_standard_library(raw: bytes) -> None:
    message = BytesParser(policy=policy.compat32).parsebytes(raw)
    fields = [
        (field.name.decode(), unfold(field.value).decode()) for field in parse_header(raw).fields
    ]
    assert fields == [(name, str(value).strip(" ")) for name, value in message.items()]


@given(ordinary_mails(), st.sampled_from(LINE_ENDS))
def test_identity_does_not_depend_on_the_way(raw: bytes, line_end: bytes) -> None:
    copy = b"Received: by x;\n\tTue, 02 Jan 2024 10:00:00 +0000\n" + raw + b"\n\n"
    assert identity(copy.replace(b"\n", line_end)) == identity(raw)


@given(ordinary_mails(), ordinary_mails())
def test_identity_tells_bodies_apart(one: bytes, other: bytes) -> None:
    bodies = [raw[parse_header(raw).body :].rstrip() for raw in (one, other)]
    head = b"From: a\n\n"
    assert (identity(head + bodies[0]) == identity(head + bodies[1])) == (bodies[0] == bodies[1])


@given(ordinary_mails(), st.sampled_from(LINE_ENDS))
def test_ordinary_mails_are_served_as_they_are(raw: bytes, line_end: bytes) -> None:
    raw = raw.replace(b"\n", line_end)
    assert head_of(raw, None) is None
    assert serve(raw, None) == raw.replace(line_end, b"\r\n")


MANY = 100_000
HOSTILE = [
    piece * (MANY // len(piece))
    for piece in (
        *(
            b"<",
            b"(",
            b"\r",
            b"\n",
            b"a",
            b" ",
            b":",
            b"<a@",
            b"<a@x>",
            b"(<a@x>",
            b"a:\n",
            b"\n \n",
            b"\r\r\n",
            b"a \n",
        ),
        *(
            b"[",
            b"[a]",
            b"re:",
            b"[fwd:",
            b"(fwd)",
            b"=?a?q?",
            b"=?utf-8?q?a?=",
            b"=?utf-8?q?a?= =?big5?q?a?= ",
            b"1:1",
        ),
        *(b"Mon ", b"Mon, 1 Jan ", b"1 Jan ", b"1 Jan 2000 ", b"a:" + b" " * 5000, b"\xe9", b"\0"),
    )
]
FUNCTIONS: list[Callable[[bytes], object]] = [
    lambda raw: parse_header(raw).fields,
    lambda raw: message_id(parse_header(b"Message-ID: " + raw)),
    references,
    sound_id,
    parse_date,
    from_line,
    lambda raw: received(parse_header(b"Received: " + raw)),
    identity,
    lambda raw: serve(raw, head_of(raw, None)),
    lambda raw: head_of(b"Subject:" + raw, references(raw)),
    decode,
    base_subject,
]


@pytest.mark.parametrize("raw", HOSTILE, ids=lambda raw: repr(raw[:20]))
def test_time_grows_with_length_and_no_faster(raw: bytes) -> None:
    for function in FUNCTIONS:
        began = time.process_time()
        function(raw)
        assert time.process_time() - began < 2  # seconds; a square of the length would take minutes
