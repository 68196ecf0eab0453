"""Flags: which there are, which a user may set, and how they are told. RFC 9051 s. 2.3.2, s. 7.3.5."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from storage.marks import MAX_KEYWORDS

if TYPE_CHECKING:
    from gateway.imap.view import View
    from storage.marks import ListMarks
    from storage.model import MailingList

__all__ = [
    "SEEN",
    "SETTABLE",
    "SYSTEM",
    "first_unseen",
    "flags_line",
    "is_settable",
    "keyword_updates",
    "keywords",
    "permanent_line",
    "unseen_count",
]

SEEN: Final = b"\\Seen"

SYSTEM: Final = (b"\\Answered", b"\\Flagged", b"\\Deleted", b"\\Seen", b"\\Draft")
SETTABLE: Final = (b"\\Seen", b"\\Flagged", b"\\Answered")
"""What a user may set: nothing can be deleted from an archive, and nobody drafts in it."""

_SETTABLE_FOLDED: Final = frozenset(flag.lower() for flag in SETTABLE)


def is_settable(flag: bytes) -> bool:
    """Tell whether a user may set a flag: those of ``SETTABLE``, and every keyword."""
    return not flag.startswith(b"\\") or flag.lower() in _SETTABLE_FOLDED


def flags_line(view: View) -> bytes:
    """Return the FLAGS response: what may occur. RFC 9051 s. 7.3.5."""
    return b"* FLAGS (%b)\r\n" % b" ".join([*SYSTEM, *keywords(view)])


def permanent_line(view: View) -> bytes:
    """Return the response that tells what can be changed. RFC 9051 s. 7.1, PERMANENTFLAGS."""
    if not view.writable:
        return b"* OK [PERMANENTFLAGS ()] nothing can be changed\r\n"
    own = keywords(view)
    more = [b"\\*"] if len(own) < MAX_KEYWORDS else []
    settable = b" ".join([*SETTABLE, *own, *more])
    return b"* OK [PERMANENTFLAGS (%b)] your own\r\n" % settable


def keyword_updates(view: View) -> bytes:
    """Return the responses that tell of keywords that came into use since they were told. RFC 9051 s. 7.3.5."""
    if view.marks is None or len(view.marks.flags) == view.flags_told:
        return b""
    view.flags_told = len(view.marks.flags)
    return flags_line(view) + permanent_line(view)


def first_unseen(view: View) -> int | None:
    """Return the number of the first message that the user has not seen, or None."""
    record = view.record
    if view.marks is None:
        return record.next_present(0)
    present = record.present(record.low, record.high)
    return view.marks.marked(SEEN).first_absent(present)


def unseen_count(record: MailingList, marks: ListMarks | None) -> int:
    """Return how many messages the user has not seen."""
    if marks is None:
        return record.count
    seen = marks.marked(SEEN)
    if not seen:
        return record.count
    gone = sum(map(seen.__contains__, record.holes))
    return record.count - seen.count(record.low, record.high) + gone


def keywords(view: View) -> list[bytes]:
    """Return the user's own flags that are in use."""
    known = () if view.marks is None else view.marks.flags
    return [flag for flag in known if not flag.startswith(b"\\")]
