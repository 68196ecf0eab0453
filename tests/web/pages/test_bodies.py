"""Bodies of messages, and which are kept."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest

from gateway.access import Access
from gateway.web.answers import Refusal
from gateway.web.pages import bodies
from gateway.web.pages.bodies import body
from gateway.web.reading import Reading
from gateway.web.settings import Settings
from tests.mail import MemoryEngine, done, fill, mail

if TYPE_CHECKING:
    from gateway.web.pages.bodies import Body

NAME: Final = "lists.made"
OTHER: Final = "lists.other"
MENTIONS: Final = "As <m1@x.example> says, write to b@x.example.\n"


def shown(reading: Reading, number: int) -> Body:
    return done(body(reading, NAME, done(reading.entry(NAME, number))))


def test_what_is_mentioned_is_looked_up_each_time() -> None:
    engine = MemoryEngine()
    fill(engine.writer(), NAME, [mail("m0", body=MENTIONS)])
    reading = Reading(engine.archive())
    assert "href" not in shown(reading, 1).html
    fill(engine.writer(), OTHER, [mail("m1")])
    reading.archive.refresh()
    assert f'href="/{OTHER}/m/m1@x.example"' in shown(reading, 1).html
    closed = replace(reading, access=Access(frozenset({OTHER})))
    assert "href" not in shown(closed, 1).html
    fill(engine.writer(), NAME, [mail("m1")], now=1_700_000_001)
    reading.archive.refresh()
    assert f'href="/{NAME}/m/m1@x.example"' in shown(reading, 1).html
    with engine.writer().batch() as batch:
        batch.hide(NAME, [2])
        batch.hide(OTHER, [1])
    assert "href" not in shown(Reading(engine.archive()), 1).html


def test_the_same_body_is_kept_for_each_way_to_show_it() -> None:
    engine = MemoryEngine()
    fill(engine.writer(), NAME, [mail("m0", body="Write to b@x.example.\n")])
    reading = Reading(engine.archive())
    first = shown(reading, 1)
    assert shown(reading, 1) is first
    assert "b@...xample" in first.html
    plain = shown(replace(reading, settings=Settings(obfuscate=False)), 1)
    assert "b@x.example" in plain.html


def test_kept_bodies_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "MAX_KEPT_CHARACTERS", 24_000)
    engine = MemoryEngine()
    texts = ["Short.\n"] * 30 + ["Long.\n" * 1000]
    fill(engine.writer(), NAME, [mail(f"m{n}", body=text) for n, text in enumerate(texts)])
    reading = Reading(engine.archive())
    found = {number: shown(reading, number) for number in range(1, 32)}
    assert shown(reading, 31) is not found[31]
    assert shown(reading, 30) is found[30]
    assert shown(reading, 1) is not found[1]
    with pytest.raises(Refusal):
        shown(reading, 99)
