from __future__ import annotations

import html
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.message.entities import unescaped
from storage.message.structure import structure
from storage.preview import preview


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("a", "a"),
        ("&amp;&lt;&gt;&quot;&apos;", "&<>\"'"),
        ("&eacute; &notin; &copy2", "é ∉ ©2"),
        ("&#64;&#x40;&#X40", "@@@"),
        ("&#00000000000000000064;", "@"),
        ("&#x00000000000000000040;", "@"),
        ("&#0;", "\ufffd"),
        ("&#xD800;", "\ufffd"),
        ("&#x110000;", "\ufffd"),
        ("&#99999999;", "\ufffd"),
        ("&#" + "9" * 5000 + ";", "\ufffd"),
        ("&#x" + "f" * 5000, "\ufffd"),
        ("&#00z", "\ufffdz"),
        ("&amp;#64;", "&#64;"),
        ("& &; &# &#; &#x;", "& &; &# &#; &#x;"),
    ],
)
def test_references_become_characters(written: str, meant: str) -> None:
    assert unescaped(written) == meant


@given(st.text(alphabet="&#xX09afg;@ltmp"))
def test_what_python_reads_is_read_as_python_does(text: str) -> None:
    assert unescaped(text) == html.unescape(text)


@pytest.mark.parametrize("unit", ["&", "&#", "&#0", "&#x", "&#9", "&a", "&#00000001", "&amp"])
def test_time_is_linear(unit: str) -> None:
    text = unit * (1_000_000 // len(unit))
    before = time.process_time()
    unescaped(text)
    assert time.process_time() - before < 2


def test_a_preview_is_made_of_any_number() -> None:
    octets = b"Content-Type: text/html\r\n\r\nA &#" + b"9" * 5000 + b"; b"
    assert preview(octets, structure(octets)) == "A \ufffd b"
