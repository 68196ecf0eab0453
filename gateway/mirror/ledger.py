"""The ledger of one list and one peer: which messages have the peer's verdict, and up to where all have.

Invariant: the cursor stands behind a number only if every message up to it has a verdict, so that what was on its way
when a process was killed is offered again, and nothing is left out.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Protocol

from storage.peers import Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.model import MailingList
    from storage.peers import Feed

__all__ = ["Cursors", "Ledger"]


class Cursors(Protocol):
    """Where cursors and refusals are kept, as in ``storage.sqlite.peers.SqlitePeers``."""

    def feed_cursor(self, peer: str, name: str, /) -> tuple[int, int]: ...

    def set_feed_cursor(
        self,
        peer: str,
        name: str,
        validity: int,
        number: int,
        refusals: Sequence[Refusal],
        /,
    ) -> None: ...


class Ledger:
    """Keeps account of one list, from the peer's cursor on; from the start where the list's numbers are new ones."""

    def __init__(self, peers: Cursors, feed: Feed, record: MailingList) -> None:
        self.record = record
        self._peers = peers
        self._peer = feed.peer
        validity, number = peers.feed_cursor(feed.peer, record.name)
        self._number = self._kept = number if validity == record.validity else 0
        self._open: deque[int] = deque()
        self._settled: set[int] = set()
        self._refusals: list[Refusal] = []
        self.is_complete = False

    @property
    def number(self) -> int:
        """The cursor: every message up to this number has a verdict."""
        return self._number

    @property
    def lag(self) -> int:
        """How many messages of the list, as it was when this began, have no verdict."""
        behind = sum(map(len, self.record.present(self._number + 1, self.record.high)))
        return behind - len(self._settled)

    def begin(self, number: int) -> None:
        """Note that a message is being dealt with; in ascending order."""
        self._open.append(number)

    def settle(self, number: int) -> None:
        """Note that a message has its verdict."""
        self._settled.add(number)
        while self._open and self._open[0] in self._settled:
            self._number = self._open.popleft()
            self._settled.remove(self._number)

    def refuse(self, number: int, message_id: bytes, response: str, at: int) -> None:
        """Note that the peer will never take a message, and what it said."""
        self._refusals.append(
            Refusal(self._peer, self.record.name, number, message_id, response, at)
        )
        self.settle(number)

    def complete(self) -> None:
        """Note that all messages of the list have been begun."""
        self.is_complete = True

    def keep(self) -> None:
        """Keep the cursor and the refusals on disk, where there are new ones.

        Raises:
            ArchiveUnavailable: they cannot be written.
        """
        if self.is_complete and not self._open:
            self._number = max(self._number, self.record.high)  # over the holes at the end
        if self._number == self._kept and not self._refusals:
            return
        self._peers.set_feed_cursor(
            self._peer, self.record.name, self.record.validity, self._number, self._refusals
        )
        self._kept = self._number
        self._refusals = []
