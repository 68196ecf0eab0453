from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.material import Material
from storage.message.structure import structure
from storage.model import Served
from storage.preview import MAX_CHARACTERS, MAX_OCTETS, preview, preview_row


def of(octets: bytes) -> str:
    return preview(octets, structure(octets))


def of_text(text: str, head: str = "") -> str:
    return of(f"{head}\n{text}".replace("\n", "\r\n").encode())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("One\n\n  two\tthree \n", "One two three"),
        ("> quoted\n\nown\n", "own"),
        ("On Monday, Ann wrote:\n> quoted\n\nown\n", "own"),
        ("On Monday, Ann\n<a@example.org> wrote:\n> quoted\nown\n", "own"),
        ("On Monday we meet.\nCome.\n", "On Monday we meet. Come."),
        ("On Monday we meet.\n", "On Monday we meet."),
        ("Am Montag schrieb Ann:\n| so\neigenes\n", "eigenes"),
        ("Ann wrote:\n> all\n> is quoted\n", "Ann wrote: all is quoted"),
        (
            "> all\n> -----BEGIN PGP SIGNED MESSAGE-----\n> x\n> -----BEGIN PGP SIGNATURE-----\n> y\n",
            "all x",
        ),
        ("The list:\n* one\n", "The list: * one"),
        ("own\n-- \nAnn\n", "own"),
        ("-- \nAnn\n", "-- Ann"),
        ("own\n-----Original Message-----\nFrom: x\n", "own From: x"),
        ("Hello\nOn Monday\n\n> quoted\n", "Hello On Monday"),
        (
            "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA1\n\nown\n-----BEGIN PGP SIGNATURE-----\nxx\n",
            "own",
        ),
        (
            "-----BEGIN PGP MESSAGE-----\n\nxx\n-----END PGP MESSAGE-----\n",
            "",
        ),
        ("\n" * 100 + "late\n", "late"),
        ("bell\x07 \u2028\ufeff\n", "bell"),
        ("x" * 500, "x" * MAX_CHARACTERS),
        ("x " * 500, ("x " * 100).strip()),
        ("é" * 500, "é" * MAX_CHARACTERS),
    ],
)
def test_what_is_shown_of_a_text(text: str, shown: str) -> None:
    assert of_text(text) == shown


@pytest.mark.parametrize(
    ("head", "text", "shown"),
    [
        ("Content-Transfer-Encoding: base64\n", "aGVsbG8=\n", "hello"),
        ("Content-Transfer-Encoding: quoted-printable\n", "h=C3=A9=\nllo\n", "héllo"),
        ("Content-Transfer-Encoding: x-odd\n", "hello\n", "hello"),
        (
            "Content-Type: text/html\n",
            "<p>a &amp; b<br>c <!-- d --><b\n>e</b> < f</p>",
            "a & b c e < f",
        ),
        ("Content-Type: text/html\n", "<style>x</style ><SCRIPT>y</script>z<script>w", "z"),
        ("Content-Type: text/html\n", "a<!-- never closed", "a"),
        ("Content-Type: text/html\n", "a<b never closed", "a"),
        ("Content-Type: text/x-diff\n", "diff\n", "diff"),
        ("Content-Type: image/png\n", "x\n", ""),
        ("Content-Type: text/plain\nContent-Disposition: attachment\n", "x\n", ""),
        ("Content-Type: text/plain; charset=iso-2022-jp\n", "\x1b$BF|K\\\x1b(B\n", "日本"),
        ("Content-Type: text/plain; charset=utf-7\n", "+2AA-x\n", "x"),
    ],
)
def test_what_is_shown_of_other_parts(head: str, text: str, shown: str) -> None:
    assert of_text(text, head) == shown


def test_plain_text_first_then_html_then_any() -> None:
    parts = {
        "text/calendar": "c",
        "text/html": "h",
        "text/plain": "p",
    }
    for wanted in ("c", "h", "p"):
        text = "".join(
            f"--b\nContent-Type: {kind}\n\n{body}\n"
            for kind, body in parts.items()
            if body <= wanted
        )
        assert of_text(text, "Content-Type: multipart/mixed; boundary=b\n") == wanted
    many = "--b\nContent-Type: image/png\n\n\n" * 200 + "--b\n\nlate\n"
    assert of_text(many, "Content-Type: multipart/mixed; boundary=b\n") == ""


def test_the_row_is_utf_8() -> None:
    octets = "\r\né\r\n".encode()
    assert preview_row(Material.of(Served(b"<x@y>", octets, dotted=False), 0, 0)) == "é".encode()


@given(st.binary(), st.text("ab<>!-/&;=\n >|:wrote").map(str.encode))
def test_anything_can_be_shown(octets: bytes, text: bytes) -> None:
    for head in (b"\r\n", b"Content-Type: text/html\r\n\r\n"):
        for body in (octets, text):
            shown = of(head + body)
            assert len(shown) <= MAX_CHARACTERS
            assert shown == " ".join(shown.split())
            assert "\n" not in shown
            shown.encode()


@pytest.mark.parametrize(
    "unit", [b"<", b"<!--", b"<script", b"</script ", b"<a ", b"&", b"&#", b"On ", b"On \n"]
)
def test_only_so_much_is_looked_at(unit: bytes) -> None:
    octets = b"Content-Type: text/html\r\n\r\n" + unit * 1_000_000
    tree = structure(octets)
    began = time.perf_counter()
    preview(octets, tree)
    assert time.perf_counter() - began < 2
    assert of(b"\r\n" + b"\r\n" * MAX_OCTETS + b"late") == ""
