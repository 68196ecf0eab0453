"""What it takes to keep a twin of a list, and whether it is one: asked over the network as readers do.

python -m tests.bench twin MBOX [--milliseconds 0]

The mailbox goes into an origin in two halves, a fifth of it as web pages show it at first; a seventh is in a second list as
well. A tenth is removed in between, and better copies come late. The twin is pulled after each half. Then both are served,
everything that can be asked is asked of both, and the answers must be the same, octet for octet.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import socket
import sys
import tempfile
import time
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gateway.intake import open_for_writing
from gateway.mirror.connection import Connection
from gateway.mirror.twin import replicate
from gateway.renderers import RENDERERS
from storage.sources import open_source
from storage.sources.base import Incoming
from storage.sqlite import SqliteArchive
from tests.bench.latency import distance
from tests.interop.news import running
from tests.mail import SqliteEngine
from tests.twins.answers import mail_questions, news_questions
from tests.twins.history import History

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping, Sequence

    from gateway.mirror.url import PeerUrl

__all__ = ["ask", "run"]

ALPHA, BETA = LISTS = "bench.alpha", "bench.beta"

_WINDOW: Final = 50
_TAG: Final = re.compile(rb"(?:^|\r\n)a ([A-Z]+ [^\r]*)\r\n$")


def history_of(path: Path, folder: Path) -> History:
    """Return a history of the mail in a mailbox, still to come."""
    raws = [each.raw for each in open_source(str(path)).messages(b"") if isinstance(each, Incoming)]
    return History(SqliteEngine(folder), 1, {ALPHA: raws, BETA: raws[::7]})


def pull(directory: Path, port: int, label: str) -> None:
    """Pull both lists, and say what it took."""
    for name in LISTS:
        connections: list[Connection] = []

        def connect(url: PeerUrl, made: list[Connection] = connections) -> Connection:
            made.append(Connection(url, compress=False))
            return made[-1]

        began = time.perf_counter()
        with closing(open_for_writing(directory)) as writer:
            url = f"nntp://127.0.0.1:{port}/{name}"
            summary = replicate(writer, name, url, RENDERERS, connect=connect)
        seconds = time.perf_counter() - began
        assert summary is not None
        moved = connections[0].received
        _say(
            f"{label} {name}: {summary.added} new, {summary.improved} better, {summary.withdrawn} removed; "
            f"{seconds:.2f} s, {summary.read / seconds:.0f}/s, {moved} octets moved for {summary.octets}"
        )


async def pull_from_afar(directory: Path, port: int, label: str, milliseconds: float) -> None:
    """Pull over a distance."""
    if not milliseconds:
        await asyncio.to_thread(pull, directory, port, label)
        return
    async with distance(0, "127.0.0.1", port, milliseconds / 1000) as far:
        await asyncio.to_thread(pull, directory, far, label)


def news_answers(
    port: int, questions: Sequence[bytes]
) -> Iterator[tuple[int, bytes, bytes | None]]:
    """Yield what a news server answers."""
    with Connection(f"nntp://127.0.0.1:{port}/", compress=False) as connection:
        for response in connection.run(iter(questions), _WINDOW):
            yield response.code, response.text, response.body


def mail_answers(port: int, questions: Sequence[bytes]) -> Iterator[bytes]:
    """Yield what a mail server answers."""
    with socket.create_connection(("127.0.0.1", port), timeout=300) as connected:
        connected.recv(65536)
        for question in (b"LOGIN anonymous x", *questions):
            connected.sendall(b"a %b\r\n" % question)
            answer = bytearray()
            while not _TAG.search(answer, max(len(answer) - 1000, 0)):
                data = connected.recv(1 << 20)
                assert data, question
                answer += data
            yield bytes(answer)


def compare(origin: Mapping[str, int], twin: Mapping[str, int], archive: SqliteArchive) -> None:
    """Ask both everything."""
    count = octets = 0
    asked = list(news_questions(archive))
    both = zip(
        asked,
        news_answers(origin["nntp"], asked),
        news_answers(twin["nntp"], asked),
        strict=True,
    )
    for question, one, other in both:
        assert one == other or question == b"DATE", (question, one, other)
        count += 1
        octets += len(one[2] or b"")
    asked = list(mail_questions(archive))
    told = zip(
        (b"LOGIN", *asked),
        mail_answers(origin["imap"], asked),
        mail_answers(twin["imap"], asked),
        strict=True,
    )
    for question, here, there in told:
        assert here == there, (question, here[-500:], there[-500:])
        count += 1
        octets += len(here)
    _say(f"{count} answers of {octets} octets are the same")


@contextmanager
def served(directory: Path) -> Iterator[Mapping[str, int]]:
    """Serve an archive; yield its ports."""
    with running(
        directory, "--nntp", "127.0.0.1:0", "--imap", "127.0.0.1:0", "--web", "none", ports=2
    ) as ports:
        yield ports


def ask(parser: argparse.ArgumentParser) -> None:
    """Say what it takes."""
    parser.add_argument("mbox", type=Path)
    parser.add_argument("--milliseconds", type=float, default=0.0)


def run(asked: argparse.Namespace) -> int:
    """Keep a twin, and compare it."""
    folder = Path(tempfile.mkdtemp(prefix="twins"))
    try:
        history = history_of(asked.mbox, folder / "origin")
        half = len(history.mails[ALPHA]) // 2

        def take(label: str) -> None:
            with served(folder / "origin") as ports:
                far = pull_from_afar(folder / "twin", ports["nntp"], label, asked.milliseconds)
                asyncio.run(far)

        for name in LISTS:
            history.add(name, half, share_poor=0.2)
        take("first half")
        for name in LISTS:
            history.add(name, half + 1, share_poor=0.2)
            history.remove(name, 0.1)
            history.improve(name, 0.9)
        history.rerender()
        take("second half")
        take("nothing new")
        with (
            served(folder / "origin") as origin,
            served(folder / "twin") as twin,
            closing(SqliteArchive(folder / "origin")) as archive,
        ):
            compare(origin, twin, archive)
        for name in ("origin", "twin"):
            octets = sum(path.stat().st_size for path in (folder / name).iterdir())
            _say(f"{name}: {octets} octets on disk")
    finally:
        shutil.rmtree(folder)
    return 0


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
