"""A message whose octets are being sent in parts: what those need of it, worked out once."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from storage.message.structure import Part, structure

if TYPE_CHECKING:
    from storage.model import Served

__all__ = ["Opened"]


class Opened:
    """A message as it is served; ``octets`` are all of it."""

    def __init__(self, served: Served) -> None:
        self.octets = served.octets
        self._served = served

    @cached_property
    def body(self) -> bytes:
        """What follows the empty line behind the header."""
        return self._served.body

    @cached_property
    def structure(self) -> Part:
        """The MIME tree, walked when the first item asks for it, whatever number of items do."""
        return structure(self.octets)
