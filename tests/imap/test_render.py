from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.imap.render import (
    LISTED_FIELDS,
    MAX_FIELD,
    body,
    bodystructure,
    envelope,
    fields,
    pick,
)
from gateway.imap.section import subset
from storage.message.fields import parse_header
from storage.message.structure import structure
from tests.imap.golden import GOLDEN, rendered


def crlf(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode("latin-1")


@pytest.mark.parametrize(("name", "text"), [pytest.param(*each, id=each[0]) for each in rendered()])
def test_golden_files(name: str, text: bytes) -> None:
    assert text + b"\n" == (GOLDEN / name).read_bytes()


def test_every_golden_file_is_tested() -> None:
    names = {name for name, _ in rendered()}
    assert {path.name for path in GOLDEN.iterdir()} == names | {"README.md"}


EXAMPLE = crlf("""\
Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)
From: Terry Gray <gray@cac.washington.edu>
Subject: IMAP4rev2 WG mtg summary and minutes
To: imap@cac.washington.edu
cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>
Message-Id: <B27397-0100000@cac.washington.edu>
MIME-Version: 1.0
Content-Type: TEXT/PLAIN; CHARSET=US-ASCII

""")


def test_the_example_of_the_rfc() -> None:
    # RFC 9051 s. 8; what is case-insensitive we send in lower case.
    text = b"x" * 3026 + b"\r\n"
    assert envelope(parse_header(EXAMPLE)) == (
        b'("Wed, 17 Jul 1996 02:23:25 -0700 (PDT)" "IMAP4rev2 WG mtg summary and minutes" '
        b'(("Terry Gray" NIL "gray" "cac.washington.edu")) '
        b'(("Terry Gray" NIL "gray" "cac.washington.edu")) '
        b'(("Terry Gray" NIL "gray" "cac.washington.edu")) '
        b'((NIL NIL "imap" "cac.washington.edu")) '
        b'((NIL NIL "minutes" "CNRI.Reston.VA.US")("John Klensin" NIL "KLENSIN" "MIT.EDU")) NIL NIL '
        b'"<B27397-0100000@cac.washington.edu>")'
    )
    assert body(structure(EXAMPLE + text)) == (
        b'("text" "plain" ("charset" "US-ASCII") NIL NIL "7bit" 3028 1)'
    )


@pytest.mark.parametrize(
    ("head", "sent"),
    [
        ("", "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)"),
        (
            "Date:\nSubject: \nIn-Reply-To:\nMessage-ID:\nFrom:\nTo:\nCc: \nBcc:\n",
            '("" "" NIL NIL NIL NIL NIL NIL "" "")',
        ),
        (
            "From: a@b\nSender:\nReply-To: ,\n",
            '(NIL NIL ((NIL NIL "a" "b")) ((NIL NIL "a" "b")) ((NIL NIL "a" "b")) NIL NIL NIL NIL NIL)',
        ),
        (
            "From: a@b\nSender: c@d\nReply-To: e@f\nBcc: g@h\n",
            '(NIL NIL ((NIL NIL "a" "b")) ((NIL NIL "c" "d")) ((NIL NIL "e" "f")) NIL NIL ((NIL NIL "g" "h")) NIL NIL)',
        ),
        ("Sender: c@d\n", '(NIL NIL NIL ((NIL NIL "c" "d")) NIL NIL NIL NIL NIL NIL)'),
        (
            "To: a@b\nTo: c: d@e;\n",
            '(NIL NIL NIL NIL NIL ((NIL NIL "a" "b")(NIL NIL "c" NIL)(NIL NIL "d" "e")(NIL NIL NIL NIL)) NIL NIL NIL NIL)',
        ),
        (
            'Subject: a\n "b"\n\tc\\\nIn-Reply-To: your mail of\n <x@y>\n',
            '(NIL "a \\"b\\" c\\\\" NIL NIL NIL NIL NIL NIL "your mail of <x@y>" NIL)',
        ),
        ("Subject: caf\xe9\n", "(NIL {4}\ncaf\xe9 NIL NIL NIL NIL NIL NIL NIL NIL)"),
        ("X-Original-Message-ID: <x@y>\n", "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)"),
    ],
)
def test_envelopes(head: str, sent: str) -> None:
    assert envelope(parse_header(crlf(head + "\n"))) == crlf(sent)


def test_long_fields_and_addresses() -> None:
    sent = envelope(parse_header(b"Subject: %b\r\n\r\n" % (b"x" * (MAX_FIELD + 1))))
    assert sent.startswith(b"(NIL {%d}\r\nxxx" % MAX_FIELD)
    name = b"x" * 500
    sent = envelope(parse_header(b"Cc: %b <a@b>\r\n\r\n" % name))
    assert sent == b'(NIL NIL NIL NIL NIL NIL (("%b" NIL "a" "b")) NIL NIL NIL)' % name


MULTIPART = crlf("""\
Subject: x
Content-Type: multipart/mixed; boundary=b
Content-Language: en, de
Content-Location: http://x/
Content-Disposition: inline

--b
Content-ID: <i@d>
Content-Description: d
Content-MD5: Q2hlY2s=

one
--b
Content-Type: message/rfc822
Content-Disposition: attachment; filename="a b"

Subject: in
From: a@b

two

--b
Content-Type: message/rfc822
Content-Transfer-Encoding: base64

U3ViamVjdA==
--b--
""")


def test_bodystructure_and_body() -> None:
    tree = structure(MULTIPART)
    assert bodystructure(tree) == (
        b'(("text" "plain" ("charset" "us-ascii") "<i@d>" "d" "7bit" 3 0 "Q2hlY2s=" NIL NIL NIL)'
        b'("message" "rfc822" NIL NIL NIL "7bit" 31 '
        b'(NIL "in" ((NIL NIL "a" "b")) ((NIL NIL "a" "b")) ((NIL NIL "a" "b")) NIL NIL NIL NIL NIL) '
        b'("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 5 1 NIL NIL NIL NIL) 4 '
        b'NIL ("attachment" ("filename" "a b")) NIL NIL)'
        b'("message" "rfc822" NIL NIL NIL "base64" 12 (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) '
        b'("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0 NIL NIL NIL NIL) 0 NIL NIL NIL NIL) '
        b'"mixed" ("boundary" "b") ("inline" NIL) ("en" "de") "http://x/")'
    )
    assert body(tree) == (
        b'(("text" "plain" ("charset" "us-ascii") "<i@d>" "d" "7bit" 3 0)'
        b'("message" "rfc822" NIL NIL NIL "7bit" 31 '
        b'(NIL "in" ((NIL NIL "a" "b")) ((NIL NIL "a" "b")) ((NIL NIL "a" "b")) NIL NIL NIL NIL NIL) '
        b'("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 5 1) 4)'
        b'("message" "rfc822" NIL NIL NIL "base64" 12 (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) '
        b'("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0) 0) "mixed")'
    )


HEAD = crlf("""\
Received: from x
From: a@b
X-Odd: 1
Subject: one
\ttwo
DATE: now
Subject: three
Lost: line

""")


def test_listed_fields() -> None:
    row = fields(parse_header(HEAD))
    assert row == crlf("From: a@b\nSubject: one\n\ttwo\nDATE: now\nSubject: three\n")
    assert pick(row, LISTED_FIELDS) == row + b"\r\n"
    assert pick(row, frozenset((b"date", b"from"))) == crlf("From: a@b\nDATE: now\n\n")
    assert pick(row, frozenset((b"cc",))) == b"\r\n"
    assert pick(row, frozenset()) == b"\r\n"
    assert fields(parse_header(b"X: y\r\n\r\n")) == b""
    assert fields(parse_header(b"\r\n")) == b""


NAMES = (b"From", b"subject", b"Date", b"TO", b"X-Odd", b"From-x", b"xFrom", b"Received")
FIELD = st.tuples(
    st.sampled_from(NAMES),
    st.lists(st.text("ab:\t é", min_size=1).map(str.encode), min_size=1, max_size=3),
)


@given(st.lists(FIELD), st.sets(st.sampled_from(sorted(LISTED_FIELDS))))
def test_picking_is_as_reading_the_header(
    written: list[tuple[bytes, list[bytes]]], wanted: set[bytes]
) -> None:
    head = b"".join(
        b"%b: x%b\r\n" % (name, b"\r\n ".join([b"", *(line + b"." for line in lines)]))
        for name, lines in written
    )
    head += b"\r\n"
    row = fields(parse_header(head))
    assert pick(row, frozenset(wanted)) == subset(head, wanted, without=False)


# What is rendered obeys the formal syntax, whatever the message (RFC 9051 s. 9: envelope, body).

Value = bytes | int | None | list["Value"]

TOKEN = re.compile(rb'"((?:[^"\\\r\n\x80-\xff]|\\["\\])*+)"|\{(\d+)\}\r\n|(\d+)|(NIL)|([() ])')


def read(octets: bytes) -> list[Value]:
    """Read what was rendered: strings, numbers, None for NIL, lists."""
    stack: list[list[Value]] = [[]]
    at = 0
    while at < len(octets):
        token = TOKEN.match(octets, at)
        assert token, octets[at : at + 40]
        at = token.end()
        quoted, literal, number, nil, special = token.groups()
        if literal is not None:
            stack[-1].append(octets[at : at + int(literal)])
            at += int(literal)
        elif special == b"(":
            stack.append([])
        elif special == b")":
            done = stack.pop()
            stack[-1].append(done)
        elif special is None:
            stack[-1].append(int(number) if number else None if nil else quoted)
    (values,) = stack
    return values


def is_string(value: Value) -> bool:
    return isinstance(value, bytes)


def is_nstring(value: Value) -> bool:
    return value is None or is_string(value)


def is_parameters(value: Value) -> bool:
    return value is None or (
        isinstance(value, list)
        and bool(value)
        and not len(value) % 2
        and all(map(is_string, value))
    )


def check_envelope(value: Value) -> None:
    assert isinstance(value, list)
    assert len(value) == 10
    assert all(is_nstring(value[at]) for at in (0, 1, 8, 9))
    for addresses in value[2:8]:
        assert addresses is None or (isinstance(addresses, list) and addresses)
        for address in addresses or ():
            assert isinstance(address, list)
            assert len(address) == 4
            assert all(map(is_nstring, address))


def check_body(root: Value) -> None:
    bodies = [root]
    for value in bodies:  # grows
        assert isinstance(value, list)
        parts = [part for part in value if isinstance(part, list)]
        if isinstance(value[0], list):
            count = next(at for at, part in enumerate(value) if not isinstance(part, list))
            bodies += parts[:count]
            subtype, *extension = value[count:]
            assert is_string(subtype)
            assert is_parameters(extension.pop(0))
        else:
            kind, subtype, parameters, identifier, description, encoding, size, *rest = value
            assert all(map(is_string, (kind, subtype, encoding)))
            assert is_parameters(parameters)
            assert is_nstring(identifier)
            assert is_nstring(description)
            assert isinstance(size, int)
            if kind == b"text":
                assert isinstance(rest.pop(0), int)
            elif kind == b"message" and subtype in {b"rfc822", b"global"}:
                check_envelope(rest.pop(0))
                bodies.append(rest.pop(0))
                assert isinstance(rest.pop(0), int)
            assert is_nstring(rest.pop(0))
            extension = rest
        disposition, language, location = extension
        if disposition is not None:
            assert isinstance(disposition, list)
            assert is_string(disposition[0])
            assert is_parameters(disposition[1])
        assert language is None or (
            isinstance(language, list) and language and all(map(is_string, language))
        )
        assert is_nstring(location)


FRAGMENTS = (
    b"From: ", b"To: ", b"Reply-To: ", b"Subject: ", b"Content-Type: ", b"Content-Disposition: ", b"Content-Language: ",
    b"Content-Transfer-Encoding: ", b"multipart/mixed; boundary=x", b"message/rfc822", b"text/plain", b"; a*0*=",
    b"base64", b"\r\n", b"\r\n\r\n", b"\r\n--x\r\n", b"\r\n--x--\r\n", b"a@b", b"g: ", b";", b",", b'"', b"\\", b"(", b")",
    b"<", b">", b"=?", b"\xe9", b" ", b"'", b"%",
)  # fmt: skip  # a list of fragments


@given(st.lists(st.sampled_from(FRAGMENTS)))
def test_the_formal_syntax(fragments: list[bytes]) -> None:
    octets = b"".join(fragments)
    tree = structure(octets)
    (value,) = read(envelope(parse_header(octets)))
    check_envelope(value)
    (value,) = read(bodystructure(tree))
    check_body(value)
