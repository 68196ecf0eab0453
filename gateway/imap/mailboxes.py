"""The tree of mailboxes that a reader sees: names in order, levels of hierarchy between them, searched by patterns.

A tree is no more than its names, sorted: what begins alike stands together, so that a search jumps over what no pattern
can match, and asking for what lies below a name is a bisection. Names are octets of UTF-8.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import TYPE_CHECKING, Final, TypeAlias
from weakref import WeakKeyDictionary

from gateway.imap.patterns import DELIMITER, INBOX, Pattern

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from gateway.access import Access
    from gateway.imap.session import Session
    from storage.archive import Archive
    from storage.model import MailingList

__all__ = ["Batch", "Patterns", "Tree", "mailboxes", "subscribed"]

_BATCH: Final = 256
"""Names looked at before others get their turn."""

_KEPT: Final = 16
"""Trees kept for an archive: there are as many as readers that may read different lists."""

_BEHIND: Final = bytes([DELIMITER[0] + 1])
"""A name with this behind it comes after all that lies below the name."""

_LAST: Final = b"\xff"
"""No name has it, nor what follows it."""

Batch: TypeAlias = "Sequence[tuple[bytes, bool]]"
"""Names, each with whether it is one of the tree. Many are looked at for one batch, which may be empty."""

_trees: Final[WeakKeyDictionary[Archive, dict[Access, tuple[Sequence[MailingList], Tree]]]] = (
    WeakKeyDictionary()
)


class Patterns:
    """Patterns of one LIST: a name matches if it matches any of them. RFC 9051 s. 6.3.9.

    ``literals`` are what names that match begin with, INBOX apart.
    """

    def __init__(self, reference: bytes, patterns: Iterable[bytes]) -> None:
        each = [Pattern(reference, pattern) for pattern in dict.fromkeys(patterns)]
        self.literals = sorted({pattern.literal for pattern in each})
        self._match = [pattern.matches for pattern in each]
        self._match_level = [pattern.matches for pattern in each if pattern.ends_in_percent]
        self._go_on = [pattern.matches_prefix for pattern in each]

    def match(self, name: bytes) -> bool:
        """Tell whether a name matches."""
        return any(matches(name) for matches in self._match)

    def match_level(self, name: bytes) -> bool:
        """Tell whether a level of hierarchy matches that need be no mailbox."""
        return any(matches(name) for matches in self._match_level)

    def go_on(self, name: bytes) -> bool:
        """Tell whether something below a name could match."""
        return any(go_on(name) for go_on in self._go_on)


class Tree:
    """Names, sorted and none twice. Those that are INBOX but for their case are not among them."""

    def __init__(self, names: Sequence[bytes]) -> None:
        self.names = names

    def __contains__(self, name: bytes) -> bool:
        at = bisect_left(self.names, name)
        return at < len(self.names) and self.names[at] == name

    def __and__(self, other: Tree) -> Tree:
        return Tree(sorted(set(self.names).intersection(other.names)))

    def has_below(self, name: bytes) -> bool:
        """Tell whether there are names below a name."""
        start = name + DELIMITER
        at = bisect_left(self.names, start)
        return at < len(self.names) and self.names[at].startswith(start)

    def matching(self, patterns: Patterns, *, with_levels: bool) -> Iterator[Batch]:
        """Yield the names that match.

        With levels also those levels of hierarchy above names that are no names themselves but match a pattern that
        ends in ``%``.
        """
        looked = 0
        known: set[bytes] = set()
        found = self._inbox(patterns)
        for span in self._spans(patterns):
            at = span.start
            while at < span.stop:
                name = self.names[at]
                if patterns.match(name) and name != INBOX:
                    found.append((name, True))
                at += 1
                for level in _levels_above(name):
                    if level in known:
                        continue
                    known.add(level)
                    if with_levels and patterns.match_level(level) and self._is_level(level):
                        found.append((level, False))
                    if not patterns.go_on(level):
                        at = bisect_left(self.names, level + _BEHIND, at)
                        break
                looked += 1
                if looked % _BATCH == 0:
                    yield found
                    found = []
        yield found

    def matching_or_above(self, patterns: Patterns) -> Iterator[Batch]:
        """Yield what matches: the names, and levels above any name that does not. RFC 9051 s. 6.3.9.3, 2.A and 2.B."""
        looked = 0
        known: set[bytes] = set()
        found = self._inbox(patterns)
        for span in self._spans(patterns):
            for name in self.names[span.start : span.stop]:
                if not patterns.match(name):
                    levels = [level for level in _levels_above(name) if level not in known]
                    known.update(levels)
                    found += [
                        (level, False)
                        for level in levels
                        if patterns.match(level) and self._is_level(level)
                    ]
                elif name != INBOX:
                    found.append((name, True))
                looked += 1
                if looked % _BATCH == 0:
                    yield found
                    found = []
        yield found

    def _inbox(self, patterns: Patterns) -> list[tuple[bytes, bool]]:
        """Return INBOX, if it is among the names and matches: in any case, so that it is nowhere in order."""
        return [(INBOX, True)] if patterns.match(INBOX) and INBOX in self else []

    def _is_level(self, level: bytes) -> bool:
        """Tell whether what lies above a name is no name itself, nor what a client would take for INBOX."""
        return level not in self and level.upper() != INBOX

    def _spans(self, patterns: Patterns) -> Iterator[range]:
        """Yield where the names lie that begin as those that match."""
        end = 0
        for literal in patterns.literals:
            start = max(end, bisect_left(self.names, literal))
            end = max(end, bisect_left(self.names, literal + _LAST))
            yield range(start, end)


def _levels_above(name: bytes) -> Iterator[bytes]:
    """Yield the levels of hierarchy above a name, the highest first."""
    at = name.find(DELIMITER)
    while at >= 0:
        yield name[:at]
        at = name.find(DELIMITER, at + 1)


def mailboxes(session: Session) -> Tree:
    """Return the mailboxes that the reader may read: the lists, and INBOX, which always is (RFC 9051 s. 5.1)."""
    lists, access = session.archive.lists(), session.access
    trees = _trees.setdefault(session.archive, {})
    kept = trees.get(access)
    if kept is not None and kept[0] == lists:
        return kept[1]
    names = [
        record.name.encode()
        for record in session.lists()
        if len(record.name) != len(INBOX) or record.name.upper() != INBOX.decode()
    ]
    insort(names, INBOX)
    if len(trees) >= _KEPT:
        trees.clear()
    trees[access] = lists, Tree(names)
    return trees[access][1]


def subscribed(session: Session) -> Tree:
    """Return the names the reader is subscribed to: all mailboxes, for a user who never chose and for anybody else."""
    names = None
    if session.marks is not None and session.user is not None:
        names = session.marks.subscriptions(session.user)
    return mailboxes(session) if names is None else Tree(sorted(name.encode() for name in names))
