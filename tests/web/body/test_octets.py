from __future__ import annotations

import base64
import binascii

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.web.body.obfuscation import obfuscated_bytes
from gateway.web.body.octets import obfuscated_octets, obfuscating
from storage.message.encodings import decode
from storage.message.fields import parse_header
from storage.message.lines import with_lf
from storage.message.structure import structure
from storage.message.words import decode as words

HEAD = b"From: Ann <ann@example.org>\r\nMessage-ID: <1.2@mail.example.org>\r\n"


def fields(*lines: bytes) -> bytes:
    return b"\r\n".join([*lines, b"", b""])


def test_ids_stay_whole_and_all_else_is_obfuscated() -> None:
    octets = fields(
        b"From: Ann <ann@example.org>",
        b"Message-ID: <1.2@mail.example.org>",
        b"References: <0.1@mail.example.org>",
        b"\t<0.2@mail.example.org>",
        b"in-reply-to : <0.2@mail.example.org>",
        b"X-Original-Message-ID: <1.2@mail.example.org>",
        b"List-Post: <mailto:list@lists.example.org>",
        b"Archived-At: <https://lists.example.org/1.2@mail.example.org>",
        b"To: a@example.org,",
        b" b@example.org",
    )
    assert obfuscated_octets(octets + b"Mail ann@example.org\r\n") == (
        fields(
            b"From: Ann <ann@...mple.org>",
            b"Message-ID: <1.2@mail.example.org>",
            b"References: <0.1@mail.example.org>",
            b"\t<0.2@mail.example.org>",
            b"in-reply-to : <0.2@mail.example.org>",
            b"X-Original-Message-ID: <1.2@mail.example.org>",
            b"List-Post: <mailto:list@...ts.example.org>",
            b"Archived-At: <https://lists.example.org/1.2@mail.example.org>",
            b"To: a@...mple.org,",
            b" b@...mple.org",
        )
        + b"Mail ann@...mple.org\r\n"
    )


def test_words_among_ids_may_hold_addresses() -> None:
    octets = fields(
        b"In-Reply-To: Message from Ann <ann@example.org> of Monday <1@mail.example.org>",
        b"Message-ID: <1.2@mail.example.org>",
    )
    assert b"<ann@...mple.org>" in obfuscated_octets(octets)


def test_without_a_header() -> None:
    assert obfuscated_octets(b"\r\nann@example.org\r\n") == b"\r\nann@...mple.org\r\n"


@pytest.mark.parametrize(
    "word",
    [b"=?utf-8?q?ann=40example=2Eorg?=", b"=?UTF-8?B?%b?=" % base64.b64encode(b"ann@example.org")],
)
def test_encoded_words_hide_no_address(word: bytes) -> None:
    octets = b"Subject: of %b\r\nMessage-ID: <1@x.example>\r\n\r\n" % word
    value = parse_header(obfuscated_octets(octets)).first(b"subject")
    assert value is not None
    assert words(value) == "of ann@...mple.org"


def test_encoded_words_without_an_address_stay() -> None:
    octets = b"Subject: =?utf-8?q?J=C3=B6rg?= =?x?b??=\r\n\r\n"
    assert obfuscated_octets(octets) == octets


@pytest.mark.parametrize("encoding", [b"base64", b"quoted-printable"])
@given(text=st.text(alphabet="a@.b= \n\r\0é_"))
def test_encoded_text_is_obfuscated_and_encoded_anew(encoding: bytes, text: str) -> None:
    plain = text.encode()
    if encoding == b"base64":
        written = binascii.b2a_base64(plain, newline=False) + b"\r\n"
    else:
        plain = with_lf(plain).replace(b"\n", b"\r\n")
        written = binascii.b2a_qp(b"\r\n" + plain)[2:]
        written += b"" if written.endswith(b"\r\n") else b"=\r\n"
    octets = HEAD + b"Content-Transfer-Encoding: %b\r\n\r\n%b" % (encoding, written)
    hidden = obfuscated_octets(octets)
    part = structure(hidden)
    said = decode(hidden[part.body : part.end], part.encoding)
    original = decode(written, encoding)
    assert original is not None
    assert said == obfuscated_bytes(original)
    assert hidden.endswith(b"\r\n")
    assert hidden.count(b"\r") == hidden.count(b"\n") == hidden.count(b"\r\n")


def test_text_without_an_address_stays_as_it_is_encoded() -> None:
    octets = HEAD.replace(b"ann@example.org", b"Ann") + (
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\n=41=42=\r\n=43\r\n"
    )
    assert obfuscated_octets(octets) == octets


def test_a_text_without_a_line_end_ends_with_a_soft_one() -> None:
    octets = HEAD + b"Content-Transfer-Encoding: quoted-printable\r\n\r\nann@example.org=\r\n"
    assert obfuscated_octets(octets).endswith(b"\r\n\r\nann@...mple.org=\r\n")


@pytest.mark.parametrize("boundary", [b"=_x@abc", b"=_x@abcdef.example", b"@@@@"])
def test_parts_are_found_as_before(boundary: bytes) -> None:
    octets = b"\r\n".join([
        b"Message-ID: <1@x.example>",
        b'Content-Type: multipart/mixed; boundary="%b"' % boundary,
        b"",
        b"--" + boundary,
        b"",
        b"ann@example.org",
        b"--" + boundary,
        b"Content-Type: text/plain; name=ann@example.org",
        b"Content-Transfer-Encoding: base64",
        b"",
        base64.b64encode(b"ann@example.org"),
        b"--" + boundary,
        b"Content-Type: application/octet-stream",
        b"",
        b"M@ABCDEFG",
        b"--" + boundary + b"--",
        b"",
    ])  # fmt: skip  # lines
    hidden = obfuscated_octets(octets)
    parts = structure(hidden).children
    said = [decode(hidden[part.body : part.end], part.encoding) for part in parts]
    assert said == [b"ann@...mple.org", b"ann@...mple.org", b"M@ABCDEFG"]
    assert b"ann@example.org" not in hidden


def test_an_enclosed_message_is_obfuscated() -> None:
    octets = (
        HEAD
        + b"Content-Type: message/rfc822\r\n\r\nFrom: bob@example.org\r\n\r\nbob@example.org\r\n"
    )
    assert obfuscated_octets(octets).count(b"bob@...mple.org") == 2


@pytest.mark.parametrize("encoding", [b"8bit", b"base64", b"quoted-printable"])
def test_a_long_text_comes_in_pieces(encoding: bytes) -> None:
    plain = b"Mail ann@example.org =\r\n" * 50_000
    written = {
        b"8bit": plain,
        b"base64": base64.encodebytes(plain).replace(b"\n", b"\r\n"),
        b"quoted-printable": plain.replace(b"=", b"=3D"),
    }[encoding]
    octets = HEAD + b"Content-Transfer-Encoding: %b\r\n\r\n%b" % (encoding, written)
    pieces = list(obfuscating(octets))
    assert len(pieces) > 8
    hidden = b"".join(pieces)
    part = structure(hidden)
    assert decode(hidden[part.body :], encoding) == plain.replace(b"@exa", b"@...")
    assert max(map(len, hidden.split(b"\r\n"))) < 78
    assert not hidden.endswith(b"\n=\r\n")
