"""An mbox of some thousand messages, and what an archive holds of it at a moment."""

from __future__ import annotations

import asyncio
from contextlib import closing
from random import Random
from typing import TYPE_CHECKING, Final

from storage.model import Rendition
from storage.sqlite import SqliteArchive
from tests.cli.conftest import ROUND
from tests.days import calendar
from tests.mail import mail
from tests.sources.mboxes import mbox, settle

if TYPE_CHECKING:
    from pathlib import Path

COUNT: Final = 4000
"""Messages: several batches of them."""

NAME: Final = "l"


def own(number: int) -> bytes:
    """Return the Message-ID of the message that is to get this number."""
    return b"<%d@x.example>" % number


def write_mbox(path: Path, count: int = COUNT, octets: int = 600) -> str:
    """Write messages 1 to ``count``, two thirds of them answers, some to messages yet to come."""
    chance = Random(path.name)
    words = [f"{chance.randrange(1 << 40):x}" for _ in range(2000)]

    def made(number: int) -> bytes:
        text = " ".join(chance.choices(words, k=octets // 10))
        answered = f"{chance.randrange(1, number + 20)}" if number % 3 else None
        return mail(f"{number}", answers=answered, body=text + "\n")

    path.write_bytes(mbox(*map(made, range(1, count + 1)), line=ROUND))
    settle(path)
    return str(path)


def held(directory: Path, name: str = NAME) -> dict[int, bytes]:
    """Return the Message-ID of each message that a list holds, by number; nothing where there is no list yet.

    Each is read in every way there is.
    """
    with closing(SqliteArchive(directory)) as archive:
        if name not in [record.name for record in archive.lists()]:
            return {}
        return asyncio.run(read_through(archive, name))


async def read_through(
    archive: SqliteArchive, name: str = NAME, first: int = 1
) -> dict[int, bytes]:
    """Return the Message-ID of each message from ``first`` on, by number."""
    record = archive.mailing_list(name)
    assert record.count == record.high - record.low + 1 - len(record.holes)
    numbers = [number for run in record.present(first, record.high) for number in run]
    rows = [
        number
        async for page in archive.pages(Rendition.OVERVIEW, name, first, record.high)
        for number in page.numbers[page.span(first, record.high)]
    ]
    assert rows == numbers
    assert sorted((await calendar(archive, name)).values())[-len(numbers) :] == numbers
    ids = {}
    for number in numbers:
        ids[number] = (await archive.entry(name, number)).message_id
        served = await archive.served(name, number)
        assert b"Message-ID: %b\r\n" % ids[number] in served.head
    if numbers:
        assert numbers[-1] in [node.number for node in await archive.thread(name, numbers[-1])]
    return ids
