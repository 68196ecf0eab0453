"""Marks: the private state of users, kept apart from the archive that all of them share.

A mark is a flag on a number of a list, one user's own. The archive knows nothing of it, so that it stays immutable: a
removed message's marks are never asked for, and numbers are checked by who asks.

Every change of a user in a list gets a stamp, ``revision << 30 | step``, later than every stamp before of this user and
list. A message's own stamp for a user is the later one of its revision in the archive, shifted so, and of its mark's.

- A change that changes nothing gives no stamp: setting what is set is no news (RFC 7162 s. 3.1.3, a SHOULD).
- ``revision`` is the catalogue's latest, not that of a session's snapshot: else the stamp could be one that another
  session of the user has left behind.
- Marks belong to a list's validity. Under another one a list begins without marks; those under a lower validity are
  dropped with the first change under a higher one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from storage.list_marks import (
    MAX_FLAG_OCTETS,
    MAX_KEYWORDS,
    REVISION_BITS,
    SYSTEM_FLAGS,
    Changed,
    ListMarks,
    Mode,
    TooMany,
    Wish,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "MAX_CHUNKS",
    "MAX_FLAG_OCTETS",
    "MAX_KEYWORDS",
    "MAX_LISTS",
    "MAX_NAME",
    "MAX_SUBSCRIPTIONS",
    "REVISION_BITS",
    "SYSTEM_FLAGS",
    "Changed",
    "ListMarks",
    "Marks",
    "Mode",
    "TooMany",
    "Wish",
    "check_chunks",
    "check_lists",
    "chosen",
]

MAX_LISTS: Final = 10_000
"""Lists in which a user may have marks."""

MAX_CHUNKS: Final = 50_000
"""Chunks of 8192 numbers with a mark that a user may have, counted for each flag; one takes some 30 octets, 11 KiB at the worst."""

MAX_SUBSCRIPTIONS: Final = 20_000
"""Names to which a user may subscribe."""

MAX_NAME: Final = 1000
"""Characters of a name to which a user subscribes, which need be no list's."""


class Marks(Protocol):
    """Keeps what users mark and subscribe to.

    Every method raises ``ArchiveUnavailable`` when that cannot be read or written.
    """

    def of(self, user: str, name: str, validity: int) -> ListMarks:
        """Return a user's marks in a list: the same object for as long as anyone holds it.

        It follows every change made here; those made by other processes when it is asked for, and with ``refresh``. A
        session compares its ``stamp`` with the one it knows.
        """
        ...

    def change(self, user: str, name: str, validity: int, wish: Wish) -> Changed:
        """Make a change as one whole: all of it is kept, or an error is raised and nothing is.

        Raises:
            TooMany: it goes beyond what a user may have.
            ValueError: a flag that is none.
        """
        ...

    def subscriptions(self, user: str) -> frozenset[str] | None:
        """Return the names a user is subscribed to; None where the user never chose, which is not the same as none."""
        ...

    def subscribe(self, user: str, name: str, default: Iterable[str]) -> bool:
        """Subscribe a user to a name, which need be no list's; return whether that was new.

        ``default`` is what the user was taken to be subscribed to while there was no choice: the choice begins there.

        Raises:
            TooMany: the user is subscribed to as many as there may be, or the name is too long.
        """
        ...

    def unsubscribe(self, user: str, name: str, default: Iterable[str]) -> bool:
        """Undo a subscription; return whether there was one. ``default`` as with ``subscribe``.

        Raises:
            TooMany: the default has more than there may be.
        """
        ...

    def refresh(self) -> bool:
        """Take over what other processes changed; return whether a list held here did. Cheap when nothing did."""
        ...

    def close(self) -> None:
        """Let go of files; the marks cannot be used after."""
        ...


def check_lists(count: int) -> None:
    """Let a user have marks in so many lists.

    Raises:
        TooMany: they are more than there may be.
    """
    if count > MAX_LISTS:
        raise TooMany(f"a user has marks in {MAX_LISTS} lists at most")


def check_chunks(count: int) -> None:
    """Let a user have so many chunks.

    Raises:
        TooMany: they are more than there may be.
    """
    if count > MAX_CHUNKS:
        raise TooMany(f"a user has marks in {MAX_CHUNKS} runs of numbers at most")


def chosen(names: frozenset[str]) -> frozenset[str]:
    """Return names that a user may be subscribed to.

    Raises:
        TooMany: they are more than there may be, or one is too long.
    """
    if len(names) > MAX_SUBSCRIPTIONS:
        raise TooMany(f"a user has {MAX_SUBSCRIPTIONS} subscriptions at most")
    if any(len(name) > MAX_NAME for name in names):
        raise TooMany(f"a name has {MAX_NAME} characters at most")
    return names
