"""What is told unasked, and what is held back for now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.imap.modseq import last_modseq
from gateway.imap.updates import updates
from gateway.imap.view import View
from storage.bitmap import Bitmap
from storage.marks import Mode, Wish
from storage.memory_marks import MemoryMarks
from storage.model import MailingList

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

OLD: Final = MailingList("l", low=1, high=4, revision=7)
GROWN: Final = MailingList("l", low=1, high=6, revision=8)
LESS: Final = MailingList("l", low=2, high=6, holes=(3,), revision=9)
NONE: Final[AbstractSet[bytes]] = frozenset()
BOTH: Final = frozenset([b"CONDSTORE", b"QRESYNC"])


def told(
    view: View, current: MailingList, enabled: AbstractSet[bytes] = NONE, *, expunges: bool = True
) -> bytes:
    return b"".join(updates(view, current, enabled, expunges=expunges))


def test_nothing_is_told_of_nothing() -> None:
    view = View(OLD)
    assert told(view, OLD) == b""
    again = MailingList("l", low=1, high=4, revision=8)
    assert told(view, again) == b""
    assert view.record is again


def test_arrivals_are_told() -> None:
    view = View(OLD)
    assert told(view, GROWN, expunges=False) == b"* 6 EXISTS\r\n"
    assert view.record is GROWN


def test_removals_are_told_the_highest_first() -> None:
    assert told(View(GROWN), LESS) == b"* 3 EXPUNGE\r\n* 1 EXPUNGE\r\n"
    assert told(View(OLD), LESS) == b"* 3 EXPUNGE\r\n* 1 EXPUNGE\r\n* 4 EXISTS\r\n"
    high = last_modseq(8) + 1
    assert told(View(OLD), LESS, BOTH) == (
        b"* VANISHED 1,3\r\n* OK [HIGHESTMODSEQ %d] the latest change\r\n* 4 EXISTS\r\n" % high
    )
    condstore = frozenset([b"CONDSTORE"])
    assert told(View(GROWN), LESS, condstore).startswith(b"* 3 EXPUNGE\r\n* 1 EXPUNGE\r\n* OK [H")


def test_removals_are_held_back_and_what_came_with_them() -> None:
    view = View(OLD)
    assert told(view, LESS, expunges=False) == b""
    held = b"* OK [HIGHESTMODSEQ %d] more is to come\r\n" % last_modseq(7)
    assert told(view, LESS, BOTH, expunges=False) == held
    assert view.record is OLD


def test_flags_are_told_even_then() -> None:
    marks = MemoryMarks()
    view = View(OLD, marks.of("ann", "l", 1), writable=True, flags_told=3)
    numbers = Bitmap.of([range(1, 3), range(4, 8)])
    stamp = marks.change("ann", "l", 1, Wish(numbers, Mode.ADD, [b"\\Seen"], 9)).stamp
    assert told(view, LESS, expunges=False) == b"".join(
        [b"* %d FETCH (UID %d FLAGS (\\Seen))\r\n" % (number, number) for number in (1, 2, 4)]
    )
    assert (view.told, told(view, OLD)) == (stamp, b"")
    one = Bitmap.of([range(2, 3)])
    stamp = marks.change("ann", "l", 1, Wish(one, Mode.SET, [b"Work"], 9)).stamp
    assert told(view, OLD, BOTH) == (
        b"* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft Work)\r\n"
        b"* OK [PERMANENTFLAGS (\\Seen \\Flagged \\Answered Work \\*)] your own\r\n"
        b"* 2 FETCH (UID 2 FLAGS (Work) MODSEQ (%d))\r\n" % stamp
    )


def test_many_are_told_in_pieces() -> None:
    many = MailingList("l", low=1, high=5000, revision=1)
    none = MailingList("l", low=5001, high=5000, revision=2)
    pieces = [*updates(View(many), none, NONE, expunges=True)]
    assert b"".join(pieces) == b"".join([b"* %d EXPUNGE\r\n" % at for at in range(5000, 0, -1)])
    assert len(pieces) > 4
    assert told(View(many), none, BOTH).startswith(b"* VANISHED 1:5000\r\n")
