from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.imap.mutf7 import decode, encode

PAIRS = [
    ("", b""),
    ("INBOX", b"INBOX"),
    (
        "~peter/mail/\u53f0\u5317/\u65e5\u672c\u8a9e",
        b"~peter/mail/&U,BTFw-/&ZeVnLIqe-",
    ),  # RFC 3501 s. 5.1.3
    ("&", b"&-"),
    ("&&a&", b"&-&-a&-"),
    ("\u00e9&", b"&AOk-&-"),
    ("a+b\\c~", b"a+b\\c~"),
    ("\0\t\x7f", b"&AAAACQB,-"),
    ("\U0001f98a", b"&2D7dig-"),
    ("\u00e9-", b"&AOk--"),
]


@pytest.mark.parametrize(("name", "text"), PAIRS)
def test_names(name: str, text: bytes) -> None:
    assert encode(name) == text
    assert decode(text) == name


@pytest.mark.parametrize(
    "text",
    [
        b"&",  # no end
        b"a&AOk",
        b"&Jjo!",  # RFC 3501 s. 5.1.3: no end before "!"
        b"&U,BTFw-&ZeVnLIqe-",  # likewise: a superfluous shift
        b"&AGE-",  # "a" in base64
        b"&ACY-",  # "&" in base64
        b"&AOkAYQ-",  # "a" in base64 behind another
        b"&AO-",  # half a character
        b"&AOl-",  # padding bits that are not zero
        b"&AOkA-",  # an octet too many
        b"&A-",
        b"&AOk=-",
        b"&AO/-",  # "/" for ","
        b"&A Ok-",
        b"&AOk\n-",
        b"&2D4-",  # half a pair of surrogates
        b"&3Yo-",
        b"\xc3\xa9",  # not encoded
        b"&\xc3-",
        b"a\tb",
        b"\x7f",
    ],
)
def test_what_is_no_name(text: bytes) -> None:
    with pytest.raises(ValueError, match="UTF-7"):
        decode(text)


def test_a_lone_surrogate_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="surrogate"):
        encode("\ud800")


@given(st.text())
def test_what_is_written_is_read_as_the_same(name: str) -> None:
    assert decode(encode(name)) == name


@given(st.lists(st.sampled_from([b"&", b"-", b"AOk", b"A", b"AGE", b",", b"x", b"2D7dig"])))
def test_no_two_texts_are_one_name(pieces: list[bytes]) -> None:
    text = b"".join(pieces)
    with contextlib.suppress(ValueError):
        assert encode(decode(text)) == text


@given(st.binary())
def test_any_octets_are_read_or_refused(text: bytes) -> None:
    with contextlib.suppress(ValueError):
        assert encode(decode(text)) == text
