"""What a match is: folding, and what of a message is looked at."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.message import text as text_module
from storage.message.apart import MAX_APART
from storage.message.fields import parse_header
from storage.message.structure import structure
from storage.message.text import (
    MAX_MARKS,
    Searchable,
    contains,
    field_texts,
    fold,
    fold_needle,
    folded,
    searchable,
)


def casemap(character: str) -> str:
    """Return the form in which i;unicode-casemap compares a character (RFC 5051 s. 2)."""
    title = character.title()
    return unicodedata.normalize("NFKD", title if len(title) == 1 else character)


def lines(*texts: str) -> bytes:
    return "\r\n".join([*texts, ""]).encode()


def test_what_rfc_5051_holds_equal_is_equal() -> None:
    groups: dict[str, set[str]] = {}
    for code in range(sys.maxunicode + 1):
        if not 0xD800 <= code < 0xE000:
            groups.setdefault(casemap(chr(code)), set()).add(fold(chr(code)))
    assert not {key: folded for key, folded in groups.items() if len(folded) > 1}


def test_folding_is_done_once() -> None:
    for code in range(sys.maxunicode + 1):
        folded = fold(chr(code))
        assert fold(folded) == folded


@given(st.text(), st.text(st.sampled_from("aZ\u0301\u0323é ß\u0131İﬁ한")))
def test_a_part_of_a_text_stays_a_part(before: str, part: str) -> None:
    # Marks are put in an order of their own: a part that begins with one, or ends before one, is none of the text's.
    assert fold(part) in fold(f"{before}.{part}.{before}")


@given(st.text(st.sampled_from("aZ \u0301\u0323é\xb4ß\u0131İﬁ한\xa0\ud800"), max_size=400))
def test_what_is_beyond_ascii_may_be_folded_apart(text: str) -> None:
    for each in (text, text + "é" * MAX_APART):
        assert folded(each) == fold(each).encode("utf-8", "surrogatepass")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Patch", "pAtCH"), ("Straße", "STRASSE"), ("é", "e\u0301"), ("É", "é"), ("ﬁle", "FILE"), ("\uff2b", "k"),
        ("\u03c3", "\u03c2"), ("\u0131", "I"), ("отпуск", "ОТПУСК"), ("가", "\u1100\u1161"), ("①", "1"), ("\N{KELVIN SIGN}", "k"),
    ],
)  # fmt: skip  # one row each would be a page
def test_folded_alike(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(
    ("one", "other"), [("a", "b"), ("è", "é"), ("ж", "з"), ("  ", " "), ("\n", " ")]
)
def test_folded_apart(one: str, other: str) -> None:
    assert fold(one) != fold(other)


def test_a_needle_has_the_line_ends_and_blanks_of_what_it_is_sought_in() -> None:
    assert fold_needle("a\r\nb\tc\x85", in_header=False) == "A\nB\tC\x85"
    assert fold_needle("a\r\nb\tc\x85", in_header=True) == "A\nB C "


def test_a_field_is_unfolded_and_decoded() -> None:
    header = parse_header(
        lines(
            "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=",
            " =?utf-8?b?IGFuIGFsbGU=?= \tund",
            "\tmehr",
            "subject: two",
            "",
        )
    )
    assert field_texts(header, b"subject") == [fold("Grüße an alle  und mehr"), "TWO"]
    assert field_texts(header, b"to") == []


def test_a_plain_message() -> None:
    octets = lines("Subject: a", "\tb\x07c", "X: d", "", "One  two", "Three", "")
    assert searchable(octets) == Searchable(b"SUBJECT: A B C\nX: D\n\n", b"ONE  TWO\nTHREE\n\n")


def test_the_structure_may_be_given() -> None:
    octets = lines("Subject: a", "", "b")
    assert searchable(octets, structure(octets)) == searchable(octets)


def test_a_header_that_is_encoded_or_not_ascii() -> None:
    octets = lines("Subject: =?utf-8?q?=C3=A4?=", " b", "To: ö  <x@y>", "no field", "", "")
    assert searchable(octets).head == folded("Subject: ä b\nTo: ö  <x@y>\nno field\n\n")
    assert searchable(lines("Subject: \x1b$B4A;z\x1b(B", "", "")).head.startswith(
        "SUBJECT: 漢字\n".encode()
    )


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("quoted-printable", "Gr=C3=BC=C3=\r\n=9Fe=0D=0Aan alle"),
        ("base64", "R3LDvMOfZQ0KYW4gYWxsZQ=="),
        ("8bit", "Grüße\r\nan alle"),
        ("unknown", "Grüße\r\nan alle"),
    ],
)
def test_a_body_is_decoded(encoding: str, body: str) -> None:
    octets = lines(
        "Content-Type: text/plain; charset=utf-8",
        f"Content-Transfer-Encoding: {encoding}",
        "",
        body,
    )
    assert searchable(octets).body.rstrip(b"\n") == folded("Grüße\nan alle")


def test_a_charset_is_declared_or_guessed() -> None:
    for charset, octets in (
        (b"koi8-r", "отпуск".encode("koi8-r")),
        (b"us-ascii", "отпуск".encode()),
    ):
        head = b"Content-Type: text/plain; charset=%b\r\n\r\n" % charset
        assert searchable(head + octets).body == folded("отпуск")
    assert searchable(b"\r\ncaf\xe9").body == folded("café")


MIXED = lines(
    "Subject: outer",
    "Content-Type: multipart/mixed; boundary=b",
    "",
    "preamble",
    "--b",
    "Content-Type: text/html",
    "X-Of-Part: one",
    "",
    "<b>bold</b>",
    "--b",
    "Content-Type: image/png; name=picture.png",
    "Content-Transfer-Encoding: base64",
    "",
    "cGljdHVyZQ==",
    "--b",
    "Content-Type: message/rfc822",
    "Content-Description: forwarded",
    "",
    "Subject: inner",
    "Content-Type: multipart/alternative; boundary=c",
    "",
    "--c",
    "Content-Type: text/plain; charset=utf-8; format=flowed",
    "",
    "inner text",
    "--c--",
    "--b",
    "Content-Type: message/delivery-status",
    "",
    "Status: 5.0.0",
    "--b--",
    "epilogue",
)


def test_parts_of_text_and_messages_are_of_the_body_and_mime_fields_of_the_header() -> None:
    text = searchable(MIXED)
    for needle in (
        "outer",
        "x-of-part: one",
        "name=picture.png",
        "content-description: forwarded",
        "format=flowed",
    ):
        assert folded(needle) in text.head
        assert folded(needle) not in text.body
    for needle in ("<b>bold</b>", "subject: inner", "inner text", "status: 5.0.0"):
        assert folded(needle) in text.body
        assert folded(needle) not in text.head
    for needle in ("cGljdHVyZQ==", "preamble", "epilogue", "picture\0"):
        assert folded(needle) not in text.head + text.body
    assert text.body.index(b"BOLD") < text.body.index(b"INNER TEXT") < text.body.index(b"STATUS")


def test_no_needle_lies_across_parts() -> None:
    text = searchable(MIXED)
    assert b"</B>\0SUBJECT: INNER" in text.body


def test_only_so_much_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_module, "MAX_TEXT", 8)
    assert searchable(lines("", "0123456789")).body == b"01234567"
    text = searchable(MIXED)
    assert b"<B>BOLD<" in text.body
    assert b"INNER TEXT" not in text.body


SEVERAL = [
    MIXED,
    lines("Subject: plain", "X: a", " b", "", "one two", "ALICE@x.example", ""),
    lines("Subject: =?utf-8?q?=61?=", "", "one two", ""),
    lines("Content-Type: text/plain; charset=utf-8", "", "one two", ""),
    lines("Content-Type: text/plain; charset=utf-7", "", "one +AOQ- two", ""),
    lines("Content-Type: text/plain; charset*0=ut; charset*1=f-7", "", "one +AOQ- two", ""),
    lines("Content-Type: text/plain; charset=iso-2022-jp", "", "one \x1b$B4A;z\x1b(B two", ""),
    lines("Content-Transfer-Encoding: quoted-printable", "", "o=6Ee two", ""),
    lines("Content-Transfer-Encoding: base64", "", "b25lIHR3bw==", ""),
    lines("Content-Type: image/png", "", "one two", ""),
    lines(
        "Content-Type:",
        " text/plain; charset=us-ascii",
        "Subject: a",
        "\tb",
        "",
        "one two",
        "alice@x",
        "",
    ),
    lines("Content-Type : text/plain", "", "one charset two", ""),
    lines(
        "Content-Type: multipart/mixed; boundary=b",
        "",
        "--b",
        "X: a",
        "\tb",
        "",
        "one",
        "--b--",
        "",
    ),
    lines("Content-Type: text/plain; charset=koi8-r", "", "one two", ""),
    lines("", "one"),
    lines("Subject: one"),
    b"",
]
WORDS = [
    "one",
    "two",
    "one two",
    "a",
    "b",
    "a b",
    "=",
    "bold",
    "ä",
    "漢字",
    "alice@x",
    "b25l",
    "subject:",
    "\n",
    "ut",
    "é",
    "a\tb",
    "\t",
]


@pytest.mark.parametrize("octets", SEVERAL)
def test_contains_is_a_look_at_what_is_searchable(octets: bytes) -> None:
    text = searchable(octets)
    for word in WORDS:
        in_head, in_body = (fold_needle(word, in_header=each).encode() for each in (True, False))
        assert contains(octets, in_head, in_body) == (in_head in text.head or in_body in text.body)
        assert contains(octets, None, in_body) == (in_body in text.body)


@given(st.binary(max_size=300).map(lambda octets: octets.replace(b"\n", b"\r\n")))
def test_any_octets_have_a_text(octets: bytes) -> None:
    text = searchable(octets)
    for part in (text.head, text.body):
        decoded = part.decode("utf-8", "surrogatepass")
        assert fold(decoded) == decoded


@pytest.mark.parametrize(
    "mark", ["\u0301\u0323", "\U0001d165\u0323", "\uff9e\u302a", "\u0f81\u0f71"]
)
def test_marks_without_end_are_ordered_by_the_piece(mark: str) -> None:
    few, many = "a" + mark * (MAX_MARKS // 2), "a" + mark * 200_000  # minutes, all at once
    assert fold(few) == unicodedata.normalize("NFKD", few).upper()
    assert fold(many + "b") == fold(many) + "B"
    assert fold(many).startswith(fold(few))
    assert len(fold(many)) == len(unicodedata.normalize("NFKD", mark)) * 200_000 + 1


def test_letters_beyond_the_bmp_are_no_marks() -> None:
    text = "\U00010400" * 3 * MAX_MARKS + "\u0301\u0323"
    assert fold(text) == unicodedata.normalize("NFKD", text.casefold()).upper()
