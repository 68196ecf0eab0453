"""What a thread is called, whatever mail comes in whatever order: given once, by the parent of the time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from storage.memory import MemoryForest
from storage.threads import Ties, own_thread, place, uproot, withdraw
from tests.properties.test_threads import MAILS

if TYPE_CHECKING:
    from storage.threads import Forest


@settings(max_examples=300)
@given(MAILS, st.sampled_from([None, 3, 100]))
def test_it_is_given_once(mails: list[Ties], window: int | None) -> None:
    forest = MemoryForest()
    told: dict[bytes, bytes] = {}
    for number, ties in enumerate(mails, 1):
        node = place(forest, ties, number, subject_window=window)
        now = {key: each.thread for key, each in forest.nodes.items()}
        assert now.items() >= told.items()
        assert set(now.values()) <= set(map(own_thread, forest.nodes))
        parent = None if node.parent is None else forest.node(node.parent)
        if ties.message_id not in told and parent is not None:
            assert node.thread == parent.thread
        told = now
    for ties in mails:
        withdraw(forest, ties.message_id)
        uproot(forest, ties.message_id)
    assert {key: each.thread for key, each in forest.nodes.items()} == told


def thread(forest: Forest, message_id: bytes) -> bytes:
    node = forest.node(message_id)
    assert node is not None
    return node.thread


def test_each_kind_of_evidence_gives_it() -> None:
    forest = MemoryForest()
    place(forest, Ties(b"<r@x>", 1, conversation=b"k", subject=b"s"), 1)
    place(forest, Ties(b"<t@x>", 2, conversation_parent=b"k"), 2)
    place(forest, Ties(b"<q@x>", 2, subject=b"q"), 3, subject_window=9)
    place(forest, Ties(b"<s@x>", 3, subject=b"q", is_reply=True), 4, subject_window=9)
    place(forest, Ties(b"<u@x>", 3, in_reply_to=[b"<s@x>"]), 5)
    place(forest, Ties(b"<w@x>", 4, [b"<r@x>", b"<v@x>"]), 6)
    assert [thread(forest, b"<%b@x>" % own) for own in (b"t", b"v", b"w", b"s", b"u")] == [
        own_thread(b"<r@x>"),
        own_thread(b"<r@x>"),
        own_thread(b"<r@x>"),
        own_thread(b"<q@x>"),
        own_thread(b"<q@x>"),
    ]
