"""The header fields that a web page shows, decoded, in the order of blists."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from gateway.web.body import obfuscated
from storage.message.words import decode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gateway.web.reading import Reading
    from storage.message.fields import Header

__all__ = ["MAX_FIELD", "ShownField", "shown_date", "shown_fields", "shown_subject", "veil"]

MAX_FIELD: Final = 10_000
"""Characters of a field that are shown: of a letter to thousands the raw message tells the rest."""

MAX_SUBJECT: Final = 2000
"""Characters of a subject that are shown."""

MAX_DATE: Final = 200
"""Characters of a date, as it was written, that are shown."""

_PEOPLE: Final = ("From", "To", "Cc")
_MAX_OCTETS: Final = (
    16 * MAX_FIELD
)  # of a field that are decoded: an encoded character may take twelve
_OPEN: Final = re.compile(r"(?:[^@]*+@){12}[^,]{0,200}+,|.{1000}\S{0,200}+")
"""So much of a field is shown at once: a dozen addresses."""


class ShownField(NamedTuple):
    """A field's name and what it holds, on one line.

    ``folded`` is what follows the ``text``, for those who want to see it; ``is_cut`` tells that there is more still.
    """

    name: str
    text: str
    folded: str
    is_cut: bool


def shown_fields(header: Header, veiled: Callable[[str], str]) -> Sequence[ShownField]:
    """Return From, To and Cc, those that there are; ``veiled`` shortens the addresses in a text, if they are to be."""
    found = []
    for name in _PEOPLE:
        octets = b", ".join(header.every(name.lower().encode()))
        text = veiled(_on_one_line(octets))
        if text:
            opened = _OPEN.match(text)
            at = min(len(text) if opened is None else opened.end(), MAX_FIELD)
            is_cut = len(text) > MAX_FIELD or len(octets) > _MAX_OCTETS
            found.append(ShownField(name, text[:at], text[at:MAX_FIELD], is_cut))
    return found


def shown_subject(header: Header) -> str:
    """Return the subject on one line; of a very long one the beginning."""
    return _beginning(header.first(b"subject"), MAX_SUBJECT)


def shown_date(header: Header) -> str:
    """Return the date as it was written; of a very long one the beginning."""
    return _beginning(header.first(b"date"), MAX_DATE)


def veil(reading: Reading, name: str) -> Callable[[str], str]:
    """Return what shortens the addresses in a text of a list, if they are to be."""
    return obfuscated if reading.settings.is_obfuscated(name) else str


def _beginning(value: bytes | None, most: int) -> str:
    text = _on_one_line(value or b"")
    return text if len(text) <= most else f"{text[:most]}..."


def _on_one_line(octets: bytes) -> str:
    return " ".join(decode(octets[:_MAX_OCTETS]).split())
