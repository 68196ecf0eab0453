"""What faces make of whole pages: found again without reading the page, or made and kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from zlib import crc32

from storage.kept import Kept
from storage.making import digest_of, encode_places
from storage.pages import PAGE_BITS
from storage.sqlite.cache import Cache

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from pathlib import Path

    from storage.making import Form
    from storage.model import Location, Rendition
    from storage.sqlite.query import Query

__all__ = ["Made"]

KEPT_STATES: Final = 1 << 15
"""Pages of which the digests are remembered: those of eight million messages."""

PATIENCE_MS: Final = 10
"""How long is waited for other processes here, where readers wait."""

_CHANGED: Final = "SELECT changed FROM page WHERE list = ? AND kind = ? AND page = ?"
_PAGE: Final = "SELECT changed, data FROM page WHERE list = ? AND kind = ? AND page = ?"


class Made:
    """Makes and finds; ``copies`` tells where messages of a list lie elsewhere, and whether the catalogue is behind."""

    def __init__(
        self,
        query: Query,
        directory: Path,
        copies: Callable[[int, int, int], tuple[Mapping[int, Sequence[Location]], bool]],
    ) -> None:
        self._query = query
        self._copies = copies
        self._cache = Cache(directory)
        self._states: Kept[tuple[int, Rendition, int], tuple[int, bytes]] = Kept(KEPT_STATES)

    async def made(
        self,
        form: Form,
        name: str,
        key: int,
        page: int,
        *,
        last: int,
        make: Callable[[], Awaitable[bytes]],
    ) -> bytes:
        """Return what is made of a page, nothing where it is of a later change than the ``last`` that is known."""
        state = self._state(form, key, page, last)
        if not state:
            return b""
        made = self._cache.get(name, page, form.name, state)
        if made:
            return made
        made = await make()
        if made:
            self._cache.put(name, page, form.name, state, made)
            if (
                self._state(form, key, page, last) != state
            ):  # made of it is then, perhaps, what is gone now
                self._cache.drop([(name, page)], PATIENCE_MS)
        return made

    def close(self) -> None:
        """Let go of the file."""
        self._cache.close()

    def _state(self, form: Form, key: int, page: int, last: int) -> bytes:
        """Return what stands for all that is made of, or nothing where a reader would not see it so yet."""
        states = [self._state_of(kind, key, page, last) for kind in form.kinds]
        return digest_of((*states, form.besides)) if all(states) else b""

    def _state_of(self, kind: Rendition, key: int, page: int, last: int) -> bytes:
        place = key, kind, page
        known = self._states.get(place)
        if known is not None:
            changed, state = known
            if self._query.rows(_CHANGED, key, kind.value, page) == [(changed,)]:
                return state
        rows = self._query.rows(_PAGE, key, kind.value, page)
        if not rows or rows[0][0] > last:
            return b""
        first = page << PAGE_BITS
        elsewhere, is_behind = self._copies(key, first, first + (1 << PAGE_BITS) - 1)
        if is_behind:
            return b""
        changed, data = rows[0]
        # Changes may be counted alike where a backup was brought back: hence what tells contents apart, and is quick.
        stamp = b"%d %d %d" % (changed, len(data), crc32(data))
        state = digest_of((stamp, encode_places(elsewhere)))
        self._states.put(place, (changed, state))
        return state
