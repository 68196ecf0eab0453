"""Changing a user's own flags, by STORE and by reading. RFC 9051 s. 6.4.6; RFC 7162 s. 3.1.3."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.imap.flags import SEEN
from gateway.imap.numset import runs
from gateway.imap.responses import No
from storage.bitmap import EMPTY, Bitmap
from storage.marks import Mode, TooMany, Wish

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gateway.imap.session import Session
    from storage.marks import Changed

__all__ = ["change_flags", "mark_seen"]


def change_flags(
    session: Session,
    numbers: Iterable[range],
    mode: Mode,
    flags: Sequence[bytes],
    *,
    unchanged_since: int | None = None,
    later: Bitmap = EMPTY,
) -> Changed:
    """Change flags of messages of the selected mailbox, which is writable; the view knows of it at once.

    What other sessions changed before must have been told: see ``gateway.imap.updates.flag_updates``.

    Raises:
        No: the user would have more marks than may be, or the mailbox is gone.
    """
    view = session.selected()
    assert session.marks is not None
    assert session.user is not None
    record = session.current()
    wish = Wish(Bitmap.of(numbers), mode, flags, record.revision, unchanged_since, later)
    try:
        changed = session.marks.change(session.user, record.name, record.validity, wish)
    except TooMany as error:
        raise No(str(error), b"LIMIT") from None
    # If another process changed something in between, that is still to be told.
    if changed.before == view.told:
        view.told = changed.stamp
    return changed


def mark_seen(session: Session, numbers: Sequence[int]) -> None:
    r"""Set \Seen on messages that are about to be read. RFC 9051 s. 6.4.5, BODY[<section>]."""
    change_flags(session, runs(numbers), Mode.ADD, [SEEN])
