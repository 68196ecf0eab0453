from __future__ import annotations

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.web.body import attachment, obfuscated_octets, parse, parsing
from gateway.web.body.obfuscation import obfuscated
from gateway.web.body.texts import clean
from storage.message import charsets
from tests.web import xss
from tests.web.body.seen import driven, message, rendered, text_of, tree_of, wrong

LINES = [
    "", " ", "a", "> a", ">> b", " > c", "-- ", "--", "_" * 40, "On Monday Ann wrote:", "diff --git a/x b/x", "--- a/x", "+++ b/x",
    "@@ -1,2 +1,2 @@ f", "-a", "+b", " c", "\\ No newline", "index 1..2", "Index: x", " x | 2 +-", " 1 file changed, 2 insertions(+)",
    "<1.2@x.example>", "http://a.example/b", "ann@example.org", "&lt;", "<b>", "\x00\x1b", "\u2028", "\ufffe", "é",
]  # fmt: skip  # a list
TEXTS = st.lists(st.sampled_from(LINES) | st.text(max_size=20), max_size=40).map("\n".join)
FIELDS = st.sampled_from([
    "", "Content-Type: text/html", "Content-Type: multipart/mixed; boundary=b", "Content-Type: multipart/alternative; boundary=b",
    "Content-Type: message/rfc822", "Content-Transfer-Encoding: base64", "Content-Transfer-Encoding: quoted-printable",
    "Content-Type: text/plain; charset=utf-7", "Content-Type: text/plain; format=flowed; delsp=yes", "Content-Type: image/png",
    "Content-Type: text/plain; charset=utf-16; name=x", "Content-Type: multipart/encrypted; boundary=b",
])  # fmt: skip  # a list
PIECES = st.lists(
    st.sampled_from([
        b"--b\r\n", b"--b--\r\n", b"Content-Type: text/html\r\n\r\n", b"Content-Type: message/rfc822\r\n\r\n", b"\r\n", b"<p>", b"<pre>",
        b"<a href='http://x.example/'>", b"Content-Type: multipart/mixed; boundary=c\r\n\r\n", b"--c\r\n", b"> a\r\n",
        b"Content-Disposition: attachment; filename=x.txt\r\n", b"Subject: <b>\r\n",
    ])
    | st.binary(max_size=20).map(lambda octets: octets.replace(b"\r", b"").replace(b"\n", b"\r\n")),
    max_size=20,
).map(b"".join)  # fmt: skip  # a list


HARMLESS = {"text/plain; charset=utf-8", "application/octet-stream", "image/png"}


def always(url: str) -> bytes | None:
    return b"<1@x.example>"


def never(url: str) -> bytes | None:
    return None


@settings(max_examples=300)
@given(TEXTS)
@example("> a\n" * 13 + "b")
@example("\x1b$")
def test_the_html_of_a_plain_text_is_that_text(text: str) -> None:
    octets = message(text, "Content-Type: text/plain; charset=utf-8")
    meant = clean(charsets.text(octets.partition(b"\r\n\r\n")[2], b"utf-8"))
    parsed = parse(octets, obfuscate=False)
    html = rendered(parsed)
    assert text_of(html) == meant
    assert not parsed.was_html
    assert not wrong(html)


@given(TEXTS)
def test_addresses_are_obfuscated_on_the_page_as_everywhere(text: str) -> None:
    octets = message(text, "Content-Type: text/plain; charset=utf-8")
    parsed = parse(octets, obfuscate=True)
    assert text_of(rendered(parsed)) == parsed.plain
    assert parsed.plain == obfuscated(parse(octets, obfuscate=False).plain)


@settings(max_examples=300)
@given(FIELDS, FIELDS, PIECES, st.booleans())
def test_of_anything_comes_valid_html_and_nothing_but_what_is_allowed(
    one: str, other: str, body: bytes, obfuscate: bool
) -> None:
    head = "".join(f"{field}\r\n" for field in (one, other) if field).encode()
    octets = b"Message-ID: <1@x.example>\r\n" + head + b"\r\n" + body
    parsed = parse(octets, obfuscate=obfuscate)
    html = rendered(parsed, {each: f"/l/m/{each.decode()[1:-1]}" for each in parsed.mentioned})
    assert not wrong(html)
    assert obfuscate or text_of(html) == "".join(parsed.texts)
    obfuscated_octets(octets)
    for each in parsed.attachments:
        assert attachment(octets, each.at, obfuscate=obfuscate) is not None


def test_a_message_may_be_read_step_by_step() -> None:
    octets = message("> a\nb\n" * 30_000)
    count, parsed = driven(parsing(octets, obfuscate=True))
    assert parsed == parse(octets, obfuscate=True)
    assert count >= 3


@pytest.mark.parametrize("mail", list(xss.mails()))
def test_no_mail_makes_html_of_its_own(mail: bytes) -> None:
    octets = mail.replace(b"\0", b"").replace(b"\r", b"").replace(b"\n", b"\r\n")
    for obfuscate in (False, True):
        parsed = parse(octets, obfuscate=obfuscate, anchor="m1-", archived_id=always)
        for known in ({}, {each: f"/l/m/{each[1:-1].decode()}" for each in parsed.mentioned}):
            assert not wrong(rendered(parsed, known))
        for each in parsed.attachments:
            found = attachment(octets, each.at, obfuscate=obfuscate)
            assert found is not None
            assert found.content_type in HARMLESS
            assert found.disposition.isprintable()
            assert found.disposition.isascii()


def test_anchors_cannot_be_chosen_by_mail() -> None:
    html = rendered(parse(message('diff --git a/x b/" onclick=x\n'), obfuscate=False))
    assert [each.get("id") for each in tree_of(html).iter("span") if each.get("id")] == ["f1"]


NASTY = [
    ">", "@", "http://", "<", "a@", "a@bcd", "a@bcde", "http://a.example/", "http://a.example/ ", "http://a.example/)", "http://a.example/(",
    "<a1@b.cd>", "<a1", "&", ">\n", "\n", "> a\n", "-- \n", "> a\n>> b\n", " >", " > \n", " a | 1 +\n", " a  ", "diff --git a/x b/x\n",
    "@@ -1 +1 @@\n", "--- a\n+++ b\n@@ -1,999999999 +1,999999999 @@\n", "--- a\n", "+\n", " \n", "é", "\x1b", "_" * 40 + "\n", "a ", "a\n",
    "-- \n> \n", "Index: x\n", ".../a | 1 +\n", "&#0", "=", "=\n", "=?utf-8?q?a?= ",
]  # fmt: skip  # a list
HEADS = ["", "Content-Type: text/html", "Content-Type: text/plain; format=flowed"]
ENCODED = ["Content-Transfer-Encoding: quoted-printable", "Content-Transfer-Encoding: base64"]
STARTS = [
    "diff --git a/x b/x\n@@ -1,9999999 +1,9999999 @@\n",
    " 1 file changed, \n x | 1 +\n",
]


@pytest.mark.parametrize(
    ("unit", "head", "start"),
    [
        *((unit, head, "") for unit in NASTY for head in HEADS),
        *((unit, "", start) for unit in NASTY if "\n" in unit for start in STARTS),
        *((unit, head, "") for unit in ("a@bcd", "=", "=\n", "=40", "\n") for head in ENCODED),
    ],
)
def test_time_is_linear(unit: str, head: str, start: str) -> None:
    text = start + unit * (300_000 // len(unit))
    octets = message(text, *([head] if head else []))
    before = time.process_time()
    parsed = parse(octets, obfuscate=True, archived_id=never)
    rendered(parsed)
    obfuscated_octets(octets)
    assert time.process_time() - before < 3


@pytest.mark.parametrize("subtype", ["mixed", "alternative", "related", "encrypted", "digest"])
@pytest.mark.parametrize("shape", ["deep", "wide", "messages"])
def test_time_is_linear_in_parts(subtype: str, shape: str) -> None:
    if shape == "deep":
        body = "".join(
            f"--b{at}\nContent-Type: multipart/{subtype}; boundary=b{at + 1}\n\n"
            for at in range(5_000)
        )
    elif shape == "wide":
        body = "--b0\nContent-Type: text/plain; name=a@example.org\n\na@example.org\n" * 5_000
    else:
        body = "--b0\nContent-Type: message/rfc822\n\nSubject: x\n\nx\n" * 5_000
    octets = message(body, f"Content-Type: multipart/{subtype}; boundary=b0")
    before = time.process_time()
    rendered(parse(octets, obfuscate=True))
    obfuscated_octets(octets)
    assert time.process_time() - before < 3
