"""What a browser or a program asks for, as the pages see it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, unquote_to_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Ask"]

MAX_PARAMETERS: Final = 50
"""Parameters of a query that are looked at; one with more is taken for none."""

_LAST_OF_PLANES: Final = "".join(
    chr(at << 16 | last) for at in range(17) for last in (0xFFFE, 0xFFFF)
)

_UNFIT: Final = re.compile(
    f"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef{_LAST_OF_PLANES}]"
)
"""What may not stand in HTML (the HTML Standard s. 13.2.3.5): what is asked for is shown again."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A request for one resource.

    ``segments`` are those of the path below the root, each percent-decoded by itself, so that an encoded slash stays in
    its segment; a path that ends with a slash ends with an empty one. ``query`` has the first value of each parameter,
    with a space for each character that no page can show. ``origin`` is scheme and authority as the asker sees them, without a slash at the end.
    """

    path: bytes
    segments: tuple[bytes, ...] = ()
    query: Mapping[str, str] = field(default_factory=dict)
    origin: str = ""

    @classmethod
    def of(cls, target: bytes, origin: str = "") -> Ask:
        """Return what a request target in origin form asks for. RFC 9112 s. 3.2.1."""
        path, _, query = target.partition(b"?")
        segments = tuple(map(unquote_to_bytes, path[1:].split(b"/")))
        return cls(path, segments, _parameters(query), origin)


def _parameters(query: bytes) -> Mapping[str, str]:
    text = query.decode("ascii", "replace")
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_PARAMETERS)
    except ValueError:
        return {}
    return {name: _UNFIT.sub(" ", value) for name, value in reversed(pairs)}
