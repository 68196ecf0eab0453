"""What faces make of whole pages, and keep for as long as those stay as they are."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from storage.model import Location, Rendition

__all__ = ["Form", "digest_of", "encode_places"]

_DIGEST_OCTETS: Final = 16


@dataclass(frozen=True, slots=True)
class Form:
    """What is made of a page.

    ``kinds`` are the renditions that it is made of. ``name`` tells it from all that else is made of the same page: it
    stands for what makes it, in which version, and for whom. ``besides`` is what it depends on but the page's rows, where that
    changes: of each name only what was made last is kept.
    """

    kinds: tuple[Rendition, ...]
    name: bytes
    besides: bytes = b""


def digest_of(pieces: Iterable[bytes]) -> bytes:
    """Return what stands for some octet strings, one after another."""
    state = blake2b(digest_size=_DIGEST_OCTETS)
    for piece in pieces:
        state.update(b"%d:" % len(piece))
        state.update(piece)
    return state.digest()


def encode_places(elsewhere: Mapping[int, Sequence[Location]]) -> bytes:
    """Return octets that tell where else the messages of a page lie."""
    return b"".join(
        b"%d %b:%d\n" % (number, place.name.encode(), place.number)
        for number in sorted(elsewhere)
        for place in elsewhere[number]
    )
