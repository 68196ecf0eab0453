"""Check: whether what the archive says of itself is so; and repair of what can be made anew.

What cannot be made anew are original octets. A message whose octets are damaged is named, and stays as it is: its
number is not given to another.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

from storage.errors import ArchiveError, NoSuchMessage
from storage.ingest import DIGEST_OCTETS, derived_rows, place_again
from storage.message.served import count_lines
from storage.model import Rendition
from storage.pages import PAGE_BITS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from storage.archive import Archive
    from storage.ingest import Renderer
    from storage.writer import ArchiveWriter

__all__ = ["Fault", "check"]

_Rows = dict[tuple[Rendition, int], bytes]


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
        async for fault in _check_messages(archive, writer, record.name, renderers, repair=repair):
            yield fault


async def _check_messages(
    archive: Archive,
    writer: ArchiveWriter,
    name: str,
    renderers: Sequence[Renderer],
    *,
    repair: bool,
) -> AsyncIterator[Fault]:
    record = archive.mailing_list(name)
    step = 1 << PAGE_BITS
    for first in range(record.low - record.low % step, record.high + 1, step):
        rows = await _rows(archive, name, first, first + step - 1, renderers)
        for run in record.present(first, first + step - 1):
            for number in run:
                if (fault := await _octets_fault(archive, name, number)) is not None:
                    yield fault
                    continue
                for what in await _derived_faults(archive, name, number, rows, renderers):
                    if repair:
                        _derive_again(writer, name, number, renderers)
                    yield Fault(name, number, what, repaired=repair)


async def _rows(
    archive: Archive, name: str, first: int, last: int, renderers: Sequence[Renderer]
) -> _Rows:
    found: _Rows = {}
    for renderer in renderers:
        async for page in archive.pages(renderer.kind, name, first, last):
            for number, row in zip(page.numbers, page.rows, strict=True):
                found[renderer.kind, number] = row
    return found


async def _octets_fault(archive: Archive, name: str, number: int) -> Fault | None:
    """Tell whether the original octets are those that came in."""
    try:
        entry = await archive.entry(name, number)
        digest = blake2b(await archive.raw(name, number), digest_size=DIGEST_OCTETS).digest()
    except NoSuchMessage:
        return Fault(name, number, "is counted but not there", repaired=False)
    except ArchiveError as error:
        return Fault(name, number, f"cannot be read: {error}", repaired=False)
    if digest != entry.digest:
        return Fault(name, number, "the octets are not those that came in", repaired=False)
    return None


async def _derived_faults(
    archive: Archive,
    name: str,
    number: int,
    rows: Mapping[tuple[Rendition, int], bytes],
    renderers: Sequence[Renderer],
) -> list[str]:
    """Tell what of a message is not as its octets make it."""
    faults = []
    entry = await archive.entry(name, number)
    served = await archive.served(name, number)
    size, lines = len(served.octets), count_lines(served.octets)
    if (entry.size, entry.lines) != (size, lines):
        faults.append("is not counted right")
    faults += [
        f"its {kind.value} is not as it should be"
        for kind, row in derived_rows(served, size, lines, renderers).items()
        if rows.get((kind, number)) != row
    ]
    try:
        in_thread = number in [node.number for node in await archive.thread(name, number)]
    except KeyError:
        in_thread = False
    if not in_thread:
        faults.append("is not in its thread")
    return faults


def _derive_again(
    writer: ArchiveWriter, name: str, number: int, renderers: Sequence[Renderer]
) -> None:
    """Make anew all that follows from a message's octets."""
    with writer.batch() as batch:
        served = batch.served(name, number)
        size, lines = len(served.octets), count_lines(served.octets)
        place_again(batch, name, number, served.message_id)
        batch.rerender(name, number, size, lines, derived_rows(served, size, lines, renderers))
