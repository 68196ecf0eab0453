"""Whole answers kept in memory for as long as they would be made again just so."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final, NamedTuple

from gateway.web.answers import EVERY_LIST
from storage.errors import NoSuchList

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.access import Access
    from gateway.web.answers import Answer
    from gateway.web.responses import Whole
    from storage.archive import Archive
    from storage.model import MailingList

__all__ = ["KeptAnswers", "Key"]

MOST_SECONDS: Final = 3600
"""How long an answer is kept at most: it may show what time it is."""

_LARGEST_SHARE: Final = 8
"""An answer larger than this part of all that is kept is not."""

_KEPT_STATUSES: Final = frozenset({200, 301, 302})


class Key(NamedTuple):
    """What an answer depends on besides the archive: the target, the origin of addresses, and what may be read."""

    target: bytes
    origin: str
    access: Access


class _Entry(NamedTuple):
    whole: Whole
    records: Sequence[MailingList]
    catalogue: Sequence[MailingList] | None
    made: float


class KeptAnswers:
    """Keeps answers of ``most_octets`` together, those that were asked for last.

    A list is known not to have changed by its record, which says of what is visible that it has changed.
    """

    def __init__(self, archive: Archive, most_octets: int) -> None:
        self._archive = archive
        self._most_octets = most_octets
        self._entries: OrderedDict[Key, _Entry] = OrderedDict()
        self._octets = 0

    @property
    def octets(self) -> int:
        """How much memory the answers take, about."""
        return self._octets

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: Key, now: float) -> Whole | None:
        """Return the answer kept under a key, if it would be made again just so."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if not self._is_true(entry, now):
            self._drop(key)
            return None
        self._entries.move_to_end(key)
        return entry.whole

    def put(
        self,
        key: Key,
        answer: Answer,
        whole: Whole,
        before: Sequence[MailingList],
        now: float,
    ) -> None:
        """Keep an answer, if it may be kept; ``before`` is the catalogue before it was begun to be made."""
        if not answer.lists or answer.status not in _KEPT_STATUSES or b"?" in key.target:
            return
        if whole.octets * _LARGEST_SHARE > self._most_octets:
            return
        after = self._archive.lists()
        if after != before:  # what it was made of may have changed meanwhile
            return
        names = answer.lists - {EVERY_LIST}
        try:
            records = [self._archive.mailing_list(name) for name in names]
        except NoSuchList:
            return
        catalogue = after if EVERY_LIST in answer.lists else None
        self._drop(key)
        self._entries[key] = _Entry(whole, records, catalogue, now)
        self._octets += whole.octets
        while self._octets > self._most_octets:
            self._drop(next(iter(self._entries)))

    def _is_true(self, entry: _Entry, now: float) -> bool:
        if now - entry.made > MOST_SECONDS:
            return False
        try:
            for record in entry.records:
                current = self._archive.mailing_list(record.name)
                if current is not record and current != record:
                    return False
        except NoSuchList:
            return False
        return entry.catalogue is None or self._archive.lists() == entry.catalogue

    def _drop(self, key: Key) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._octets -= entry.whole.octets
