"""What one user has marked in one list: which flags on which numbers, and since when."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from storage.bitmap import EMPTY, OFFSET, Bitmap, bit_runs, split, window
from storage.errors import ArchiveError
from storage.stamps import Stamps

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from storage.stamps import Layer

__all__ = [
    "MAX_FLAG_OCTETS",
    "MAX_KEYWORDS",
    "REVISION_BITS",
    "SYSTEM_FLAGS",
    "Changed",
    "Chunk",
    "ListMarks",
    "Mode",
    "Plan",
    "TooMany",
    "Wish",
]

SYSTEM_FLAGS: Final = (b"\\Seen", b"\\Flagged", b"\\Answered")
"""The flags that every list has. Any other is a keyword of the user's."""

MAX_KEYWORDS: Final = 256
"""Keywords a user may have in one list."""

MAX_FLAG_OCTETS: Final = 128
"""How long a keyword may be."""

REVISION_BITS: Final = 30
"""How far a list's revision is shifted in a stamp, which leaves room for so many bits of changes at each."""

_KEYWORD: Final = re.compile(rb"[!#$&'+-\[^-z|}~]+")
"""What can be an atom (RFC 9051 s. 9): no space, control, bracket that closes, nor any of ``( ) { % * " \\``."""

_SYSTEM: Final = {flag.lower() for flag in SYSTEM_FLAGS}
_GROUP: Final = 8
"""Flags that go into one octet."""

_MOST_TABLES: Final = 16
_MOST_OCTETS: Final = 1 << 16
"""Texts kept for each of the sets of flags that numbers near each other have."""


Chunk = tuple[int, int, int, "Sequence[Layer]"]
"""A flag's place, a chunk's place, which of its numbers have the flag, and since when."""


class TooMany(ArchiveError):
    """A user wants more than one may have: keywords, lists with marks, subscriptions."""


class Mode(enum.Enum):
    """What becomes of the named flags, and of the others."""

    SET = "set"
    ADD = "add"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Wish:
    """A change that a user asks for.

    Only numbers are changed whose flags did not change after ``unchanged_since``, where that is given. What counts is
    when those flags changed that are named; in mode ``SET`` all of them (RFC 7162 s. 3.1.3). ``later`` are the numbers
    whose own revision in the archive is later than that: their system flags are as young as they are, while a keyword
    has no age where it never was. They are ``archive.changed(name, unchanged_since >> REVISION_BITS)``, and all where
    that is 0. ``revision`` is the list's.
    """

    numbers: Bitmap
    mode: Mode
    flags: Sequence[bytes]
    revision: int
    unchanged_since: int | None = None
    later: Bitmap = EMPTY


@dataclass(frozen=True, slots=True)
class Changed:
    """What a change came to.

    ``numbers`` are those of which a flag really changed, ``refused`` those that changed later than the wish allows;
    ``stamp`` is the latest of the list, new only if ``numbers`` has any. ``before`` is the one it came after, which is
    later than what a session knows if another process changed something in between: that is then still to be told.
    """

    numbers: Bitmap
    refused: Bitmap
    stamp: int
    before: int


@dataclass(frozen=True, slots=True)
class Plan:
    """How a list's marks are after a change.

    ``flags`` are all of them; ``parts`` has, for those that the change touches, by their place: the numbers marked,
    their stamps, and the numbers that changed. ``added`` counts the chunks that no change touched before.
    """

    changed: Changed
    flags: tuple[bytes, ...]
    parts: Mapping[int, tuple[Bitmap, Stamps, Bitmap]]
    added: int = 0


@dataclass(slots=True, eq=False, weakref_slot=True)
class ListMarks:
    """What one user has marked in one list: one object for all of the user's sessions.

    It changes in place, when the engine calls ``take``, ``catch_up`` or ``forget``; ``stamp`` then changes. What its methods return
    does not change any more.

    ``flags`` are the flags known: the system's, then keywords in order of first use, written as they were then.
    Names are the same in upper and lower case.
    """

    flags: tuple[bytes, ...] = SYSTEM_FLAGS
    stamp: int = 0
    _places: dict[bytes, int] = field(default_factory=dict)
    _marked: list[Bitmap] = field(default_factory=list)
    _stamps: list[Stamps] = field(default_factory=list)
    _tables: dict[tuple[int, ...], _Table] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._know(self.flags)

    def marked(self, flag: bytes) -> Bitmap:
        """Return the numbers with a flag."""
        place = self._places.get(flag.lower())
        return EMPTY if place is None else self._marked[place]

    def names(self, number: int) -> tuple[bytes, ...]:
        """Return the flags of a number."""
        return tuple(
            flag for flag, marked in zip(self.flags, self._marked, strict=True) if number in marked
        )

    def column(self, numbers: Sequence[int]) -> Sequence[bytes]:
        """Return the flags of each of some ascending numbers, joined by spaces: empty for most.

        The same flags are the same object.
        """
        texts: list[bytes] = []
        for at, part in split(numbers):
            texts += self._texts_of(at, part)
        return texts

    def stamp_of(self, number: int) -> int:
        """Return when a flag of a number last changed: a stamp, or 0 if never."""
        return max(stamps.of(number) for stamps in self._stamps)

    def stamps(self, numbers: Sequence[int]) -> Sequence[int]:
        """Return the stamp of each of some ascending numbers, 0 where no flag ever changed."""
        found: list[int] = []
        for at, part in split(numbers):
            layers = [layer for stamps in self._stamps for layer in stamps.chunks.get(at, ())]
            found += _stamps_of(layers, part) if layers else [0] * len(part)
        return found

    def changed(self, since: int) -> Bitmap:
        """Return the numbers whose stamp is later than ``since``."""
        numbers = EMPTY
        if since < self.stamp:
            for stamps in self._stamps:
                numbers |= stamps.later(since)
        return numbers

    def plan(self, wish: Wish) -> Plan:
        """Work out a change, without making it.

        Raises:
            TooMany: it would need more keywords than there may be, or one that is too long.
            ValueError: a flag that is none, or a system flag that is not known.
        """
        places = [self._places.get(_checked(flag).lower()) for flag in wish.flags]
        refused = self._refused(wish)
        numbers = wish.numbers - refused
        flags = self.flags
        if numbers and wish.mode is not Mode.REMOVE and None in places:
            flags = _extended(flags, wish.flags)
        wanted = {flag.lower() for flag in wish.flags}
        changes: dict[int, Bitmap] = {}
        for place, flag in enumerate(flags):
            marked = self._marked[place] if place < len(self._marked) else EMPTY
            if change := _change(marked, numbers, wish.mode, is_named=flag.lower() in wanted):
                changes[place] = change
        return self._planned(flags, changes, refused, wish.revision)

    def take(self, plan: Plan) -> None:
        """Make a change that was planned and nothing came in between."""
        self._know(plan.flags)
        for place, (marked, stamps, _) in plan.parts.items():
            self._marked[place], self._stamps[place] = marked, stamps
        self.stamp = plan.changed.stamp

    def catch_up(self, flags: tuple[bytes, ...], stamp: int, chunks: Iterable[Chunk]) -> None:
        """Take over what changed elsewhere since this object's stamp: the chunks that did, and how it is then."""
        self._know(flags)
        parts: dict[int, tuple[dict[int, int], dict[int, Sequence[Layer]]]] = {}
        for place, at, bits, layers in chunks:
            if place not in parts:
                parts[place] = dict(self._marked[place].chunks), dict(self._stamps[place].chunks)
            marked, stamps = parts[place]
            marked[at], stamps[at] = bits, layers
            if not bits:
                del marked[at]
        for place, (marked, stamps) in parts.items():
            self._marked[place], self._stamps[place] = Bitmap(marked), Stamps(stamps)
        self.stamp = stamp

    def forget(self) -> None:
        """Begin anew: the marks were dropped."""
        self._tables.clear()
        self._places.clear()
        self._marked.clear()
        self._stamps.clear()
        self._know(SYSTEM_FLAGS)
        self.stamp = 0

    def _know(self, flags: tuple[bytes, ...]) -> None:
        for place in range(len(self._marked), len(flags)):
            self._places[flags[place].lower()] = place
            self._marked.append(EMPTY)
            self._stamps.append(Stamps())
        self.flags = flags

    def _planned(
        self,
        flags: tuple[bytes, ...],
        changes: Mapping[int, Bitmap],
        refused: Bitmap,
        revision: int,
    ) -> Plan:
        if not changes:
            return Plan(Changed(EMPTY, refused, self.stamp, self.stamp), self.flags, {})
        stamp = max(revision << REVISION_BITS, self.stamp) + 1
        numbers, parts, added = EMPTY, {}, 0
        for place, change in changes.items():
            is_new = place >= len(self._marked)
            marked = EMPTY if is_new else self._marked[place]
            stamps = Stamps() if is_new else self._stamps[place]
            toggled = (marked - change) | (change - marked)
            parts[place] = toggled, stamps.given(change, stamp), change
            numbers |= change
            added += len(change.chunks.keys() - stamps.chunks.keys())
        return Plan(Changed(numbers, refused, stamp, self.stamp), flags, parts, added)

    def _refused(self, wish: Wish) -> Bitmap:
        """Return the numbers that changed too late to be changed; RFC 7162 s. 3.1.3."""
        if wish.unchanged_since is None:
            return EMPTY
        if wish.mode is Mode.SET:
            places = list(range(len(self.flags)))
        else:
            known = (self._places.get(flag.lower()) for flag in wish.flags)
            places = [place for place in known if place is not None]
        refused = wish.later if any(place < len(SYSTEM_FLAGS) for place in places) else EMPTY
        for place in places:
            refused |= self._stamps[place].later(wish.unchanged_since)
        return wish.numbers & refused

    def _texts_of(self, at: int, part: Sequence[int]) -> Sequence[bytes]:
        """Return the flags of each number in a part of one chunk."""
        places = [
            place
            for place, marked in enumerate(self._marked)
            if _shown(marked.chunks.get(at, 0), part)
        ]
        if not places:
            return [b""] * len(part)
        codes = [
            self._codes(at, places[start : start + _GROUP], part)
            for start in range(0, len(places), _GROUP)
        ]
        table = self._table(tuple(places))
        keys: Iterable[object] = codes[0] if len(codes) == 1 else zip(*codes, strict=True)
        texts = list(map(table.__getitem__, keys))
        return texts if len(texts) == len(part) else [texts[n - part[0]] for n in part]

    def _codes(self, at: int, places: Sequence[int], part: Sequence[int]) -> bytes:
        """Return an octet for each number from the first to the last, with a bit for each of at most eight flags."""
        width = part[-1] - part[0] + 1
        total = 0
        for bit, place in enumerate(places):
            octets = window(self._marked[place].chunks[at], part[0], width)
            total |= int.from_bytes(octets, "little") << bit
        return total.to_bytes(width, "little")

    def _table(self, places: tuple[int, ...]) -> _Table:
        if len(self._tables) >= _MOST_TABLES and places not in self._tables:
            self._tables.clear()
        return self._tables.setdefault(places, _Table([self.flags[place] for place in places]))


class _Table(dict[object, bytes]):
    """The text for each code, or for each tuple of codes where there are more than eight flags; made when asked for."""

    def __init__(self, flags: Sequence[bytes]) -> None:
        super().__init__()
        self._flags = flags
        self._octets = 0

    def __missing__(self, key: int | tuple[int, ...]) -> bytes:
        codes = (key,) if isinstance(key, int) else key
        text = self[key] = b" ".join(
            flag for at, flag in enumerate(self._flags) if codes[at // _GROUP] >> at % _GROUP & 1
        )
        self._octets += len(text)
        if self._octets > _MOST_OCTETS:
            self.clear()
            self._octets = 0
        return text


def _checked(flag: bytes) -> bytes:
    """Return a flag that may be one.

    Raises:
        TooMany: it is too long.
        ValueError: it is empty, has octets that a flag has not, or is a system flag that is not known.
    """
    if len(flag) > MAX_FLAG_OCTETS:
        raise TooMany(f"a keyword has {MAX_FLAG_OCTETS} octets at most")
    if flag.lower() not in _SYSTEM and not _KEYWORD.fullmatch(flag):
        raise ValueError(f"{flag!r} is no flag")
    return flag


def _extended(flags: tuple[bytes, ...], named: Sequence[bytes]) -> tuple[bytes, ...]:
    """Return the flags and those named that are not among them.

    Raises:
        TooMany: these would be more keywords than there may be.
    """
    spelt = {flag.lower(): flag for flag in flags}
    for flag in named:
        spelt.setdefault(flag.lower(), flag)
    if len(spelt) > len(SYSTEM_FLAGS) + MAX_KEYWORDS:
        raise TooMany(f"a list has {MAX_KEYWORDS} keywords at most")
    return tuple(spelt.values())


def _change(marked: Bitmap, numbers: Bitmap, mode: Mode, *, is_named: bool) -> Bitmap:
    """Return those of some numbers whose flag a change turns over."""
    if is_named and mode is not Mode.REMOVE:
        return numbers - marked
    if is_named or mode is Mode.SET:
        return numbers & marked
    return EMPTY


def _shown(bits: int, part: Sequence[int]) -> int:
    """Return the bits of a chunk from the first number of a part to its last."""
    return bits >> (part[0] & OFFSET) & ((1 << (part[-1] - part[0] + 1)) - 1)


def _stamps_of(layers: list[Layer], part: Sequence[int]) -> Sequence[int]:
    """Return the stamp of each number in a part of one chunk: the latest of the layers that have it."""
    first, last = part[0], part[-1]
    width = last - first + 1
    found = [0] * width
    left = (1 << width) - 1
    for stamp, bits in sorted(layers, reverse=True):
        if own := bits >> (first & OFFSET) & left:
            for start, end in bit_runs(own):
                found[start:end] = [stamp] * (end - start)
            left &= ~own
    return found if width == len(part) else [found[number - first] for number in part]
