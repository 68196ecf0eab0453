"""The links on a web page: what a page of an archive leads to, without a reader of HTML."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["links"]

_ANCHOR: Final = re.compile(r"<a\s([^<>]{1,1000}+)>([^<>]{0,300}+)", re.IGNORECASE)
_REFERENCE: Final = re.compile(
    r"""(?:\A|\s)href\s{0,9}+=\s{0,9}+["']?+([^"'<>\s]{1,500}+)""", re.IGNORECASE
)


def links(page: str) -> Iterator[tuple[str, str]]:
    """Yield the references of a page's links, in its order, and the text each begins with."""
    for anchor in _ANCHOR.finditer(page):
        reference = _REFERENCE.search(anchor[1])
        if reference:
            yield unescape(reference[1]), " ".join(unescape(anchor[2]).split())
