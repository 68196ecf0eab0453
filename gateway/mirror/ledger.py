"""The ledger of one list and one peer: which messages have the peer's verdict, and up to where all have.

Invariant: the cursor stands behind a number only if every message up to it has a verdict, so that what was on its way
when a process was killed is offered again, and nothing is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from storage.peers import Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.model import MailingList
    from storage.peers import Feed

__all__ = ["MAX_REFUSED", "Cursors", "Ledger"]

MAX_REFUSED: Final = 20
"""So many of a list refused in a row, and it is not the messages: the list is left alone for a while."""

REST_SECONDS: Final = 3600
"""How long that is."""


class Cursors(Protocol):
    """Where cursors and refusals are kept, as in ``storage.sqlite.peers.SqlitePeers``."""

    def feed_cursor(self, peer: str, name: str, /) -> tuple[int, int]: ...

    def last_refusals(self, peer: str, name: str, most: int, /) -> Sequence[tuple[int, int]]: ...

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
    """Keeps account of one list, from the peer's cursor on; from the start where the list's numbers are new ones.

    ``is_trusted`` tells that the peer has one of the messages offered, so that it carries the list;
    ``refused_in_a_row`` how many it refused since. ``rests_until`` is until when the list is left alone, because the
    peer refused all of it the last time.
    """

    def __init__(self, peers: Cursors, feed: Feed, record: MailingList) -> None:
        self.record = record
        self._peers = peers
        self._peer = feed.peer
        validity, number = peers.feed_cursor(feed.peer, record.name)
        self._begun = self._kept = number if validity == record.validity else 0
        self.rests_until = self._rests_until()
        self._open: dict[int, None] = {}  # those begun without a verdict, ascending
        self._left = sum(map(len, record.present(self._begun + 1, record.high)))
        self._refusals: list[Refusal] = []
        self._is_complete = False
        self.is_trusted = False
        self.refused_in_a_row = 0

    def _rests_until(self) -> int:
        last = self._peers.last_refusals(self._peer, self.record.name, MAX_REFUSED)
        if len(last) < MAX_REFUSED:
            return 0
        since = min(number for number, _ in last)
        is_all = sum(map(len, self.record.present(since, self._begun))) == MAX_REFUSED
        return last[0][1] + REST_SECONDS if is_all else 0

    @property
    def number(self) -> int:
        """The cursor: every message up to this number has a verdict."""
        first = next(iter(self._open), None)
        if first is not None:
            return first - 1
        return max(self._begun, self.record.high) if self._is_complete else self._begun

    @property
    def lag(self) -> int:
        """How many messages of the list, as it was when this began, have no verdict."""
        return self._left

    def begin(self, number: int) -> None:
        """Note that a message is being dealt with; in ascending order."""
        self._begun = number
        self._open[number] = None

    def accept(self, number: int) -> None:
        """Note that the peer has a message now."""
        self.is_trusted = True
        self.refused_in_a_row = 0
        self.settle(number)

    def settle(self, number: int) -> None:
        """Note that a message has its verdict, or needs none."""
        del self._open[number]
        self._left -= 1

    def refuse(self, number: int, message_id: bytes, response: str, at: int) -> None:
        """Note that the peer will never take a message, and what it said."""
        self._refusals.append(
            Refusal(self._peer, self.record.name, number, message_id, response, at)
        )
        self.refused_in_a_row += 1
        self.settle(number)

    def complete(self) -> None:
        """Note that all messages of the list have been begun; what is behind the last one is none."""
        self._is_complete = True

    def keep(self) -> None:
        """Keep the cursor and the refusals on disk, where there are new ones.

        Raises:
            ArchiveUnavailable: they cannot be written.
        """
        number = self.number
        if number == self._kept and not self._refusals:
            return
        self._peers.set_feed_cursor(
            self._peer, self.record.name, self.record.validity, number, self._refusals
        )
        self._kept = number
        self._refusals = []
