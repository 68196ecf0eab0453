"""What the faces want rendered when a message arrives, as ingest wants it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.nntp.render import OVERVIEW_VERSION, overview_row
from storage.facts import FACTS_VERSION, facts_row
from storage.ingest import Renderer
from storage.message.keys import KEYS_VERSION, keys_row
from storage.model import Rendition

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.material import Material

__all__ = ["RENDERERS"]


def _overview(material: Material) -> bytes:
    return overview_row(material.header, material.served.message_id, material.size, material.lines)


def _keys(material: Material) -> bytes:
    return keys_row(material.header)


RENDERERS: Final[Sequence[Renderer]] = (
    Renderer(Rendition.OVERVIEW, OVERVIEW_VERSION, _overview),
    Renderer(Rendition.FACTS, FACTS_VERSION, facts_row),
    Renderer(Rendition.KEYS, KEYS_VERSION, _keys),
)
"""All of them, in the order of their kinds."""
