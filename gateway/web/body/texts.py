"""The text of a part: decoded, bounded, clean, with LF line ends; of HTML what it says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from gateway.web.body.decoding import decoded_runs, decoded_size, text_runs
from gateway.web.body.flowed import unwrapped
from gateway.web.body.hypertext import plain_steps
from storage.message.parameters import parameter

if TYPE_CHECKING:
    from collections.abc import Generator

    from storage.message.structure import Part

__all__ = ["MAX_LINES", "MAX_SHOWN", "Text", "clean", "text_steps"]

MAX_SHOWN: Final = 1 << 20
"""Octets of a message's texts that are shown; the rest is in the raw message."""

MAX_LINES: Final = 40_000
"""Lines of a text that are shown."""

_EXPANDED: Final = {b"base64": 2, b"quoted-printable": 4}
"""Octets that one of text takes at most when it is encoded, but for what nobody does."""

_META: Final = re.compile(
    rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?([A-Za-z0-9_:.-]{1,40})", re.IGNORECASE
)
_META_WITHIN: Final = 1024  # octets, as browsers look

# What may not stand in HTML (the HTML Standard s. 13.2.3.5), or would not be seen.
_UNFIT: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_PICTURES: Final = {
    **{code: chr(0x2400 + code) for code in range(0x20)},
    **dict.fromkeys((*range(0x80, 0xA0), *range(0xD800, 0xE000), *range(0xFDD0, 0xFDF0)), "\N{REPLACEMENT CHARACTER}"),
    **{plane << 16 | code: "\N{REPLACEMENT CHARACTER}" for plane in range(17) for code in (0xFFFE, 0xFFFF)},
    0x7F: "\N{SYMBOL FOR DELETE}",
    0x09: "\t",
    0x0A: "\n",
}  # fmt: skip  # a table


class Text(NamedTuple):
    """What a part says, whether it was HTML, and how many octets of it were too many."""

    text: str
    was_html: bool
    left_out: int


def text_steps(part: Part, octets: bytes, room: int) -> Generator[None, None, Text]:
    """Yield now and then while the text of a part is made, and return it; of no more than ``room`` octets."""
    data, left_out = yield from _data(part, octets, room)
    charset = part.charset
    was_html = part.type == b"text" and part.subtype == b"html"
    if was_html and not charset:
        declared = _META.search(data[:_META_WITHIN])
        charset = b"" if declared is None else declared[1]
    runs: list[str] = []
    for run in text_runs(data, charset):
        if runs:
            yield
        runs.append(clean(run))
    text = "".join(runs)
    if was_html:
        for said in plain_steps(text):
            if said is None:
                yield
            else:
                text = said[:room]
                left_out += len(said) - len(text)
    lines = text.split("\n", MAX_LINES)
    if len(lines) > MAX_LINES:
        left_out += len(lines.pop())
        text = "\n".join(lines) + "\n"
    if not was_html and parameter(part.parameters, b"format").lower() == b"flowed":
        text = unwrapped(text, deletes_space=parameter(part.parameters, b"delsp").lower() == b"yes")
    return Text(text, was_html, left_out)


def clean(text: str) -> str:
    """Return text with LF line ends and a picture or U+FFFD for each character that cannot be shown."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.isascii() and text.isprintable():
        return text
    return text.translate(_PICTURES) if _UNFIT.search(text) else text


def _data(part: Part, octets: bytes, room: int) -> Generator[None, None, tuple[bytes, int]]:
    """Return what a part holds, at most ``room`` octets up to the end of a line, and how many it has beyond."""
    length = room * _EXPANDED.get(part.encoding, 1)
    written = octets[part.body : min(part.end, part.body + length)]
    runs: list[bytes] = []
    for run in decoded_runs(written, part.encoding):
        if runs:
            yield
        runs.append(run)
    data = b"".join(runs)
    if len(data) <= room and len(written) == part.end - part.body:
        return data, 0
    data = data[: data.rfind(b"\n", 0, room) + 1 or room]
    return data, max(0, decoded_size(part, octets) - len(data))
