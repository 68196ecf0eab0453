from __future__ import annotations

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
