"""Keys: what of a header is searched in and sorted by most often, folded, one row a message, read by the column.

A row is the columns joined by LF, which none contains. The columns of fields hold each field so named with a NUL before
it: nothing, where there is none. Others hold one value.
"""

from __future__ import annotations

import enum
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from storage.message.addresses import display, first_address, first_mailbox
from storage.message.dates import written_day
from storage.message.text import TEXT_VERSION, fold
from storage.message.words import decode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.message.fields import Header

__all__ = [
    "FIELD_COLUMNS",
    "KEYS_VERSION",
    "Column",
    "column",
    "containing",
    "keys_row",
    "neighbours",
    "plain_base_subject",
    "written_between",
]

KEYS_VERSION: Final = 2 << 8 | TEXT_VERSION
"""To be raised when ``keys_row`` changes, so that stored rows are made again."""

MAX_SUBJECT: Final = 2000
"""Characters of a subject by which messages are sorted."""

MAX_ADDRESS: Final = 2000
"""Octets within which the first address of a field has to end."""


_KEPT: Final = 2048
_MAX_KEPT: Final = 500  # octets of a field that is worth keeping


class Column(enum.IntEnum):
    """What is in a row, in this order.

    The first five are fields. ``WRITTEN`` is the day that the Date names, as ``written_day`` counts, in decimal.
    ``MARKED`` is ``1`` where the subject is that of a reply or of something forwarded (RFC 5256 s. 2.1), else empty;
    ``BASE`` is the base subject. The last ones are of the first address of the field: its mailbox (RFC 5256 s. 3), and
    its display name, or else the whole address (RFC 5957 s. 3).
    """

    SUBJECT = 0
    FROM = 1
    TO = 2
    CC = 3
    BCC = 4
    WRITTEN = 5
    MARKED = 6
    BASE = 7
    SORT_FROM = 8
    SORT_TO = 9
    SORT_CC = 10
    DISPLAY_FROM = 11
    DISPLAY_TO = 12


FIELD_COLUMNS: Final = {
    name.lower().encode(): Column[name] for name in ("SUBJECT", "FROM", "TO", "CC", "BCC")
}
"""The columns that hold fields, by the fields' names in lower case."""

_DAY: Final = 86_400

# RFC 5256 s. 5: subj-refwd and subj-blob. Nothing here can match in two ways.
_MARK: Final = re.compile(r"(?:re|fwd?) ?(?:\[[^\[\]]*+\] ?)?:", re.IGNORECASE)
_BLOB: Final = re.compile(r"\[[^\[\]]*+\] ?")
_FORWARDED: Final = "[fwd:"
_TRAILER: Final = "(fwd)"


def keys_row(header: Header) -> bytes:
    """Return the row of a message with this header."""
    day = written_day(header.first(b"date") or b"")
    subjects = header.every(b"subject")
    marked, base = _subject(subjects)
    of_from, of_to, of_cc, of_bcc = map(header.every, (b"from", b"to", b"cc", b"bcc"))
    sort_from, display_from = _person(of_from)
    sort_to, display_to = _person(of_to)
    row = [
        *("".join(map(_column_text, field)) for field in (subjects, of_from, of_to, of_cc, of_bcc)),
        "" if day is None else str(day),
        marked,
        base,
        sort_from,
        sort_to,
        _person(of_cc)[0],
        display_from,
        display_to,
    ]
    return "\n".join(row).encode("utf-8", "replace")


def column(rows: Sequence[bytes], which: Column) -> list[bytes]:
    """Return one column of some rows."""
    if which is Column.SUBJECT:
        return [row[: row.index(b"\n")] for row in rows]
    at = which.value
    return [row.split(b"\n", at + 1)[at] for row in rows]


def neighbours(rows: Sequence[bytes], first: Column, last: Column) -> list[list[bytes]]:
    """Return of each row the columns from the first to the last."""
    start, stop = first.value, last.value + 1
    return [row.split(b"\n", stop)[start:stop] for row in rows]


def containing(texts: Sequence[bytes], needle: bytes) -> list[bool]:
    """Tell of each text of a field's column whether it contains a folded needle; without one, whether it is there."""
    needle = needle or b"\0"
    return [needle in text for text in texts]


def written_between(days: Sequence[bytes], since: int | None, before: int | None) -> list[bool]:
    """Tell of each text of the column of days whether it is one of ``since <= day < before``, in seconds."""
    low = -(1 << 62) if since is None else since
    above = 1 << 62 if before is None else before
    return [bool(day) and low <= int(day) * _DAY < above for day in days]


def plain_base_subject(subject: str) -> tuple[str, bool]:
    """Return the base subject of a decoded subject, and whether it is of a reply or of something forwarded.

    To the letter of RFC 5256 s. 2.1 and s. 5, as clients and servers have to agree on it: only the marks that it knows.
    """
    text = " ".join(subject.split())[:MAX_SUBJECT]
    start, end = 0, len(text)
    is_marked = False
    while True:
        end, had_trailer = _trailers_off(text, start, end)
        start, had_mark = _leaders_off(text, start, end)
        is_marked = is_marked or had_trailer or had_mark
        inner = start + len(_FORWARDED)
        if text[start:inner].lower() != _FORWARDED or end <= inner or text[end - 1] != "]":
            return text[start:end], is_marked
        start, end, is_marked = inner, end - 1, True


def _trailers_off(text: str, start: int, end: int) -> tuple[int, bool]:
    had_trailer = False
    while end > start:
        if text[end - 1] == " ":
            end -= 1
        elif text[max(start, end - len(_TRAILER)) : end].lower() == _TRAILER:
            end -= len(_TRAILER)
            had_trailer = True
        else:
            break
    return end, had_trailer


def _leaders_off(text: str, start: int, end: int) -> tuple[int, bool]:
    """Return where the base begins, and whether there was a mark; the last blob stays if nothing would be left."""
    had_mark = False
    last_blob = None
    while start < end:
        mark = _MARK.match(text, start, end)
        blob = None if mark else _BLOB.match(text, start, end)
        if mark:
            start, had_mark, last_blob = mark.end(), True, None
        elif blob:
            start, last_blob = blob.end(), start
        elif text[start] == " ":
            start += 1
        else:
            return start, had_mark
    return (start if last_blob is None else last_blob), had_mark


def _column_text(value: bytes) -> str:
    return (_kept_text if len(value) <= _MAX_KEPT else _text)(value)


def _text(value: bytes) -> str:
    return "\0" + fold(decode(value))


def _subject(values: Sequence[bytes]) -> tuple[str, str]:
    """Return the columns of the base subject."""
    if not values:
        return "", ""
    value = values[0]
    return (_kept_base if len(value) <= _MAX_KEPT else _base)(value)


def _base(value: bytes) -> tuple[str, str]:
    base, is_marked = plain_base_subject(decode(value))
    return "1" if is_marked else "", fold(base)


def _person(values: Sequence[bytes]) -> tuple[str, str]:
    """Return the last columns of who is first in the first of the fields."""
    if not values:
        return "", ""
    value = values[0]
    return _kept_sorting(value) if len(value) <= _MAX_KEPT else _sorting(value[:MAX_ADDRESS])


def _sorting(value: bytes) -> tuple[str, str]:
    first = first_address(value)
    return fold(decode(first_mailbox(first))), fold(display(first))


# Who writes, to whom, and about what is often the same.
_kept_text: Final = lru_cache(maxsize=_KEPT)(_text)
_kept_base: Final = lru_cache(maxsize=_KEPT)(_base)
_kept_sorting: Final = lru_cache(maxsize=_KEPT)(_sorting)
