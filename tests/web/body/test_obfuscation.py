from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.web.body.obfuscation import obfuscated, obfuscated_bytes

ADDRESSES = st.text(alphabet="ab1.@:/<> \n+-=htpé\N{EURO SIGN}", max_size=60)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("user@example.com", "user@...mple.com"),
        ("<user@example.com>", "<user@...mple.com>"),
        ("jikos@kernel.org", "jikos@...nel.org"),
        ("linux-cxl@vger.kernel.org", "linux-cxl@...r.kernel.org"),
        ("ksummit@lists.linux.dev", "ksummit@...ts.linux.dev"),
        ("jgg@nvidia.com, x", "jgg@...dia.com, x"),
        ("ribalda@gmail.com", "ribalda@...il.com"),
        # Nothing shorter than four characters is a domain.
        ("a@b.de", "a@...e"),
        ("a@b.c", "a@b.c"),
        ("a@bcd", "a@bcd"),
        ("a@b.c>", "a@b.c>"),
        # What is no address.
        ("@@ -1,5 +1,6 @@ int x", "@@ -1,5 +1,6 @@ int x"),
        ("@Override", "@Override"),
        (" @Override", " @Override"),
        ("+@Override\n-@Override", "+@Override\n-@Override"),
        ("a at example.com", "a at example.com"),
        ("user @example.com", "user @example.com"),
        ("user@ example.com", "user@ example.com"),
        ("user@[127.0.0.1]", "user@[127.0.0.1]"),
        # Beyond ASCII.
        ("jörg@müller.de", "jörg@...ler.de"),
        ("é@example.com", "é@...mple.com"),
        # Anywhere.
        ("mailto:user@example.com", "mailto:user@...mple.com"),
        ("a+@example.com", "a+@...mple.com"),
        ("x\n++@example.com", "x\n++@...mple.com"),
        ("git@github.com:a/b.git", "git@...hub.com:a/b.git"),
        ("user@...mple.com", "user@...mple.com"),
        # In URLs.
        ("https://lore.kernel.org/r/2024.1@example.com/", "https://lore.kernel.org/r/2024.1@example.com/"),
        ("<http://a.example/?x@example.com> y@example.com", "<http://a.example/?x@example.com> y@...mple.com"),
        ("HTTPS://a.example/b@example.com", "HTTPS://a.example/b@example.com"),
        ("ftp://user@example.com/", "ftp://user@...mple.com/"),
        ("http://user:word@example.com/", "http://user:word@...mple.com/"),
        ("news://a.example/b@example.com", "news://a.example/b@...mple.com"),
    ],
)  # fmt: skip  # a table
def test_addresses_are_shortened_as_blists_does(written: str, shown: str) -> None:
    assert obfuscated(written) == shown
    assert obfuscated_bytes(written.encode()) == shown.encode()


@given(ADDRESSES)
def test_twice_is_the_same_as_once(text: str) -> None:
    once = obfuscated(text)
    assert obfuscated(once) == once


@settings(max_examples=1000)
@given(ADDRESSES)
def test_text_and_octets_agree(text: str) -> None:
    assert obfuscated(text).encode() == obfuscated_bytes(text.encode())


@given(ADDRESSES)
def test_lines_stay_and_so_does_all_but_three_characters_after_an_at(text: str) -> None:
    hidden = obfuscated(text)
    assert len(hidden) == len(text)
    for at, (old, new) in enumerate(zip(text, hidden, strict=True)):
        assert old == new or (new == "." and "@" in text[max(0, at - 3) : at])


@pytest.mark.parametrize(
    "unit", ["@", "a@", "a@bcd", "a@bcde", "http://", "http://a@", "://", ":", "@a"]
)
def test_time_is_linear(unit: str) -> None:
    text = unit * (2_000_000 // len(unit))
    before = time.process_time()
    obfuscated(text)
    obfuscated_bytes(text.encode())
    assert time.process_time() - before < 2
