"""What FETCH gives of a message's octets: BODY[...], its older names, and BODY. RFC 9051 s. 6.4.5; RFC 3501 s. 6.4.5."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.imap.registry import FETCH_ITEMS, Item, entry, fetch_item
from gateway.imap.render import LISTED_FIELDS, body, picker
from gateway.imap.section import Section, Window, extract, read_section, read_window, subset
from gateway.imap.strings import NIL, literal, literal_pieces
from storage.model import Rendition

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gateway.imap.grammar import Parser
    from gateway.imap.opened import Opened
    from gateway.imap.rows import Rows


@entry(FETCH_ITEMS, b"BODY")
def body_or_section(parser: Parser) -> Item:
    """Give the structure without extensions, or a section, which then counts as seen."""
    return _section(parser, sees=True) if parser.sees(b"[") else _BODY


@entry(FETCH_ITEMS, b"BODY.PEEK")
def peeked_section(parser: Parser) -> Item:
    """Give a section; nothing becomes seen by that."""
    return _section(parser, sees=False)


_BODY: Final = Item(b"BODY %b", part=lambda opened: [body(opened.structure)])

fetch_item(
    b"RFC822", Item(b"RFC822 %b", part=lambda opened: literal_pieces(opened.octets), sees=True)
)
fetch_item(
    b"RFC822.HEADER", Item(b"RFC822.HEADER %b", part=lambda opened: literal_pieces(_header(opened)))
)
fetch_item(
    b"RFC822.TEXT",
    Item(b"RFC822.TEXT %b", part=lambda opened: literal_pieces(opened.body), sees=True),
)


def _section(parser: Parser, *, sees: bool) -> Item:
    section = read_section(parser)
    window = read_window(parser)
    form = b"BODY" + section.label.replace(b"%", b"%%")
    form += b" %b" if window is None else b"<%d> %%b" % window.start
    if _is_listed(section):
        kept_as = b"" if window is not None else section.label
        return Item(form, _picked(section, window), (Rendition.FIELDS,), sees=sees, kept_as=kept_as)
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


def _cutter(section: Section, window: Window | None) -> Callable[[Opened], Sequence[bytes]]:
    """Return what gives a section of a message as it is sent. Those that clients ask for most need no structure."""
    if not section.part and section.text in _DIRECT:
        cut = _DIRECT[section.text]
    elif not section.part:  # HEADER.FIELDS or HEADER.FIELDS.NOT
        without = section.text == b"HEADER.FIELDS.NOT"

        def cut(opened: Opened) -> bytes | None:
            return subset(_header(opened), section.names, without=without)
    else:

        def cut(opened: Opened) -> bytes | None:
            return extract(opened.octets, opened.structure, section)

    def sent(opened: Opened) -> Sequence[bytes]:
        octets = cut(opened)
        if octets is None:
            return [NIL]
        return literal_pieces(octets if window is None else window.of(octets))

    return sent


def _header(opened: Opened) -> bytes:
    """Return the header with the empty line behind it."""
    return opened.octets[: len(opened.octets) - len(opened.body)]


_DIRECT: Final[dict[bytes, Callable[[Opened], bytes | None]]] = {
    b"": lambda opened: opened.octets,
    b"HEADER": _header,
    b"TEXT": lambda opened: opened.body,
}
