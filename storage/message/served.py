"""The served form: what the faces send of a message.

CRLF line ends; no NUL, no CR or LF on its own; exactly one Message-ID field; nothing that news would act on; no
field that news must have whose first line is empty; References mended where the original ones mislead. Whatever a
repair takes out of its place is kept in an ``X-Original-`` field.
The original octets stay as they are: only a header that differs is made anew, and kept beside them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from storage.message.fields import BYTE_ORDER_MARK, MAX_HEADER, extent, unfold
from storage.message.lines import with_lf

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from storage.message.fields import Field, Header

__all__ = [
    "MAX_REFERENCES_OCTETS",
    "count_lines",
    "is_dotted",
    "is_plain",
    "is_served",
    "original_of_plain",
    "serve",
    "serve_plain",
    "served_head",
    "with_head",
]

MAX_REFERENCES_OCTETS: Final = 8000
"""The longest References written: of more ids, the first and the last ones are kept (RFC 5537 s. 3.4.4)."""

_LINE: Final = 78  # octets that a line should have at most (RFC 5322 s. 2.1.1)
_ORIGINAL: Final = b"X-Original-"

# Fields by which news agents act, or that only news agents may set (RFC 5536 s. 3.1 and 3.2, RFC 5537 s. 3.10.2): a mail
# that carries them must not cancel, redirect, expire or place an article.
_OF_NEWS: Final = frozenset((
    b"also-control", b"approved", b"control", b"distribution", b"expires", b"followup-to", b"injection-date",
    b"injection-info", b"newsgroups", b"path", b"supersedes", b"xref",
))  # fmt: skip  # a list of words
_NEEDED: Final = frozenset((b"date", b"from", b"message-id", b"subject"))
_NOT_SERVED: Final = _OF_NEWS | {b""}

# A line without anything but blanks ends the header for some readers (RFC 7103 s. 7.3); a name is followed by a colon
# and a space (RFC 3977 s. 3.6), or by a colon and a fold.
_UNTIDY: Final = re.compile(rb"\n(?:[ \t]++\r?(?:\n|\Z)|[!-9;-~]++(?:[ \t]++:|:[^ \t\r\n]))")
_TO_SPACE: Final = bytes.maketrans(b"\r\0", b"  ")


def served_head(
    raw: bytes, header: Header, message_id: bytes, references: Sequence[bytes] | None
) -> bytes | None:
    """Return the served header where it differs from the original with CRLF line ends, otherwise None.

    ``message_id`` is the id that the message goes by; ``references`` are the ids to refer to instead of those of the
    original, oldest first, or None to leave the References alone. Each field ends with CRLF. Fields keep their order;
    what is new stands where the old one stood, or at the end.
    """
    if (
        references is None
        and _is_served_as_it_is(raw, header, message_id)
        and not any(_is_late(value) for name in _NEEDED for value in header.written(name))
    ):
        return None
    return b"".join(_served_fields(header, message_id, references))


def serve(raw: bytes, head: bytes | None) -> bytes:
    """Return the served form: header, empty line, body; ``head`` is what ``served_head`` returned.

    In the body, NULs are dropped (RFC 7103 s. 7.6), a CR on its own ends a line (s. 6), and the last line gets its
    line end if it has none.
    """
    if is_plain(raw):
        return with_head(serve_plain(raw), head)
    end, body = extent(raw)
    return b"%b\r\n%b" % (_with_crlf(raw[:end]) if head is None else head, _with_crlf(raw[body:]))


def is_plain(raw: bytes) -> bool:
    """Tell whether a message needs nothing but CRLF for LF to be served: all but the ugly ones."""
    return (
        b"\r" not in raw
        and b"\0" not in raw
        and raw.endswith(b"\n")
        and not raw.startswith(b"\n")
        and raw.find(b"\n\n", 0, MAX_HEADER) > 0
    )


def serve_plain(raw: bytes) -> bytes:
    """Return the served form of a message that ``is_plain``, with its own header."""
    return raw.replace(b"\n", b"\r\n")


def original_of_plain(octets: bytes) -> bytes:
    """Return the message that ``serve_plain`` made a served form of: its inverse."""
    return octets.replace(b"\r\n", b"\n")


def is_served(octets: bytes, header: Header, message_id: bytes) -> bool:
    """Tell whether octets are a served form: what ``serve`` makes of any message, with a head of ``served_head``."""
    return (
        b"\0" not in octets
        and octets.count(b"\r\n") == octets.count(b"\r") == octets.count(b"\n")
        and octets.startswith(b"\r\n", header.end)
        and _is_served_as_it_is(octets, header, message_id)
    )


def with_head(octets: bytes, head: bytes | None) -> bytes:
    """Return a served form with another header, if one is given."""
    if head is None:
        return octets
    return b"%b\r\n%b" % (head, octets[octets.index(b"\r\n\r\n") + 4 :])


def is_dotted(octets: bytes) -> bool:
    """Tell whether a line of a served form begins with a dot, as NNTP has to know (RFC 3977 s. 3.1.1)."""
    return b"\r\n." in octets or octets.startswith(b".")


def count_lines(octets: bytes) -> int:
    """Return the number of lines of a served form's body (RFC 3977 s. 8.1.2)."""
    if octets.startswith(b"\r\n"):
        return octets.count(b"\n") - 1
    return octets.count(b"\n", octets.index(b"\r\n\r\n") + 4)


def _with_crlf(octets: bytes) -> bytes:
    if b"\0" in octets:
        octets = octets.replace(b"\0", b"")
    octets = with_lf(octets)
    if octets and not octets.endswith(b"\n"):
        octets += b"\n"
    return octets.replace(b"\n", b"\r\n")


def _is_served_as_it_is(raw: bytes, header: Header, message_id: bytes) -> bool:
    head = raw[: header.end]
    return (
        header.every(b"message-id") == [message_id]
        and _NOT_SERVED.isdisjoint(header.names)
        and b"\0" not in head
        and (b"\r" not in head or head.count(b"\r") == head.count(b"\r\n"))
        and not head.startswith(BYTE_ORDER_MARK)
        and _UNTIDY.search(b"\n" + head) is None
    )


def _served_fields(
    header: Header, message_id: bytes, references: Sequence[bytes] | None
) -> Iterator[bytes]:
    missing = {b"message-id": b"Message-ID: %b\r\n" % message_id}
    if references:
        missing[b"references"] = _references_field(references)
    bearer = next((field for field in header.fields if _bears(field, message_id)), None)
    for field in header.fields:
        name = field.name.lower()
        if field is bearer:
            del missing[name]
            yield _line(field.name, _started(field))
        elif name == b"message-id" or (name == b"references" and references is not None):
            if bearer is None or name == b"references":
                yield missing.pop(name, b"")
            yield _line(_ORIGINAL + field.name, field.value)
        elif name in _OF_NEWS:
            yield _line(_ORIGINAL + field.name, field.value)
        elif name:
            yield _line(field.name, _started(field))
        elif field.value.translate(_TO_SPACE).strip():
            yield _line(_ORIGINAL + b"Line", field.value)
    yield from missing.values()


def _bears(field: Field, message_id: bytes) -> bool:
    return field.name.lower() == b"message-id" and unfold(field.value) == message_id


def _is_late(value: bytes) -> bool:
    """Tell whether nothing stands on the first line of a value, though something follows.

    Of a field that news must have, pullnews and leafnode do not see what comes then; RFC 5536 s. 2.2 does not allow it.
    """
    first, newline, _ = value.partition(b"\n")
    return bool(newline) and not first.strip()


def _started(field: Field) -> bytes:
    is_needed = field.name.lower() in _NEEDED
    return field.value.lstrip() if is_needed and _is_late(field.value) else field.value


def _line(name: bytes, value: bytes) -> bytes:
    """Return a field as it is served: its folding kept, apart from lines of blanks only."""
    first, *folds = (line.rstrip(b"\r").translate(_TO_SPACE) for line in value.split(b"\n"))
    space = b" " if first and first[0] not in b" \t" else b""
    return b"\r\n".join([b"%b:%b%b" % (name, space, first), *filter(bytes.strip, folds), b""])


def _references_field(ids: Sequence[bytes]) -> bytes:
    """Return a References field of the ids, folded; where they are too many, of the first and the last ones."""
    room = MAX_REFERENCES_OCTETS - len(ids[0])
    start = len(ids)
    while start > 1 and room > len(ids[start - 1]):
        start -= 1
        room -= len(ids[start]) + 1
    lines = [b"References: " + ids[0]]
    for identifier in ids[start:]:
        if len(lines[-1]) + 1 + len(identifier) <= _LINE:
            lines[-1] += b" " + identifier
        else:
            lines.append(b" " + identifier)
    return b"\r\n".join([*lines, b""])
