from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.message.parameters import (
    MAX_PARAMETERS,
    Parameters,
    disposition,
    encoding,
    media_type,
    parameter,
    without_comments,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"text/plain", (b"text", b"plain", ())),
        (b"TEXT/Plain; Charset=UTF-8", (b"text", b"plain", ((b"charset", b"UTF-8"),))),
        (
            b"text / plain ; charset = utf-8 ; x=y",
            (b"text", b"plain", ((b"charset", b"utf-8"), (b"x", b"y"))),
        ),
        (b"text/plain;;; charset=utf-8;", (b"text", b"plain", ((b"charset", b"utf-8"),))),
        (
            b"text/plain; charset=a; charset=b",
            (b"text", b"plain", ((b"charset", b"a"), (b"charset", b"b"))),
        ),
        (b"text/plain (c); charset=(x)utf-8", (b"text", b"plain", ((b"charset", b"utf-8"),))),
        (b'text/plain; charset="utf-8', (b"text", b"plain", ((b"charset", b"utf-8"),))),
        (
            b'text/plain; a="x;\\"y\\\\"; b=c',
            (b"text", b"plain", ((b"a", b'x;"y\\'), (b"b", b"c"))),
        ),
        (b'text/plain; a="x" rubbish; b=c', (b"text", b"plain", ((b"a", b"x"), (b"b", b"c")))),
        (b"text/plain; a=b c d.txt", (b"text", b"plain", ((b"a", b"b c d.txt"),))),
        (b"text/plain; nothing; =x; b=c", (b"text", b"plain", ((b"b", b"c"),))),
        (b"text/plain; name=\xe9", (b"text", b"plain", ((b"name", b"\xe9"),))),
        (
            b"multipart/mixed boundary=----=_Part_1",
            (b"multipart", b"mixed", ((b"boundary", b"----=_Part_1"),)),
        ),
        (b"*/*", (b"*", b"*", ())),
        (b"text", None),
        (b"", None),
        (b"/plain", None),
        (b"; charset=x", None),
    ],
)
def test_media_types(value: bytes, expected: tuple[bytes, bytes, Parameters] | None) -> None:
    assert media_type(value) == expected


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        # RFC 2231 s. 3, 4.1.
        (b'; URL*0="ftp://"; URL*1="cs.utk.edu/x"', ((b"url", b"ftp://cs.utk.edu/x"),)),
        (b"; a*1=B; x=y; a*0=A", ((b"a", b"AB"), (b"x", b"y"))),
        (b"; a*0=A; a*2=C", ((b"a", b"A"),)),
        (b"; a*0=A; a*0=B", ((b"a", b"A"),)),
        (b"; title*=us-ascii'en-us'This%20is", ((b"title*", b"us-ascii'en-us'This%20is"),)),
        (
            b"; f*0*=utf-8''%E2%82; f*1*=%AC; f*2=\".t t\"",
            ((b"f*", b"utf-8''%E2%82%AC.t%20t"),),
        ),
        (b"; f*0*=iso-8859-1'de'%E9; f*1*=%e8", ((b"f*", b"utf-8'de'%C3%A9%C3%A8"),)),
        (b"; f*0*=x-klingon''%E9; f*1=b", ((b"f*", b"x-klingon''%E9b"),)),
        (b"; f*0*=%41; f*1=b", ((b"f*", b"''Ab"),)),
        (b"; f*0=a; f*1*=%41", ((b"f*", b"''aA"),)),
        (b"; f*1=b", ((b"f", b""),)),
        (b"; *=b; *0=x", ((b"*", b"b"), (b"*0", b"x"))),
    ],
)
def test_continuations(rest: bytes, expected: Parameters) -> None:
    assert media_type(b"a/b" + rest) == (b"a", b"b", expected)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"Attachment; filename=a", (b"attachment", ((b"filename", b"a"),))),
        (b"inline", (b"inline", ())),
        (b"(c) inline", (b"inline", ())),
        (b"; filename=a", None),
        (b"", None),
    ],
)
def test_dispositions(value: bytes, expected: tuple[bytes, Parameters] | None) -> None:
    assert disposition(value.strip()) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"BASE64", b"base64"),
        (b" quoted-printable ", b"quoted-printable"),
        (b"quoted-printable;", b"quoted-printable"),
        (b"base64 (rubbish)", b"base64"),
        (b"x-uuencode", b"x-uuencode"),
        (b"8 bit", b"7bit"),
        (b"text/html", b"7bit"),
        (b"?", b"7bit"),
        (b"", b"7bit"),
    ],
)
def test_encodings(value: bytes, expected: bytes) -> None:
    assert encoding(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"none", b"none"),
        (b"a(b)c", b"a c"),
        (b"a(b(c)d)e", b"a e"),
        (b'a"(not)"b(x)', b'a"(not)"b '),
        (b'("in one)b', b" b"),
        (b"(a\\)b)c", b" c"),
        (b"a\\(b(c)", b"a\\(b "),
        (b"a(never", b"a"),
        (b"a)b(c)", b"a)b "),
        (b'(x)"open(', b' "open('),
        (b"(x)\\", b" \\"),
        (b"(x\\", b""),
    ],
)
def test_comments_go(value: bytes, expected: bytes) -> None:
    assert without_comments(value) == expected


def test_the_first_one_so_named_counts() -> None:
    assert parameter(((b"a", b"1"), (b"a", b"2")), b"a") == b"1"
    assert parameter((), b"a") == b""


def test_only_so_many_are_looked_at() -> None:
    found = media_type(b"a/b" + b"; c=d" * (MAX_PARAMETERS + 1))
    assert found is not None
    assert len(found[2]) == MAX_PARAMETERS


@given(st.binary(), st.text("ab/;=\"\\()*0'% ").map(str.encode))
def test_anything_is_read(octets: bytes, text: bytes) -> None:
    for value in (octets, text, b"a/b;" + text):
        media_type(value)
        disposition(value)
        encoding(value)


@pytest.mark.parametrize("unit", [b"a", b'"\\', b"(", b"\\(", b"; a*1*", b";", b" ", b"=", b'x="'])
def test_time_is_linear(unit: bytes) -> None:
    began = time.perf_counter()
    media_type(b"a/b; " + unit * 100_000)
    assert time.perf_counter() - began < 5  # quadratic: hours
