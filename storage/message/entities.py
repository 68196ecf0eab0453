"""Character references of HTML undone."""

from __future__ import annotations

import html
import re
from typing import Final

__all__ = ["unescaped"]

_ZEROS: Final = re.compile(r"&#([xX]?)0++(?=[0-9a-fA-F])")
# No character has a number of eight digits; html.unescape refuses to read one of some thousands.
_TOO_LARGE: Final = re.compile(r"&#(?:[0-9]{8,}+|[xX][0-9a-fA-F]{8,}+);?")


def unescaped(text: str) -> str:
    """Return text with characters for its references; one to no character becomes U+FFFD. In linear time."""
    if "&" not in text:
        return text
    if "&#" in text:
        text = _TOO_LARGE.sub("\N{REPLACEMENT CHARACTER}", _ZEROS.sub(r"&#\1", text))
    return html.unescape(text)
