"""How fast web pages are made, and how fast those are answered that are kept; beside another archive, requests of both.

python -m tests.bench pages ARCHIVE LIST [--paths FOLDER]

Every page is made once and once more, in processor time of this process, so that a busy machine disturbs little. With
``--paths`` the addresses go into files, one a line, for ``wrk`` or ``ab``.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import random
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gateway.web.config import WebConfig
from gateway.web.urls import Urls
from storage.sqlite import SqliteArchive
from tests.web.site.conversation import Conversation, World

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from storage.archive import Archive

__all__ = ["ask", "run"]

_LEAST_REQUESTS: Final = 200
_KEPT_REQUESTS: Final = 20_000


def ask(parser: argparse.ArgumentParser) -> None:
    """Say what it takes."""
    parser.add_argument("archive", type=Path)
    parser.add_argument("list")
    parser.add_argument("--paths", type=Path, metavar="FOLDER")


def run(parsed: argparse.Namespace) -> int:
    """Measure and print."""
    with closing(SqliteArchive(parsed.archive)) as archive:
        kinds = asyncio.run(addresses(archive, parsed.list))
        if parsed.paths is not None:
            parsed.paths.mkdir(exist_ok=True)
            for kind, paths in kinds.items():
                (parsed.paths / kind).write_text("\n".join(paths) + "\n", "ascii")
        talk = World(archive, config=WebConfig(kept_octets=0)).connect("127.0.0.1")
        for kind, paths in kinds.items():
            repeated = [*paths] * max(1, _LEAST_REQUESTS // len(paths))
            rates = [_rate(talk, repeated) for _ in range(2)]
            print(f"{kind:10} {len(paths):6}  {rates[0]:8.0f}/s  again {rates[1]:8.0f}/s")  # noqa: T201
        kept = World(archive).connect("127.0.0.1")
        one = [*kinds["message"][:1]]
        _rate(kept, one)
        print(f"kept       {'':6}  {_rate(kept, one * _KEPT_REQUESTS):8.0f}/s")  # noqa: T201
    return 0


async def addresses(archive: Archive, name: str) -> Mapping[str, Sequence[str]]:
    """Return the pages of each kind, in an order that is none, but the same each time."""
    record, urls = archive.mailing_list(name), Urls()
    messages, threads, months = [], dict[bytes, str](), dict[tuple[int, int], str]()
    async for entries in archive.entries(name, record.low, record.high):
        for entry in entries:
            messages.append(urls.message(name, entry.message_id))
            threads.setdefault(entry.thread, urls.thread(name, entry.message_id))
            day = dt.date(1970, 1, 1) + dt.timedelta(entry.day)
            months[day.year, day.month] = urls.month(name, day.year, day.month)
    kinds = {
        "message": messages,
        "thread": [*threads.values()],
        "month": [*months.values()],
        "list": [urls.mailing_list(name)],
        "atom": [urls.at(name, "list.atom")],
    }
    for paths in kinds.values():
        random.Random(1).shuffle(paths)
    return kinds


def _rate(talk: Conversation, paths: Sequence[str]) -> float:
    """Return how many requests are answered in a second of processor time."""
    requests = [f"GET {path} HTTP/1.1\r\nHost: x.example\r\n\r\n".encode() for path in paths]
    began = time.process_time()
    for request in requests:
        talk.protocol.dataReceived(request)
        talk.heard()
    return len(paths) / (time.process_time() - began)
