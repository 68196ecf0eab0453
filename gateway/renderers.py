"""What the faces want rendered when a message arrives, as ingest wants it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.imap import render
from gateway.nntp.render import OVERVIEW_VERSION, overview_row
from storage.facts import FACTS_VERSION, facts_row
from storage.listing import LISTING_VERSION, listing_row
from storage.message.keys import KEYS_VERSION, keys_row
from storage.model import Rendition
from storage.prepared import Renderer
from storage.preview import PREVIEW_VERSION, preview_row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.material import Material

__all__ = ["RENDERERS"]


def _overview(material: Material) -> bytes:
    return overview_row(material.header, material.served.message_id, material.size, material.lines)


def _keys(material: Material) -> bytes:
    return keys_row(material.header)


def _envelope(material: Material) -> bytes:
    return render.envelope(material.header)


def _bodystructure(material: Material) -> bytes:
    return render.bodystructure(material.structure)


def _fields(material: Material) -> bytes:
    return render.fields(material.header)


RENDERERS: Final[Sequence[Renderer]] = (
    Renderer(Rendition.OVERVIEW, OVERVIEW_VERSION, _overview),
    Renderer(Rendition.FACTS, FACTS_VERSION, facts_row),
    Renderer(Rendition.ENVELOPE, render.ENVELOPE_VERSION, _envelope),
    Renderer(Rendition.BODYSTRUCTURE, render.BODYSTRUCTURE_VERSION, _bodystructure),
    Renderer(Rendition.FIELDS, render.FIELDS_VERSION, _fields),
    Renderer(Rendition.KEYS, KEYS_VERSION, _keys),
    Renderer(Rendition.PREVIEW, PREVIEW_VERSION, preview_row),
    Renderer(Rendition.LISTING, LISTING_VERSION, listing_row),
)
"""All of them, in the order of their kinds."""
