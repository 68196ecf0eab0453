"""Facts as rows and as columns."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.facts import decode_facts, facts_row
from storage.material import Material
from storage.model import Served

TIME = st.integers(-(2**62), 2**62)


@given(st.lists(st.tuples(TIME, st.none() | TIME, st.integers(0, 50)), max_size=300))
def test_columns_are_what_the_rows_were_made_of(
    given_: list[tuple[int, int | None, int]],
) -> None:
    materials = [
        Material.of(
            Served(b"<a@b>", b"A: b\r\n\r\n" + b"x\r\n" * lines, dotted=False), sent, received
        )
        for received, sent, lines in given_
    ]
    facts = decode_facts([facts_row(each) for each in materials])
    assert [*facts.received] == [each.received for each in materials]
    assert [*facts.sent] == [
        each.received if each.sent is None else each.sent for each in materials
    ]
    assert [*facts.size] == [8 + 3 * lines for _, _, lines in given_]
    assert [*facts.lines] == [lines for _, _, lines in given_]


def test_rows_are_little_endian() -> None:
    assert [*decode_facts([struct.pack("<qqII", -1, 2, 3, 4)]).received] == [-1]


def test_what_is_no_row_is_refused() -> None:
    for rows in ([b""], [b"x" * 23], [b"x" * 24, b"x" * 25]):
        with pytest.raises(ValueError, match="not rows of facts"):
            decode_facts(rows)


def test_material_counts_the_served_form() -> None:
    octets = b"Subject: a\r\n b\r\n\r\n1\r\n2\r\n"
    material = Material.of(Served(b"<a@b>", octets, dotted=False), None, 7)
    assert (material.size, material.lines) == (len(octets), 2)
    assert (material.sent, material.received) == (None, 7)
    (field,) = material.header.fields
    assert octets[field.start : field.end] == b"Subject: a\r\n b\r\n"
