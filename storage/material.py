"""Material: a message as what renders it is given it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from storage.message.fields import parse_header
from storage.message.served import count_lines
from storage.message.structure import structure

if TYPE_CHECKING:
    from storage.message.fields import Header
    from storage.message.structure import Part
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
    _structure: Part | None = field(default=None, init=False, repr=False)

    @property
    def structure(self) -> Part:
        """The MIME tree of the served form, made when first asked for."""
        if self._structure is None:
            self._structure = structure(self.served.octets, self.header)
        return self._structure

    @classmethod
    def of(
        cls, served: Served, sent: int | None, received: int, original: Header | None = None
    ) -> Material:
        """Return what there is to render of a message.

        ``original`` is the header that it came with, where that is served as it is, with CRLF line ends.
        """
        octets, head = served.octets, served.head
        header = parse_header(head) if original is None else original.with_line_ends_of(head)
        return cls(served, header, len(octets), count_lines(octets), sent, received)
