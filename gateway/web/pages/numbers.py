"""Numbers in queries."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from storage.model import MAX_NUMBER

if TYPE_CHECKING:
    from gateway.web.asks import Ask

__all__ = ["parameter"]

_NUMBER: Final = re.compile(r"[0-9]{1,10}")


def parameter(ask: Ask, name: str) -> int | None:
    """Return the number that a parameter of the query gives, or None where it is not given or is none."""
    text = ask.query.get(name, "")
    return min(int(text), MAX_NUMBER) if text.isascii() and _NUMBER.fullmatch(text) else None
