"""Whether a pull that is killed in the middle, again and again, gives what one that is left alone does.

python -m tests.bench killed [--kills 4] URL ...
"""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.mirror.url import parse_url
from storage.sqlite import SqliteArchive
from tests.crash.pulling import PULLED, count, pull, pulled_until

if TYPE_CHECKING:
    import argparse

__all__ = ["ask", "compared", "run"]


async def held(directory: Path) -> dict[int, tuple[bytes, bytes]]:
    """Return the Message-ID and the octets of each message by number."""
    with closing(SqliteArchive(directory)) as archive:
        record = archive.mailing_list(PULLED)
        return {
            number: (
                (await archive.entry(PULLED, number)).message_id,
                await archive.raw(PULLED, number),
            )
            for run in record.present(1, record.high)
            for number in run
        }


def compared(url: str, kills: int) -> bool:
    """Pull a list in one go, and again with so many kills; print what came, and tell whether it is the same."""
    with tempfile.TemporaryDirectory() as folder:
        whole, pieces = Path(folder, "whole"), Path(folder, "pieces")
        total, _ = pull(whole, url)
        killed = [
            count(pieces)
            for at in range(kills)
            if pulled_until(pieces, url, max(count(pieces), at * total // kills))
        ]
        rest = pull(pieces, url)
        again = pull(pieces, url)
        one, other = asyncio.run(held(whole)), asyncio.run(held(pieces))
    same = one == other and again == (0, 0)
    print(  # noqa: T201
        f"{parse_url(url).shown}: {total} in one go; killed at {killed}, then {rest[0]} more, then {again[0]}: "
        f"{'the same octets under the same numbers' if same else 'NOT THE SAME'}"
    )
    return same


def ask(parser: argparse.ArgumentParser) -> None:
    """Say what it takes."""
    parser.add_argument("--kills", type=int, default=4)
    parser.add_argument("urls", metavar="URL", nargs="+")


def run(asked: argparse.Namespace) -> int:
    """Compare, and return whether anything was not the same."""
    wrong = [url for url in asked.urls if not compared(url, asked.kills)]
    return 1 if wrong else 0
