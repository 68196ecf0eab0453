"""The mark of copies that are not what was sent."""

from __future__ import annotations

import pytest

from storage.message.copies import copy_field, marked_fidelity
from storage.message.fields import parse_header
from storage.model import Fidelity


@pytest.mark.parametrize("fidelity", list(Fidelity))
def test_a_mark_is_read_as_it_was_written(fidelity: Fidelity) -> None:
    raw = b"From: a@x.example\n%bSubject: s\n\n" % copy_field(fidelity)
    assert marked_fidelity(parse_header(raw)) is fidelity


@pytest.mark.parametrize(
    ("line", "fidelity"),
    [
        (b"", Fidelity.FULL),
        (b"X-Listgate-Copy:\n", Fidelity.FULL),
        (b"X-Listgate-Copy: full\n", Fidelity.FULL),
        (b"x-listgate-copy: PAGE\n", Fidelity.PAGE),
    ],
)
def test_what_is_no_mark_says_nothing(line: bytes, fidelity: Fidelity) -> None:
    assert marked_fidelity(parse_header(b"%b\nbody" % line)) is fidelity
