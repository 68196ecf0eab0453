"""The records every engine and every face share: lists, messages, pages, threads.

Invariants:

- A number belongs to one message of one list for ever: ascending, never reused, 1 … 2**31-1.
- Times are seconds since 1970-01-01T00:00:00Z as ``int``.
- Octets are ``bytes``; ``str`` is used for list names and texts to the operator only.
"""

from __future__ import annotations

import enum
import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from storage.errors import BadListName

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = [
    "MAX_NUMBER",
    "Entry",
    "Fidelity",
    "Link",
    "Location",
    "MailingList",
    "Page",
    "Rendition",
    "Served",
    "ThreadNode",
    "check_list_name",
]

MAX_NUMBER: Final = 2**31 - 1
"""The largest message number (RFC 3977 s. 6)."""

_LIST_NAME: Final = re.compile(r"[A-Za-z0-9+_-]+(?:\.[A-Za-z0-9+_-]+)*")
_LIST_NAME_OCTETS: Final = 200


def check_list_name(name: str) -> str:
    """Return ``name`` if it can name a list, a newsgroup and a mailbox alike.

    Components of letters, digits, ``+``, ``-`` and ``_`` joined by single dots (RFC 5536 s. 3.1.4), 200 octets
    at most.

    Raises:
        BadListName: it cannot.
    """
    if len(name) > _LIST_NAME_OCTETS or not _LIST_NAME.fullmatch(name):
        raise BadListName(
            f"{name!r} cannot name a list: use letters, digits, '+', '-' and '_', in parts joined by single dots, "
            f"{_LIST_NAME_OCTETS} characters at most (for example lists.kernel-hardening)"
        )
    return name


class Fidelity(enum.IntEnum):
    """How near the octets of a copy of a message come to what was sent; a nearer copy takes a lesser one's place."""

    PAGE = 1
    """Made of a web page: addresses obfuscated, References guessed from the page's neighbours."""
    TEXT = 2
    """Made of an archive's text: few fields, attachments taken out."""
    FULL = 3
    """As it was sent."""


class Rendition(enum.Enum):
    """What is made of a message once, when it arrives, and stored with the version of what made it.

    The value is the name under which it is stored. A kind that nothing makes has no rows.
    """

    OVERVIEW = "overview"
    """What a newsreader lists, as ``gateway.nntp.render`` says."""
    FACTS = "facts"
    """Times and counts, as ``storage.facts`` says."""
    ENVELOPE = "envelope"
    """The ENVELOPE of IMAP, as it is sent."""
    BODYSTRUCTURE = "bodystructure"
    """The BODYSTRUCTURE of IMAP in its extensible form, as it is sent."""
    FIELDS = "fields"
    """The header fields that mail clients list with, as they are served, in their order."""
    KEYS = "keys"
    """What is searched in and sorted by."""
    PREVIEW = "preview"
    """The beginning of the text."""
    LISTING = "listing"
    """What a list of messages shows, as ``storage.listing`` says."""


@dataclass(frozen=True, slots=True)
class MailingList:
    """One archived mailing list.

    ``low`` and ``high`` are the water marks: every message's number lies in ``low <= number <= high``. ``high`` is
    the last number ever given, so it never falls; ``low`` is the first number still present, or ``high + 1`` when
    none is. ``holes`` holds the numbers from there to ``high`` that are not present, ascending.

    ``revision`` grows with every visible change of the list. ``validity`` changes only if numbers were reassigned.
    ``octets`` is the sum of the sizes of the messages present. ``origin`` names the list of another listgate that
    this one is a twin of: then nothing changes it but what is taken over from there. It is empty otherwise. ``hidden``
    holds the numbers of messages, ascending, that the web archive does not show; they are present like the others.
    """

    name: str
    description: str = ""
    address: str = ""
    validity: int = 1
    low: int = 1
    high: int = 0
    holes: Sequence[int] = ()
    revision: int = 0
    created: int = 0
    octets: int = 0
    origin: str = ""
    hidden: Sequence[int] = ()

    @property
    def count(self) -> int:
        """The number of messages present."""
        return self.high - self.low + 1 - len(self.holes)

    def has(self, number: int) -> bool:
        """Tell whether a message with this number is present."""
        at = bisect_left(self.holes, number)
        return self.low <= number <= self.high and not (
            at < len(self.holes) and self.holes[at] == number
        )

    def is_hidden(self, number: int) -> bool:
        """Tell whether a message with this number is hidden."""
        at = bisect_left(self.hidden, number)
        return at < len(self.hidden) and self.hidden[at] == number

    def present(self, first: int, last: int) -> Iterator[range]:
        """Yield the runs of numbers present in ``first <= number <= last``, ascending; no run is empty."""
        start, last = self._at_or_above(max(first, self.low)), min(last, self.high)
        holes, at = self.holes, bisect_left(self.holes, start)
        while start <= last:
            end = holes[at] if at < len(holes) else self.high + 1
            yield range(start, min(end, last + 1))
            start, at = end + 1, at + 1
            if at < len(holes) and holes[at] == start:  # several: leap over all
                start = self._at_or_above(start)
                at = bisect_left(holes, start)

    def next_present(self, number: int) -> int | None:
        """Return the lowest number present above ``number``, or None."""
        found = self._at_or_above(max(number + 1, self.low))
        return found if found <= self.high else None

    def previous_present(self, number: int) -> int | None:
        """Return the highest number present below ``number``, or None."""
        found = min(number - 1, self.high)
        at = bisect_right(self.holes, found) - 1
        if at >= 0 and self.holes[at] == found:
            run = bisect_left(range(at + 1), found - at, key=self._before)
            found = self.holes[run] - 1
        return found if found >= self.low else None

    def _at_or_above(self, number: int) -> int:
        """Return the first number from ``number`` on that is no hole."""
        at = bisect_left(self.holes, number)
        if at == len(self.holes) or self.holes[at] != number:
            return number
        run = bisect_right(range(len(self.holes)), number - at, lo=at, key=self._before)
        return self.holes[run - 1] + 1

    def _before(self, at: int) -> int:
        """Return how many numbers below a hole are no holes: the same for all holes of a run."""
        return self.holes[at] - at


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """Where a message lies: a list's name and the number there."""

    name: str
    number: int


@dataclass(frozen=True, slots=True)
class Entry:
    """What the archive knows of one message without reading its octets.

    ``size`` counts the octets of the served form; ``lines`` the lines of its body. ``digest`` is the 16-octet
    BLAKE2b of the original octets. ``sent`` is the Date field's time, or None where there is no sane one;
    ``received`` is when the list got it, ``arrived`` when the archive took it. ``thread`` is what the thread was called
    that it came into: 8 octets that stay, whatever becomes of the thread. ``fidelity`` tells how near the octets come
    to what was sent. ``day`` and ``place`` are as ``storage.days`` says.
    """

    number: int
    message_id: bytes
    digest: bytes
    sent: int | None
    received: int
    arrived: int
    size: int
    lines: int
    revision: int
    thread: bytes
    fidelity: Fidelity = Fidelity.FULL
    day: int = 0
    place: int = 0


@dataclass(frozen=True, slots=True)
class Served:
    """A message as the faces send it: CRLF line ends, no NUL, no bare CR or LF, one Message-ID, mended References.

    ``octets`` are the header, each field ended by CRLF, an empty line, and the body, ended by CRLF unless it is empty;
    their number is the entry's ``size``. ``dotted`` tells whether a line begins with a dot. ``elsewhere`` is where the
    same Message-ID lies in other lists, by name.
    """

    message_id: bytes
    octets: bytes
    dotted: bool
    elsewhere: Sequence[Location] = ()

    @property
    def head(self) -> bytes:
        """The header, without the empty line."""
        return b"" if self.octets.startswith(b"\r\n") else self.octets[: self._middle() - 2]

    @property
    def body(self) -> bytes:
        """What follows the empty line."""
        return self.octets[self._middle() :]

    def _middle(self) -> int:
        return 2 if self.octets.startswith(b"\r\n") else self.octets.index(b"\r\n\r\n") + 4


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Page:
    """A run of rows of one rendition, ascending by number: the unit that is stored, read and cached.

    ``rows[i]`` belongs to ``numbers[i]``. ``elsewhere`` maps a number to where the same Message-ID lies in other
    lists, for those messages that were sent to several. A page never changes: when its rows do, a new page object
    takes its place, so that what is made from one may be kept for as long as the page lives.
    """

    numbers: Sequence[int]
    rows: Sequence[bytes]
    elsewhere: Mapping[int, Sequence[Location]] = field(default_factory=dict)

    def span(self, first: int, last: int) -> slice:
        """Return the slice of rows whose numbers lie in ``first <= number <= last``."""
        return slice(bisect_left(self.numbers, first), bisect_right(self.numbers, last))


@dataclass(frozen=True, slots=True)
class ThreadNode:
    """One place in a thread, depth first: a message, or a ghost that others refer to (``number`` is None)."""

    depth: int
    message_id: bytes
    number: int | None


class Link(NamedTuple):
    """One node of a list's forest: a message, or a ghost (``number`` is None); a root where ``parent`` is None.

    ``node`` names the node for as long as the archive lives, and ``parent`` that which it hangs under; a link that is
    cut is none. ``sent`` is when the message was sent or else received; of a ghost, 0 or when it was. ``thread`` is as in
    ``Entry``.
    """

    node: int
    parent: int | None
    number: int | None
    sent: int
    thread: bytes = b""
