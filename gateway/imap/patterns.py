"""The patterns of LIST: names with ``*`` and ``%`` in them. RFC 9051 s. 6.3.9.

A pattern is run as a set of places in it, one bit each: place ``i`` is reached where the first ``i`` octets of the
pattern, wildcards not counted, are matched. Each octet of a name moves all places at once, so matching takes time
proportional to the name, whatever the pattern.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["DELIMITER", "INBOX", "PATTERN_OCTETS", "Pattern"]

DELIMITER: Final = b"."
INBOX: Final = b"INBOX"
"""Its name in any case is its name. RFC 9051 s. 5.1."""

PATTERN_OCTETS: Final = 1024
"""The longest pattern, reference included, that matches anything. RFC 9051 s. 6.3.9 lets others be ignored."""

_WILDCARDS: Final = re.compile(rb"([*%]+)")


class Pattern:
    """A mailbox name with wildcards, read as in the context of a reference. RFC 9051 s. 6.3.9.

    The reference stands in front of the pattern, and no octet of it is a wildcard. ``literal`` is what every name that
    matches begins with; ``INBOX`` is the one that need not. ``ends_in_percent`` tells whether levels of hierarchy that
    match are wanted even where they are no mailboxes.
    """

    def __init__(self, reference: bytes, pattern: bytes) -> None:
        texts, wildcards = [reference], [b""]
        for part in _WILDCARDS.split(pattern):
            if part[:1] in {b"*", b"%"}:
                texts.append(b"")
                wildcards.append(b"*" if b"*" in part else b"%")
            else:
                texts[-1] += part
        self.ends_in_percent = pattern.endswith(b"%")
        self._is_ignored = len(reference) + len(pattern) > PATTERN_OCTETS
        self._places = _Places(texts, wildcards)
        self.literal = texts[0]
        upper = _Places([text.upper() for text in texts], wildcards)
        self._inbox = not self._is_ignored and upper.match(INBOX)

    def matches(self, name: bytes) -> bool:
        """Tell whether a name matches."""
        if name.upper() == INBOX:
            return self._inbox
        return not self._is_ignored and self._places.match(name)

    def matches_prefix(self, name: bytes) -> bool:
        """Tell whether a name that begins with ``name`` and a delimiter, and goes on, could match."""
        return not self._is_ignored and self._places.go_on(name + DELIMITER)


class _Places:
    """The places of a pattern, and the moves between them.

    ``texts[i]`` follows ``wildcards[i]``, which is empty for the first.
    """

    def __init__(self, texts: list[bytes], wildcards: list[bytes]) -> None:
        self._literal, self._tail = texts[0], texts[-1]
        self._longest = max(texts, key=len)
        self._wildcards = wildcards[1:]
        self._octets = sum(map(len, texts))
        rest = b"".join(texts[1:])
        self._end = 1 << len(rest)
        self._moves = dict.fromkeys(rest, 0)
        for place, octet in enumerate(rest):
            self._moves[octet] |= 1 << place
        self._stars = self._all = 0
        place = 0
        for text, wildcard in zip(texts[1:], wildcards[1:], strict=True):
            self._all |= 1 << place
            if wildcard == b"*":
                self._stars |= 1 << place
            place += len(text)

    def match(self, name: bytes) -> bool:
        """Tell whether the whole of ``name`` matches; a wildcard by itself needs no moves."""
        if not (
            name.startswith(self._literal)
            and name.endswith(self._tail)
            and self._longest in name
            and len(name) >= self._octets
        ):
            return False
        if not self._wildcards:
            return len(name) == self._octets
        if len(self._wildcards) == 1:
            taken = name[len(self._literal) : len(name) - len(self._tail)]
            return self._wildcards[0] == b"*" or DELIMITER not in taken
        return self._run(name) & self._end != 0

    def go_on(self, start: bytes) -> bool:
        """Tell whether what begins with ``start``, and is longer, could match."""
        if len(start) < len(self._literal):
            return self._literal.startswith(start)
        reached = self._run(start) if start.startswith(self._literal) else 0
        return reached & (self._end - 1 | self._all) != 0

    def _run(self, name: bytes) -> int:
        """Return the places reached behind ``name``, which begins with the pattern's first text."""
        delimiter, moves, stars, every = DELIMITER[0], self._moves, self._stars, self._all
        places = 1
        for octet in name[len(self._literal) :]:
            stay = stars if octet == delimiter else every
            places = (places & moves.get(octet, 0)) << 1 | places & stay
            if not places:
                break
        return places
