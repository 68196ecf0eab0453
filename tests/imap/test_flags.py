"""Flags as they are told: what there is, what can be set, what was not seen."""

from __future__ import annotations

from gateway.imap.flags import (
    first_unseen,
    flags_line,
    is_settable,
    keyword_updates,
    keywords,
    permanent_line,
    unseen_count,
)
from gateway.imap.view import View
from storage.bitmap import Bitmap
from storage.marks import MAX_KEYWORDS, Mode, Wish
from storage.memory_marks import MemoryMarks
from storage.model import MailingList

RECORD = MailingList("l", low=2, high=9, holes=(4, 5))


def marked(*numbers: int, flags: tuple[bytes, ...] = (b"\\Seen",)) -> View:
    marks = MemoryMarks()
    wish = Wish(Bitmap.of([range(n, n + 1) for n in numbers]), Mode.ADD, flags, 1)
    marks.change("ann", "l", 1, wish)
    return View(RECORD, marks.of("ann", "l", 1), writable=True)


def test_what_may_be_set() -> None:
    settable = [b"\\Seen", b"\\FLAGGED", b"\\answered", b"$MDNSent", b"x"]
    assert all(map(is_settable, settable))
    assert not any(map(is_settable, [b"\\Deleted", b"\\Draft", b"\\Recent", b"\\Nosuch"]))


def test_flags_are_told_with_the_keywords_in_use() -> None:
    view = marked(2, flags=(b"Work", b"\\Seen", b"work"))
    assert keywords(view) == [b"Work"]
    assert flags_line(view) == b"* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft Work)\r\n"
    assert b"(\\Seen \\Flagged \\Answered Work \\*)" in permanent_line(view)
    view.writable = False
    assert b"()" in permanent_line(view)
    assert keywords(View(RECORD)) == []


def test_a_keyword_is_told_once() -> None:
    view = marked(2, flags=(b"Work",))
    assert keyword_updates(view) == flags_line(view) + permanent_line(view)
    assert keyword_updates(view) == b""
    assert keyword_updates(View(RECORD)) == b""


def test_no_more_keywords_are_offered_than_there_may_be() -> None:
    assert b" \\*)" in permanent_line(
        marked(2, flags=tuple(b"k%d" % n for n in range(MAX_KEYWORDS - 1)))
    )
    full = marked(2, flags=tuple(b"k%d" % n for n in range(MAX_KEYWORDS)))
    assert b"\\*" not in permanent_line(full)


def test_what_was_not_seen() -> None:
    assert (first_unseen(View(RECORD)), unseen_count(RECORD, None)) == (2, 6)
    some = marked(2, 3, 4, 7, 12)
    assert (first_unseen(some), unseen_count(RECORD, some.marks)) == (6, 3)
    every = marked(*range(1, 12))
    assert (first_unseen(every), unseen_count(RECORD, every.marks)) == (None, 0)
    assert first_unseen(View(MailingList("l"))) is None
