"""Any sequence of changes comes to what plain dicts come to."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from storage.bitmap import Bitmap
from storage.marks import Mode, Wish
from storage.memory_marks import MemoryMarks
from tests.marks.model import Model, bitmap, compare

NUMBERS = [1, 2, 3, 8190, 8191, 8192, 8193, 16383, 16384, 40000, 2**31 - 1]
FLAGS = [
    b"\\Seen",
    b"\\SEEN",
    b"\\Flagged",
    b"\\Answered",
    b"$Junk",
    b"$junk",
    *(b"k%d" % n for n in range(9)),
]

sets = st.sets(st.sampled_from(NUMBERS)).map(sorted).map(bitmap)


@st.composite
def wishes(draw: st.DrawFn) -> Wish:
    since = draw(
        st.none()
        | st.tuples(st.integers(0, 4), st.integers(0, 20)).map(lambda t: t[0] << 30 | t[1])
    )
    return Wish(
        draw(sets),
        draw(st.sampled_from(Mode)),
        draw(st.lists(st.sampled_from(FLAGS), max_size=11)),
        draw(st.integers(1, 4)),
        since,
        draw(sets) if since is not None else Bitmap(),
    )


@settings(max_examples=300, deadline=None)
@given(st.lists(wishes(), max_size=20))
def test_memory(changes: list[Wish]) -> None:
    marks, model = MemoryMarks(), Model()
    live = marks.of("u", "l", 1)
    for wish in changes:
        assert marks.change("u", "l", 1, wish) == model.change(wish)
        compare(live, model, NUMBERS)
