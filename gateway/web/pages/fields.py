"""The header fields that a web page shows, decoded, in the order of blists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from gateway.web.body import obfuscated
from storage.message.words import decode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gateway.web.reading import Reading
    from storage.message.fields import Header

__all__ = ["MAX_FIELD", "ShownField", "shown_fields", "shown_subject", "veil"]

MAX_FIELD: Final = 10_000
"""Characters of a field that are shown: of a letter to thousands the raw message tells the rest."""

MAX_SUBJECT: Final = 2000
"""Characters of a subject that are shown."""

_PEOPLE: Final = ("From", "To", "Cc")


class ShownField(NamedTuple):
    """A field's name and what it holds, on one line; ``is_cut`` tells that it holds more."""

    name: str
    text: str
    is_cut: bool


def shown_fields(header: Header, veiled: Callable[[str], str]) -> Sequence[ShownField]:
    """Return From, To and Cc, those that there are; ``veiled`` shortens the addresses in a text, if they are to be."""
    found = []
    for name in _PEOPLE:
        values = header.every(name.lower().encode())
        text = veiled(" ".join(decode(b", ".join(values)).split()))
        if text:
            found.append(ShownField(name, text[:MAX_FIELD], len(text) > MAX_FIELD))
    return found


def shown_subject(header: Header) -> str:
    """Return the subject on one line; of a very long one the beginning."""
    text = " ".join(decode(header.first(b"subject") or b"").split())
    return text if len(text) <= MAX_SUBJECT else f"{text[:MAX_SUBJECT]}..."


def veil(reading: Reading, name: str) -> Callable[[str], str]:
    """Return what shortens the addresses in a text of a list, if they are to be."""
    return obfuscated if reading.settings.is_obfuscated(name) else str
