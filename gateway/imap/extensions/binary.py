"""BINARY: parts with their Content-Transfer-Encoding undone. RFC 3516; RFC 9051 s. 6.4.5."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.imap.registry import FETCH_ITEMS, Item, capability, entry
from gateway.imap.responses import No
from gateway.imap.section import UnknownEncodingError, decoded, read_section, read_window
from gateway.imap.strings import NIL, literal8, literal_pieces

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.imap.grammar import Parser
    from gateway.imap.opened import Opened
    from gateway.imap.section import Section

capability(b"BINARY")


@entry(FETCH_ITEMS, b"BINARY")
def binary(parser: Parser) -> Item:
    """Give a decoded part, which then counts as seen. RFC 3516 s. 4.2."""
    return _item(parser, sees=True)


@entry(FETCH_ITEMS, b"BINARY.PEEK")
def peeked(parser: Parser) -> Item:
    """Give a decoded part; nothing becomes seen by that."""
    return _item(parser, sees=False)


@entry(FETCH_ITEMS, b"BINARY.SIZE")
def size(parser: Parser) -> Item:
    """Give how many octets a part has when it is decoded; none where there is no such part. RFC 3516 s. 4.3."""
    section = read_section(parser, binary=True)

    def count(opened: Opened) -> Sequence[bytes]:
        return [b"%d" % len(_decoded(opened, section) or b"")]

    return Item(b"BINARY.SIZE%b %%b" % section.label, part=count)


def _item(parser: Parser, *, sees: bool) -> Item:
    section = read_section(parser, binary=True)
    window = read_window(parser)

    def part(opened: Opened) -> Sequence[bytes]:
        octets = _decoded(opened, section)
        if octets is None:
            return [NIL]
        if window is not None:
            octets = window.of(octets)
        return [literal8(octets)] if b"\0" in octets else literal_pieces(octets)

    place = b"" if window is None else b"<%d>" % window.start
    return Item(b"BINARY%b%b %%b" % (section.label, place), part=part, sees=sees)


def _decoded(opened: Opened, section: Section) -> bytes | None:
    """Return a part without its encoding.

    Raises:
        No: the encoding is not known.
    """
    try:
        return decoded(opened.octets, opened.structure, section)
    except UnknownEncodingError:
        raise No("unknown Content-Transfer-Encoding", b"UNKNOWN-CTE") from None
