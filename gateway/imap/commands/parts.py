"""What FETCH gives of a message's octets: BODY[...], its older names, and BODY. RFC 9051 s. 6.4.5; RFC 3501 s. 6.4.5."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.imap.registry import FETCH_ITEMS, Item, entry, fetch_item
from gateway.imap.render import LISTED_FIELDS, body, picker
from gateway.imap.section import Section, Window, extract, read_section, read_window, subset
from gateway.imap.strings import NIL, literal, literal_pieces
from storage.message.structure import structure
from storage.model import Rendition

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gateway.imap.grammar import Parser
    from gateway.imap.rows import Rows
    from storage.model import Served


@entry(FETCH_ITEMS, b"BODY")
def body_or_section(parser: Parser) -> Item:
    """Give the structure without extensions, or a section, which then counts as seen."""
    return _section(parser, sees=True) if parser.sees(b"[") else _BODY


@entry(FETCH_ITEMS, b"BODY.PEEK")
def peeked_section(parser: Parser) -> Item:
    """Give a section; nothing becomes seen by that."""
    return _section(parser, sees=False)


_BODY: Final = Item(b"BODY %b", part=lambda served: [body(structure(served.octets))])

fetch_item(
    b"RFC822", Item(b"RFC822 %b", part=lambda served: literal_pieces(served.octets), sees=True)
)
fetch_item(
    b"RFC822.HEADER", Item(b"RFC822.HEADER %b", part=lambda served: literal_pieces(_header(served)))
)
fetch_item(
    b"RFC822.TEXT",
    Item(b"RFC822.TEXT %b", part=lambda served: literal_pieces(served.body), sees=True),
)


def _section(parser: Parser, *, sees: bool) -> Item:
    section = read_section(parser)
    window = read_window(parser)
    form = b"BODY" + section.label.replace(b"%", b"%%")
    form += b" %b" if window is None else b"<%d> %%b" % window.start
    if _is_listed(section):
        return Item(form, _picked(section, window), (Rendition.FIELDS,), sees=sees)
    return Item(form, part=_cutter(section, window), sees=sees)


def _is_listed(section: Section) -> bool:
    """Tell whether the header fields that are kept for lists answer it."""
    return not section.part and section.text == b"HEADER.FIELDS" and section.names <= LISTED_FIELDS


def _picked(section: Section, window: Window | None) -> Callable[[Rows], Sequence[bytes]]:
    """Return what gives some header fields of many messages as they are sent."""
    pick, key = picker(section.names), (section.names, window)

    def sent(row: bytes) -> bytes:
        text = pick(row)
        return literal(text if window is None else window.of(text))

    return lambda rows: rows.made(Rendition.FIELDS, key, sent)


def _cutter(section: Section, window: Window | None) -> Callable[[Served], Sequence[bytes]]:
    """Return what gives a section of a message as it is sent. Those that clients ask for most need no structure."""
    if not section.part and section.text in _DIRECT:
        cut = _DIRECT[section.text]
    elif not section.part:  # HEADER.FIELDS or HEADER.FIELDS.NOT
        without = section.text == b"HEADER.FIELDS.NOT"

        def cut(served: Served) -> bytes | None:
            return subset(_header(served), section.names, without=without)
    else:

        def cut(served: Served) -> bytes | None:
            return extract(served.octets, structure(served.octets), section)

    def sent(served: Served) -> Sequence[bytes]:
        octets = cut(served)
        if octets is None:
            return [NIL]
        return literal_pieces(octets if window is None else window.of(octets))

    return sent


def _header(served: Served) -> bytes:
    """Return the header with the empty line behind it."""
    return served.octets[: len(served.octets) - len(served.body)]


_DIRECT: Final[dict[bytes, Callable[[Served], bytes | None]]] = {
    b"": lambda served: served.octets,
    b"HEADER": _header,
    b"TEXT": lambda served: served.body,
}
