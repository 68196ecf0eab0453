"""What a twin notes of a message is what its origin noted when the message came."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from storage.memory_shelf import MemoryForest
from storage.threads import Note, Ties, place, remember

WINDOW = 1000

ids = st.sampled_from([b"<1@x>", b"<2@x>", b"<3@x>"])
indexes = st.sampled_from([None, b"a", b"b"])
ties = st.builds(
    Ties,
    message_id=st.just(b"<0@x>"),
    sent=st.just(1_700_000_000),
    references=st.lists(ids, max_size=2).map(tuple),
    in_reply_to=st.lists(ids, max_size=2).map(tuple),
    conversation=indexes,
    conversation_parent=indexes,
    subject=st.sampled_from([b"", b"topic"]),
    is_reply=st.booleans(),
)


def notes(forest: MemoryForest) -> dict[bytes, list[Note]]:
    """Return the notes of a forest, by key, as far as there are any."""
    return {key: kept for key, kept in forest.kept_notes.items() if kept}


@given(ties, st.sampled_from([None, WINDOW]))
def test_what_is_remembered_is_what_was_noted(said: Ties, window: int | None) -> None:
    placed, remembered = MemoryForest(), MemoryForest()
    place(placed, said, 1, subject_window=window)
    for _ in range(2):  # a second time changes nothing
        remember(remembered, said, subject_window=window)
    assert notes(remembered) == notes(placed)
