from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.message.fields import parse_header
from storage.message.structure import MAX_DEPTH, MAX_LANGUAGES, MAX_PARTS, Part, structure


def crlf(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode("latin-1")


def multipart(*boundaries: str) -> str:
    return "".join(
        f"{f'--{outer}' + chr(10) if outer else ''}Content-Type: multipart/mixed; boundary={inner}\n\n"
        for outer, inner in zip(("", *boundaries), boundaries, strict=False)
    )


def outline(octets: bytes, part: Part) -> object:
    """Return a leaf's body, or a list of its children's outlines; of a message a tuple."""
    if part.message is not None:
        return (outline(octets, part.message),)
    if part.children:
        return [outline(octets, child) for child in part.children]
    return octets[part.body : part.end].decode("latin-1").replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Subject: x\n\nbody\n", "body\n"),
        ("\nbody\n", "body\n"),
        ("Subject: x\n", ""),
        ("", ""),
        (multipart("b") + "--b\n\none\n--b\n\ntwo\n--b--\n", ["one", "two"]),
        (multipart("b") + "before\n--b\n\none\n\n--b--\nafter\n--b\nno\n", ["one\n"]),
        (multipart("b") + "--b\n\none\n", ["one\n"]),
        (multipart("b") + "--b\n\none\n--b", ["one", ""]),
        (multipart("b") + "--b \t\n\none\n--b-- \n", ["one"]),
        (multipart("b") + "--bcd\n\none\n--b--x\n", ["one"]),
        (multipart("b") + "-- b\n\n--c\n", [""]),
        (multipart("b") + "--b--\n", [""]),
        (multipart("b"), [""]),
        (multipart("b") + "--b\n--b\n\n--b\nA: x\n--b\nA: x\n\n--b--\n", ["", "", "", ""]),
        ("Content-Type: multipart/mixed\n\n--b\n\none\n--b--\n", [""]),
        ('Content-Type: multipart/mixed; boundary=" "\n\n-- \n\none\n', [""]),
        ('Content-Type: multipart/mixed; boundary="b c "\n\n--b c\n\none\n', ["one\n"]),
        # RFC 2046 s. 5.1.2: a delimiter of the outer one ends the inner one.
        (
            multipart("a", "b") + "--b\n\ni\n--a\n\no\n--a--\n",
            [["i"], "o"],
        ),
        (
            multipart("bb", "b") + "--b\n\ni\n--b--\nepilogue\n--bb\n\no\n--bb--\n",
            [["i"], "o"],
        ),
        (
            multipart("b", "bb") + "--bb\n\ni\n--bb--\n--b\n\no\n--b--\n",
            [["i"], "o"],
        ),
        (multipart("b", "b") + "--b\n\nx\n--b--\n--b\n\ny\n--b--\n", [["x"], "y"]),
        (multipart("a", "ab", "b") + "--a\n\nx\n", [[[""]], "x\n"]),
        (multipart("m", "a") + "--c\n--m\n\nx\n", [[""], "x\n"]),
        ("Content-Type: message/rfc822\n\nSubject: x\n\nin\n", ("in\n",)),
        ("Content-Type: message/global\n\nSubject: x\n\nin\n", ("in\n",)),
        ("Content-Type: message/rfc822\n\n", ("",)),
        (
            "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nSubject: x\n\nin\n",
            "Subject: x\n\nin\n",
        ),
        (
            "Content-Type: message/rfc822\n\nContent-Type: message/rfc822\n\n"
            + multipart("b")
            + "--b\n\nx\n--b--\n",
            ((["x"],),),
        ),
        (
            multipart("b") + "--b\nContent-Type: message/rfc822\n\nSubject: x\n--b\n\n\n--b--\n",
            [("",), ""],
        ),
        (
            multipart("b") + "--b\nContent-Type: message/rfc822\n\n--b--\n",
            [("",)],
        ),
        (
            multipart("b").replace("mixed", "digest")
            + "--b\n\nSubject: 1\n\nx\n--b\nContent-Type: text/plain\n\ny\n--b--\n",
            [("x",), "y"],
        ),
    ],
)
def test_trees(text: str, expected: object) -> None:
    octets = crlf(text)
    assert outline(octets, structure(octets)) == expected


def test_what_a_part_says_of_itself() -> None:
    octets = crlf(
        "Content-Type: Text/HTML; Charset=UTF-8\nContent-ID: <i@d>\nContent-Description: d (e)\n"
        "Content-Transfer-Encoding: Base64\nContent-MD5: Q2hlY2s=\nContent-Language: en, de,,\n"
        "Content-Location: http://x/\nContent-Disposition: Attachment; filename=f\n\none\ntwo\n"
    )
    part = structure(octets)
    assert (part.type, part.subtype, part.charset) == (b"text", b"html", b"UTF-8")
    assert (part.id, part.description, part.encoding) == (b"<i@d>", b"d (e)", b"base64")
    assert (part.md5, part.language, part.location) == (b"Q2hlY2s=", [b"en", b"de"], b"http://x/")
    assert part.disposition == (b"attachment", ((b"filename", b"f"),))
    assert part.header.first(b"content-id") == b"<i@d>"
    assert (part.start, part.lines, part.end) == (0, 2, len(octets))
    assert (part.is_multipart, part.is_message, part.message) == (False, False, None)


def test_what_a_part_does_not_say() -> None:
    part = structure(b"\r\nx\r\n")
    assert (part.type, part.subtype, part.parameters) == (b"text", b"plain", ())
    assert (part.charset, part.encoding) == (b"", b"7bit")
    assert (part.id, part.description, part.md5, part.location) == (None, None, None, None)
    assert part.disposition is None
    assert not part.language


@pytest.mark.parametrize("value", ["", "text", "text/", "\xe9"])
def test_a_broken_type_is_plain_text(value: str) -> None:
    octets = crlf(
        f"Content-Type: multipart/digest; boundary=b\n\n--b\nContent-Type: {value}\n\nx\n"
    )
    (part,) = structure(octets).children
    assert (part.type, part.subtype) == (b"text", b"plain")


def test_broken_fields_say_nothing() -> None:
    part = structure(
        b"Content-Disposition: ;\r\nContent-Language:\r\nContent-Transfer-Encoding:\r\n\r\n"
    )
    assert (part.disposition, part.language, part.encoding) == (None, (), b"7bit")
    assert (
        len(structure(b"Content-Language: " + b"x," * 999 + b"\r\n\r\n").language) == MAX_LANGUAGES
    )


def test_lines_of_a_message() -> None:
    octets = crlf(
        multipart("b")
        + "--b\nContent-Type: message/rfc822\n\nSubject: x\n\none\ntwo\n--b\n\nx\n--b--\n"
    )
    message, text = structure(octets).children
    assert (message.lines, message.children[0].lines, text.lines) == (3, 1, 0)
    assert structure(b"Content-Type: image/png\r\n\r\nx\r\n").lines == 0


def test_a_header_that_was_parsed_already_is_taken() -> None:
    octets = b"Content-Type: image/png\r\n\r\nx\r\n"
    header = parse_header(octets)
    assert structure(octets, header).header is header


def test_what_lies_too_deep_is_a_leaf() -> None:
    for text, count in (
        (multipart(*(f"b{at}." for at in range(150))), MAX_DEPTH),
        ("Content-Type: message/rfc822\n\n" * 150, MAX_DEPTH),
    ):
        part = structure(crlf(text + "x\n"))
        for _ in range(count):
            (part,) = part.children
        assert (part.type, part.subtype) == (b"application", b"octet-stream")
        assert not part.children
    part = structure(crlf("Content-Type: message/rfc822\n\n" * MAX_DEPTH + "\nx\n"))
    for _ in range(MAX_DEPTH):
        (part,) = part.children
    assert (part.type, part.subtype) == (b"text", b"plain")


def test_the_last_part_holds_what_is_too_many() -> None:
    octets = crlf(multipart("b") + "--b\n\nx\n" * (MAX_PARTS + 5) + "--b--\n")
    parts = structure(octets).children
    assert len(parts) == MAX_PARTS - 1
    assert octets[parts[-1].body : parts[-1].end].count(b"x") == 7
    assert octets[parts[-2].body : parts[-2].end] == b"x"


PIECES = (
    "--a\n", "--b\n", "--ab\n", "--a--\n", "--b--\n", "--", "\n", "\n\n", "x", "A: x\n",
    "Content-Type: multipart/mixed; boundary=a\n\n", "Content-Type: multipart/digest; boundary=ab\n\n",
    "Content-Type: multipart/mixed; boundary=b\n\n", "Content-Type: message/rfc822\n\n",
)  # fmt: skip  # a list of pieces


@given(st.lists(st.sampled_from(PIECES)), st.binary(max_size=20))
def test_parts_lie_within_their_parents_one_after_the_other(pieces: list[str], rest: bytes) -> None:
    octets = crlf("".join(pieces)) + rest.replace(b"\r", b"").replace(b"\n", b"")
    root = structure(octets)
    assert (root.start, root.end) == (0, len(octets))
    parts = [root]
    for part in parts:
        assert 0 <= part.start <= part.body <= part.end <= len(octets)
        at = part.body
        for child in part.children:
            assert child.start >= min(at, child.end)
            assert child.end <= part.end
            at = child.end
        parts.extend(part.children)


@pytest.mark.parametrize(
    "octets",
    [
        b"Content-Type: message/rfc822\r\n\r\n" * 25_000,
        crlf(multipart("a", "b")) + b"--\r\n" * 250_000,
        crlf(multipart("b")) + b"--b\r\nA: x\r\n" * 75_000,
        crlf(multipart("b")) + b"--b\r\n" * 125_000,
        crlf(multipart(*("a" * size for size in range(1, 90)))) + b"--b\r\n" * 125_000,
        crlf(multipart("a") + multipart("a", "aa", "aaa")[len(multipart("a")) :] * 5_000),
    ],
    ids=["messages", "dashes", "headers", "delimiters", "prefixes", "reopened"],
)
def test_time_is_linear(octets: bytes) -> None:
    began = time.perf_counter()
    structure(octets)
    assert time.perf_counter() - began < 5  # quadratic: minutes
