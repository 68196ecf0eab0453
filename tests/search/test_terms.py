"""Terms and clues: an index of a text's terms never misses a needle that the text contains."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.message.terms import (
    MAX_PIECE,
    MAX_PIECES,
    MAX_TERM,
    Piece,
    clue_to_field,
    clue_to_text,
    terms,
)
from storage.message.text import fold

# What divides, what does not, what runs on, what takes several octets; letters often enough to make long terms.
CHARACTERS = st.sampled_from(
    "AAAAAAAABZ019 -._@\n\0\x85É\u0301ΩЖ\u0e01ก漢字かなカ한\U00020001\ud800"
)
TEXTS = st.text(CHARACTERS, max_size=400)
LONG = st.builds(str.__add__, st.text("AB", min_size=100, max_size=300), TEXTS)


def octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def fits(found: set[bytes], piece: Piece) -> bool:
    return any(
        piece.octets == term
        if piece.at_start and piece.at_end
        else term.startswith(piece.octets)
        if piece.at_start
        else term.endswith(piece.octets)
        if piece.at_end
        else piece.octets in term
        for term in found
    )


@given(TEXTS | LONG, st.data())
def test_a_needle_in_the_text_is_never_missed(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    needle = text[start : data.draw(st.integers(start, len(text)))]
    clue = clue_to_text(needle, in_head=True)
    if clue is not None:
        assert all(fits(terms(octets(text)), piece) for piece in clue.pieces)


@given(TEXTS | LONG, st.text(CHARACTERS, min_size=1, max_size=4))
def test_an_exact_clue_is_exact(text: str, needle: str) -> None:
    clue = clue_to_text(needle, in_head=True)
    if clue is not None and clue.exact:
        assert (needle in text) == fits(terms(octets(text)), clue.pieces[0])


@given(TEXTS | LONG)
def test_no_term_is_long_or_divided(text: str) -> None:
    for term in terms(octets(text)):
        assert 0 < len(term.strip(b"\1")) <= MAX_TERM
        assert not set(term) & set(b" -._@\n\0")


@pytest.mark.parametrize(
    "sign",
    ["“", "\u2019", "—", "…", "\xa0", "\xad", "\u200b", "\ufeff", "¿", "\xd7", "€", "→", "│", "•", "。", "「", "\ufffd", "🎉", "\x85"],
)  # fmt: skip  # a list of signs
def test_signs_beyond_ascii_divide(sign: str) -> None:
    assert terms(octets(fold(f"{sign}one{sign}two{sign}"))) == {b"ONE", b"TWO"}


@pytest.mark.parametrize("mark", ["é", "e\u0301", "ª", "µ", "²", "Ω", "々", "\u3007", "ж"])
def test_letters_and_marks_do_not(mark: str) -> None:
    assert terms(octets(fold(f"a{mark}b"))) == {octets(fold(f"a{mark}b"))}


def test_words_are_terms() -> None:
    assert terms(b"") == set()
    assert terms(b"RE: [PATCH V2 1/3] X86_64: DON'T") == {*b"RE PATCH V2 1 3 X86 64 DON T".split()}
    assert terms(octets(fold("Ärger über ÇA"))) == {
        fold(w).encode() for w in ("ärger", "über", "ça")
    }


def test_pairs_are_terms_where_no_spaces_stand_between_words() -> None:
    assert terms("LINUX内核驱动X字".encode()) == {
        w.encode() for w in ("LINUX", "内核", "核驱", "驱动", "X", "字")
    }


@pytest.mark.parametrize("length", [MAX_TERM, MAX_TERM + 1, 3 * MAX_PIECE, 3 * MAX_PIECE + 1, 1000])
def test_any_piece_of_a_long_term_lies_within_a_part(length: int) -> None:
    text = "".join(chr(0x41 + at * at % 26) for at in range(length))
    found = terms(f"A {text} B".encode()) - {b"A", b"B"}
    assert (found == {text.encode()}) == (length <= MAX_TERM)
    for start in range(length - MAX_PIECE + 1):
        assert any(text[start : start + MAX_PIECE].encode() in term for term in found)
    assert [term for term in found if not term.startswith(b"\1")] == [
        term for term in found if text.startswith(term.decode().rstrip("\1"))
    ]
    assert [term for term in found if not term.endswith(b"\1")] == [
        term for term in found if text.endswith(term.decode().lstrip("\1"))
    ]


def test_a_clue_has_the_pieces_of_the_needle_the_longest_first() -> None:
    clue = clue_to_text("N-OFF-BY: KEES", in_head=False)
    assert clue is not None
    assert (clue.in_head, clue.in_body, clue.exact) == (False, True, False)
    assert clue.pieces == (
        Piece(b"KEES", at_start=True, at_end=False),
        Piece(b"OFF", at_start=True, at_end=True),
        Piece(b"BY", at_start=True, at_end=True),
        Piece(b"N", at_start=False, at_end=True),
    )


def test_a_clue_of_one_piece_is_exact() -> None:
    for needle in ("DRIVER", "É", "内", "A" * MAX_PIECE):
        clue = clue_to_text(needle, in_head=True)
        assert clue is not None
        assert clue.exact
        assert clue.pieces == (Piece(needle.encode(), at_start=False, at_end=False),)
    for needle in ("DRIVER ", "-DRIVER", "A B", "内核", "A内", "A" * (MAX_PIECE + 1)):
        clue = clue_to_text(needle, in_head=True)
        assert clue is not None
        assert not clue.exact


def test_of_a_long_needle_as_much_is_sought_as_is_sure() -> None:
    clue = clue_to_text("-" + "A" * 100 + "-", in_head=True)
    assert clue is not None
    assert clue.pieces == (Piece(b"A" * MAX_PIECE, at_start=True, at_end=False),)
    many = clue_to_text(" ".join(f"W{at}" for at in range(1000)), in_head=True)
    assert many is not None
    assert len(many.pieces) == MAX_PIECES


def test_no_clue_where_nothing_is_indexed() -> None:
    assert clue_to_text("-- \n", in_head=True) is None
    assert clue_to_field("", "") is None


def test_a_field_is_sought_by_its_name_too() -> None:
    clue = clue_to_field("LIST-ID", "KERNEL")
    assert clue is not None
    assert (clue.in_head, clue.in_body, clue.exact) == (True, False, False)
    assert set(clue.pieces) == {
        Piece(b"LIST", at_start=True, at_end=True),
        Piece(b"ID", at_start=True, at_end=True),
        Piece(b"KERNEL", at_start=False, at_end=False),
    }
    assert clue_to_field("X", "") is not None
