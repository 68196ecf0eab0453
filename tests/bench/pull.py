"""How fast lists are pulled over a distance, beside programs that do the same.

python -m tests.bench pull [--milliseconds 20] [--rounds 3] [--newest 300] URL ...

Each server is reached through ``latency``. ``listgate mirror run`` pulls all of a list, stores and renders it; pullnews
and suck, where they are installed and the URL is a newsgroup's, fetch its newest articles into a file: their rate does
not depend on how many there are. The runs take turns; what is shown is the median of the rounds, in messages a second.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gateway.mirror.connection import Connection
from gateway.mirror.url import PeerUrl, parse_url
from storage.sqlite import SqliteArchive
from tests.bench.latency import distance
from tests.interop.programs import NEWS_BIN

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

__all__ = ["ask", "run"]

_LIST: Final = "bench.pulled"
_PATIENCE: Final = 600


def ours(url: PeerUrl, newest: int, folder: Path) -> int:
    """Pull all of a list with ``listgate mirror run``."""
    listgate = (sys.executable, "-m", "gateway.cli", "--archive", str(folder / "archive"))
    login = f"{url.user}:{url.password}@" if url.user else ""
    address = f"{url.scheme}://{login}{url.host}:{url.port}/{url.path}"
    _run(folder, *listgate, "mirror", "add", _LIST, address)
    _run(folder, *listgate, "mirror", "run")
    archive = SqliteArchive(folder / "archive")
    count = archive.mailing_list(_LIST).count
    archive.close()
    return count


def pullnews(url: PeerUrl, newest: int, folder: Path) -> int:
    """Fetch the newest articles with INN's pullnews."""
    conf = folder / "inn.conf"
    conf.write_text(
        "domain: x.example\nenableoverview: false\nhismethod: hisv6\nmta: /bin/true\npathnews: /usr/lib/news\n"
    )
    (folder / "marks").write_text(f"{url.host}:{url.port}\n\t{url.path} 0 {_mark(url, newest)}\n")
    command = ("pullnews", "-c", "marks", "-r", "batch")
    _run(folder, "env", f"INNCONF={conf}", f"{NEWS_BIN}/{command[0]}", *command[1:])
    return len(re.findall(rb"^#! rnews ", (folder / "batch").read_bytes(), re.MULTILINE))


def suck(url: PeerUrl, newest: int, folder: Path) -> int:
    """Fetch the newest articles with suck."""
    (folder / "sucknewsrc").write_text(f"{url.path} {_mark(url, newest)}\n")
    (folder / "fetched").mkdir()
    folders = ("-dd", ".", "-dt", ".", "-dm", "fetched")
    _run(folder, "suck", url.host, "-N", str(url.port), *folders, "-c", "-H", "-q", "-br", "batch")
    return len(re.findall(rb"^#! rnews ", (folder / "batch").read_bytes(), re.MULTILINE))


def _mark(url: PeerUrl, newest: int) -> int:
    """Return the number behind which so many articles are, if there are no holes."""
    with Connection(url) as connection:
        return int(connection.ask(b"GROUP " + url.path.encode()).text.split()[2]) - newest


def _run(folder: Path, *command: str) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=_PATIENCE, check=False)
    if done.returncode:
        sys.exit(f"{command[0]}: {(done.stderr or done.stdout).decode(errors='replace')}")


def measured(program: Callable[[PeerUrl, int, Path], int], url: PeerUrl, newest: int) -> float:
    """Return how many messages a second a program pulls, from its start to its end."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        count = program(url, newest, Path(folder))
        return count / (time.monotonic() - began)


async def _bench(url: PeerUrl, asked: argparse.Namespace) -> None:
    programs = [ours]
    if url.scheme == "nntp":
        programs += [pullnews] if shutil.which("pullnews", path=NEWS_BIN) else []
        programs += [suck] if shutil.which("suck") else []
    rates: dict[str, list[float]] = {program.__name__: [] for program in programs}
    async with distance(0, url.host, url.port, asked.milliseconds / 1000) as port:
        near = replace(url, host="127.0.0.1", port=port)
        for _ in range(asked.rounds):
            for program in programs:
                rate = await asyncio.to_thread(measured, program, near, asked.newest)
                rates[program.__name__].append(rate)
    first = statistics.median(rates["ours"])
    for name, found in rates.items():
        rate = statistics.median(found)
        each = " ".join(f"{one:.1f}" for one in found)
        print(f"{url.shown}  {name:9} {rate:8.1f}/s  ours is {first / rate:6.1f} times  ({each})")  # noqa: T201


def ask(parser: argparse.ArgumentParser) -> None:
    """Say what it takes."""
    parser.add_argument("--milliseconds", type=float, default=20, help="each way")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--newest", type=int, default=300)
    parser.add_argument("urls", metavar="URL", nargs="+")


def run(asked: argparse.Namespace) -> int:
    """Measure and print."""
    for url in asked.urls:
        asyncio.run(_bench(parse_url(url), asked))
    return 0
