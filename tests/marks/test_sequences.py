"""Any sequence of changes comes to what plain dicts come to, whichever process makes which of them."""

from __future__ import annotations

import tempfile
from contextlib import closing
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from storage.bitmap import Bitmap
from storage.marks import Mode, Wish
from storage.memory_marks import MemoryMarks
from storage.sqlite.marks import SqliteMarks
from storage.stamps import MAX_LAYERS
from tests.marks.model import SEEN, Model, bitmap, compare

NUMBERS = [1, 2, 3, 4, 5, 8190, 8191, 8192, 8193, 16383, 16384, 40000, 2**31 - 1]
FLAGS = [SEEN, b"\\SEEN", b"\\Flagged", b"\\Answered", b"$Junk", b"$junk"]
MANY = FLAGS + [b"k%d" % n for n in range(9)]

sets = st.sets(st.sampled_from(NUMBERS)).map(sorted).map(bitmap)
stamps = st.tuples(st.integers(0, 4), st.integers(0, 20)).map(lambda pair: pair[0] << 30 | pair[1])
flags = st.lists(st.sampled_from(FLAGS), max_size=3) | st.lists(st.sampled_from(MANY), max_size=11)


@st.composite
def wishes(draw: st.DrawFn) -> Wish:
    since = draw(st.none() | stamps)
    return Wish(
        draw(sets),
        draw(st.sampled_from(Mode)),
        draw(flags),
        draw(st.integers(1, 4)),
        since,
        Bitmap() if since is None else draw(sets),
    )


@settings(max_examples=200, deadline=None)
@given(st.lists(wishes(), max_size=MAX_LAYERS))
def test_memory(changes: list[Wish]) -> None:
    marks, model = MemoryMarks(), Model()
    live = marks.of("u", "l", 1)
    for wish in changes:
        assert marks.change("u", "l", 1, wish) == model.change(wish)
        compare(live, model, NUMBERS)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(wishes(), st.booleans(), st.booleans()), max_size=12))
def test_two_processes(changes: list[tuple[Wish, bool, bool]]) -> None:
    model = Model()
    with (
        tempfile.TemporaryDirectory() as directory,
        closing(SqliteMarks(Path(directory))) as one,
        closing(SqliteMarks(Path(directory))) as other,
    ):
        lives = [marks.of("u", "l", 1) for marks in (one, other)]
        for wish, is_other, is_looking in changes:
            marks = other if is_other else one
            assert marks.change("u", "l", 1, wish) == model.change(wish)
            compare(marks.of("u", "l", 1), model, NUMBERS)
            if is_looking:
                one.refresh()
                other.refresh()
                for live in lives:
                    compare(live, model, NUMBERS)
        with closing(SqliteMarks(Path(directory))) as later:
            compare(later.of("u", "l", 1), model, NUMBERS)


singles = st.tuples(st.integers(1, 30), st.sampled_from(Mode), st.sampled_from(FLAGS[:3]))


@settings(max_examples=40, deadline=None)
@given(st.lists(singles, min_size=3 * MAX_LAYERS, max_size=5 * MAX_LAYERS))
def test_many_stamps_in_one_chunk_never_tell_too_little(
    changes: list[tuple[int, Mode, bytes]],
) -> None:
    marks, model = MemoryMarks(), Model()
    for number, mode, flag in changes:
        wish = Wish(bitmap([number]), mode, [flag], 1)
        assert marks.change("u", "l", 1, wish) == model.change(wish)
    compare(marks.of("u", "l", 1), model, list(range(1, 32)), exact=False)
