"""Excerpts: lines of a message's text as its page shows it."""

from __future__ import annotations

import pytest

from gateway.web.search.excerpts import excerpt
from gateway.web.search.grammar import parse
from gateway.web.search.marking import marks_of
from tests.mail import mail


def lines(query: str, octets: bytes, *, obfuscate: bool = False) -> list[str]:
    served = octets.replace(b"\n", b"\r\n")
    found = excerpt(served, marks_of(parse(query)).text, obfuscate=obfuscate)
    return ["".join(f"[{t}]" if marked else t for t, marked in line) for line in found]


MULTIPART = mail(
    "1",
    "MIME-Version: 1.0",
    "Content-Type: multipart/mixed; boundary=b",
    body="\n--b\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\nGr=C3=BC=C3=9Fe\n"
    "--b\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\nZ3LDvMOfZQ==\n"
    "--b\nContent-Type: text/plain\nContent-Disposition: attachment; filename=a.txt\n\nAttached greetings\n--b--\n",
)


@pytest.mark.parametrize(
    ("query", "octets", "expected"),
    [
        ("two", mail("1", body="one\ntwo\nthree\n"), ["[two]"]),
        ("topic", mail("1", body="> quoted\nBegins like this.\n"), ["Begins like this."]),
        ("topic", mail("1", body=""), []),
        ("grüsse", MULTIPART, ["[Grüße]"]),
        ("attached", MULTIPART, ["[Attached] greetings"]),
        ("well", mail("1", "Content-Type: text/html", body="<p>All is <b>well</b></p>\n"), ["All is [well]"]),
        ("café", mail("1", body="Le caf\u00e9\n"), ["Le [café]"]),
        ("a", mail("1", "Content-Type: text/plain; format=flowed", body="a \nb\n"), ["[a] "]),
    ],
)  # fmt: skip  # a table
def test_lines_show_what_was_looked_for_or_how_it_begins(
    query: str, octets: bytes, expected: list[str]
) -> None:
    assert lines(query, octets) == expected


def test_addresses_are_shortened_before_anything_is_marked() -> None:
    octets = mail("1", body="Write to user@example.com now.\n")
    assert lines("example.com", octets) == ["Write to user@[example.com] now."]
    assert lines("example.com", octets, obfuscate=True) == ["Write to user@...mple.com now."]
    assert lines("user", octets, obfuscate=True) == ["Write to [user]@...mple.com now."]
    assert lines("topic", octets, obfuscate=True) == ["Write to user@...mple.com now."]
    beyond = mail("1", "Content-Type: text/plain; charset=utf-8", body="é user@example.com\n")
    assert lines("user", beyond, obfuscate=True) == ["é [user]@...mple.com"]


@pytest.mark.parametrize("beyond", [0, 1, 2, 3, 4, 9])
def test_an_address_that_is_cut_off_is_shortened_as_well(beyond: int) -> None:
    octets = mail("1", body="x" * (200 - len(" user@") - beyond) + " user@example.com is behind\n")
    (line,) = lines("topic", octets, obfuscate=True)
    assert "@e" not in line
    assert "exa" not in line


def test_only_some_texts_of_many_are_looked_at() -> None:
    parts = "".join(f"--b\nContent-Type: text/plain\n\ntext{n} word\n" for n in range(40))
    octets = mail(
        "1",
        "MIME-Version: 1.0",
        "Content-Type: multipart/mixed; boundary=b",
        body=parts + "--b--\n",
    )
    assert lines("text9", octets) == ["[text9] word"]
    assert lines("text10", octets) == ["text0 word"]


def test_of_a_long_message_the_beginning_is_looked_at() -> None:
    long = "x" * 70 + "\n"
    octets = mail(
        "1", "MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary=b",
        body=f"--b\n\n{long * 1000}--b\n\n{long * 100}needle\n--b--\n",
    )  # fmt: skip
    assert lines("needle", octets) == ["x" * 70 + " " + "x" * 70 + " " + "x" * 58]
