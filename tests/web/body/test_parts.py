from __future__ import annotations

import base64

import pytest

from gateway.web.body import Parsed, parse
from gateway.web.body.parts import MAX_ATTACHED_TEXT, MAX_ATTACHMENTS, MAX_ENCLOSED
from gateway.web.body.rendering import MAX_SECTIONS
from gateway.web.body.texts import MAX_SHOWN
from tests.web.body.seen import message, rendered, text_of, tree_of, wrong

PLAIN = ("text/plain", "plain\n")
HTML = ("text/html", "<p>html</p>")


def multipart(subtype: str, *parts: tuple[str, str], boundary: str = "b") -> tuple[str, str]:
    """Return a multipart of parts, each with its type, followed by other fields, and its body."""
    body = "".join(f"--{boundary}\nContent-Type: {kind}\n\n{text}\n" for kind, text in parts)
    return f"multipart/{subtype}; boundary={boundary}", f"{body}--{boundary}--\n"


def enclosed(kind: str, body: str, *fields: str) -> tuple[str, str]:
    head = "".join(f"{field}\n" for field in fields)
    return "message/rfc822", f"{head}Content-Type: {kind}\n\n{body}"


def read(part: tuple[str, str]) -> Parsed:
    kind, body = part
    parsed = parse(message(body, f"Content-Type: {kind}".replace("\n", "\r\n")), obfuscate=False)
    html = rendered(parsed)
    assert not wrong(html)
    assert text_of(html) == "".join(parsed.texts)
    return parsed


def said(part: tuple[str, str]) -> list[str]:
    return [text.strip() for text in read(part).texts]


def names(part: tuple[str, str]) -> list[str]:
    parsed = read(part)
    assert [each.at for each in parsed.attachments] == list(range(1, len(parsed.attachments) + 1))
    return [each.name for each in parsed.attachments]


@pytest.mark.parametrize(
    ("part", "texts"),
    [
        (PLAIN, ["plain"]),
        (HTML, ["html"]),
        (multipart("mixed", PLAIN, HTML), ["plain", "html"]),
        (multipart("alternative", PLAIN, HTML), ["plain"]),
        (multipart("alternative", HTML, PLAIN), ["plain"]),
        (multipart("alternative", ("text/plain", " \n\n"), HTML), ["html"]),
        (multipart("alternative", ("text/enriched", "rich"), ("image/png", "x")), ["rich"]),
        (multipart("alternative", HTML), ["html"]),
        (multipart("alternative", multipart("related", HTML, ("image/png", "x"), boundary="c"), PLAIN), ["plain"]),
        (multipart("alternative", PLAIN, multipart("mixed", HTML, ("image/png", "x"), boundary="c")), ["plain"]),
        (multipart("related", HTML, ("text/css", "p{}"), ("image/png", "x")), ["html"]),
        (multipart("related", multipart("alternative", PLAIN, HTML, boundary="c"), ("image/png", "x")), ["plain"]),
        (multipart("signed", PLAIN, ("application/pgp-signature", "sig")), ["plain"]),
        (multipart("unheard-of", PLAIN, PLAIN), ["plain", "plain"]),
        (multipart("report", PLAIN, ("message/delivery-status", "Action: failed"), ("text/rfc822-headers", "To: x")), ["plain", "Action: failed", "To: x"]),
        (multipart("encrypted", ("application/pgp-encrypted", "Version: 1"), ("application/octet-stream", "x")), []),
        (("application/pdf", "x"), []),
        (("text/plain\nContent-Disposition: attachment", "plain"), ["plain"]),
        (multipart("mixed", PLAIN, ("text/x-patch; name=a.patch\nContent-Disposition: attachment", "+x")), ["plain", "+x"]),
        (multipart("mixed", PLAIN, ("text/html; name=a.html\nContent-Disposition: attachment", "x")), ["plain"]),
        (multipart("alternative", ("text/plain\nContent-Disposition: attachment", "no"), HTML), ["html"]),
        # A text is looked for among the first parts.
        (multipart("alternative", multipart("mixed", *[("image/png", "x")] * 50, HTML, boundary="c"), ("text/enriched", "rich")), ["rich"]),
        (multipart("mixed"), []),
        (multipart("alternative"), []),
        (multipart("related"), []),
    ],
)  # fmt: skip  # a table
def test_what_is_shown(part: tuple[str, str], texts: list[str]) -> None:
    assert said(part) == texts


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (PLAIN, []),
        (multipart("alternative", PLAIN, HTML), []),
        (multipart("mixed", PLAIN, ("image/png; name=a.png", "x"), ("text/plain; name=b.txt", "y")), ["a.png", "b.txt"]),
        # Those that blists counts come first.
        (multipart("mixed", ("image/png", "x"), ("text/plain; name=b.txt", "y"), ("image/gif", "z")), ["b.txt", "attachment-2.png", "attachment-3.gif"]),
        (multipart("alternative", PLAIN, multipart("related", HTML, ("image/png; name=x.png", "x"), boundary="c")), ["x.png"]),
        (multipart("alternative", PLAIN, multipart("related", HTML, ("image/png", "x"), boundary="c")), ["attachment-1.png"]),
        (multipart("mixed", enclosed(*multipart("mixed", PLAIN, ("image/png; name=in.png", "x"), boundary="c")), ("image/png; name=out.png", "x")), ["out.png", "in.png"]),
        (multipart("mixed", ("message/rfc822; name=a.eml", "Subject: x\n\nx"), PLAIN), ["a.eml"]),
        (multipart("signed", PLAIN, ("application/pgp-signature; name=signature.asc", "s")), ["signature.asc"]),
        (multipart("mixed", PLAIN, ("text/plain\nContent-Disposition: attachment", "x")), ["attachment-1.txt"]),
        (multipart("mixed", PLAIN, ("text/html\nContent-Disposition: attachment", "x")), ["attachment-1.html"]),
        (("application/pdf", "x"), ["attachment-1.pdf"]),
        (("text/plain; name=only.txt", "x"), ["only.txt"]),
        (("message/rfc822\nContent-Transfer-Encoding: base64", "x"), ["attachment-1.eml"]),
        (multipart("encrypted", ("application/pgp-encrypted", "Version: 1"), ("application/octet-stream; name=encrypted.asc", "x")), ["encrypted.asc", "attachment-2.bin"]),
    ],
)  # fmt: skip  # a table
def test_attachments_are_numbered(part: tuple[str, str], expected: list[str]) -> None:
    assert names(part) == expected


def test_a_part_with_a_name_has_a_heading() -> None:
    html = rendered(read(multipart("mixed", PLAIN, ("text/plain; name=b.txt", "y"))))
    assert (
        '<p class="part"><a href="/l/m/1@x.example/1">b.txt</a> (text/plain, 1 bytes)</p>' in html
    )
    assert html.count('class="part"') == 1


def test_an_attached_text_is_folded() -> None:
    patch = (
        "text/x-patch; name=a.patch\nContent-Disposition: attachment",
        "--- a\n+++ b\n@@ -1 +1 @@\n-x\n+y",
    )
    parsed = read(multipart("mixed", PLAIN, patch))
    assert parsed.is_patch
    folded = tree_of(rendered(parsed)).find("details")
    assert folded is not None
    summary = folded.find("summary")
    assert summary is not None
    assert summary.text == "Attached text a.patch"
    assert "+y" in "".join(folded.itertext())


def test_a_long_attached_text_is_not_shown() -> None:
    long = ("text/plain; name=a.txt\nContent-Disposition: attachment", "x\n" * MAX_ATTACHED_TEXT)
    parsed = read(multipart("mixed", PLAIN, long))
    assert len(parsed.texts) == 1
    assert [each.name for each in parsed.attachments] == ["a.txt"]


@pytest.mark.parametrize("name", ["a.patch", "b.diff"])
def test_a_patch_is_known_by_its_name(name: str) -> None:
    assert read(multipart("mixed", PLAIN, (f"application/octet-stream; name={name}", "x"))).is_patch


def test_an_enclosed_message_has_its_header() -> None:
    inner = enclosed(
        "text/plain",
        "inner\n",
        "From: =?utf-8?q?J=C3=B6rg?= <j@x.example>",
        "Subject: <b>",
        "X-No: no",
    )
    parsed = read(multipart("mixed", PLAIN, inner, PLAIN))
    html = rendered(parsed)
    assert (
        '<div class="enclosed">\n<pre class="fields">\nFrom: Jörg &lt;j@x.example&gt;\nSubject: &lt;b&gt;\n</pre>\n'
        '<pre class="text">\ninner\n</pre>\n</div>\n<pre class="text">\nplain\n</pre>' in html
    )
    assert parsed.attachments == []


def test_an_enclosed_message_without_a_header() -> None:
    html = rendered(read(multipart("mixed", ("message/rfc822", "\ninner\n"))))
    assert "fields" not in html
    assert "inner" in html


def test_messages_that_lie_too_deep_are_attachments() -> None:
    part = PLAIN
    for _ in range(MAX_ENCLOSED + 1):
        part = enclosed(*part)
    parsed = read(part)
    assert rendered(parsed).count('class="enclosed"') == MAX_ENCLOSED
    assert parsed.texts == []
    assert [each.media_type for each in parsed.attachments] == ["message/rfc822"]


def test_an_encrypted_message_says_so() -> None:
    html = rendered(read(multipart("encrypted", ("application/octet-stream", "x"))))
    assert "This message is encrypted." in html


def test_only_so_many_parts_are_shown_and_numbered() -> None:
    inner = ("message/rfc822", "\nx")
    parsed = read(
        multipart("mixed", *[inner] * MAX_SECTIONS, *[("image/png", "x")] * (MAX_ATTACHMENTS + 1))
    )
    assert len(parsed.attachments) == MAX_ATTACHMENTS
    html = rendered(parsed)
    assert html.count("<div") == html.count("</div") < MAX_SECTIONS


@pytest.mark.parametrize("encoding", ["7bit", "base64", "quoted-printable", "x-unknown"])
def test_only_so_much_is_shown(encoding: str) -> None:
    text = ("x" * 63 + "\n") * (MAX_SHOWN // 64) + "more\n"
    body = base64.encodebytes(text.encode()).decode() if encoding == "base64" else text
    octets = message(body, f"Content-Transfer-Encoding: {encoding}")
    parsed = parse(octets, obfuscate=False)
    if encoding == "base64":
        assert (len(parsed.plain), parsed.left_out) == (MAX_SHOWN, 5)
    else:  # in which line ends are CRLF
        assert len(parsed.plain.replace("\n", "\r\n")) + parsed.left_out == len(
            text.replace("\n", "\r\n")
        )
        assert parsed.left_out > 5
    assert parsed.plain.endswith("x\n")


def test_all_texts_together_are_bounded() -> None:
    text = "0123456789abcde\n" * (MAX_SHOWN // 32)
    parsed = read(
        multipart("mixed", ("text/plain", text), ("text/plain", text), ("text/plain", "x\n"))
    )
    assert sum(map(len, parsed.texts)) <= MAX_SHOWN
    assert parsed.left_out > 0


def test_html_that_says_too_much_is_cut() -> None:
    quoted = "<blockquote>" * 20 + "<br>" * 100_000
    parsed = parse(message(quoted + "x", "Content-Type: text/html"), obfuscate=False)
    assert parsed.was_html
    assert len(parsed.plain) <= MAX_SHOWN
    assert parsed.left_out > 0


@pytest.mark.parametrize(
    ("fields", "octets", "text"),
    [
        (["Content-Type: text/plain; charset=koi8-r"], "да".encode("koi8-r"), "да"),
        (["Content-Type: text/plain; charset=utf-8"], b"\xe9", "é"),
        (["Content-Type: text/plain; charset=utf-7"], b"+ADw-b+AD4-", "<b>"),
        (["Content-Type: text/html"], b"<meta charset=koi8-r>" + "да".encode("koi8-r"), "да\n"),
        (["Content-Type: text/html"], b"<META http-equiv=x content='text/html; charset=koi8-r'>" + "да".encode("koi8-r"), "да\n"),
        (["Content-Type: text/html; charset=utf-8"], b"<meta charset=koi8-r>" + "да".encode(), "да\n"),
        (["Content-Type: text/plain"], b"<meta charset=koi8-r>", "<meta charset=koi8-r>"),
        ([], b"a\x00\x1b\x7f\x0cb", "a␀␛␡␌b"),
        ([], "a\u0085\uffff\ufdd0\U0001ffff".encode(), "a\ufffd\ufffd\ufffd\ufffd"),
        (["Content-Type: text/plain; charset=utf-7"], b"+2AA-", "\ufffd"),
        (["Content-Transfer-Encoding: base64"], base64.b64encode(b"a\rb\r\nc\n"), "a\nb\nc\n"),
    ],
)  # fmt: skip  # a table
def test_charsets_and_what_cannot_be_shown(fields: list[str], octets: bytes, text: str) -> None:
    parsed = parse(message(octets, *fields), obfuscate=False)
    assert parsed.plain == text
    html = rendered(parsed)
    assert text_of(html) == text
    html.encode()


def test_plain_is_obfuscated_where_the_page_is() -> None:
    octets = message("ann@example.org\n")
    assert parse(octets, obfuscate=True).plain == "ann@...mple.org\n"
    assert parse(octets, obfuscate=False).plain == "ann@example.org\n"
