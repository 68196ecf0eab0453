"""The mark of a copy that is not what was sent, so that it is known for one wherever it goes: exported, pushed, pulled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from storage.model import Fidelity

if TYPE_CHECKING:
    from storage.message.fields import Header

__all__ = ["copy_field", "marked_fidelity"]

_NAME: Final = b"X-Listgate-Copy"
_VALUES: Final = {
    Fidelity.PAGE: b"page (made of a web page, with addresses obscured)",
    Fidelity.TEXT: b"text (made of the text of an archive)",
}
_BY_WORD: Final = {value.split()[0]: fidelity for fidelity, value in _VALUES.items()}


def copy_field(fidelity: Fidelity) -> bytes:
    """Return the header line that marks a copy; empty for what is as it was sent."""
    value = _VALUES.get(fidelity)
    return b"" if value is None else b"%b: %b\n" % (_NAME, value)


def marked_fidelity(header: Header) -> Fidelity:
    """Return what a message's mark says of it; FULL where it has none that is known."""
    words = (header.first(_NAME.lower()) or b"").split(None, 1)
    return _BY_WORD.get(words[0].lower(), Fidelity.FULL) if words else Fidelity.FULL
