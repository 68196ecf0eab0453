"""The golden files ``golden/served/NAME.eml`` are served as ``NAME.served`` says, octet for octet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from storage.message.fields import parse_header
from storage.message.ids import message_id, references, synthetic_id
from storage.message.same import identity
from storage.message.served import MAX_REFERENCES_OCTETS, count_lines, serve, served_head

if TYPE_CHECKING:
    from collections.abc import Sequence

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "served"
SERVED_AS_IT_IS = {"ordinary", "crlf", "header-only"}
PLAIN = b"From: a\nMessage-ID: <a@x>\n\nbody\n"


def head_of(raw: bytes, references: Sequence[bytes] | None = None) -> bytes | None:
    header = parse_header(raw)
    own = message_id(header)[0] or synthetic_id(identity(raw, header))
    return served_head(raw, header, own, references)


def served_fields(raw: bytes, references: Sequence[bytes] | None = None) -> list[bytes]:
    head = head_of(raw, references)
    assert head is not None
    return head.split(b"\r\n")[:-1]


@pytest.mark.parametrize("eml", sorted(GOLDEN.glob("*.eml")), ids=lambda eml: eml.stem)
def test_golden_files(eml: Path) -> None:
    raw = eml.read_bytes()
    head = head_of(raw)
    assert (head is None) == (eml.stem in SERVED_AS_IT_IS)
    assert serve(raw, head) == eml.with_suffix(".served").read_bytes()


@pytest.mark.parametrize("eml", sorted(GOLDEN.glob("*.eml")), ids=lambda eml: eml.stem)
def test_what_was_served_is_served_as_it_is(eml: Path) -> None:
    raw = eml.read_bytes()
    served = serve(raw, head_of(raw))
    assert head_of(served) is None
    assert serve(served, None) == served


def test_another_id_takes_the_place_of_one_that_is_taken() -> None:
    header = parse_header(PLAIN)
    assert served_head(PLAIN, header, b"<b@x>", None) == (
        b"From: a\r\nMessage-ID: <b@x>\r\nX-Original-Message-ID: <a@x>\r\n"
    )


def test_new_references_stand_where_the_old_ones_stood() -> None:
    raw = b"Message-ID: <a@x>\nreferences: <old@x>\n <older@x>\nSubject: s\nReferences: more\n\n"
    assert served_fields(raw, [b"<new@x>"]) == [
        b"Message-ID: <a@x>",
        b"References: <new@x>",
        b"X-Original-references: <old@x>",
        b" <older@x>",
        b"Subject: s",
        b"X-Original-References: more",
    ]


def test_new_references_stand_at_the_end_where_there_were_none() -> None:
    assert served_fields(PLAIN, [b"<new@x>"])[-1] == b"References: <new@x>"


def test_no_references_take_the_old_ones_away() -> None:
    raw = b"Message-ID: <a@x>\nReferences: <a@x>\n\n"
    assert served_fields(raw, []) == [b"Message-ID: <a@x>", b"X-Original-References: <a@x>"]


def test_references_are_folded() -> None:
    ids = [b"<%030d@example.org>" % number for number in range(40)] + [b"<" + b"x" * 240 + b"@x>"]
    lines = served_fields(PLAIN, ids)[2:]
    assert all(len(line) <= 78 or line.count(b"<") == 1 for line in lines)
    assert max(map(len, lines[:-1])) > 50
    assert references(b"\r\n".join(lines).removeprefix(b"References:")) == ids


@pytest.mark.parametrize("length", [30, 244])
def test_of_too_long_references_the_first_and_the_last_are_kept(length: int) -> None:
    ids = [b"<%0*d@x>" % (length, number) for number in range(2000)]
    value = b"\r\n".join(served_fields(PLAIN, ids)[2:]).removeprefix(b"References: ")
    kept = references(value)
    assert kept[0] == ids[0]
    assert kept[1:] == ids[1 - len(kept) :]
    assert MAX_REFERENCES_OCTETS - 2 * length < len(b" ".join(kept)) <= MAX_REFERENCES_OCTETS


def test_references_that_just_fit_are_all_kept() -> None:
    ids = [b"<%0244d@x>" % number for number in range(MAX_REFERENCES_OCTETS // 249)]
    assert len(served_fields(PLAIN, ids)[2:]) == len(ids)


@pytest.mark.parametrize(
    ("body", "served"),
    [
        (b"", b""),
        (b"\n", b"\r\n"),
        (b"no end", b"no end\r\n"),
        (b"a\rb\r\nc\n", b"a\r\nb\r\nc\r\n"),
        (b"a\r\r\nb\r", b"a\r\nb\r\n"),
        (b"a\n\r\rb", b"a\r\n\r\n\r\nb\r\n"),
        (b"\0a\0\r\0\nb\0\n", b"a\r\nb\r\n"),
        (b"\0", b""),
        (b"caf\xe9 \xff\n", b"caf\xe9 \xff\r\n"),
    ],
)
def test_bodies_can_be_sent(body: bytes, served: bytes) -> None:
    octets = serve(b"A: b\n\n" + body, None)
    assert octets == b"A: b\r\n\r\n" + served
    assert count_lines(octets) == len(served.split(b"\r\n")) - 1


def test_a_message_may_lack_header_or_body() -> None:
    assert serve(b"\nbody\n", None) == b"\r\nbody\r\n"
    assert serve(b"A: b", None) == b"A: b\r\n\r\n"
    assert count_lines(serve(b"\nbody\n", None)) == 1
    assert count_lines(serve(b"", None)) == 0
    assert serve(b"", None) == b"\r\n"
