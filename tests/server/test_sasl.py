from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.sasl import Credentials, MalformedMessage, anonymous, plain, prepare


@pytest.mark.parametrize(
    ("message", "credentials"),
    [
        (b"\0tim\0tanstaaftanstaaf", Credentials("tim", "tanstaaftanstaaf")),  # RFC 4616 s. 4
        (b"Ursel\0Kurt\0xipj3plmq", Credentials("Kurt", "xipj3plmq", "Ursel")),  # likewise
        (
            b"\0I\xc2\xadX\0\xe2\x85\xa8",
            Credentials("IX", "IX"),
        ),  # RFC 4013 s. 3: SOFT HYPHEN, ROMAN NUMERAL NINE
        (b"\0a b\0c\xc2\xa0d", Credentials("a b", "c d")),
        (b"\0" + b"u" * 255 + b"\0" + b"p" * 255, Credentials("u" * 255, "p" * 255)),
    ],
)
def test_plain(message: bytes, credentials: Credentials) -> None:
    assert plain(message) == credentials


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"tim",
        b"tim\0password",
        b"\0tim\0password\0",
        b"\0\0password",
        b"\0tim\0",
        b"\0tim\0\xff",
        b"\0tim\0pass\x07word",  # RFC 4013 s. 3: prohibited
        b"\0tim\0\xd8\xa71",  # RFC 4013 s. 3: fails the check for direction
        b"\0\xc2\xad\0password",  # maps to nothing
        b"\0tim\0\xf0\x9f\xa6\x8a",  # unassigned in Unicode 3.2
        b"\0tim\0" + b"p" * 800,
    ],
)
def test_what_is_no_plain_message(message: bytes) -> None:
    with pytest.raises(MalformedMessage):
        plain(message)


def test_right_to_left_text_is_fine_throughout() -> None:
    assert prepare("\u05e9\u05dc\u05d5\u05dd") == "\u05e9\u05dc\u05d5\u05dd"


@given(st.binary(max_size=60))
def test_no_message_does_worse_than_be_refused(message: bytes) -> None:
    with contextlib.suppress(MalformedMessage):
        assert plain(message).user


@given(st.text(max_size=40))
def test_preparing_twice_changes_nothing(text: str) -> None:
    try:
        once = prepare(text)
    except MalformedMessage:
        return
    assert prepare(once) == once


def test_a_password_is_not_shown() -> None:
    assert "secret" not in repr(Credentials("tim", "secret"))


@pytest.mark.parametrize(
    "trace",
    [
        "",
        "sirhc",  # RFC 4505 s. 4
        "ann@x.example",
        "a b\u00a0\u00e9",
        "\U0001f98a" * 255,  # not in Unicode 3.2, which is no fault in a trace
        "\u05e9\u05dc\u05d5\u05dd",
    ],
)
def test_anonymous(trace: str) -> None:
    assert anonymous(trace.encode()) == trace


@pytest.mark.parametrize(
    "message",
    [
        b"\xff",
        b"a" * 256,
        b"a\0",
        b"a\r\nb",
        b"\xc2\x85",  # a control character
        b"\xee\x80\x80",  # private use
        b"\xef\xbf\xbd",  # inappropriate for plain text
        b"\xe2\x80\xae",  # changes the direction
        b"\xf3\xa0\x80\x81",  # a tag
        b"\xd8\xa71",  # fails the check for direction
    ],
)
def test_what_is_no_anonymous_message(message: bytes) -> None:
    with pytest.raises(MalformedMessage):
        anonymous(message)
