"""Marks: what was looked for is marked in what is shown, and no character gets lost."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.web.search.grammar import parse
from gateway.web.search.marking import MAX_CONTEXT, Marker, Piece, marks_of
from gateway.web.search.tree import Term, Where
from storage.message.phrase import Phrase
from storage.message.text import folded
from tests.web.search.trees import TERMS


def shown(pieces: list[Piece] | tuple[Piece, ...]) -> str:
    return "".join(f"[{text}]" if is_marked else text for text, is_marked in pieces)


def marked(query: str, text: str) -> str:
    return shown(list(marks_of(parse(query)).text.marked(text)))


def lines(query: str, text: str) -> list[str]:
    return [shown(list(line)) for line in marks_of(parse(query)).text.lines(text)]


@pytest.mark.parametrize(
    ("query", "text", "expected"),
    [
        ("stack", "Stack, haystack; STACKED", "[Stack], haystack; [STACKED]"),
        ('"stack"', "stack stacked", "[stack] stacked"),
        ("*stack", "haystack", "hay[stack]"),
        ("a b", "b a c", "[b] [a] c"),
        ("a -b", "a b", "[a] b"),
        ("a or b", "a b", "[a] [b]"),
        ("nowhere", "a b", "a b"),
        ("a", "", ""),
        ('"use after free"', "a use-after\n> free b", "a [use-after\n> free] b"),
        ("strasse", "Die Straße, STRASSE", "Die [Straße], [STRASSE]"),
        ("straße", "STRASSE", "[STRASSE]"),
        ("s", "ß", "[ß]"),
        ("*s b", "ß b", "[ß] [b]"),
        ("İx", "İİx İx", "İİx [İx]"),
        ("x", "İ x İİx", "İ [x] İİx"),
        ("file", "a ﬁle", "a [ﬁle]"),
        ("caf", "café cafe\u0301", "[café] [cafe\u0301]"),
        ("kb", "㎅", "[㎅]"),
        ("内核", "中内核驱 内 核", "中[内核]驱 内 核"),
        ("driver", "内核driver驱", "内核[driver]驱"),
        ("it's", "it\u2019s its", "[it\u2019s] its"),
        ("stack", "\u201cstack\u201d", "\u201c[stack]\u201d"),
        ("a", "é a " * 400, "é [a] " * 400),
        ("from:a", "a", "a"),
        ("stack *tack", "stack tack", "[stack] [tack]"),
        ('"a b" "b c"', "a b c", "[a b c]"),
        ("stack", "é" + " x" * 400 + " stack", "é" + " x" * 400 + " [stack]"),
    ],
)
def test_marks(query: str, text: str, expected: str) -> None:
    assert marked(query, text) == expected


def test_each_place_is_marked_by_what_was_looked_for_there() -> None:
    marks = marks_of(parse("a from:b subject:c body:d to:e who:f"))
    assert [shown(list(mark.marked("a b c d e f"))) for mark in marks] == [
        "[a] b c [d] e f",
        "[a] b [c] d e f",
        "[a] [b] c d e [f]",
    ]


def test_lines_that_tell_most_are_chosen() -> None:
    text = "no\n> a quoted\nfirst a\n> a again\nsecond a b\n\nthird a\nfourth a\n"
    assert lines("a", text) == ["first [a]", "second [a] b", "third [a]"]
    assert lines("a", "> a quoted\nlast a\n") == ["> [a] quoted", "last [a]"]
    assert lines("nowhere", text) == []
    assert lines('"b third"', text) == ["second a [b\n\nthird] a"]


def test_of_a_long_line_what_is_around_the_mark_is_shown() -> None:
    (line,) = lines("needle", "x " * 300 + "needle" + " y" * 300)
    assert line.startswith("… ")
    assert line.endswith(" …")
    assert "[needle]" in line
    assert len(line) < 250
    (line,) = lines("needle", "needle" + " y" * 300)
    assert line.startswith("[needle] y")
    (line,) = lines("needle", "z\n" + "y " * 300 + "needle")
    assert line.startswith("… ")
    assert line.endswith("y [needle]")


def test_the_end_of_a_long_text_is_not_looked_at() -> None:
    assert lines("needle", " " * MAX_CONTEXT + "needle") == []


TEXTS = st.text("abcAß İıéﬁ内核\u2019“-.\n㎅\u0301\u0345", max_size=700) | st.text(max_size=30)


@settings(max_examples=300)
@given(st.lists(TERMS, max_size=3), TEXTS)
@example([Term("s")], "ßß")
def test_no_character_is_lost_and_marks_are_of_what_is_found(terms: list[Term], text: str) -> None:
    terms = [Term(each.text, Where.BODY, each.is_whole, each.is_inner) for each in terms]
    marker = Marker(terms)
    pieces = marker.marked(text)
    assert "".join(piece.text for piece in pieces) == text
    assert all(piece.text for piece in pieces)
    is_found = any(
        Phrase(each.text, at_start=not each.is_inner, at_end=each.is_whole).is_in(folded(text))
        for each in terms
    )
    assert any(piece.is_marked for piece in pieces) == is_found
    for line in marker.lines(text):
        assert any(piece.is_marked for piece in line)
        assert "".join(piece.text for piece in line).strip("… ") in text


@pytest.mark.parametrize("text", ["a" * MAX_CONTEXT, "a " * 32_768, "ß" * MAX_CONTEXT, "ß\n" * 32_768, "a-" * 32_768, "\u0301" * MAX_CONTEXT])  # fmt: skip
@pytest.mark.parametrize("query", ["a", '"a a b"', "*a", "ß", '"ß ß x"', "*s b"])
def test_marking_takes_no_more_than_linear_time(query: str, text: str) -> None:
    began = time.process_time()
    marks_of(parse(query)).text.lines(text)
    assert time.process_time() - began < 1  # 10 to 60 ms
