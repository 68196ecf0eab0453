"""Other versions of a patch: by the same author, of the same title, near it in the list."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from storage.listing import MAX_SUBJECT, decode_listing
from storage.model import Page, Rendition

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gateway.web.reading import Reading, Row

__all__ = ["MAX_VERSIONS", "WINDOW", "Patch", "other_versions", "parse_patch", "search_for"]

WINDOW: Final = 2048
"""Numbers before and after a patch among which its other versions are looked for; a search goes farther."""

MAX_VERSIONS: Final = 30
"""Other versions that are shown, the nearest ones."""

_MAX_TAGS: Final = 6
_TAG: Final = re.compile(r" ?\[([^\[\]]{1,100}+)\]")
_PATCH: Final = re.compile(r"(?:^|[^a-z])patch", re.IGNORECASE)
_VERSION: Final = re.compile(r"(?:^|[ ,/]|patch)v(\d{1,3})(?![0-9a-z])", re.IGNORECASE)
_COUNT: Final = re.compile(r"(?:^|[ ,])(\d{1,4})/\d{1,4}(?=$|[ ,])")


@dataclass(frozen=True, slots=True)
class Patch:
    """What the subject of a patch says: its title without what stands in brackets, which version it is, and its place.

    ``place`` is 0 for the letter that goes with a series, and None for a patch that comes alone.
    """

    title: str
    version: int
    place: int | None


def parse_patch(subject: str) -> Patch | None:
    """Return what the subject of a patch says; None for that of an answer, or of anything else."""
    at = 0
    tags = []
    for _ in range(_MAX_TAGS):
        tag = _TAG.match(subject, at)
        if tag is None:
            break
        tags.append(tag[1])
        at = tag.end()
    title = subject[at:].strip()
    tag_text = next((text for text in tags if _PATCH.search(text)), None)
    if tag_text is None or not title or len(subject) >= MAX_SUBJECT:
        return None
    version, count = _VERSION.search(tag_text), _COUNT.search(tag_text)
    return Patch(title, int(version[1]) if version else 1, int(count[1]) if count else None)


def search_for(patch: Patch) -> str:
    """Return the search that finds all versions of a patch."""
    title = patch.title.replace('"', " ").replace("\\", " ")
    return f'subject:"{title}"'


async def other_versions(reading: Reading, name: str, own: int) -> Sequence[Row]:
    """Return the other versions of a patch that lie near it, by version and number; none for what is no patch."""
    row = (await reading.rows(name, [own])).get(own)
    patch = None if row is None else parse_patch(row.subject)
    if row is None or patch is None:
        return ()
    record = reading.mailing_list(name)
    key = _key(patch.title, row.address)
    numbers: list[int] = []
    async for page in reading.archive.pages(Rendition.LISTING, name, own - WINDOW, own + WINDOW):
        titles = _KNOWN.get(page)
        if titles is None:
            titles = _KNOWN[page] = _titles(page)
            await reading.breathe()
        numbers += titles.get(key, ())
    others = sorted(
        (each for each in numbers if each != own and not record.is_hidden(each)),
        key=lambda each: abs(each - own),
    )
    rows = await reading.rows(name, others[:MAX_VERSIONS])
    return sorted(rows.values(), key=_by_version)


def _by_version(row: Row) -> tuple[int, int]:
    patch = parse_patch(row.subject)
    return 0 if patch is None else patch.version, row.number


def _key(title: str, address: str) -> str:
    return f"{' '.join(title.split())}\n{address}".casefold()


_KNOWN: Final[WeakKeyDictionary[Page, Mapping[str, Sequence[int]]]] = WeakKeyDictionary()
"""The patches of the pages that the archive keeps."""


def _titles(page: Page) -> Mapping[str, Sequence[int]]:
    """Return the numbers of a page's patches by title and author."""
    found: dict[str, list[int]] = {}
    for number, row in zip(page.numbers, page.rows, strict=True):
        listing = decode_listing(row)
        patch = parse_patch(listing.subject)
        if patch is not None:
            found.setdefault(_key(patch.title, listing.address), []).append(number)
    return found
