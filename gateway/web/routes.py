"""Which web page function answers which path: a table that the modules of ``pages`` and ``machine`` fill."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from gateway.web.answers import Answer, not_found

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gateway.web.asks import Ask
    from gateway.web.reading import Reading

__all__ = ["PageFunction", "route", "routed"]


class PageFunction(Protocol):
    """Gathers what is asked for and renders it; gets what its pattern captures by name.

    Raises ``Refusal`` for what cannot be given.
    """

    async def __call__(self, reading: Reading, ask: Ask, **captured: Any) -> Answer: ...


def _number(pattern: str) -> Callable[[bytes], int | None]:
    form = re.compile(pattern.encode())
    return lambda octets: int(octets) if form.fullmatch(octets) else None


def _name(octets: bytes) -> str | None:
    return octets.decode("ascii") if octets and octets.isascii() else None


def _message_id(octets: bytes) -> bytes | None:
    return b"<%b>" % octets if octets else None


def _sitemap(octets: bytes) -> int | None:
    found = _SITEMAP.fullmatch(octets)
    return int(found[1]) if found else None


_SITEMAP: Final = re.compile(rb"sitemap-([1-9][0-9]{0,6})\.xml")

_CAPTURES: Final[Mapping[str, Callable[[bytes], object]]] = {
    "name": _name,
    "id": _message_id,
    "year": _number(r"[0-9]{4}"),
    "month": _number(r"0[1-9]|1[0-2]"),
    "day": _number(r"0[1-9]|[12][0-9]|3[01]"),
    "place": _number(r"[1-9][0-9]{0,8}"),
    "part": _number(r"[1-9][0-9]{0,4}"),
    "sitemap": _sitemap,
    "text": lambda octets: octets or None,
}
"""What a segment in braces stands for, by its name: what is captured, or None where a segment is none."""


@dataclass(frozen=True, slots=True)
class _Route:
    segments: Sequence[tuple[str, bytes]]
    page: PageFunction

    def captured(self, segments: Sequence[bytes]) -> dict[str, object] | None:
        found: dict[str, object] = {}
        for (name, literal), segment in zip(self.segments, segments, strict=True):
            if not name:
                if segment != literal:
                    return None
            else:
                value = _CAPTURES[name](segment)
                if value is None:
                    return None
                found[name] = value
        return found


_ROUTES: Final[dict[int, list[_Route]]] = {}


def route(*patterns: str) -> Callable[[Any], Any]:
    """Let a page function answer the paths of these patterns, as ``/{name}/m/{id}``; literals win over captures."""

    def add(page: PageFunction) -> PageFunction:
        for pattern in patterns:
            parts = pattern[1:].split("/")
            segments = [
                (part[1:-1], b"") if part.startswith("{") else ("", part.encode()) for part in parts
            ]
            routes = _ROUTES.setdefault(len(segments), [])
            routes.append(_Route(segments, page))
            routes.sort(key=lambda each: [bool(name) for name, _ in each.segments])
        return page

    return add


def routed(ask: Ask) -> tuple[PageFunction, Mapping[str, Any]]:
    """Return the function that answers a request, and what its path captured.

    Raises:
        Refusal: no pattern fits the path.
    """
    for each in _ROUTES.get(len(ask.segments), ()):
        captured = each.captured(ask.segments)
        if captured is not None:
            return each.page, captured
    raise not_found()
