"""How a message looks as an article: the fields in front of it, and its overview line.

What stands in front of the served form is made by one function from one set of values, wherever it is sent or counted,
so that ``:bytes`` is the number of octets that ARTICLE sends.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from storage.making import Form, digest_of
from storage.model import Rendition

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gateway.access import Access
    from storage.message.fields import Header
    from storage.model import Location, Page

__all__ = [
    "OVERVIEW_VERSION",
    "Overview",
    "overview",
    "overview_form",
    "overview_row",
    "path",
    "prefix",
]

MAX_FIELD: Final = 32_768
"""Octets of a field in an overview line: what is longer is no field that a person wrote."""

OVERVIEW_VERSION: Final = 1
"""To be raised when ``overview_row`` changes, so that stored rows are made again."""


LINES_VERSION: Final = 1
"""To be raised when what ``overview`` makes of stored rows changes, so that it is made again."""


def overview_row(header: Header, message_id: bytes, size: int, lines: int) -> bytes:
    """Return a message's overview as it is stored: what does not depend on who asks, where. RFC 3977 s. 8.3.2.

    Subject, From, Date, Message-ID, References, size and lines of the served form, joined by TABs; the fields are
    taken from the served header, unfolded and never decoded, empty where there are none.
    """
    subject, sender, date, references = (
        (header.first(name) or b"")[:MAX_FIELD]
        for name in (b"subject", b"from", b"date", b"references")
    )
    return b"\t".join((subject, sender, date, message_id, references, b"%d\t%d" % (size, lines)))


def path(host: bytes) -> bytes:
    """Return the content of Path. RFC 5536 s. 3.1.5."""
    return host + b"!not-for-mail"


def prefix(host: bytes, name: str, number: int, others: Iterable[Location]) -> bytes:
    """Return the fields that stand in front of a served message: Path, Newsgroups, Xref.

    ``others`` is where else the reader may read it.
    """
    group = name.encode()
    newsgroups, places = group, b"%b:%d" % (group, number)
    for place in sorted(others):
        group = place.name.encode()
        newsgroups += b"," + group
        places += b" %b:%d" % (group, place.number)
    return b"Path: %b\r\nNewsgroups: %b\r\nXref: %b %b\r\n" % (path(host), newsgroups, host, places)


@dataclass(frozen=True, slots=True)
class Overview:
    """A page's overview lines as they are sent; ``ends[i]`` is where line ``i`` begins in ``text``."""

    text: bytes
    ends: Sequence[int]

    def lines(self, span: slice) -> bytes:
        """Return the lines of some rows of the page."""
        return self.text[self.ends[span.start] : self.ends[span.stop]]


_overviews: Final[WeakKeyDictionary[Page, dict[tuple[bytes, frozenset[str]], Overview]]] = (
    WeakKeyDictionary()
)


@lru_cache(maxsize=256)
def overview_form(host: bytes, access: Access) -> Form:
    """Return what tells the overview lines of a page from all else that is made of it: also from other readers' lines."""
    hidden = [name.encode() for name in sorted(access.hidden)]
    name = digest_of((b"overview %d" % LINES_VERSION, host, *hidden))
    return Form((Rendition.OVERVIEW,), name)


def overview(page: Page, host: bytes, name: str, access: Access) -> Overview:
    """Return the overview lines of a page of the list ``name``, made once for all who may read the same.

    To a stored row come the number in front, Xref in full behind, and the octets of ``prefix`` in the size.
    """
    renderings = _overviews.setdefault(page, {})
    key = (host, access.hidden)
    rendered = renderings.get(key)
    if rendered is None:
        texts = _overview_lines(page, host, name, access)
        rendered = Overview(b"".join(texts), list(accumulate(map(len, texts), initial=0)))
        renderings[key] = rendered
    return rendered


def _overview_lines(page: Page, host: bytes, name: str, access: Access) -> list[bytes]:
    xref = b"Xref: %b %b:" % (host, name.encode())
    digits, longer = 1, 10
    octets = len(prefix(host, name, 0, ()))
    elsewhere = page.elsewhere
    texts = []
    for number, row in zip(page.numbers, page.rows, strict=True):
        while number >= longer:
            digits, longer, octets = digits + 1, longer * 10, octets + 1
        fields, size, lines = row.rsplit(b"\t", 2)
        if number in elsewhere:
            others = [place for place in elsewhere[number] if access.readable(place.name)]
            front = prefix(host, name, number, others)
            places = front[front.rindex(b"Xref:") :]
            text = b"%d\t%b\t%d\t%b\t%b" % (number, fields, int(size) + len(front), lines, places)
        else:
            text = b"%d\t%b\t%d\t%b\t%b%d\r\n" % (
                number,
                fields,
                int(size) + octets,
                lines,
                xref,
                number,
            )
        texts.append(text)
    return texts
