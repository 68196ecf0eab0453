"""Mod-sequences: one ascending sequence of what happens to a list and to a user's flags there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.imap.modseq import (
    changed_since,
    highest_line,
    highest_modseq,
    last_modseq,
    modseqs,
    revision_of,
)
from gateway.imap.rows import read_rows
from gateway.imap.view import View
from storage.bitmap import Bitmap
from storage.marks import REVISION_BITS, Mode, Wish
from storage.memory_marks import MemoryMarks
from storage.model import MailingList
from tests.mail import done
from tests.nntp.world import build

if TYPE_CHECKING:
    from storage.archive import Archive
    from storage.model import Entry
    from tests.mail import Engine


def view_of(archive: Archive, marks: MemoryMarks) -> View:
    record = archive.mailing_list("lists.alpha")
    return View(record, marks.of("ann", record.name, record.validity), writable=True)


def mark(view: View, marks: MemoryMarks, number: int, revision: int | None = None) -> int:
    wish = Wish(
        Bitmap.of([range(number, number + 1)]),
        Mode.ADD,
        [b"\\Seen"],
        view.record.revision if revision is None else revision,
    )
    return marks.change("ann", view.name, view.record.validity, wish).stamp


def test_a_revision_has_its_mod_sequences_and_they_their_revision() -> None:
    assert revision_of(last_modseq(5)) == 5
    assert revision_of(last_modseq(5) + 1) == 6
    assert last_modseq(5) + 1 == 6 << REVISION_BITS


def test_the_highest_is_never_0_nor_beyond_what_the_client_knows(engine: Engine) -> None:
    marks = MemoryMarks()
    view = view_of(build(engine), marks)
    assert highest_modseq(MailingList("l"), None) == 1
    base = view.record.revision << REVISION_BITS
    assert highest_modseq(view.record, None) == highest_modseq(view.record, view.marks) == base
    assert highest_modseq(view.record, view.marks) == base
    assert mark(view, marks, 1) == highest_modseq(view.record, view.marks) == base + 1
    assert highest_line(view) == b"* OK [HIGHESTMODSEQ %d] the latest change\r\n" % (base + 1)
    later = mark(view, marks, 2, revision=view.record.revision + 1)
    assert highest_modseq(view.record, view.marks) == last_modseq(view.record.revision) < later


def test_a_message_has_the_later_of_its_own_and_its_flags(engine: Engine) -> None:
    archive, marks = build(engine), MemoryMarks()
    view = view_of(archive, marks)
    stamp = mark(view, marks, 4)
    for seen_by in (view, View(view.record)):
        rows = done(
            read_rows(archive, seen_by, view.record, [range(1, 3), range(4, 5)], with_entries=True)
        )
        first, second, third = modseqs(rows)
        assert 0 < first <= second < stamp
        assert third == stamp or seen_by.marks is None


def test_what_changed_since(engine: Engine) -> None:
    archive, marks = build(engine), MemoryMarks()
    view = view_of(archive, marks)
    base = view.record.revision << REVISION_BITS
    stamps = [mark(view, marks, 4), mark(view, marks, 1), mark(view, marks, 3)]

    def since(modseq: int, seen_by: View = view) -> list[int]:
        runs = done(changed_since(archive, seen_by, modseq))
        return [number for run in runs for number in run]

    assert since(1) == since(last_modseq(0)) == [1, 2, 4, 6]
    assert since(base) == [1, 4]
    assert since(stamps[0]) == [1]
    assert since(stamps[1]) == since(stamps[2]) == []  # 3 is no more
    assert since(base, View(view.record)) == []
    [entry] = entries_of(archive, 6)
    assert since((entry.revision << REVISION_BITS) - 1, View(view.record))[-1:] == [6]


def entries_of(archive: Archive, number: int) -> list[Entry]:
    async def gather() -> list[Entry]:
        return [
            each async for batch in archive.entries("lists.alpha", number, number) for each in batch
        ]

    return done(gather())
