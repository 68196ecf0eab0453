"""References as they are served: the original ones unless they would lead a client astray."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import pytest

from gateway.renderers import RENDERERS
from storage.ingest import ingest
from storage.message.fields import parse_header
from storage.message.served import MAX_REFERENCES_OCTETS
from storage.threads import MAX_ANCESTORS
from tests.mail import NOW, Given, done, fill, mail

if TYPE_CHECKING:
    from tests.mail import Engine

SOUND: Final = "References: <0@x.example> <1@x.example>"


def references(engine: Engine, number: int) -> tuple[bytes | None, bytes | None]:
    """Return the served References of a message and what became of the original ones."""
    header = parse_header(done(engine.archive().served("l", number)).head)
    return header.first(b"references"), header.first(b"x-original-references")


@pytest.mark.parametrize(
    ("fields", "served", "original"),
    [
        ([SOUND], b"<0@x.example> <1@x.example>", None),
        ([SOUND, "In-Reply-To: <0@x.example>"], b"<0@x.example> <1@x.example>", None),
        (["References: <0@x.example>, <1@x.example>"], b"<0@x.example>, <1@x.example>", None),
        (["References: <1@x.example>"], b"<1@x.example>", None),
        (["In-Reply-To: <1@x.example>"], b"<0@x.example> <1@x.example>", None),
        (
            ["In-Reply-To: Your message of today <1@x.example>"],
            b"<0@x.example> <1@x.example>",
            None,
        ),
        (
            ["In-Reply-To: Message from A <a@x.example> of today <1@x.example>"],
            b"<0@x.example> <1@x.example>",
            None,
        ),
        (
            ['In-Reply-To: Message from B <b@x.example> of "today" <1@x.example>'],
            b"<0@x.example> <1@x.example>",
            None,
        ),
        (
            ["In-Reply-To: <1@x.example>; from A <a@x.example> on Thursday"],
            b"<0@x.example> <1@x.example>",
            None,
        ),
        (["In-Reply-To: <0@x.example>, <1@x.example>"], None, None),
        (["References:", "In-Reply-To: <1@x.example>"], b"<0@x.example> <1@x.example>", b""),
        (
            ["References: none of them", "In-Reply-To: 1@x.example"],
            b"<0@x.example> <1@x.example>",
            b"none of them",
        ),
        (["References: 1@x.example"], b"<0@x.example> <1@x.example>", b"1@x.example"),
        (
            ["References: <0@x.example> <1@x.\n example>"],
            b"<0@x.example> <1@x.example>",
            b"<0@x.example> <1@x. example>",
        ),
        (
            ["References: <0@x.example> (<1@x.example>) <2@x.example>"],
            b"<0@x.example>",
            b"<0@x.example> (<1@x.example>) <2@x.example>",
        ),
        (["References: <2@x.example>"], None, b"<2@x.example>"),
        (["References: gibberish"], b"gibberish", None),
        (["In-Reply-To: <a@x.example>"], None, None),
        (["In-Reply-To: <0@x.example> <1@x.example>"], None, None),
        (["References: <gone@x.example>"], b"<gone@x.example>", None),
        (["In-Reply-To: <gone@x.example>"], b"<gone@x.example>", None),
    ],
)
def test_references_are_mended_where_and_only_where_they_mislead(
    engine: Engine, fields: list[str], served: bytes | None, original: bytes | None
) -> None:
    fill(engine.writer(), "l", [mail("0"), mail("1", answers="0"), mail("2", *fields)])
    assert references(engine, 3) == (served, original)


def test_several_fields_are_read_as_one_and_served_as_one(engine: Engine) -> None:
    fields = ["References: <0@x.example>", "References: <1@x.example>"]
    fill(engine.writer(), "l", [mail("0"), mail("1", answers="0"), mail("2", *fields)])
    thread = done(engine.archive().thread("l", 3))
    assert [(node.depth, node.number) for node in thread] == [(0, 1), (1, 2), (2, 3)]


@pytest.mark.parametrize("length", [1, 30])
def test_a_mended_chain_keeps_its_beginning_and_its_end(engine: Engine, length: int) -> None:
    """An id is ``length`` characters and five digits; those that are too many or too long are left out."""
    left = ["x" * length + f"{n:05}" for n in range(400)]
    mails = [mail(left[0])] + [
        mail(own, f"In-Reply-To: <{parent}@x.example>") for parent, own in pairwise(left)
    ]
    fill(engine.writer(), "l", mails)
    raw = done(engine.archive().served("l", 400)).head
    value, _ = references(engine, 400)
    assert value is not None
    found = [int(each) for each in re.findall(rb"(\d{5})@", value)]
    assert len(found) == MAX_ANCESTORS
    assert found[:3] == [0, 1, 2]
    assert found[3:] == list(range(399 - len(found[3:]), 399))
    assert len(value) <= MAX_REFERENCES_OCTETS
    assert max(map(len, raw.split(b"\r\n"))) <= 998


def test_a_mended_chain_of_the_longest_ids_keeps_within_the_limit(engine: Engine) -> None:
    left = ["x" * 230 + f"{n:05}" for n in range(80)]
    mails = [mail(left[0])] + [
        mail(own, f"In-Reply-To: <{parent}@x.example>") for parent, own in pairwise(left)
    ]
    fill(engine.writer(), "l", mails)
    value, _ = references(engine, 80)
    assert value is not None
    found = [int(each) for each in re.findall(rb"(\d{5})@", value)]
    assert len(value) <= MAX_REFERENCES_OCTETS
    assert found[0] == 0
    assert found[1:] == list(range(79 - len(found[1:]), 79))
    assert len(found) > 20


def test_what_a_subject_tells_is_served_where_the_operator_wants_it(engine: Engine) -> None:
    mails = [
        mail("1", subject="Topic"),
        mail("2", subject="Re: [l] topic", date="Fri, 2 Jan 2004 12:00:00 +0000"),
        mail("3", subject="Re: Topic", date="Fri, 2 Apr 2004 12:00:00 +0000"),
        mail("4", subject="Topic", date="Fri, 2 Jan 2004 12:00:00 +0000"),
    ]
    fill(engine.writer(), "plain", mails)
    archive = engine.archive()
    assert [len(done(archive.thread("plain", n))) for n in range(1, 5)] == [1, 1, 1, 1]
    ingest(
        engine.writer(), "l", Given(mails), RENDERERS, subject_window=2_000_000, clock=lambda: NOW
    )
    assert [references(engine, n)[0] for n in range(1, 5)] == [None, b"<1@x.example>", None, None]


def test_an_answer_of_outlook_is_found_by_its_thread_index(engine: Engine) -> None:
    parent = "Thread-Index: " + "AQHaPAAAAAAAAAAAAAAAAAAAAAAAAA=="
    answer = "Thread-Index: " + "AQHaPAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    fill(engine.writer(), "l", [mail("1", parent), mail("2", answer)])
    assert references(engine, 2)[0] == b"<1@x.example>"
