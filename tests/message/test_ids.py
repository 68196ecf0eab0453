from __future__ import annotations

import re

import pytest

from storage.message.fields import parse_header
from storage.message.ids import (
    MAX_REFERENCES,
    derived_id,
    message_id,
    references,
    sound_id,
    synthetic_id,
)

DERIVED = re.compile(rb"<[0-9a-f]{32}@derived\.listgate\.invalid>")


def id_of(*values: bytes) -> tuple[bytes | None, bool]:
    return message_id(parse_header(b"".join(b"Message-ID: %b\n" % value for value in values)))


@pytest.mark.parametrize(
    "value",
    [
        b"<a@b>",
        b"\n <folded@example.org>",
        b"<a/b%2Fc?d&e=f;g@example.org>",
        b"<*?[!]\\@example.org>",
        b"<" + b"x" * 236 + b"@example.org>",
        b"<a@b@c>",
    ],
)
def test_a_sound_id_is_carried_verbatim(value: bytes) -> None:
    assert id_of(value) == (value.strip(), True)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"abc@example.org", b"<abc@example.org>"),
        (b"<unclosed@example.org", b"<unclosed@example.org>"),
        (b"<<nested@example.org>>", b"<nested@example.org>"),
        (b"<a b\n c@example.org>", b"<abc@example.org>"),
        (b"(c) <cm@example.org> (d)", b"<cm@example.org>"),
        (b"<tj@example.org> junk", b"<tj@example.org>"),
        (b"<one@example.org> <two@example.org>", b"<one@example.org>"),
        (b"<n\0ul@example.org>", b"<nul@example.org>"),
        (b"<no-at> <at@example.org>", b"<at@example.org>"),
    ],
)
def test_an_id_is_repaired_where_it_can_be(value: bytes, expected: bytes) -> None:
    assert id_of(value) == (expected, False)


@pytest.mark.parametrize(
    "value",
    [
        b"<justatoken>",
        b"<\xe9t\xe9@example.org>",
        b"<" + b"x" * 300 + b"@example.org>",
        b"<@>",
        b"<a@>",
        b"no id at all",
        b"<a<b@c",
    ],
)
def test_an_id_beyond_repair_gets_a_sound_one_of_its_own(value: bytes) -> None:
    found, verbatim = id_of(value)
    assert found is not None
    assert DERIVED.fullmatch(found)
    assert not verbatim
    assert id_of(value) == (found, False)
    assert id_of(b"<another bad>") != (found, False)


@pytest.mark.parametrize("values", [(), (b"",), (b"<>",), (b"< >", b"")])
def test_no_id_is_none(values: tuple[bytes, ...]) -> None:
    assert id_of(*values) == (None, False)


def test_of_several_fields_the_first_sound_id_is_taken() -> None:
    assert id_of(b"<first@x>", b"<second@x>") == (b"<first@x>", False)
    assert id_of(b"<bad>", b"<good@x>") == (b"<good@x>", False)
    assert id_of(b"<same@x>", b"<same@x>") == (b"<same@x>", False)


@pytest.mark.parametrize(
    "bad", [b"<justatoken>", b"<\xe9t\xe9@example.org>", b"<a b@c>", b"<<x@y>>"]
)
def test_replies_that_quote_a_bad_id_meet_it(bad: bytes) -> None:
    own, _ = id_of(bad)
    assert references(b"<root@x> " + bad) == [b"<root@x>", own]
    assert sound_id(bad) == own


@pytest.mark.parametrize(
    ("value", "ids"),
    [
        (b"<a@x> <b@x>", [b"<a@x>", b"<b@x>"]),
        (b"<a@x>\r\n\t<b@x>\n <c@x>", [b"<a@x>", b"<b@x>", b"<c@x>"]),
        (b"<a@x><b@x>", [b"<a@x>", b"<b@x>"]),
        (b"<a@x>, <b@x>;", [b"<a@x>", b"<b@x>"]),
        (b"<<a@x>> <b@x>", [b"<a@x>", b"<b@x>"]),
        (b"<root@edge\n .example> <b@x>", [b"<root@edge.example>", b"<b@x>"]),
        (b"<root@exa\n <root@x> <b@x>", [b"<root@x>", b"<b@x>"]),
        (b"e.example> <b@x>", [b"<b@x>"]),
        (b'Your message of "Tue, 02 Jan 2024" <b@x>', [b"<b@x>"]),
        (b'Your message of "Tue, 02 Jan 2024"', []),
        (b"<Tue, 02 Jan 2024> <b@x>", [b"<b@x>"]),
        (b"<b@x> (Ann Author <ann@x>'s message)", [b"<b@x>"]),
        (b"((nested <c@x>) <d@x>) <b@x>", [b"<b@x>"]),
        (b"(all <a@x> inside <b@x>)", [b"<a@x>", b"<b@x>"]),
        (b"(on) <Tue, 02 Jan 2024> <b@x>", [b"<b@x>"]),
        (b":-) <b@x>", [b"<b@x>"]),
        (b":-( <b@x>", [b"<b@x>"]),
        (b"parent@x", [b"<parent@x>"]),
        (b"<parent@x", [b"<parent@x>"]),
        (b"a@x, 'b@x'", [b"<a@x>", b"<b@x>"]),
        (b"mail from a@x", []),
        (b"<> < >", []),
        (b"", []),
        (b"   ", []),
    ],
)
def test_references_are_read_out_of_what_people_write(value: bytes, ids: list[bytes]) -> None:
    assert references(value) == ids


def test_a_repeated_reference_counts_where_it_is_last() -> None:
    assert references(b"<p@x> <a@x> <b@x> <p@x>") == [b"<a@x>", b"<b@x>", b"<p@x>"]


def test_an_overlong_reference_is_made_sound() -> None:
    first, last = references(b"<" + b"x" * 300 + b"@x> <b@x>")
    assert DERIVED.fullmatch(first)
    assert last == b"<b@x>"


def test_of_too_many_references_the_first_and_the_last_are_kept() -> None:
    ids = [b"<%d@x>" % number for number in range(3 * MAX_REFERENCES)]
    assert references(b" ".join(ids)) == [ids[0], *ids[1 - MAX_REFERENCES :]]
    assert references(b" ".join(ids[:MAX_REFERENCES])) == ids[:MAX_REFERENCES]


def test_made_ids_depend_on_all_that_they_are_made_of() -> None:
    made = {
        synthetic_id(b"1"),
        synthetic_id(b"2"),
        derived_id(b"<a@x>", b"1"),
        derived_id(b"<a@x>", b"2"),
        derived_id(b"<b@x>", b"1"),
        sound_id(b"<bad>"),
    }
    assert len(made) == 6
    assert all(sound_id(identifier) == identifier for identifier in made)


def test_made_ids_never_change() -> None:  # they are in the archives that were made with them
    assert synthetic_id(b"1") == b"<cea3878a334b240469d159ff840b6434@missing.listgate.invalid>"
    assert (
        derived_id(b"<a@x>", b"1")
        == b"<1340010c00833e44f583acec17749d2e@duplicate.listgate.invalid>"
    )
    assert sound_id(b"<bad>") == b"<5a711247b2b24378bbabfb6173b1bf29@derived.listgate.invalid>"
