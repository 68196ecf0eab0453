"""The forest: what is found, and that the order of arrival does not matter."""

from __future__ import annotations

import random
from itertools import permutations
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.memory import MemoryForest
from storage.threads import (
    MAX_ANCESTORS,
    MAX_CLIMB,
    Evidence,
    Forest,
    Node,
    Ties,
    ancestors,
    mended,
    place,
    withdraw,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

IDS = [b"<%d@x>" % n for n in range(7)]


def grown(ties: Iterable[Ties], *, window: int | None = None) -> MemoryForest:
    forest = MemoryForest()
    for number, each in enumerate(ties, 1):
        place(forest, each, number, subject_window=window)
    return forest


def shape(forest: MemoryForest) -> dict[bytes, tuple[bytes | None, Evidence]]:
    return {key: (node.above, node.evidence) for key, node in forest.nodes.items()}


def above(forest: Forest, message_id: bytes) -> bytes | None:
    node = forest.node(message_id)
    assert node is not None
    return node.above


def depth(forest: Forest, message_id: bytes) -> int:
    return len(ancestors(forest, message_id))


@st.composite
def mail(draw: st.DrawFn) -> Ties:
    return Ties(
        draw(st.sampled_from(IDS)),
        draw(st.integers(0, 9)),
        draw(st.lists(st.sampled_from(IDS), unique=True, max_size=4)),
        draw(st.lists(st.sampled_from(IDS), unique=True, max_size=2)),
        draw(st.sampled_from([None, b"i", b"j"])),
        draw(st.sampled_from([None, b"i", b"j"])),
        draw(st.sampled_from([b"", b"topic"])),
        draw(st.booleans()),
    )


MAILS = st.lists(mail(), max_size=7, unique_by=lambda ties: ties.message_id)


@settings(max_examples=400)
@given(MAILS, st.randoms(use_true_random=False), st.sampled_from([None, 3, 100]))
def test_the_forest_does_not_depend_on_the_order_of_arrival(
    ties: list[Ties], rng: random.Random, window: int | None
) -> None:
    shuffled = ties[:]
    rng.shuffle(shuffled)
    assert shape(grown(ties, window=window)) == shape(grown(shuffled, window=window))


@given(MAILS)
def test_every_node_reaches_a_root(ties: list[Ties]) -> None:
    forest = grown(ties, window=5)
    for node in forest.nodes.values():
        seen = set()
        at: Node | None = node
        while at is not None and at.above is not None:
            assert at.message_id not in seen
            seen.add(at.message_id)
            at = forest.node(at.above)
        assert at is not None


def test_the_last_reference_is_the_parent_and_the_others_link_what_is_missing() -> None:
    forest = grown([Ties(b"<d@x>", 4, [b"<a@x>", b"<b@x>", b"<c@x>"])])
    assert ancestors(forest, b"<d@x>") == [b"<a@x>", b"<b@x>", b"<c@x>"]
    ghost = forest.node(b"<b@x>")
    assert ghost is not None
    assert (ghost.number, ghost.evidence) == (None, Evidence.MENTION)


def test_references_win_over_in_reply_to_and_that_over_thread_index() -> None:
    start = [Ties(b"<r@x>", 1), Ties(b"<i@x>", 1), Ties(b"<t@x>", 1, conversation=b"k")]
    both = {"conversation_parent": b"k"}
    forest = grown(
        [
            *start,
            Ties(b"<1@x>", 2, [b"<r@x>"], [b"<i@x>"], None, b"k"),
            Ties(b"<2@x>", 2, [], [b"<i@x>"], None, b"k"),
            Ties(b"<3@x>", 2, [], [b"<i@x>", b"<r@x>"], None, b"k"),
            Ties(b"<4@x>", 2, conversation_parent=both["conversation_parent"]),
        ]
    )
    assert [above(forest, b"<%d@x>" % n) for n in (1, 2, 3, 4)] == [
        b"<r@x>",
        b"<i@x>",
        b"<t@x>",
        b"<t@x>",
    ]


def test_a_ghost_learns_from_the_deepest_mention() -> None:
    cut = Ties(b"<m@x>", 9, [b"<root@x>", b"<g@x>"])
    whole = Ties(b"<n@x>", 8, [b"<root@x>", b"<p@x>", b"<g@x>"])
    for order in permutations([cut, whole]):
        assert above(grown(order), b"<g@x>") == b"<p@x>"


def test_a_message_says_better_than_others_what_it_answers() -> None:
    forest = grown(
        [Ties(b"<m@x>", 9, [b"<wrong@x>", b"<b@x>"]), Ties(b"<b@x>", 8, [], [b"<right@x>"])]
    )
    assert above(forest, b"<b@x>") == b"<right@x>"


def test_a_message_that_names_itself_is_no_answer_to_itself() -> None:
    assert above(grown([Ties(b"<s@x>", 1, [b"<s@x>"], [b"<s@x>"])]), b"<s@x>") is None


def test_a_loop_is_opened_at_the_message_sent_first() -> None:
    ring = [Ties(b"<%d@x>" % n, n, [b"<%d@x>" % ((n + 1) % 4)]) for n in range(4)]
    for order in permutations(ring):
        forest = grown(order)
        assert above(forest, b"<0@x>") is None
        assert depth(forest, b"<1@x>") == 3


def test_a_loop_closed_by_a_mention_is_opened_there() -> None:
    two = [Ties(b"<a@x>", 1, [b"<b@x>"]), Ties(b"<c@x>", 3, [b"<a@x>", b"<b@x>"])]
    for order in permutations(two):
        forest = grown(order)
        assert above(forest, b"<a@x>") == b"<b@x>"
        assert above(forest, b"<b@x>") is None


def test_a_loop_is_joined_again_when_one_of_it_turns_out_to_answer_elsewhere() -> None:
    loop = [Ties(b"<a@x>", 1, [b"<b@x>"]), Ties(b"<c@x>", 3, [b"<a@x>", b"<b@x>"])]
    forest = grown([*loop, Ties(b"<b@x>", 2, [b"<z@x>"])])
    assert ancestors(forest, b"<a@x>") == [b"<z@x>", b"<b@x>"]


@pytest.mark.parametrize("reverse", [False, True])
def test_a_chain_of_thousands_is_followed_without_recursion(*, reverse: bool) -> None:
    chain = [
        Ties(b"<%d@x>" % n, n, [b"<%d@x>" % m for m in range(max(0, n - 5), n)])
        for n in range(3000)
    ]
    forest = grown(reversed(chain) if reverse else chain)
    for last, first in ((MAX_CLIMB - 1, 0), (2999, 3000 - MAX_CLIMB)):
        found = ancestors(forest, b"<%d@x>" % last)
        assert len(found) == MAX_ANCESTORS
        assert found[:3] == [b"<%d@x>" % n for n in range(first, first + 3)]
        assert found[-1] == b"<%d@x>" % (last - 1)


def test_one_subject_with_many_originals_and_replies_takes_its_time_in_proportion() -> None:
    ties = [Ties(b"<%d@x>" % n, n, subject=b"nightly", is_reply=n % 2 == 1) for n in range(1000)]
    for order in (ties, ties[::-1]):
        forest = grown(order, window=1000)
        assert all(above(forest, b"<%d@x>" % n) == b"<%d@x>" % (n - 1) for n in range(1, 1000, 2))


def test_a_removed_message_of_a_loop_opens_it_anew() -> None:
    ring = [Ties(b"<%d@x>" % n, n, [b"<%d@x>" % ((n + 1) % 3)]) for n in range(3)]
    early = grown(ring[:1])
    withdraw(early, b"<0@x>")
    for number, each in enumerate(ring[1:], 2):
        place(early, each, number)
    late = grown(ring)
    withdraw(late, b"<0@x>")
    assert shape(early) == shape(late)


def test_subjects_join_only_where_wanted_and_only_within_the_window() -> None:
    first = Ties(b"<a@x>", 100, subject=b"topic")
    again = Ties(b"<b@x>", 200, subject=b"topic")
    ties = [
        first,
        again,
        Ties(b"<near@x>", 150, subject=b"topic", is_reply=True),
        Ties(b"<late@x>", 260, subject=b"topic", is_reply=True),
        Ties(b"<far@x>", 900, subject=b"topic", is_reply=True),
        Ties(b"<none@x>", 101, subject=b"", is_reply=True),
    ]
    for order in (ties, ties[::-1]):
        forest = grown(order, window=120)
        found = [above(forest, own) for own in (b"<near@x>", b"<late@x>", b"<far@x>", b"<none@x>")]
        assert found == [b"<a@x>", b"<b@x>", None, None]
    assert above(grown(ties), b"<near@x>") is None


def test_a_removed_message_becomes_a_ghost_and_keeps_its_answers_together() -> None:
    forest = grown(
        [Ties(b"<a@x>", 1), Ties(b"<b@x>", 2, [b"<a@x>"]), Ties(b"<c@x>", 3, [b"<b@x>"])]
    )
    withdraw(forest, b"<b@x>")
    withdraw(forest, b"<unknown@x>")
    assert ancestors(forest, b"<c@x>") == [b"<a@x>", b"<b@x>"]
    ghost = forest.node(b"<b@x>")
    assert ghost is not None
    assert ghost.number is None


def served_references(
    forest: Forest, own: bytes, visible: Sequence[bytes], *, has_field: bool = True
) -> list[bytes] | None:
    node = forest.node(own)
    assert node is not None
    return mended(forest, node, visible, has_field=has_field)


def test_references_are_mended_when_and_only_when_a_client_would_go_wrong() -> None:
    forest = grown(
        [
            Ties(b"<a@x>", 1),
            Ties(b"<b@x>", 2, [b"<a@x>"]),
            Ties(b"<c@x>", 3, [], [b"<b@x>"]),
            Ties(b"<s@x>", 3, [b"<s@x>"]),
        ]
    )
    assert served_references(forest, b"<a@x>", [], has_field=False) is None
    assert served_references(forest, b"<b@x>", [b"<a@x>"]) is None
    assert served_references(forest, b"<b@x>", [b"<junk@x>", b"<a@x>"]) is None
    assert served_references(forest, b"<b@x>", [b"<a@x>", b"<junk@x>"]) == [b"<a@x>"]
    assert served_references(forest, b"<c@x>", [], has_field=False) == [b"<a@x>", b"<b@x>"]
    assert served_references(forest, b"<s@x>", [b"<s@x>"]) == []
    assert served_references(forest, b"<a@x>", [b"<elsewhere@x>"]) is None
