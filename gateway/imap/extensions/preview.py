"""PREVIEW: the beginning of a message's text, made when it arrived. RFC 8970."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.imap.registry import FETCH_ITEMS, Item, capability, entry
from gateway.imap.strings import string
from storage.model import Rendition

if TYPE_CHECKING:
    from gateway.imap.grammar import Parser

capability(b"PREVIEW")

_PREVIEW: Final = Item(
    b"PREVIEW %b",
    lambda rows: map(string, rows.texts[Rendition.PREVIEW]),
    (Rendition.PREVIEW,),
    kept_as=b"PREVIEW",
)


@entry(FETCH_ITEMS, b"PREVIEW")
def preview(parser: Parser) -> Item:
    """Give the preview, which is there whether the client would wait for it or not. RFC 8970 s. 3, s. 4."""
    parser.takes(b" (LAZY)")  # what else stands in parentheses there modifies the FETCH as a whole
    return _PREVIEW
