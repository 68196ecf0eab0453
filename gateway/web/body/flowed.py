"""Text that may be wrapped anew: format=flowed and DelSp. RFC 3676."""

from __future__ import annotations

from typing import Final

from gateway.web.body.lines import MARKS

__all__ = ["unwrapped"]

_SEPARATOR: Final = "-- "


def unwrapped(text: str, *, deletes_space: bool) -> str:
    """Return flowed text with each paragraph as one line, quotations marked ``> > ``.

    Space-stuffing is undone (s. 4.4). A line that ends with a space goes on in the next one, if that is quoted as deeply
    (s. 4.5); ``deletes_space`` tells whether that space goes (DelSp=yes). The line before a signature never does (s. 4.3).
    """
    made: list[str] = []
    paragraph: list[str] = []
    depth = 0
    for line in text.split("\n"):
        bare = line.lstrip(">")
        deep = len(line) - len(bare)
        bare = bare.removeprefix(" ")
        if paragraph and (deep != depth or bare == _SEPARATOR):
            made.append(MARKS * depth + "".join(paragraph))
            paragraph = []
        depth = deep
        if bare.endswith(" ") and bare != _SEPARATOR:
            paragraph.append(bare[:-1] if deletes_space else bare)
        else:
            paragraph.append(bare)
            made.append(MARKS * depth + "".join(paragraph))
            paragraph = []
    if paragraph:
        made.append(MARKS * depth + "".join(paragraph))
    return "\n".join(made)
