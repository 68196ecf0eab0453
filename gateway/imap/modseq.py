"""Mod-sequences: what of a mailbox changed since. RFC 7162 s. 3.1.

A list's revision counts what happens to the list, a user's stamps what happens to that user's flags, and both have to
be one ascending sequence: a stamp is made of the revision at which it was given, and a step (``storage.marks``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.imap.numset import intersect, merge, runs
from gateway.imap.registry import Item
from storage.marks import REVISION_BITS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.imap.rows import Rows
    from gateway.imap.view import View
    from storage.archive import Archive
    from storage.marks import ListMarks
    from storage.model import MailingList

__all__ = [
    "MODSEQ",
    "changed_since",
    "highest_line",
    "highest_modseq",
    "last_modseq",
    "modseqs",
    "revision_of",
]


def highest_modseq(record: MailingList, marks: ListMarks | None) -> int:
    """Return a mailbox's HIGHESTMODSEQ, which is never 0. RFC 7162 s. 3.1.2.1.

    A stamp may be of a later revision than the client knows of; it must not come to believe that it knows that one.
    """
    stamp = 0 if marks is None else min(marks.stamp, last_modseq(record.revision))
    return max(record.revision << REVISION_BITS, stamp, 1)


def modseqs(rows: Rows) -> list[int]:
    """Return the mod-sequence of each message; the rows need their entries."""
    marks = rows.view.marks
    own = [entry.revision << REVISION_BITS for entry in rows.entries]
    return own if marks is None else list(map(max, own, marks.stamps(rows.numbers)))


async def changed_since(archive: Archive, view: View, modseq: int) -> Sequence[range]:
    """Return the numbers in the view of the messages whose mod-sequence is later, ascending."""
    record, marks = view.record, view.marks
    present = [*record.present(record.low, record.high)]
    revision = revision_of(modseq)
    if revision == 0:  # before the first message came
        return present
    changed = runs(await archive.changed(view.name, revision))
    if marks is not None:
        changed = merge([*changed, *marks.changed(modseq).ranges()])
    return intersect(changed, present)


def revision_of(modseq: int) -> int:
    """Return the revision of a list after which what is newer than a mod-sequence happened."""
    return modseq >> REVISION_BITS


def last_modseq(revision: int) -> int:
    """Return the latest mod-sequence that can have been given before a list's next revision."""
    return ((revision + 1) << REVISION_BITS) - 1


def highest_line(view: View) -> bytes:
    """Return the response that tells HIGHESTMODSEQ. RFC 7162 s. 3.1.2.1."""
    return b"* OK [HIGHESTMODSEQ %d] the latest change\r\n" % highest_modseq(
        view.record, view.marks
    )


MODSEQ: Final = Item(b"MODSEQ (%d)", modseqs, with_entries=True, switching_on=b"CONDSTORE")
"""RFC 7162 s. 3.1.5."""
