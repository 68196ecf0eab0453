"""Acceptance: mail handed in by another program or server, and what becomes of it once that is certain.

This is what a session sees; it is without I/O. Who stores the mail is elsewhere (``gateway.accepting``, ``gateway.accept_process``).
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping, Sequence

__all__ = ["Acceptor", "Outcome"]


class Outcome(enum.Enum):
    """What became of a mail in one list."""

    ADDED = 1
    """It is stored, and on the disk."""
    KNOWN = 2
    """The list has it already, and that copy stays (or a better one took its place)."""
    WITHHELD = 3
    """An operator removed it before, and it stays away."""
    REFUSED = 4
    """It is no message, or the list's name can be none; it will never be taken."""
    UNAVAILABLE = 5
    """The archive cannot be written now; nothing of the mail was stored: try again later."""


class Acceptor(Protocol):
    """Takes mail to be stored."""

    def accept(self, names: Sequence[str], raw: bytes) -> Awaitable[Mapping[str, Outcome]]:
        """Store a mail in each of the lists, made where there is none; return what became of it in each.

        The answer comes when that is certain: what was ADDED survives a crash from then on. Until then it may be awaited
        by several. A mail goes to all of its lists or, where the archive cannot be written, to none. Nothing is raised
        because of a mail.
        """
        ...

    def pending(self) -> int:
        """Return how many octets were handed in and not yet answered, for back-pressure."""
        ...
