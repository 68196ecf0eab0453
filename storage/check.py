"""Check: whether what the archive says of itself is so; and repair of what can be made anew.

What cannot be made anew are original octets. A message whose octets are damaged is named, and stays as it is: its
number is not given to another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from storage.errors import ArchiveDamaged, ArchiveError, NoSuchMessage
from storage.ingest import (
    derive_again,
    named_parent,
    place_again,
)
from storage.material import Material
from storage.message.fields import parse_header
from storage.model import Rendition
from storage.pages import PAGE_BITS
from storage.prepared import derived_rows, digest_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from storage.archive import Archive
    from storage.model import Entry, Served, ThreadNode
    from storage.prepared import Renderer
    from storage.writer import ArchiveWriter

__all__ = ["Fault", "check"]

_Rows = dict[tuple[Rendition, int], bytes]

_NOT_THERE: Final = "is counted but not there"


class Fault(NamedTuple):
    """Something that is not as it should be, where, and whether it was put right.

    ``name`` is empty when it is the archive's as a whole, ``number`` None when it is the list's.
    """

    name: str
    number: int | None
    what: str
    repaired: bool


async def check(
    archive: Archive, writer: ArchiveWriter, renderers: Sequence[Renderer], *, repair: bool
) -> AsyncIterator[Fault]:
    """Yield what is wrong with an archive, list by list; put it right as it goes, where asked and possible."""
    for what in writer.damage():
        yield Fault("", None, what, repaired=False)
    for record in archive.lists():
        with writer.batch() as batch:
            miscounted = batch.recount(record.name, repair=repair)
        for what in miscounted:
            yield Fault(record.name, None, what, repaired=repair)
        archive.refresh()
        checked = _ListCheck(archive, record.name, renderers)
        async for number, what, is_final in checked.faults():
            if what == _NOT_THERE and not repair:
                continue  # the recount has named it
            if repair and not is_final:
                entry = await archive.entry(record.name, number)
                _derive_again(writer, record.name, entry, renderers)
            yield Fault(record.name, number, what, repaired=repair and not is_final)


class _ListCheck:
    """Looks at the messages of one list."""

    def __init__(self, archive: Archive, name: str, renderers: Sequence[Renderer]) -> None:
        self._archive = archive
        self._name = name
        self._renderers = renderers
        self._parents: dict[int, bytes | None] = {}

    async def faults(self) -> AsyncIterator[tuple[int, str, bool]]:
        """Yield each message's faults: its number, what is wrong, and whether that is beyond repair."""
        record = self._archive.mailing_list(self._name)
        step = 1 << PAGE_BITS
        for first in range(record.low - record.low % step, record.high + 1, step):
            rows = await self._rows(first, first + step - 1)
            for run in record.present(first, first + step - 1):
                for number in run:
                    served = await self._served(number)
                    if isinstance(served, str):
                        yield number, served, True
                        continue
                    for what in await self._derived_faults(number, served, rows):
                        yield number, what, False

    async def _rows(self, first: int, last: int) -> _Rows | None:
        """Return the stored rows, or None where they cannot be read, which the recount has named."""
        found: _Rows = {}
        try:
            for renderer in self._renderers:
                async for page in self._archive.pages(renderer.kind, self._name, first, last):
                    for number, row in zip(page.numbers, page.rows, strict=True):
                        found[renderer.kind, number] = row
        except ArchiveError:
            return None
        return found

    async def _served(self, number: int) -> Served | str:
        """Return the served form, or what is wrong with the octets that it is made from."""
        try:
            entry = await self._archive.entry(self._name, number)
            raw = await self._archive.raw(self._name, number)
            served = await self._archive.served(self._name, number)
        except NoSuchMessage:
            return _NOT_THERE
        except ArchiveError as error:
            return f"cannot be read: {error}"
        if digest_of(raw) != entry.digest:
            return "the octets are not those that came in"
        return served

    async def _derived_faults(self, number: int, served: Served, rows: _Rows | None) -> list[str]:
        """Tell what of a message is not as its octets make it."""
        faults = []
        entry = await self._archive.entry(self._name, number)
        material = Material.of(served, entry.sent, entry.received)
        if (entry.size, entry.lines) != (material.size, material.lines):
            faults.append("is not counted right")
        wrong = [
            kind.value
            for kind, row in derived_rows(material, self._renderers).items()
            if rows is not None and rows.get((kind, number)) != row
        ]
        if wrong:
            are = "is not as it" if len(wrong) == 1 else "are not as they"
            faults.append(f"its {', '.join(wrong)} {are} should be")
        if not await self._is_placed(number, served):
            faults.append("is not in its thread")
        return faults

    async def _is_placed(self, number: int, served: Served) -> bool:
        """Tell whether a message hangs where its own fields say, if they do; each thread is drawn once."""
        if number not in self._parents:
            try:
                thread = await self._archive.thread(self._name, number)
            except ArchiveDamaged:  # of a thread without a root
                return False
            self._parents.update(_parents(thread))
        if number not in self._parents:
            return False
        parent = self._parents.pop(number)
        named = named_parent(parse_header(served.head), served.message_id)
        if named is None or parent == named:
            return True
        if parent is not None:
            return False
        # A root that names a parent: right if that is below it, where the loop was opened.
        thread = await self._archive.thread(self._name, number)
        return named in [node.message_id for node in thread]


def _parents(thread: Sequence[ThreadNode]) -> dict[int, bytes | None]:
    """Return the Message-ID that each message of a drawn thread hangs under, by number."""
    above: list[bytes | None] = [None]
    parents = {}
    for node in thread:
        del above[node.depth + 1 :]
        if node.number is not None:
            parents[node.number] = above[-1]
        above.append(node.message_id)
    return parents


def _derive_again(
    writer: ArchiveWriter, name: str, entry: Entry, renderers: Sequence[Renderer]
) -> None:
    """Make anew all that follows from a message's octets."""
    with writer.batch() as batch:
        place_again(batch, name, entry)
        derive_again(batch, name, entry, renderers)
