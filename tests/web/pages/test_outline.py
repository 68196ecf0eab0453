"""Threads as they are drawn, and outlines of them."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from gateway.web.answers import Refusal
from gateway.web.pages import drawings
from gateway.web.pages.drawings import ABSENT, HIDDEN, Node, drawing, drawn
from gateway.web.pages.neighbours import MAX_PASSED_OVER, Neighbours, neighbours
from gateway.web.pages.outline import MAX_LEVELS, bare_subject, levels, outlined
from gateway.web.reading import Reading
from storage.model import MailingList, ThreadNode
from tests.mail import MemoryEngine, done, fill, mail

if TYPE_CHECKING:
    from tests.mail import Engine

NAME: Final = "lists.made"


@given(st.lists(st.integers(0, 30), min_size=1))
def test_levels(depths: list[int]) -> None:
    """Lists open one at a time, never too deep, and a node is deeper than another only if it hangs below it."""
    nodes = [Node(depth, b"", None) for depth in depths]
    found = levels(nodes)
    assert found[0] == 0
    assert all(0 <= level < MAX_LEVELS for level in found)
    assert all(after <= before + 1 for before, after in pairwise(found))
    for at, (depth, level) in enumerate(zip(depths, found, strict=True)):
        above = [found[place] for place in range(at) if depths[place] < depth and all(depths[between] >= depth or depths[between] > depths[place] for between in range(place + 1, at))]  # fmt: skip
        assert level <= len(above)


@given(st.lists(st.integers(0, 12), min_size=1, max_size=150), st.data())
def test_an_outline_is_balanced(depths: list[int], data: st.DataObject) -> None:
    """As many lists close as open, of the nodes that are nearest."""
    nodes = [Node(depth, b"<%d@x>" % at, None, ABSENT) for at, depth in enumerate(depths)]
    here = data.draw(st.integers(0, len(nodes) - 1))
    nodes[here] = nodes[here]._replace(number=1, why="")
    most = data.draw(st.integers(1, 60))
    reading = Reading(MemoryEngine().archive())
    thread = drawings.Drawing(
        nodes, {1: here}, {1: drawings.Line(Markup("/u"), Markup("A"), "", Markup("S"), "S")}
    )
    found = done(outlined(reading, NAME, thread, 1, most))
    assert found.before + len(found.items) + found.after == len(nodes)
    assert len(found.items) == min(most, len(nodes))
    assert [item.is_current for item in found.items].count(True) == 1
    level = 0
    for at, item in enumerate(found.items):
        assert at == 0 or item.opens == found.items[at - 1].has_below
        level += item.opens
        assert not (item.has_below and item.closes)
        level -= item.closes
        assert level >= 0
    assert level == 0


@pytest.mark.parametrize(
    ("subject", "bare"),
    [
        ("Re: Rain", "Rain"),
        ("RE: re: Rain", "Rain"),
        ("Rain", "Rain"),
        ("Re:Rain", "Rain"),
        ("Remove it", "Remove it"),
        ("Report: Re: Rain", "Report: Re: Rain"),
        ("", ""),
        ("re", "re"),
        ("Re:", ""),
        ("Re: " * 7 + "x", "Re: Re: x"),
    ],
)
def test_bare_subjects(subject: str, bare: str) -> None:
    assert bare_subject(subject) == bare


def test_what_of_a_thread_is_shown() -> None:
    record = MailingList(NAME, low=1, high=5, holes=(2,), hidden=(3,))
    nodes = [ThreadNode(at, b"<%d@x>" % at, at or None) for at in range(7)]
    made = drawn(record, nodes)
    assert [(node.number, node.why) for node in made.nodes] == [
        (None, ABSENT),
        (1, ""),
        (None, ABSENT),
        (None, HIDDEN),
        (4, ""),
        (5, ""),
        (None, ABSENT),
    ]
    assert made.nodes[3].message_id == b""
    assert (made.first_number, made.first, made.last_number) == (1, b"<1@x>", 5)
    assert neighbours(record, 4, made) == Neighbours(1, 5, 1, 5)
    assert neighbours(record, 5, made) == Neighbours(4, None, 4, None)


def test_behind_many_hidden_ones_none_is_looked_for() -> None:
    last = MAX_PASSED_OVER + 3
    nodes = [ThreadNode(0, b"<1@x>", 1), *(ThreadNode(1, b"<2@x>", n) for n in range(2, last + 1))]
    hidden = range(2, last)
    record = MailingList(NAME, low=1, high=last, hidden=hidden)
    assert neighbours(record, 1, drawn(record, nodes)) == Neighbours(None, None, None, None)
    nearer = MailingList(NAME, low=1, high=last, hidden=hidden[1:])
    assert neighbours(nearer, 2, drawn(nearer, nodes)) == Neighbours(1, last, 1, last)
    assert neighbours(nearer, last, drawn(nearer, nodes)) == Neighbours(2, None, 2, None)


def test_kept_drawings_are_bounded_and_of_the_list_as_it_is(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawings, "MAX_KEPT_NODES", 4)
    mails = [mail(f"{root}{n}", answers=f"{root}0" if n else None) for root in "abc" for n in range(2)]  # fmt: skip
    fill(engine.writer(), NAME, mails)
    reading = Reading(engine.archive())

    def asked(number: int) -> drawings.Drawing:
        return done(drawing(reading, NAME, number))

    first = asked(1)
    assert asked(2) is first
    drawings._kept[reading.archive].put(reading.mailing_list(NAME), first)  # who asked at once
    assert asked(2) is first
    second = asked(3)
    assert asked(1) is first
    third = asked(5)
    assert asked(6) is third
    assert asked(1) is first
    assert asked(3) is not second
    fill(engine.writer(), NAME, [mail("a3", answers="a1")], now=1_700_000_001)
    reading.archive.refresh()
    assert len(asked(1).nodes) == 3
    fill(engine.writer(), NAME, [mail(f"d{n}", answers="d0" if n else None) for n in range(6)], now=1_700_000_002)  # fmt: skip
    reading.archive.refresh()
    large = asked(8)
    assert len(large.nodes) == 6
    assert asked(8) is large
    other = asked(1)
    assert asked(1) is other
    assert asked(8) is not large
    with pytest.raises(Refusal):
        asked(99)
