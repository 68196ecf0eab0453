"""Segments of the full-text index: what goes in comes out, and what is sought is found."""

from __future__ import annotations

import sys
from array import array
from unittest import mock

from hypothesis import given
from hypothesis import strategies as st

from storage.message.terms import Piece
from storage.sqlite import fulltext_segment
from storage.sqlite.fulltext_segment import (
    MAX_LISTED,
    RUN_NUMBERS,
    SAMPLE,
    Places,
    Section,
    Terms,
    bits_of,
    joined,
    octets_of,
    places_in,
)

ALL = (1 << RUN_NUMBERS) - 1
TERMS = st.dictionaries(
    st.binary(min_size=1, max_size=6).map(lambda octets: octets.hex().upper().encode()[:5]),
    st.sets(st.integers(0, RUN_NUMBERS - 1), min_size=1, max_size=20).map(
        lambda places: array("H", sorted(places)).tobytes()
    ),
    max_size=60,
)
PIECES = st.builds(
    Piece,
    st.text("0123456789ABCDEF", min_size=1, max_size=3).map(str.encode),
    st.booleans(),
    st.booleans(),
)


def scanned(terms: Terms, piece: Piece) -> int:
    start, end = b" " * piece.at_start, b" " * piece.at_end
    sought = start + piece.octets + end
    return bits_of(
        place
        for term, places in terms.items()
        if sought in b" %b " % term
        for place in array("H", places)
    )


@given(TERMS)
def test_what_goes_in_comes_out(terms: Terms) -> None:
    assert Section.of(terms).decode() == terms


@given(TERMS, PIECES, st.sets(st.integers(0, RUN_NUMBERS - 1)).map(bits_of) | st.just(ALL))
def test_what_is_sought_is_found(terms: Terms, piece: Piece, wanted: int) -> None:
    section = Section.of(terms)
    found = Places(section.places).with_piece(section.terms, piece, wanted)
    assert found == scanned(terms, piece) & wanted


@given(TERMS, TERMS)
def test_joined_are_the_messages_of_both(one: Terms, other: Terms) -> None:
    every = {term: {*array("H", one.get(term, b"") + other.get(term, b""))} for term in one | other}
    found = joined(dict(one), dict(other))
    assert {term: {*array("H", places)} for term, places in found.items()} == every


def many() -> Terms:
    """Return terms of all kinds: in nearly all messages, in some, in one; more than a sample of each."""
    dense = {b"D%d" % at: list(range(at, RUN_NUMBERS)) for at in range(2 * SAMPLE)}
    listed = {b"L%d" % at: [at, at + 7, 4000] for at in range(3 * SAMPLE)}
    single = {b"S%d" % at: [at % RUN_NUMBERS] for at in range(5000)}
    edge = {b"E%d" % more: list(range(MAX_LISTED + more)) for more in (0, 1)}
    every = {**single, **listed, **dense, **edge}
    return {term: array("H", places).tobytes() for term, places in every.items()}


def test_terms_of_all_kinds() -> None:
    terms = many()
    section = Section.of(terms)
    assert section.decode() == terms
    places = Places(section.places)
    for octets in (b"D", b"D500", b"L", b"L3", b"S", b"S77", b"S4999", b"7", b"E0", b"E1", b"NO"):
        for at_start, at_end in ((False, False), (True, False), (False, True), (True, True)):
            piece = Piece(octets, at_start, at_end)
            for wanted in (ALL, 1 << 4000, 0b1111):
                found = places.with_piece(section.terms, piece, wanted)
                assert found == scanned(terms, piece) & wanted


def test_it_stops_when_all_are_found() -> None:
    section = Section.of(many())
    places = Places(section.places)
    with mock.patch.object(Places, "listed", side_effect=AssertionError):
        assert places.with_piece(section.terms, Piece(b"0", False, False), ALL & ~1023).bit_count()


def test_nothing_is_in_nothing() -> None:
    section = Section.of({})
    assert section.decode() == {}
    assert Places(section.places).with_piece(section.terms, Piece(b"A", False, False), ALL) == 0


def test_stored_integers_are_little_endian() -> None:
    section = Section.of({b"A": octets_of(0x0102)})
    assert section.places.endswith(b"\x02\x01")
    if sys.byteorder == "little":
        swapped = b"\x01\x02"
        with mock.patch.object(sys, "byteorder", "big"):
            assert fulltext_segment._octets(array("H", [0x0102])) == swapped
            assert list(fulltext_segment._integers("H", swapped)) == [0x0102]


def test_bits_are_places() -> None:
    assert places_in(0) == []
    assert places_in(bits_of([0, 1, 9, 4095])) == [0, 1, 9, 4095]
