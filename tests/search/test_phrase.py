"""Phrases: words one behind the other, whatever is between them."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage import conditions
from storage.message import phrase, text
from storage.message.phrase import Phrase, words_of
from storage.message.terms import MAX_PIECE, terms
from storage.message.text import folded, searchable
from storage.query import Words
from storage.search import search
from tests.mail import Engine, fill, gathered, mail


@pytest.mark.parametrize(
    ("sought", "words"),
    [
        ("", []),
        (" -> ", []),
        ("Use-after_free", ["USE", "AFTER", "FREE"]),
        ("it\u2019s “ß”", ["IT", "S", "SS"]),
        ("a\0b\nc\u2028d", ["A", "B", "C", "D"]),
        ("内核driver核", ["内核", "DRIVER", "核"]),
        ("x²½", ["X21", "2"]),
        ("e\u0301", ["E\u0301"]),
    ],
)
def test_words(sought: str, words: list[str]) -> None:
    assert words_of(sought) == words
    assert bool(Phrase(sought)) == bool(words)


@pytest.mark.parametrize(
    ("sought", "within", "is_in"),
    [
        ("use after free", "a use\n> after  free b", True),
        ("use after free", "use-after-freed", True),
        ("use after free", "use\0after free", False),
        ("use after free", "use it after free", False),
        ("use after free", "reuse after free", False),
        ("fre", "free", True),
        ("ree", "free", False),
        ("free", "“free”", True),
        ("free", "内free核", True),
        ("free", "éfree", False),
        ("e", "e\u0301", True),
        ("内核", "中内核驱", True),
        ("内核", "内 核", False),
        ("a 内核 b", "a内核b", True),
        ("a", "A.B", True),
    ],
)
def test_is_in(sought: str, within: str, is_in: bool) -> None:
    assert Phrase(sought).is_in(folded(within)) == is_in


def test_the_ends_may_be_parts_of_words() -> None:
    octets = folded("one retaken two")
    for at_start in (False, True):
        for at_end in (False, True):
            of_word = Phrase("take", at_start=at_start, at_end=at_end)
            assert of_word.is_in(octets) == (not at_start and not at_end)
            assert Phrase("retak", at_start=at_start, at_end=at_end).is_in(octets) == (not at_end)
            assert Phrase("taken", at_start=at_start, at_end=at_end).is_in(octets) == (not at_start)
            assert Phrase("retaken", at_start=at_start, at_end=at_end).is_in(octets)


TEXTS = st.text("abAé内核ß \u2019“-\n_.㎅\u0301", max_size=40)
SOUGHT = st.text("abé内核ß “-\u0301", min_size=1, max_size=8).filter(words_of)


@settings(max_examples=300)
@given(SOUGHT, TEXTS, st.booleans(), st.booleans())
def test_the_index_is_told_of_all_that_has_it_and_exactly_where_it_says_so(
    sought: str, within: str, at_start: bool, at_end: bool
) -> None:
    wanted = Phrase(sought, at_start=at_start, at_end=at_end)
    octets = folded(within)
    clue = wanted.clue(in_head=False)
    joined = b" %b " % b" ".join(terms(octets))
    fits = all(
        b"%b%b%b" % (b" " * piece.at_start, piece.octets, b" " * piece.at_end) in joined
        for piece in clue.pieces
    )
    assert fits >= wanted.is_in(octets)
    if clue.exact:
        assert fits == wanted.is_in(octets)


def test_a_word_without_end_is_looked_for_by_its_beginning() -> None:
    long = "x" * (MAX_PIECE + 1)
    (piece,) = Phrase(long, at_end=True).clue(in_head=True).pieces
    assert (len(piece.octets), piece.at_start, piece.at_end) == (MAX_PIECE, True, False)
    assert not Phrase(long).clue(in_head=True).exact
    assert Phrase(long[1:]).clue(in_head=True).exact


PARTS = st.sampled_from(
    [
        "use after free",
        "use\nafter",
        "free",
        "é",
        "“use",
        "after” free",
        "-",
        "x" * 30,
        "\n",
        "内核",
    ]
)
BODIES = st.lists(PARTS, max_size=12).map(" ".join)
KINDS = st.sampled_from([
    "Content-Type: text/plain; charset=utf-8", "Content-Type: text/html", "Content-Type: multipart/mixed; boundary=b",
    "Content-Type: message/rfc822", "Content-Type: image/png",
])  # fmt: skip  # a list of fields


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["use after free", "after free", "use", "é", "x", "内核", "plain"]),
    KINDS,
    BODIES,
    BODIES,
)
def test_a_large_message_is_looked_through_in_steps(
    sought: str, kind: str, first: str, second: str
) -> None:
    if "multipart" in kind:
        first = f"--b\n\n{first}\n--b\nContent-Type: text/plain; charset=utf-8\n\n{second}\n--b--"
    octets = mail("1", kind, body=f"{first}\n").replace(b"\n", b"\r\n")
    wanted = Phrase(sought)
    expected = wanted.is_in_body(octets)
    assert expected == wanted.is_in(searchable(octets).body)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text, "PIECE", 40)
        steps = list(wanted.look_through(octets))
        assert any(steps) == expected
        patch.setattr(phrase, "OVERLAP", 0)  # then a phrase is not found across two pieces
        assert any(wanted.look_through(octets)) <= expected


@pytest.mark.parametrize("between", [" ", "\n"])
def test_a_phrase_is_found_wherever_a_large_text_is_cut(
    between: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text, "PIECE", 64)
    monkeypatch.setattr(phrase, "OVERLAP", 32)
    for before in range(100):
        for long in ("use after free", "reuse after free"):
            body = between.join(["x" * (before % 50), "y" * (before // 2), long, "z " * 40])
            octets = mail("1", body=body).replace(b"\n", b"\r\n")
            assert any(Phrase("use after free").look_through(octets)) == (long[0] == "u")


def test_steps_are_short() -> None:
    line = "Съешь же ещё этих мягких французских булок да выпей чаю\n"
    octets = mail("1", "Content-Type: text/plain; charset=utf-8", body=line * 20_000)
    octets = octets.replace(b"\n", b"\r\n")
    longest, since = 0.0, time.process_time()
    count = 0
    for is_found in Phrase("этих булок").look_through(octets):
        assert not is_found
        count += 1
        now = time.process_time()
        longest, since = max(longest, now - since), now
    assert count > 20
    assert longest < 0.1  # 4 ms where nothing else runs


def test_large_messages_are_found_as_others(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    mails = [
        mail("1", body="word\n" * 3000 + "use\n> after free\n"),
        mail("2", body="free\n" * 3000 + "use it after\n"),
        mail("3", body="use after free\n" + "word\n" * 3000),
    ]
    fill(engine.writer(), "l", mails)
    archive = engine.archive()
    for large in (0, 1 << 30):
        monkeypatch.setattr(conditions, "LARGE", large)
        found = gathered(search(archive, "l", Words("use after free"), 1, 9))
        assert [number for batch in found for number in batch] == [1, 3]  # type: ignore[attr-defined]


@pytest.mark.parametrize("within", ["A" * 500_000, "A " * 250_000, "-" * 500_000, "A-" * 250_000, "内" * 200_000, "A内" * 100_000])  # fmt: skip
@pytest.mark.parametrize("sought", ["a a a b", "a", "b", "内 内 b", "a 内 b"])
def test_looking_takes_no_more_than_linear_time(sought: str, within: str) -> None:
    octets = within.encode()
    began = time.process_time()
    Phrase(sought, at_start=False).is_in(octets)
    Phrase(sought, at_end=True).is_in(octets)
    assert time.process_time() - began < 1  # some 30 ms
