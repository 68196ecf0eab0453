"""The table of address forms: how the addresses of other archives look, and where each leads here.

A form's pattern matches a whole path below the root as it was written, percent-encoded. Its function gets what the
pattern's groups matched, decoded, and returns where to go, or None where it does not know.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gateway.web.asks import Ask
    from gateway.web.reading import Reading

__all__ = ["MAX_PATH", "WITH_AT", "FormFunction", "form", "forwarded"]

WITH_AT: Final = r"(?P<id>(?=[^/]*(?:@|%40))[^/]++)"
"""A segment that may be an id."""

MAX_PATH: Final = 2000
"""Octets of a path that is looked at."""


class FormFunction(Protocol):
    """Returns where an address of another archive leads, or None."""

    async def __call__(self, reading: Reading, ask: Ask, at: Mapping[str, str]) -> str | None: ...


_FORMS: Final[list[tuple[re.Pattern[str], FormFunction]]] = []


def form(pattern: str) -> Callable[[FormFunction], FormFunction]:
    """Add a form; the first that matches and knows wins."""

    def add(function: FormFunction) -> FormFunction:
        _FORMS.append((re.compile(pattern), function))
        return function

    return add


async def forwarded(reading: Reading, ask: Ask) -> str | None:
    """Return where what is asked for lies here, if that is the address of another archive and it is known; or None."""
    path = ask.path.decode("latin-1")
    if len(path) > MAX_PATH:
        return None
    for pattern, function in _FORMS:
        found = pattern.fullmatch(path)
        if found is not None:
            groups = {
                name: unquote_to_bytes(text or "").decode("utf-8", "replace")
                for name, text in found.groupdict().items()
            }
            to = await function(reading, ask, groups)
            if to is not None:
                return to
    return None
