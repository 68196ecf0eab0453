"""A page of blists, the software of lists.openwall.net, as a message: as HTML, or as the text that a browser saves.

A page shows a few header fields, decoded, with the three characters behind each ``@`` replaced by dots, except in the
Message-ID; then the message's text parts. It never shows In-Reply-To or References, but it has links to its neighbours
in the list and in the thread.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from storage.message.copies import copy_field
from storage.message.fields import parse_header
from storage.message.ids import message_id, synthetic_id
from storage.message.same import identity
from storage.model import Fidelity
from storage.sources.links import links
from storage.sources.rebuilt import charset_fields
from storage.sources.separator import begins_with_field

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Key", "Page", "is_page", "key_of", "linked", "parse_page"]

_SHOWN: Final = (b"message-id", b"date", b"from", b"to", b"cc", b"subject")
"""The fields of a page, in their order."""
_HEAD: Final = 64 * 1024
"""How far from its beginning a page is searched for its message: before that come the site's own links."""

_START: Final = re.compile(rb"\[list\]</a>\s{0,9}<pre(?:\s[^<>]*)?>\r?\n?", re.IGNORECASE)
_END: Final = re.compile(rb"</pre>", re.IGNORECASE)
_TAG: Final = re.compile(rb"<[^<>]*>")
_ENTITY: Final = re.compile(rb"&(?:(lt|gt|amp|quot|nbsp)|#([0-9]{1,7})|#x([0-9A-Fa-f]{1,6}));")
_NAMED: Final = {b"lt": b"<", b"gt": b">", b"amp": b"&", b"quot": b'"', b"nbsp": b"\xc2\xa0"}
_PREVIOUS: Final = "[<prev]"
_THREAD_PREVIOUS: Final = "[<thread-prev]"
_TEXT_START: Final = re.compile(
    rb"^(?:\[<prev\] ?)?(?:\[next>\] ?)?(?:\[<thread-prev\] ?)?(?:\[thread-next>\] ?)?"
    rb"(?:\[day\] ?)?\[month\] ?\[year\] ?\[list\][ \t]*\r?\n",
    re.MULTILINE,
)
_TEXT_END: Final = b"\nPowered by blists - more mailing lists"
_TITLE: Final = re.compile(
    rb"<title>\s{0,9}([A-Za-z0-9][A-Za-z0-9+_-]{0,99})(?: - |</title>)", re.IGNORECASE
)
_FIELD: Final = re.compile(rb"([A-Za-z-]{2,10}):[ \t]*(.*)", re.DOTALL)
_NUMBER: Final = re.compile(r"([0-9]{1,6})(?:\.html?|\.txt)?")
_DAY: Final = re.compile(r"([0-9]{4})/([0-9]{1,2})/([0-9]{1,2})")
_INDEX: Final = ("index.html", "index.htm")


class Key(NamedTuple):
    """Where a page lies: its day, and its number among the day's; the day is zeros where that is not known."""

    year: int
    month: int
    day: int
    number: int


@dataclass(frozen=True, slots=True)
class Page:
    """What a page holds; ``fields`` are the shown ones with their names, ``previous`` … are links as they were written."""

    fields: Sequence[tuple[bytes, bytes]]
    body: bytes
    previous: str = ""
    thread_previous: str = ""
    list_name: str = ""

    def message(self, parent: bytes | None = None) -> bytes:
        """Return the page as a message that answers ``parent``.

        One without Message-ID gets one of what it says of itself, which does not depend on the parent.
        """
        lines = [b"%b: %b\n" % field for field in self.fields]
        charset = charset_fields(b"".join(lines) + self.body)
        raw = b"%b%b\n%b" % (b"".join(lines), charset, self.body)
        if self.own_id(raw) is None:
            lines.insert(0, b"Message-ID: %b\n" % synthetic_id(identity(raw)))
        if parent is not None:
            lines.append(b"References: %b\n" % parent)
        lines.append(copy_field(Fidelity.PAGE))
        return b"%b%b\n%b" % (b"".join(lines), charset, self.body)

    @staticmethod
    def own_id(raw: bytes) -> bytes | None:
        """Return the Message-ID of a page's message, if it has one."""
        return message_id(parse_header(raw))[0]


def is_page(head: bytes) -> bool:
    """Tell whether what begins so is a page of blists with a message."""
    return not begins_with_field(head) and parse_page(head) is not None


def parse_page(octets: bytes) -> Page | None:
    """Return what a page of blists holds, or None where it is none."""
    found = _from_html(octets) or _from_text(octets)
    if found is None:
        return None
    content, head = found
    fields, body = _split(content)
    if not fields:
        return None
    neighbours = {text: link for link, text in links(head.decode("utf-8", "replace"))}
    title = _TITLE.search(head)
    return Page(
        fields,
        body,
        neighbours.get(_PREVIOUS, ""),
        neighbours.get(_THREAD_PREVIOUS, ""),
        title[1].decode() if title else "",
    )


def key_of(path: str) -> Key | None:
    """Return which page lies at a path, or None where that is none's.

    What lies below a page is an attachment of it.
    """
    parts = path.split("/")
    if parts[-1] in _INDEX:
        parts.pop()
    number = _NUMBER.fullmatch(parts.pop()) if parts else None
    if number is None:
        return None
    day = _DAY.fullmatch("/".join(parts[-3:]))
    if day:
        return Key(int(day[1]), int(day[2]), int(day[3]), int(number[1]))
    return None if parts and parts[-1].isdigit() else Key(0, 0, 0, int(number[1]))


def linked(link: str, path: str) -> Key | None:
    """Return which page a link on the page at ``path`` leads to, or None where it leads to none.

    Where a program saved a page as ``N/index.html`` and left its links as they were, they are those of ``N``.
    """
    link = link.partition("#")[0].partition("?")[0]
    folder, name = posixpath.split(path)
    if name in _INDEX and not link.endswith(_INDEX):
        folder = posixpath.dirname(folder)
    key = key_of(posixpath.normpath(posixpath.join(folder, link)))
    return key_of(link) if key is None and "/" not in link else key


def _from_html(octets: bytes) -> tuple[bytes, bytes] | None:
    """Return the message as a page shows it, and what comes before it on the page."""
    start = _START.search(octets, 0, _HEAD)
    if start is None:
        return None
    end = _END.search(octets, start.end())
    content = octets[start.end() : end.start() if end else len(octets)]
    return _plain(_TAG.sub(b"", content)), octets[: start.end()]


def _from_text(octets: bytes) -> tuple[bytes, bytes] | None:
    start = _TEXT_START.search(octets, 0, _HEAD)
    if start is None:
        return None
    end = octets.find(_TEXT_END, start.end())
    return octets[start.end() : end if end >= 0 else len(octets)], b""


def _plain(text: bytes) -> bytes:
    """Return the octets that a text in HTML stands for."""
    return _ENTITY.sub(_character, text) if b"&" in text else text


def _character(entity: re.Match[bytes]) -> bytes:
    name, decimal, hexadecimal = entity.groups()
    if name:
        return _NAMED[name]
    code = int(decimal) if decimal else int(hexadecimal, 16)
    try:
        return chr(code).encode()
    except (ValueError, OverflowError, UnicodeEncodeError):
        return entity[0]


def _split(content: bytes) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Return the fields that a page shows, and the text.

    A field that comes out of turn is none: a decoded word may hold a line end, and what seems to be a field behind it.
    """
    head, _, body = content.replace(b"\r\n", b"\n").partition(b"\n\n")
    fields: list[tuple[bytes, list[bytes]]] = []
    expected = list(_SHOWN)
    for line in _lines(head):
        field = _FIELD.fullmatch(line)
        name = field[1].lower() if field else b""
        if field and name in expected:
            del expected[: expected.index(name) + 1]
            fields.append((field[1], [field[2]]))
        elif fields:
            fields[-1][1].append(line.lstrip(b" \t"))
        else:
            return [], b""
    folded = [(name, b"\n ".join(lines)) for name, lines in fields]
    return folded, body.rstrip(b"\r\n") + b"\n" if body.strip() else b""


def _lines(head: bytes) -> Iterator[bytes]:
    """Yield the lines of a header that are not blank."""
    yield from (line for line in head.split(b"\n") if line.strip())
