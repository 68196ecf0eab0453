"""What a client is told of its selected mailbox without asking: EXPUNGE or VANISHED, EXISTS, FETCH with flags.

RFC 9051 s. 5.2, s. 7.4, s. 7.5; RFC 7162 s. 3.2.10.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from gateway.imap.flags import keyword_updates
from gateway.imap.modseq import highest_line, last_modseq
from gateway.imap.numset import intersect, render
from gateway.imap.view import expunges as told_expunges
from gateway.imap.view import gone, msn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

    from gateway.imap.view import View
    from storage.model import MailingList

__all__ = ["flag_updates", "updates"]

_AT_ONCE: Final = 1024
"""Responses in one piece."""


def updates(
    view: View, current: MailingList, enabled: AbstractSet[bytes], *, expunges: bool
) -> Iterator[bytes]:
    """Yield the responses that bring a client from what it knows to ``current``; the view follows.

    Without ``expunges`` nothing is told of removals, nor of messages that came after them.
    """
    yield from flag_updates(view, enabled)
    old = view.record
    if current is old:
        return
    lost = gone(old, current)
    if lost and not expunges:
        if b"CONDSTORE" in enabled:
            yield _held_back(old)
        return
    if lost and b"QRESYNC" in enabled:
        yield b"* VANISHED %b\r\n" % render(lost)
    elif lost:
        numbers = told_expunges(old, lost)
        while part := b"".join([b"* %d EXPUNGE\r\n" % at for at in islice(numbers, _AT_ONCE)]):
            yield part
    view.record = current
    if lost and b"CONDSTORE" in enabled:
        yield highest_line(view)
    if current.high > old.high:
        yield b"* %d EXISTS\r\n" % current.count


def _held_back(record: MailingList) -> bytes:
    """Return the response that keeps a client from believing that it knows of removals not told yet. RFC 7162 s. 6."""
    return b"* OK [HIGHESTMODSEQ %d] more is to come\r\n" % last_modseq(record.revision)


def flag_updates(view: View, enabled: AbstractSet[bytes]) -> Iterator[bytes]:
    """Yield a FETCH response for each message whose flags another session changed. RFC 7162 s. 3.2.4."""
    marks = view.marks
    if marks is None or marks.stamp <= view.told:
        return
    record = view.record
    present = [*record.present(record.low, record.high)]
    changed = intersect([*marks.changed(view.told).ranges()], present)
    view.told = marks.stamp
    yield keyword_updates(view)
    with_modseq = b"CONDSTORE" in enabled
    for run in changed:
        first = msn(record, run[0])
        for start in range(0, len(run), _AT_ONCE):
            part = run[start : start + _AT_ONCE]
            columns = [range(first + start, first + start + len(part)), part, marks.column(part)]
            form = b"* %d FETCH (UID %d FLAGS (%b))\r\n"
            if with_modseq:
                form = b"* %d FETCH (UID %d FLAGS (%b) MODSEQ (%d))\r\n"
                columns.append([marks.stamp_of(number) for number in part])
            yield b"".join([form % values for values in zip(*columns, strict=True)])
