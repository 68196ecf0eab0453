from __future__ import annotations

import base64
import quopri

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.message.encodings import decode, decode_base64, decode_quoted_printable


@pytest.mark.parametrize(
    ("encoding", "octets", "decoded"),
    [
        (b"7bit", b"a=41", b"a=41"),
        (b"8bit", b"\xe9", b"\xe9"),
        (b"binary", b"\0", b"\0"),
        (b"", b"x", b"x"),
        (b"base64", b"aGk=", b"hi"),
        (b"quoted-printable", b"a=41", b"aA"),
        (b"x-uuencode", b"begin", None),
        (b"8 bit", b"x", None),
    ],
)
def test_encodings_by_name(encoding: bytes, octets: bytes, decoded: bytes | None) -> None:
    assert decode(octets, encoding) == decoded


@pytest.mark.parametrize(
    ("octets", "decoded"),
    [
        (b"", b""),
        (b"aGVs\r\nbG8=\r\n", b"hello"),
        (b"aGVsbG8", b"hello"),
        (b"aGVsbG8a", b"hello\x1a"),
        (b"aGVsb", b"hel"),
        (b"a", b""),
        (b"aG!Vs\x80bG8=", b"hello"),
        (b"aGk=\r\n-- \r\nlist footer\r\n", b"hi"),
        (b"====", b""),
        (b"aG=k", b"hi"),
    ],
)
def test_base64(octets: bytes, decoded: bytes) -> None:
    assert decode_base64(octets) == decoded


@pytest.mark.parametrize(
    ("octets", "decoded"),
    [
        (b"", b""),
        (b"caf=E9 =e9", b"caf\xe9 \xe9"),
        (b"soft=\r\nbreak", b"softbreak"),
        (b"soft= \t\r\nbreak", b"softbreak"),
        (b"blanks \t\r\n at the end  \r\n", b"blanks\r\n at the end\r\n"),
        (b"last ", b"last"),
        (b"kept=20\r\n", b"kept \r\n"),
        (b"a=ZZ=4", b"a=ZZ=4"),
        (b"cut off=", b"cut off"),
    ],
)
def test_quoted_printable(octets: bytes, decoded: bytes) -> None:
    assert decode_quoted_printable(octets) == decoded


@given(st.binary())
def test_what_was_encoded_is_decoded(octets: bytes) -> None:
    assert decode_base64(base64.encodebytes(octets).replace(b"\n", b"\r\n")) == octets
    text = octets.replace(b"\r", b"").replace(b"\n", b"")
    encoded = quopri.encodestring(text, quotetabs=True).replace(b"\n", b"\r\n")
    assert decode_quoted_printable(encoded) == text


@given(st.binary())
def test_anything_is_decoded(octets: bytes) -> None:
    assert len(decode_base64(octets)) <= len(octets)
    assert len(decode_quoted_printable(octets)) <= len(octets)
