"""Threads as a standard client makes them, from References only: https://www.jwz.org/doc/threading.html, step 1."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["parents"]


def parents(messages: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes | None]:
    """Return the parent of each Message-ID that occurs; ``messages`` are ids and the contents of their References."""
    parent: dict[bytes, bytes | None] = {}
    for own, value in messages:
        references = [each for each in re.findall(rb"<[^<>\s]+>", value) if each != own]
        for older, newer in pairwise(references):
            parent.setdefault(older, None)
            if parent.get(newer) is None and not _leads_to(parent, older, newer):
                parent[newer] = older
        parent.setdefault(own, None)
        if references:
            last = references[-1]
            parent.setdefault(last, None)
            parent[own] = None
            if not _leads_to(parent, last, own):
                parent[own] = last
    return parent


def _leads_to(parent: dict[bytes, bytes | None], start: bytes, goal: bytes) -> bool:
    """Tell whether ``goal`` is ``start`` or above it."""
    at: bytes | None = start
    while at is not None and at != goal:
        at = parent.get(at)
    return at == goal
