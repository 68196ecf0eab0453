"""The contract of Marks: what every engine does alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import storage.marks
from storage.bitmap import Bitmap
from storage.marks import (
    MAX_FLAG_OCTETS,
    MAX_KEYWORDS,
    MAX_NAME,
    REVISION_BITS,
    SYSTEM_FLAGS,
    Marks,
    Mode,
    TooMany,
    Wish,
)
from tests.marks.model import ANSWERED, FLAGGED, SEEN, add, bitmap, numbers_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.marks.conftest import Desk, Engine


ODD = [
    b"a b",
    b"a\r\n",
    b"\xe4",
    b"\\Deleted",
    b"\\Recent",
    b"\\",
    *(b"a%cb" % c for c in b'(){%*"\\]\x7f'),
]
PLAIN = [b"$Forwarded", b"NonJunk", b"a[b", b"a/b+c,d-e.f:g;h<i=j>k?l@m", b"!#$&'^_`|}~", b"0"]


def test_at_first_nothing_is_marked(desk: Desk) -> None:
    live = desk.live()
    assert live.flags == SYSTEM_FLAGS == (SEEN, FLAGGED, ANSWERED)
    assert live.stamp == 0
    assert live.names(1) == ()
    assert list(live.column([1, 2, 9000])) == [b"", b"", b""]
    assert list(live.stamps([1, 2, 9000])) == [0, 0, 0]
    assert not live.marked(SEEN)
    assert not live.marked(b"$Junk")
    assert not live.changed(0)


def test_what_is_marked_shows_in_the_object_that_sessions_hold(desk: Desk) -> None:
    live = desk.live()
    changed = desk.add(2, 3, revision=7)
    assert desk.live() is live
    assert numbers_of(changed.numbers) == [2, 3]
    assert not changed.refused
    assert changed.stamp == live.stamp == 7 << REVISION_BITS | 1
    assert list(live.column(range(1, 5))) == [b"", SEEN, SEEN, b""]
    assert list(live.stamps(range(1, 5))) == [0, live.stamp, live.stamp, 0]
    assert numbers_of(live.changed(live.stamp - 1)) == [2, 3]
    assert not live.changed(live.stamp)


def test_what_was_asked_for_before_a_change_stays_as_it_was(desk: Desk) -> None:
    desk.add(1)
    before, changed = desk.live().marked(SEEN), desk.live().changed(0)
    desk.add(2)
    assert numbers_of(before) == numbers_of(changed) == [1]


def test_users_and_lists_are_apart(marks: Marks) -> None:
    marks.change("u", "l", 1, add(1))
    assert not marks.of("v", "l", 1).marked(SEEN)
    assert not marks.of("u", "m", 1).marked(SEEN)
    marks.change("v", "l", 1, add(2))
    marks.change("u", "m", 1, add(3, flags=[b"$x"]))
    assert numbers_of(marks.of("u", "l", 1).marked(SEEN)) == [1]
    assert numbers_of(marks.of("v", "l", 1).marked(SEEN)) == [2]
    assert marks.of("u", "l", 1).flags == SYSTEM_FLAGS


def test_keywords_keep_their_order_and_first_spelling(desk: Desk) -> None:
    desk.add(1, flag=b"$Junk")
    desk.add(2, flag=b"later")
    desk.add(3, flag=b"$jUNK")
    live = desk.live()
    assert live.flags == (*SYSTEM_FLAGS, b"$Junk", b"later")
    assert numbers_of(live.marked(b"$JUNK")) == [1, 3]
    assert list(live.column([1, 2, 3])) == [b"$Junk", b"later", b"$Junk"]
    assert desk.add(4, flag=b"\\SEEN").numbers
    assert live.names(4) == (SEEN,)


def test_flags_come_in_the_order_in_which_they_are_known(desk: Desk) -> None:
    desk.marks.change("u", "l", 1, add(5, flags=[b"b", b"a", ANSWERED, SEEN]))
    assert desk.live().names(5) == (SEEN, ANSWERED, b"b", b"a")
    texts = desk.live().column([5, 6])
    assert list(texts) == [b"\\Seen \\Answered b a", b""]
    assert desk.live().column([5])[0] is texts[0]


def test_many_flags_on_a_number(desk: Desk) -> None:
    keywords = [b"k%d" % n for n in range(20)]
    desk.marks.change("u", "l", 1, add(5, 7, flags=keywords))
    desk.add(6, flag=keywords[19])
    live = desk.live()
    assert list(live.column([5, 6, 7, 8])) == [
        b" ".join(keywords),
        b"k19",
        b" ".join(keywords),
        b"",
    ]
    assert list(live.column([5, 8])) == [b" ".join(keywords), b""]


@pytest.mark.parametrize(
    ("mode", "flags", "expected"),
    [
        (Mode.ADD, [FLAGGED], [b"\\Seen \\Flagged x", b"\\Flagged"]),
        (Mode.ADD, [b"x", b"y"], [b"\\Seen x y", b"x y"]),
        (Mode.ADD, [], [b"\\Seen x", b""]),
        (Mode.REMOVE, [b"X"], [b"\\Seen", b""]),
        (Mode.REMOVE, [], [b"\\Seen x", b""]),
        (Mode.SET, [FLAGGED, b"x"], [b"\\Flagged x", b"\\Flagged x"]),
        (Mode.SET, [], [b"", b""]),
    ],
)
def test_modes(desk: Desk, mode: Mode, flags: Sequence[bytes], expected: Sequence[bytes]) -> None:
    desk.marks.change("u", "l", 1, add(1, 3, flags=[SEEN, b"x"]))
    desk.marks.change("u", "l", 1, Wish(bitmap([1, 2]), mode, flags, 1))
    assert list(desk.live().column([1, 2])) == expected
    assert desk.live().names(3) == (SEEN, b"x")


def test_a_change_that_changes_nothing_has_no_stamp(desk: Desk) -> None:
    """RFC 7162 s. 3.1.3: adding a flag when it is present should not change the mod-sequence."""
    stamp = desk.add(1, 2).stamp
    for wish in (
        add(1),
        add(),
        add(flags=[b"$new"]),
        Wish(bitmap([1]), Mode.REMOVE, [FLAGGED, b"$new"], 9),
        Wish(bitmap([1, 2]), Mode.SET, [SEEN], 9),
    ):
        changed = desk.marks.change("u", "l", 1, wish)
        assert (changed.stamp, len(changed.numbers)) == (stamp, 0)
    assert desk.live().stamp == stamp
    assert desk.live().flags == SYSTEM_FLAGS


def test_only_numbers_that_change_get_the_stamp(desk: Desk) -> None:
    first = desk.add(1, 2).stamp
    changed = desk.add(1, 2, 3)
    assert numbers_of(changed.numbers) == [3]
    assert list(desk.live().stamps([1, 2, 3])) == [first, first, changed.stamp]


def test_stamps_ascend_whatever_the_revision(desk: Desk) -> None:
    revisions = [3, 3, 9, 3, 9, 10]
    stamps = [desk.add(n, revision=r).stamp for n, r in enumerate(revisions, 1)]
    assert stamps == sorted(set(stamps))
    assert all(stamp > r << REVISION_BITS for stamp, r in zip(stamps, revisions, strict=True))
    assert stamps[-1] == 10 << REVISION_BITS | 1


def test_a_number_that_changed_is_refused_and_the_others_are_not(desk: Desk) -> None:
    """RFC 7162 s. 3.1.3, examples 5 and 6: finding one does not stop the others."""
    since = desk.add(5).stamp
    desk.add(7, 9)
    wish = Wish(bitmap([5, 7, 9, 11]), Mode.REMOVE, [SEEN], 1, unchanged_since=since)
    changed = desk.marks.change("u", "l", 1, wish)
    assert numbers_of(changed.refused) == [7, 9]
    assert numbers_of(changed.numbers) == [5]
    assert list(desk.live().column([5, 7, 9])) == [b"", SEEN, SEEN]


def test_another_flag_that_changed_is_no_reason_to_refuse(desk: Desk) -> None:
    """RFC 7162 s. 3.1.12: what counts are the flags that are named."""
    since = desk.add(101).stamp
    desk.add(101, flag=FLAGGED)
    wish = Wish(bitmap([101]), Mode.ADD, [b"$Processed"], 1, unchanged_since=since)
    changed = desk.marks.change("u", "l", 1, wish)
    assert (numbers_of(changed.numbers), len(changed.refused)) == ([101], 0)
    assert desk.live().names(101) == (SEEN, FLAGGED, b"$Processed")


def test_another_flag_that_changed_is_a_reason_where_all_are_set(desk: Desk) -> None:
    since = desk.add(101).stamp
    desk.add(101, flag=b"$x")
    wish = Wish(bitmap([101]), Mode.SET, [SEEN], 1, unchanged_since=since)
    assert numbers_of(desk.marks.change("u", "l", 1, wish).refused) == [101]
    assert desk.live().names(101) == (SEEN, b"$x")


def test_a_flag_that_was_set_and_unset_changed(desk: Desk) -> None:
    since = desk.add(1).stamp
    desk.add(2)
    desk.marks.change("u", "l", 1, Wish(bitmap([2]), Mode.REMOVE, [SEEN], 1))
    assert numbers_of(desk.live().changed(since)) == [2]
    wish = Wish(bitmap([2]), Mode.ADD, [SEEN], 1, unchanged_since=since)
    assert numbers_of(desk.marks.change("u", "l", 1, wish).refused) == [2]


def test_nothing_is_unchanged_since_the_beginning_but_a_keyword_that_never_was(desk: Desk) -> None:
    """RFC 7162 s. 3.1.3, examples 7 and 8: a system flag is always there."""
    every = bitmap([12, 13])
    for mode, flags in ((Mode.ADD, [SEEN]), (Mode.REMOVE, [SEEN]), (Mode.SET, [b"$MDNSent"])):
        wish = Wish(every, mode, flags, 1, unchanged_since=0, later=every)
        assert numbers_of(desk.marks.change("u", "l", 1, wish).refused) == [12, 13]
    assert desk.live().flags == SYSTEM_FLAGS
    desk.add(12, flag=b"$MDNSent")
    wish = Wish(every, Mode.ADD, [b"$MDNSent"], 1, unchanged_since=0, later=every)
    changed = desk.marks.change("u", "l", 1, wish)
    assert numbers_of(changed.refused) == [12]
    assert numbers_of(changed.numbers) == [13]


def test_numbers_that_are_later_themselves_are_refused(desk: Desk) -> None:
    wish = Wish(bitmap([1, 2]), Mode.ADD, [SEEN], 3, 2 << REVISION_BITS, later=bitmap([2, 3]))
    changed = desk.marks.change("u", "l", 1, wish)
    assert (numbers_of(changed.numbers), numbers_of(changed.refused)) == ([1], [2])


@pytest.mark.parametrize("flag", [b"", *ODD])
def test_what_is_no_flag(desk: Desk, flag: bytes) -> None:
    with pytest.raises(ValueError, match="is no flag"):
        desk.add(1, flag=flag)


@pytest.mark.parametrize("flag", PLAIN)
def test_what_is_a_flag(desk: Desk, flag: bytes) -> None:
    desk.add(1, flag=flag)
    assert desk.live().names(1) == (flag,)


def test_texts_kept_are_bounded(desk: Desk) -> None:
    """Many sets of flags near each other, and long texts: what is said stays right."""
    long = [b"k%03d" % n + b"x" * 100 for n in range(40)]
    for n in range(1, 40):
        desk.marks.change("u", "l", 1, add(n * 9000, n * 9000 + 1, flags=long[:n]))
        desk.add(n * 9000 + 1, flag=long[n])
    numbers = [n * 9000 + more for n in range(1, 40) for more in (0, 1)]
    for _ in range(2):
        texts = desk.live().column(numbers)
        assert [text.count(b" ") + 1 for text in texts] == [
            n + m for n in range(1, 40) for m in (0, 1)
        ]
    for bit in range(12):
        wish = Wish(bitmap(n for n in range(1, 4096) if n >> bit & 1), Mode.ADD, [long[bit]], 1)
        desk.marks.change("u", "l", 1, wish)
    texts = desk.live().column(range(1, 4096))
    assert [text.count(b"k") for text in texts] == [n.bit_count() for n in range(1, 4096)]


def test_keywords_are_so_many_and_so_long(desk: Desk) -> None:
    many = [b"k%d" % n for n in range(MAX_KEYWORDS)]
    desk.marks.change("u", "l", 1, add(1, flags=many))
    desk.add(2, flag=many[-1].upper())
    stamp = desk.live().stamp
    for flag in (b"another", b"x" * (MAX_FLAG_OCTETS + 1)):
        with pytest.raises(TooMany):
            desk.add(3, flag=flag)
    assert desk.live().stamp == stamp
    assert desk.live().flags == (*SYSTEM_FLAGS, *many)
    assert desk.add(3, flag=SEEN).numbers
    assert desk.marks.change("u", "m", 1, add(3, flags=[b"x" * MAX_FLAG_OCTETS])).numbers


def test_lists_are_so_many(marks: Marks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage.marks, "MAX_LISTS", 2)
    for name in "ab":
        marks.change("u", name, 1, add(1))
    with pytest.raises(TooMany, match="2 lists"):
        marks.change("u", "c", 1, add(1))
    assert not marks.of("u", "c", 1).marked(SEEN)
    assert marks.change("u", "a", 1, add(2)).numbers
    assert marks.change("v", "c", 1, add(1)).numbers
    assert marks.change("u", "a", 2, add(1)).numbers, "in place of that under the lower validity"


def test_chunks_are_so_many(marks: Marks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage.marks, "MAX_CHUNKS", 3)
    marks.change("u", "l", 1, add(1, 10_000, flags=[SEEN]))
    marks.change("u", "l", 1, add(1, flags=[b"x"]))
    marks.change("u", "l", 1, add(2, 10_001, flags=[SEEN]))
    for name, wish in (("l", add(20_000)), ("l", add(1, flags=[b"y"])), ("m", add(1))):
        with pytest.raises(TooMany, match="3 runs"):
            marks.change("u", name, 1, wish)
    assert marks.of("u", "l", 1).flags == (*SYSTEM_FLAGS, b"x")
    assert not marks.of("u", "m", 1).marked(SEEN)
    assert marks.change("u", "l", 2, add(1, 10_000, 20_000)).numbers
    with pytest.raises(TooMany):
        marks.change("u", "m", 1, add(1))


def test_another_validity_begins_without_marks(marks: Marks) -> None:
    old = marks.of("u", "l", 5)
    marks.change("u", "l", 5, add(1, flags=[b"x"]))
    new = marks.of("u", "l", 6)
    assert (new.stamp, new.flags) == (0, SYSTEM_FLAGS)
    assert numbers_of(old.marked(b"x")) == [1], "until something is marked in the new one"
    marks.change("u", "l", 6, add(2))
    assert numbers_of(new.marked(SEEN)) == [2]
    assert (old.stamp, old.flags, len(old.marked(b"x"))) == (0, SYSTEM_FLAGS, 0)
    assert marks.of("u", "l", 5).stamp == 0


def test_a_lower_validity_takes_nothing_away(marks: Marks) -> None:
    marks.change("u", "l", 6, add(2))
    marks.change("u", "l", 5, add(1))
    assert numbers_of(marks.of("u", "l", 6).marked(SEEN)) == [2]


def test_a_million_at_once(desk: Desk) -> None:
    wish = Wish(Bitmap.of([range(1, 10**6 + 1)]), Mode.ADD, [SEEN], 1)
    assert len(desk.marks.change("u", "l", 1, wish).numbers) == 10**6
    live = desk.live()
    assert live.marked(SEEN).first_absent([range(1, 10**6 + 5)]) == 10**6 + 1
    assert set(live.column(range(10**6 - 9999, 10**6 + 1))) == {SEEN}
    assert [*live.changed(0).ranges()] == [range(1, 10**6 + 1)]


def test_who_never_chose_has_no_subscriptions_which_is_not_the_same_as_none(marks: Marks) -> None:
    assert marks.subscriptions("u") is None
    marks.change("u", "l", 1, add(1))
    assert marks.subscriptions("u") is None
    assert marks.unsubscribe("u", "a", ["a"])
    assert marks.subscriptions("u") == frozenset()
    assert marks.subscriptions("v") is None


def test_a_choice_begins_with_what_was_taken_for_it(marks: Marks) -> None:
    assert marks.unsubscribe("u", "b", ["a", "b", "c"])
    assert marks.subscriptions("u") == frozenset({"a", "c"})
    assert not marks.unsubscribe("u", "b", ["b"])
    assert marks.subscribe("u", "no such list", ["x"])
    assert marks.subscriptions("u") == frozenset({"a", "c", "no such list"})
    assert not marks.subscribe("u", "a", [])
    assert not marks.subscribe("v", "a", ["a", "b"])
    assert marks.subscriptions("v") == frozenset({"a", "b"})


def test_subscriptions_are_so_many(marks: Marks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage.marks, "MAX_SUBSCRIPTIONS", 2)
    marks.subscribe("u", "a", [])
    marks.subscribe("u", "b", [])
    with pytest.raises(TooMany, match="2 subscriptions"):
        marks.subscribe("u", "c", [])
    with pytest.raises(TooMany, match="characters"):
        marks.subscribe("v", "x" * (MAX_NAME + 1), [])
    assert marks.subscriptions("u") == frozenset({"a", "b"})
    assert marks.subscriptions("v") is None


def test_another_process_sees_what_was_kept(engine: Engine) -> None:
    one = engine.opened()
    one.change("u", "l", 1, add(1, 9000, flags=[SEEN, b"x"]))
    one.change("u", "l", 1, Wish(bitmap([1]), Mode.REMOVE, [b"x"], 1))
    one.subscribe("u", "l", [])
    other, same = engine.opened().of("u", "l", 1), one.of("u", "l", 1)
    assert other.flags == same.flags
    assert list(other.column([1, 2, 9000])) == list(same.column([1, 2, 9000]))
    assert list(other.stamps([1, 2, 9000])) == list(same.stamps([1, 2, 9000]))
    assert other.stamp == same.stamp
    assert engine.opened().subscriptions("u") == frozenset({"l"})


def test_refresh_brings_what_another_process_changed(engine: Engine) -> None:
    one, other = engine.opened(), engine.opened()
    is_same = one is other
    live = other.of("u", "l", 1)
    assert not other.refresh()
    one.change("u", "l", 1, add(1))
    assert other.refresh() is not is_same
    assert numbers_of(live.marked(SEEN)) == [1]
    assert live.stamp == one.of("u", "l", 1).stamp
    assert not other.refresh()
    one.change("u", "m", 1, add(1))
    assert not other.refresh(), "nobody here holds that list"
    one.change("u", "l", 1, Wish(bitmap([1, 2]), Mode.SET, [b"x"], 1))
    assert other.refresh() is not is_same
    assert list(live.column([1, 2])) == [b"x", b"x"]
    one.change("u", "l", 2, add(7))
    assert other.refresh() is not is_same
    assert (live.stamp, live.flags) == (0, SYSTEM_FLAGS)


def test_marks_that_are_asked_for_again_are_those_of_now(engine: Engine) -> None:
    one, other = engine.opened(), engine.opened()
    is_same = one is other
    live = other.of("u", "l", 1)
    other.refresh()
    one.change("u", "l", 1, add(1))
    assert other.of("u", "l", 1) is live
    assert numbers_of(live.marked(SEEN)) == [1]
    assert other.refresh() is not is_same, "other sessions that hold it are to be told"
    assert not other.refresh()
    one.change("u", "l", 1, add(2))
    other.change("u", "m", 1, add(1))
    assert other.refresh() is not is_same
    assert numbers_of(live.marked(SEEN)) == [1, 2]


def test_changes_of_two_processes_are_both_kept(engine: Engine) -> None:
    one, other = engine.opened(), engine.opened()
    lives = [each.of("u", "l", 1) for each in (one, other)]
    stamps = []
    for number in range(1, 20, 2):
        stamps.append(one.change("u", "l", 1, add(number, flags=[SEEN, b"k%d" % number])).stamp)
        stamps.append(other.change("u", "l", 1, add(number + 1, number)).stamp)
    assert stamps == sorted(set(stamps))
    one.refresh()
    for live in lives:
        assert numbers_of(live.marked(SEEN)) == list(range(1, 21))
        assert live.flags == (*SYSTEM_FLAGS, *(b"k%d" % n for n in range(1, 20, 2)))
        assert numbers_of(live.changed(stamps[-2])) == [20]


def test_who_did_not_see_a_change_is_refused_by_it(engine: Engine) -> None:
    one, other = engine.opened(), engine.opened()
    since = one.change("u", "l", 1, add(1)).stamp
    other.of("u", "l", 1)
    unseen = one.change("u", "l", 1, add(2)).stamp
    wish = Wish(bitmap([1, 2]), Mode.REMOVE, [SEEN], 1, unchanged_since=since)
    changed = other.change("u", "l", 1, wish)
    assert since < unseen == changed.before < changed.stamp
    assert (numbers_of(changed.numbers), numbers_of(changed.refused)) == ([1], [2])
