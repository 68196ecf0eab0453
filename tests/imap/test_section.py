from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.imap.grammar import Parser
from gateway.imap.responses import Bad
from gateway.imap.section import (
    MAX_SECTION_DEPTH,
    MAX_SECTION_FIELDS,
    Section,
    UnknownEncodingError,
    Window,
    decoded,
    extract,
    read_section,
    read_window,
    subset,
)
from storage.message.structure import structure


def crlf(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode("latin-1")


def read(text: bytes) -> Section:
    parser = Parser(text)
    section = read_section(parser)
    assert parser.at_end()
    return section


# RFC 9051 s. 6.4.5.1: the example of a complex message.
INNER_42 = """\
Subject: 4.2
Content-Type: multipart/mixed; boundary=d

--d

4.2.1
--d
Content-Type: multipart/alternative; boundary=e

--e

4.2.2.1
--e
Content-Type: text/richtext

4.2.2.2
--e--
--d--
"""
INNER_3 = """\
Subject: 3
From: a@b
Content-Type: multipart/mixed; boundary=b

--b

3.1
--b
Content-Type: application/octet-stream

3.2
--b--
"""
COMPLEX = crlf(f"""\
Subject: all
From: x@y
To: z
Content-Type: multipart/mixed; boundary=a

--a

1
--a
Content-Type: application/octet-stream
Content-Transfer-Encoding: base64

Mg==
--a
Content-Type: message/rfc822

{INNER_3}
--a
Content-Type: multipart/mixed; boundary=c

--c
Content-Type: image/gif

4.1
--c
Content-Type: message/rfc822

{INNER_42}
--c--
--a--
""")
TREE = structure(COMPLEX)


@pytest.mark.parametrize(
    ("section", "text"),
    [
        (b"1", "1"),
        (b"2", "Mg=="),
        (b"1.MIME", "\n"),
        (
            b"2.MIME",
            "Content-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n\n",
        ),
        (b"3", INNER_3),
        (b"3.MIME", "Content-Type: message/rfc822\n\n"),
        (b"3.HEADER", INNER_3.partition("\n\n")[0] + "\n\n"),
        (b"3.TEXT", INNER_3.partition("\n\n")[2]),
        (b"3.HEADER.FIELDS (subject)", "Subject: 3\n\n"),
        (b"3.HEADER.FIELDS.NOT (subject content-type)", "From: a@b\n\n"),
        (b"3.1", "3.1"),
        (b"3.1.MIME", "\n"),
        (b"3.2", "3.2"),
        (b"4.1", "4.1"),
        (b"4.1.MIME", "Content-Type: image/gif\n\n"),
        (b"4.2.HEADER", INNER_42.partition("\n\n")[0] + "\n\n"),
        (b"4.2.TEXT", INNER_42.partition("\n\n")[2]),
        (b"4.2.1", "4.2.1"),
        (b"4.2.2.MIME", "Content-Type: multipart/alternative; boundary=e\n\n"),
        (b"4.2.2.1", "4.2.2.1"),
        (b"4.2.2.2", "4.2.2.2"),
        (b"HEADER.FIELDS (TO FROM)", "From: x@y\nTo: z\n\n"),
        (b"HEADER.FIELDS (X-None)", "\n"),
        (b"HEADER.FIELDS.NOT (Subject Content-Type)", "From: x@y\nTo: z\n\n"),
    ],
)
def test_sections_of_the_example(section: bytes, text: str) -> None:
    assert extract(COMPLEX, TREE, read(b"[%b]" % section)) == crlf(text)


def test_sections_of_the_whole() -> None:
    head, _, text = COMPLEX.partition(b"\r\n\r\n")
    assert extract(COMPLEX, TREE, read(b"[]")) == COMPLEX
    assert extract(COMPLEX, TREE, read(b"[HEADER]")) == head + b"\r\n\r\n"
    assert extract(COMPLEX, TREE, read(b"[TEXT]")) == text


@pytest.mark.parametrize(
    "section",
    [
        b"5",
        b"1.1",
        b"1.HEADER",
        b"2.TEXT",
        b"3.3",
        b"4.HEADER",
        b"4.2.2.3.MIME",
        b"3.1.1",
        b"1.HEADER.FIELDS (a)",
    ],
)
def test_what_is_absent(section: bytes) -> None:
    assert extract(COMPLEX, TREE, read(b"[%b]" % section)) is None
    if section[-1:].isdigit():
        assert decoded(COMPLEX, TREE, read(b"[%b]" % section)) is None


@pytest.mark.parametrize(
    ("section", "text"),
    [
        (b"1", b"text\r\n"),
        (b"TEXT", b"text\r\n"),
        (b"HEADER", b"Subject: x\r\n\r\n"),
        (b"1.MIME", b"Subject: x\r\n\r\n"),
        (b"2", None),
        (b"1.1", None),
        (b"1.TEXT", None),
    ],
)
def test_a_message_of_one_part(section: bytes, text: bytes | None) -> None:
    octets = b"Subject: x\r\n\r\ntext\r\n"
    assert extract(octets, structure(octets), read(b"[%b]" % section)) == text


@pytest.mark.parametrize(
    ("section", "text"),
    [
        (b"1", b"Subject: in\r\n\r\ntext\r\n"),
        (b"1.HEADER", b"Subject: in\r\n\r\n"),
        (b"1.TEXT", b"text\r\n"),
        (b"1.1", b"text\r\n"),
        (b"1.2", None),
    ],
)
def test_a_message_that_is_a_message(section: bytes, text: bytes | None) -> None:
    octets = b"Content-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\ntext\r\n"
    assert extract(octets, structure(octets), read(b"[%b]" % section)) == text


def test_a_multipart_without_parts_has_an_empty_one() -> None:
    octets = b"Content-Type: multipart/mixed\r\n\r\nx\r\n"
    assert extract(octets, structure(octets), Section((1,))) == b""
    assert extract(octets, structure(octets), Section((2,))) is None


def test_a_header_without_an_empty_line() -> None:
    assert subset(b"A: 1\r\nB: 2\r\n\tx\r\n", [b"b"], without=False) == b"B: 2\r\n\tx\r\n"
    assert subset(b"A: 1\r\nB: 2", [b"b"], without=False) == b"B: 2"
    assert subset(b"A: 1\r\nB: 2\r\n\r\n", [b"b"], without=True) == b"A: 1\r\n\r\n"
    assert subset(b"\r\n", [b"b"], without=True) == b"\r\n"


def test_decoded_parts() -> None:
    assert decoded(COMPLEX, TREE, Section((2,))) == b"2"
    assert decoded(COMPLEX, TREE, Section((1,))) == b"1"
    assert decoded(COMPLEX, TREE, Section((3,))) == crlf(INNER_3)
    assert decoded(COMPLEX, TREE, Section()) == COMPLEX
    octets = b"Content-Type: multipart/mixed\r\nContent-Transfer-Encoding: base64\r\n\r\nMg==\r\n"
    assert decoded(octets + octets, structure(octets + octets), Section((1,))) == b""
    quoted = b"Content-Transfer-Encoding: quoted-printable\r\n\r\na=00=\r\nb\r\n"
    assert decoded(quoted, structure(quoted), Section((1,))) == b"a\0b\r\n"


def test_a_multipart_is_not_decoded() -> None:
    octets = crlf(
        "Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/mixed; boundary=b\n"
        "Content-Transfer-Encoding: x-odd\n\n--b\n\nx\n--b--\n--a--\n"
    )
    assert decoded(octets, structure(octets), Section((1,))) == b"--b\r\n\r\nx\r\n--b--"


def test_an_encoding_that_is_not_known() -> None:
    octets = b"Content-Transfer-Encoding: x-uuencode\r\n\r\nbegin\r\n"
    with pytest.raises(UnknownEncodingError):
        decoded(octets, structure(octets), Section((1,)))
    assert extract(octets, structure(octets), Section((1,))) == b"begin\r\n"


@pytest.mark.parametrize(
    ("text", "section", "label"),
    [
        (b"[]", Section(), b"[]"),
        (b"[header]", Section((), b"HEADER"), b"[HEADER]"),
        (b"[Text]", Section((), b"TEXT"), b"[TEXT]"),
        (b"[1]", Section((1,)), b"[1]"),
        (b"[1.2.mime]", Section((1, 2), b"MIME"), b"[1.2.MIME]"),
        (b"[01.HEADER]", Section((1,), b"HEADER"), b"[1.HEADER]"),
        (
            b'[HEADER.FIELDS (Date "from" {4}\r\nTo:x)]',
            Section((), b"HEADER.FIELDS", (b"Date", b"from", b"To:x")),
            b"[HEADER.FIELDS (Date from To:x)]",
        ),
        (
            b"[3.header.fields.not (X)]",
            Section((3,), b"HEADER.FIELDS.NOT", (b"X",)),
            b"[3.HEADER.FIELDS.NOT (X)]",
        ),
        (
            b'[HEADER.FIELDS ("a b")]',
            Section((), b"HEADER.FIELDS", (b"a b",)),
            b'[HEADER.FIELDS ("a b")]',
        ),
    ],
)
def test_sections_are_read(text: bytes, section: Section, label: bytes) -> None:
    assert read(text) == section
    assert section.label == label
    assert section.names == frozenset(name.lower() for name in section.written)


@pytest.mark.parametrize(
    "text",
    [
        b"", b"1]", b"[", b"[1", b"[1.", b"[1.]", b"[0]", b"[1.0]", b"[.1]", b"[x]", b"[MIME]", b"[HEADER.1]",
        b"[HEADER ]", b"[HEADER.FIELDS]", b"[HEADER.FIELDS ()]", b"[HEADER.FIELDS (a]", b"[HEADER.FIELDS(a)]",
        b"[TEXT (a)]", b"[4294967296]", b"[" + b".".join([b"1"] * (MAX_SECTION_DEPTH + 1)) + b"]",
        b"[HEADER.FIELDS (" + b" ".join([b"a"] * (MAX_SECTION_FIELDS + 1)) + b")]",
    ],
)  # fmt: skip  # a list of texts
def test_what_is_no_section(text: bytes) -> None:
    with pytest.raises(Bad):
        read_section(Parser(text))


def test_binary_has_numbers_only() -> None:
    assert read_section(Parser(b"[1.2]"), binary=True) == Section((1, 2))
    assert read_section(Parser(b"[]"), binary=True) == Section()
    for text in (b"[HEADER]", b"[1.MIME]"):
        with pytest.raises(Bad):
            read_section(Parser(text), binary=True)


NAME = st.binary(min_size=1, max_size=20).filter(lambda name: b"\0" not in name)
SECTIONS = st.one_of(
    st.builds(
        Section,
        st.lists(st.integers(1, 2**32 - 1), max_size=5).map(tuple),
        st.sampled_from((b"", b"HEADER", b"TEXT")),
    ),
    st.builds(
        Section, st.lists(st.integers(1, 99), min_size=1, max_size=5).map(tuple), st.just(b"MIME")
    ),
    st.builds(
        Section,
        st.lists(st.integers(1, 99), max_size=5).map(tuple),
        st.sampled_from((b"HEADER.FIELDS", b"HEADER.FIELDS.NOT")),
        st.lists(NAME, min_size=1, max_size=5).map(tuple),
    ),
)


@given(SECTIONS)
def test_reading_and_labelling_are_inverse(section: Section) -> None:
    assert read(section.label) == section


def test_windows() -> None:
    assert read_window(Parser(b"<0.2048>")) == Window(0, 2048)
    assert read_window(Parser(b" FLAGS")) is None
    for text in (b"<0>", b"<0.0>", b"<.1>", b"<1.", b"<1.2", b"<-1.2>", b"<0.9223372036854775808>"):
        with pytest.raises(Bad):
            read_window(Parser(text))


@given(st.binary(), st.integers(0, 30), st.integers(1, 30))
def test_a_window_shows_what_is_there(octets: bytes, start: int, length: int) -> None:
    assert Window(start, length).of(octets) == octets[start:][:length]
