"""Made-up people and the programs they write mail with. Names and hosts are fictional (RFC 2606, RFC 6761)."""

from __future__ import annotations

import enum
from bisect import bisect
from itertools import accumulate
from typing import TYPE_CHECKING, Final, NamedTuple

from tests.synthetic.words import FIRST_NAMES, FOREIGN_NAMES, LAST_NAMES, encoded_word

if TYPE_CHECKING:
    from random import Random

__all__ = ["People", "Person", "Style"]

COUNT: Final = 3000

_DOMAINS: Final = (
    "kernel.example", "mail.example", "corp.example", "lab.example.org", "example.net", "uni.example.edu",
    "example.com", "linux.example",
)  # fmt: skip  # a list of words


class Style(enum.IntEnum):
    """Which program somebody writes with, as it shows in the header."""

    SEND_EMAIL = 0
    GMAIL = 1
    OUTLOOK = 2
    MUTT = 3


class Person(NamedTuple):
    """Somebody; ``sender`` is the address as From has it, ``shown`` the name in it, ``first`` what friends say."""

    sender: bytes
    address: bytes
    first: bytes
    style: Style
    domain: bytes
    is_foreign: bool
    shown: bytes


class People:
    """All there are, of whom some write much more than others."""

    def __init__(self, source: Random) -> None:
        self._source = source
        self._people = [_person(source, at) for at in range(COUNT)]
        self._weights = list(accumulate(1 / (rank + 6) ** 0.95 for rank in range(COUNT)))
        self._queue: list[Person] = []

    def somebody(self) -> Person:
        """Return one of them."""
        if not self._queue:
            self._queue = self._source.choices(self._people, cum_weights=self._weights, k=8192)
        return self._queue.pop()


def _person(source: Random, at: int) -> Person:
    style = Style(bisect((0.34, 0.66, 0.84), source.random()))
    is_foreign = source.random() < 0.055
    if is_foreign:
        shown = encoded_word(*source.choice(FOREIGN_NAMES))
        first, user = "N.", f"u{at}"
    else:
        first, last = source.choice(FIRST_NAMES), source.choice(LAST_NAMES)
        shown = f"{first} {last}".encode()
        user = (first[0] + last).lower() + (str(at) if source.random() < 0.5 else "")
        if source.random() < 0.08:
            shown = f'"{last}, {first}"'.encode()
    if style is Style.GMAIL:
        domain = "gmail.example"
    elif style is Style.OUTLOOK:
        domain = "outlook.example"
    else:
        domain = source.choice(_DOMAINS)
    address = f"{user}@{domain}".encode()
    return Person(
        b"%b <%b>" % (shown, address),
        address,
        first.encode(),
        style,
        domain.encode(),
        is_foreign,
        shown,
    )
