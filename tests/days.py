"""A list's calendar, asked for in every way there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from storage.days import id_sha1
from storage.errors import NoSuchMessage, Removed

if TYPE_CHECKING:
    from storage.archive import Archive

__all__ = ["calendar"]


async def calendar(archive: Archive, name: str) -> dict[tuple[int, int], int]:
    """Return which number has which day and place; all answers agree, and where none is, one was removed."""
    record = archive.mailing_list(name)
    found: dict[tuple[int, int], int] = {}
    last: dict[int, int] = {}
    async for batch in archive.entries(name, 1, record.high):
        for entry in batch:
            assert entry.place > last.get(entry.day, 0)
            last[entry.day] = entry.place
            found[entry.day, entry.place] = entry.number
            assert entry.number in await archive.hashed(name, id_sha1(entry.message_id))
    counts = await archive.days(name)
    assert [each.day for each in counts] == sorted(last)
    assert sum(each.count for each in counts) == record.count
    assert sum(each.hidden for each in counts) == len(record.hidden)
    for each in counts:
        shown = {
            (each.day, place): number for place, number in await archive.on_day(name, each.day)
        }
        assert len(shown) == each.count
        assert shown.items() <= found.items()
        for place in range(1, last[each.day] + 1):
            if (each.day, place) in found:
                assert await archive.at_place(name, each.day, place) == found[each.day, place]
            else:
                with pytest.raises(Removed):
                    await archive.at_place(name, each.day, place)
        with pytest.raises(NoSuchMessage):
            await archive.at_place(name, each.day, 0)
    return found
