"""What the faces want rendered when a message arrives, as ingest wants it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.nntp.render import OVERVIEW_VERSION, overview_row
from storage.ingest import Renderer
from storage.model import Rendition

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.message.fields import Header
    from storage.model import Served

__all__ = ["RENDERERS"]


def _overview(served: Served, header: Header, size: int, lines: int) -> bytes:
    return overview_row(header, served.message_id, size, lines)


RENDERERS: Final[Sequence[Renderer]] = (Renderer(Rendition.OVERVIEW, OVERVIEW_VERSION, _overview),)
"""All of them, in the order of their kinds."""
