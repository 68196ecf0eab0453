from __future__ import annotations

import base64
import binascii

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.web.body import Download, attachment, fetching, parse
from gateway.web.body.attachments import MAX_NAME
from tests.web.body.seen import driven, message

PNG = b"\x89PNG\r\n\x1a\n\0"


def given_out(kind: str, data: bytes, *fields: str, obfuscate: bool = False) -> Download:
    octets = message(
        base64.encodebytes(data),
        f"Content-Type: {kind}",
        "Content-Transfer-Encoding: base64",
        *fields,
    )
    found = attachment(octets, 1, obfuscate=obfuscate)
    assert found is not None
    return found


def name_of(*fields: str, obfuscate: bool = False) -> str:
    octets = message("x", *(fields or ("Content-Type: image/png",)))
    return parse(octets, obfuscate=obfuscate).attachments[0].name


@pytest.mark.parametrize(
    ("kind", "data", "content_type", "shown"),
    [
        ("text/plain; name=a", b"\xc3\xa9", "text/plain; charset=utf-8", True),
        ("text/x-patch; name=a", b"x", "text/plain; charset=utf-8", True),
        ("image/png", PNG, "image/png", True),
        ("image/jpeg", b"\xff\xd8\xff\xe0", "image/jpeg", True),
        ("image/gif", b"GIF89a", "image/gif", True),
        ("image/webp", b"RIFF0000WEBP", "image/webp", True),
        # Not what it says.
        ("image/png", b"<html><script>", "application/octet-stream", False),
        ("image/gif", PNG, "application/octet-stream", False),
        # What a browser would do something with.
        ("text/html; name=a", b"<script>", "application/octet-stream", False),
        ("text/xml; name=a", b"<x>", "application/octet-stream", False),
        ("image/svg+xml", b"<svg>", "application/octet-stream", False),
        ("application/xhtml+xml", b"<x>", "application/octet-stream", False),
        ("application/pdf", b"%PDF", "application/octet-stream", False),
        ("application/javascript", b"x", "application/octet-stream", False),
        ("message/rfc822", b"x", "application/octet-stream", False),
        ("video/mp4", b"x", "application/octet-stream", False),
        ("x%y/z; name=a", b"x", "application/octet-stream", False),
        ("nonsense; name=a", b"x", "text/plain; charset=utf-8", True),  # no media type: text (RFC 2045 s. 5.2)
    ],
)  # fmt: skip  # a table
def test_only_the_harmless_is_shown(kind: str, data: bytes, content_type: str, shown: bool) -> None:
    found = given_out(kind, data, "Content-Disposition: inline; filename=a")
    assert found.content_type == content_type
    assert found.disposition.startswith("inline;" if shown else "attachment;")
    assert found.data == data


def test_a_text_is_sent_in_utf_8() -> None:
    found = given_out("text/plain; name=a; charset=koi8-r", "да".encode("koi8-r"))
    assert found.data == "да".encode()


def test_a_lone_surrogate_is_sent_as_something() -> None:
    assert given_out("text/plain; name=a; charset=utf-7", b"+2AA-").data == b"?"


def test_addresses_in_texts_are_obfuscated() -> None:
    for kind in ("text/plain; name=a", "text/html; name=a", "message/rfc822"):
        assert given_out(kind, b"ann@example.org", obfuscate=True).data == b"ann@...mple.org"
    assert given_out("application/x", b"ann@example.org", obfuscate=True).data == b"ann@example.org"
    assert given_out("text/html; name=a", b"ann@example.org").data == b"ann@example.org"


@pytest.mark.parametrize("kind", ["text/plain", "text/html"])
def test_a_long_one_is_made_step_by_step(kind: str) -> None:
    long = "x" * 200_000
    text = "ann@example.org é\n" * 50_000 + f"{long} ann@example.org\n{long}@example.org"
    octets = message(text, f"Content-Type: {kind}; name=a; charset=utf-8")
    count, found = driven(fetching(octets, 1, obfuscate=True))
    assert count > 6
    assert found is not None
    assert found.data.decode().replace("\r\n", "\n") == text.replace("@exa", "@...")


def test_there_is_no_such_attachment() -> None:
    octets = message("x", "Content-Type: image/png")
    assert [attachment(octets, at, obfuscate=False) is None for at in (-1, 0, 1, 2)] == [
        True, True, False, True,
    ]  # fmt: skip  # a list


def test_what_is_encoded_in_an_unknown_way_is_sent_as_it_is() -> None:
    octets = message("x", "Content-Type: image/png", "Content-Transfer-Encoding: x-own")
    found = attachment(octets, 1, obfuscate=False)
    assert found is not None
    assert found.data == b"x"


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("Content-Type: image/png; name=a.png", "a.png"),
        ('Content-Disposition: attachment; filename="a b.png"', "a b.png"),
        ("Content-Disposition: attachment; filename*=utf-8''%c3%a9.png", "é.png"),
        ("Content-Disposition: attachment; filename*0*=utf-8''%c3; filename*1*=%a9.png", "é.png"),
        ("Content-Disposition: attachment; filename*0=a; filename*1=b.png", "ab.png"),
        ("Content-Disposition: attachment; filename*=broken", "attachment-1.txt"),
        ("Content-Disposition: attachment; filename=no; filename*=utf-8''yes", "yes"),
        ("Content-Type: image/png; name*=koi8-r''%c4%c1", "да"),
        ('Content-Type: image/png; name="=?utf-8?q?=C3=A9?="', "é"),
        # Nothing but a file's name.
        ('Content-Type: image/png; name="../../etc/passwd"', "passwd"),
        ('Content-Type: image/png; name="c:\\\\a\\\\b.png"', "b.png"),
        ('Content-Type: image/png; name="/"', "attachment-1.png"),
        ('Content-Type: image/png; name=".."', "attachment-1.png"),
        ('Content-Type: image/png; name=".htaccess"', "htaccess"),
        ('Content-Type: image/png; name="a. "', "a"),
        ('Content-Type: image/png; name="a\x01\x7fb<c>:d|e?f*g.png"', "a b_c_d_e_f_g.png"),
        ("Content-Disposition: attachment; filename*=utf-8''a%0d%0ab%00c", "a_b_c"),
        ("Content-Disposition: attachment; filename*=utf-8''a%e2%80%aegnp.exe", "a_gnp.exe"),
        ("Content-Disposition: attachment; filename*=utf-8''%0a", "attachment-1.txt"),
        (f"Content-Type: image/png; name={'x' * 200}.png", "x" * (MAX_NAME - 4) + ".png"),
        (f"Content-Type: image/png; name=a.{'x' * 200}", "a." + "x" * (MAX_NAME - 2)),
        (f"Content-Type: image/png; name={'x' * (MAX_NAME - 18)}.longer-than-usual", "x" * (MAX_NAME - 18) + ".longer-than-usual"),
        ("Content-Type: application/x", "attachment-1.bin"),
    ],
)  # fmt: skip  # a table
def test_names_are_safe(field: str, name: str) -> None:
    assert name_of(field) == name


def test_names_are_obfuscated() -> None:
    assert name_of("Content-Type: image/png; name=ann@example.org.png", obfuscate=True) == (
        "ann@...mple.org.png"
    )


@pytest.mark.parametrize(
    ("name", "disposition"),
    [
        ("a b.png", 'attachment; filename="a b.png"'),
        ("é.png", "attachment; filename=\"_.png\"; filename*=UTF-8''%C3%A9.png"),
        ("a%41;'.png", "attachment; filename=\"a_41__.png\"; filename*=UTF-8''a%2541%3B%27.png"),
    ],
)
def test_a_name_is_told_to_all_browsers(name: str, disposition: str) -> None:
    assert given_out(f'application/x; name="{name}"', b"x").disposition == disposition


@given(st.text(max_size=30), st.sampled_from(["filename", "name"]))
def test_no_name_leaves_its_field(name: str, parameter: str) -> None:
    quoted = name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ").replace("\r", " ")
    field = "Content-Type: a/b; name" if parameter == "name" else "Content-Disposition: x; filename"
    octets = message(
        "x", f"{field}={chr(34)}{quoted}{chr(34)}".encode("utf-8", "replace").decode("latin-1")
    )
    for each in parse(octets, obfuscate=False).attachments:
        found = attachment(octets, each.at, obfuscate=False)
        assert found is not None
        assert found.disposition.isascii()
        assert found.disposition.isprintable()
        assert found.disposition.count('"') == 2
        assert 0 < len(each.name) <= MAX_NAME
        assert not set(each.name) & set('/\\\r\n\0"')


@given(st.binary(), st.sampled_from(["base64", "quoted-printable", "8bit"]))
def test_sizes_are_right_without_decoding(data: bytes, encoding: str) -> None:
    data = data.replace(b"\r", b"").replace(b"\n", b"")
    if encoding == "base64":
        written = base64.encodebytes(data)
    elif encoding == "quoted-printable":
        written = binascii.b2a_qp(data, quotetabs=True)
    else:
        written = data
    octets = message(
        written, "Content-Type: application/x", f"Content-Transfer-Encoding: {encoding}"
    )
    found = attachment(octets, 1, obfuscate=False)
    assert found is not None
    assert found.data == data
    assert found.attachment.size == len(data)
