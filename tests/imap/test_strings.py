from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.imap.grammar import Parser
from gateway.imap.strings import (
    MAX_QUOTED,
    astring,
    literal,
    literal8,
    literal_pieces,
    nstring,
    string,
)


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        (b"", b'""'),
        (b"a b", b'"a b"'),
        (b'a "b" \\c', b'"a \\"b\\" \\\\c"'),
        (b"a\r\nb", b"{4}\r\na\r\nb"),
        (b"a\nb", b"{3}\r\na\nb"),
        (b"caf\xc3\xa9", b"{5}\r\ncaf\xc3\xa9"),
        (b"tab\t", b'"tab\t"'),
        (b"\0", b"{1}\r\n\0"),
        (b"x" * MAX_QUOTED, b'"%b"' % (b"x" * MAX_QUOTED)),
        (b"x" * (MAX_QUOTED + 1), b"{%d}\r\n%b" % (MAX_QUOTED + 1, b"x" * (MAX_QUOTED + 1))),
    ],
)
def test_strings(value: bytes, sent: bytes) -> None:
    assert string(value) == sent
    assert nstring(value) == sent


def test_nothing_is_nil() -> None:
    assert nstring(None) == b"NIL"


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        (b"Archive.list-a", b"Archive.list-a"),
        (b"INBOX]", b"INBOX]"),
        (b"", b'""'),
        (b"a b", b'"a b"'),
        (b"a%", b'"a%"'),
        (b"a*", b'"a*"'),
        (b"a(b)", b'"a(b)"'),
        (b"{1}", b'"{1}"'),
        (b"a\\", b'"a\\\\"'),
        (b"nil", b'"nil"'),
        (b"\xe9", b"{1}\r\n\xe9"),
        (b"a\n", b"{2}\r\na\n"),
    ],
)
def test_astrings(value: bytes, sent: bytes) -> None:
    assert astring(value) == sent


def test_literals() -> None:
    assert literal(b"a\r\nb") == b"{4}\r\na\r\nb"
    assert b"".join(literal_pieces(b"a\r\nb")) == literal(b"a\r\nb")
    assert literal8(b"a\0b") == b"~{3}\r\na\0b"


@given(st.binary().filter(lambda octets: b"\0" not in octets))
def test_what_is_sent_can_be_read(octets: bytes) -> None:
    for sent in (string(octets), nstring(octets), astring(octets), literal(octets)):
        parser = Parser(sent)
        assert parser.astring() == octets
        assert parser.at_end()
