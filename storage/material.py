"""Material: a message as what renders it is given it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from storage.message.fields import parse_header
from storage.message.served import count_lines

if TYPE_CHECKING:
    from storage.message.fields import Header
    from storage.model import Served

__all__ = ["Material"]


@dataclass(slots=True)
class Material:
    """A message, and what is known of it before anything is rendered.

    ``header`` is that of the served form, with its line ends and offsets; ``size`` counts the octets of that, ``lines``
    the lines of its body; ``sent`` and ``received`` are as in ``storage.model.Entry``.
    """

    served: Served
    header: Header
    size: int
    lines: int
    sent: int | None
    received: int

    @classmethod
    def of(cls, served: Served, sent: int | None, received: int) -> Material:
        """Return what there is to render of a message."""
        octets = served.octets
        header = parse_header(served.head)
        return cls(served, header, len(octets), count_lines(octets), sent, received)
