"""Real mail: the index finds what a look at each message finds, whatever is sought."""

from __future__ import annotations

import asyncio
import random
from contextlib import closing
from typing import TYPE_CHECKING

from storage.query import Body, Field, Text
from storage.search import search
from storage.sources import open_source
from tests.mail import NOW, SqliteEngine, take
from tests.search.oracle import known, matching

if TYPE_CHECKING:
    from pathlib import Path

    from storage.archive import Archive
    from storage.query import Query
    from tests.search.oracle import Known

FILES = ("sa-ham/exmh-workers.mbox.xz", "sa-ham/social.mbox.xz", "twisted-web-pipermail.tar.xz")
WORDS = (
    "patch",
    "the",
    "exmh",
    "e",
    "re: ",
    "@",
    "http://",
    "<a href",
    "twisted.web",
    "é",
    "ü",
    "\n> ",
    "zzzz",
)
FIELDS = (b"subject", b"from", b"to", b"message-id", b"list-id", b"received")


def found(archive: Archive, name: str, query: Query) -> list[int]:
    async def gather() -> list[int]:
        return [n async for batch in search(archive, name, query, 1, 2**31) for n in batch]

    return asyncio.run(gather())


def drawn(dice: random.Random, messages: list[Known]) -> str:
    """Return some part of some message's text."""
    text = dice.choice(messages).text
    octets = dice.choice((text.head, text.body))
    start = dice.randrange(len(octets) + 1)
    part = octets[start : start + dice.choice((1, 2, 3, 5, 8, 13, 40, 200))]
    return part.decode("utf-8", "ignore").partition("\0")[0]


def test_the_index_finds_what_a_look_at_each_message_finds(corpus: Path, tmp_path: Path) -> None:
    dice = random.Random(3)
    with closing(SqliteEngine(tmp_path)) as engine:
        for at, file in enumerate(FILES):
            take(engine.writer(), f"l{at}", open_source(str(corpus / file)), now=NOW + 10**8)
        archive = engine.archive()
        for at in range(len(FILES)):
            messages = known(archive, f"l{at}")
            for needle in [*WORDS, *(drawn(dice, messages) for _ in range(25))]:
                for query in (Text(needle), Body(needle), Field(dice.choice(FIELDS), needle)):
                    assert found(archive, f"l{at}", query) == matching(messages, query)
