"""Many connections held for a while, some of them busy; and one that takes all there is beside one that asks a little."""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import resource
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.bench.beside import show, tell
from tests.bench.lines import Run, Server
from tests.bench.made import LIST, made
from tests.bench.mail import Mail
from tests.bench.news import News
from tests.bench.processes import resident_octets, served
from tests.bench.tables import Table

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from tests.bench.processes import Served

__all__ = ["ask", "percentile", "run"]

_ONE_ANSWER: Final = 1 << 26
_AT_ONCE: Final = 50
"""Connections that are opened at the same time."""
_WAKE: Final = 120.0
"""Seconds after which an idle connection says something: servers close silent ones."""
_PATIENCE: Final = 60.0
"""Seconds after which the first octet of all messages is taken never to come."""
_KILO: Final = 1024


def ask(parser: argparse.ArgumentParser) -> None:
    """Say what it takes."""
    add = parser.add_argument
    add("--size", type=int, default=10_000, help="messages in the list")
    add("--folder", type=Path, metavar="DIR", help="where archives are kept, as of 'scale'")
    add("--idle", type=int, default=1000, help="news connections that are idle")
    add(
        "--idle-mail", type=int, default=0, help="mail connections that are idle, the list selected"
    )
    add("--busy", type=int, default=100, help="news connections that ask ARTICLE at random")
    add("--pause", type=float, default=0.1, help="seconds that a busy one reads an article")
    add("--seconds", type=float, default=600)
    add(
        "--asked",
        type=int,
        default=2000,
        help="articles that are asked for beside one who takes all",
    )
    add("--rounds", type=int, default=3, help="of that")
    add("--serve", default="", metavar="OPTIONS", help="further options of 'listgate serve'")
    add("--out", type=Path, metavar="FOLDER")


def run(asked: argparse.Namespace) -> int:
    """Hold connections, then be unfair, and show what came of it."""
    with ExitStack() as stack:
        folder = asked.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        archive, _ = made(asked.size, folder, tell=tell)
        server = stack.enter_context(served(archive, *asked.serve.split()))
        _allow_files(asked.idle + asked.idle_mail + asked.busy, server.process)
        held = asyncio.run(_hold(asked, server))
        beside = _fairness(asked, server)
    show(
        asked.out,
        {"held": _of_held(asked, held), "fairness": _of_fairness(beside)},
        {"held": held.figures(), "fairness": beside},
    )
    return 0


@dataclass(slots=True)
class Held:
    """What came of it: seconds each article took, and the server's memory at several times, in octets."""

    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    memory: dict[str, int] = field(default_factory=dict)

    def figures(self) -> Mapping[str, object]:
        """Return it for a file."""
        return {
            "articles": len(self.seconds),
            "p50": percentile(self.seconds, 50),
            "p99": percentile(self.seconds, 99),
            "errors": self.errors,
            "memory": self.memory,
        }


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the value that so many percent do not exceed; 0 without any."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * percent / 100), len(ordered) - 1)] if ordered else 0.0


def _allow_files(connections: int, process: int) -> None:
    """Let this process, and the server's, have so many files open, as far as the system does."""
    for each in (0, process):
        soft, hard = resource.prlimit(each, resource.RLIMIT_NOFILE)
        wanted = connections + 1000
        if soft < wanted:
            resource.prlimit(each, resource.RLIMIT_NOFILE, (min(wanted, hard), hard))


async def _hold(asked: argparse.Namespace, server: Served) -> Held:
    """Open all connections, have the busy ones ask, and see what the server's memory does meanwhile."""
    held = Held()
    gate = asyncio.Semaphore(_AT_ONCE)
    news, mail = server.ports["nntp"], server.ports["imap"]
    log_in = (b"a LOGIN anonymous x\r\n", b'a EXAMINE "%b"\r\n' % LIST.encode())
    enter = (b"MODE READER\r\n", b"GROUP %b\r\n" % LIST.encode())
    kinds = [(asked.idle, news, enter, "idle"), (asked.idle_mail, mail, log_in, "idle, mail")]
    for (
        _,
        port,
        says,
        _,
    ) in kinds:  # what the server makes when it is asked first is no connection's
        pair = await _open(port, says, gate, held)
        if pair:
            pair[1].close()
    held.memory["before"] = resident_octets(server.process)
    pairs = []
    for count, port, says, name in kinds:
        tell(f"{count} connections: {name}")
        opened = await asyncio.gather(*(_open(port, says, gate, held) for _ in range(count)))
        pairs += [(pair, b"DATE\r\n" if port == news else b"a NOOP\r\n") for pair in opened if pair]
        held.memory[name] = resident_octets(server.process)
    busy = await asyncio.gather(*(_open(news, enter, gate, held) for _ in range(asked.busy)))
    held.memory["busy ones open"] = resident_octets(server.process)
    until = time.monotonic() + asked.seconds
    tell(f"{asked.busy} busy ones, {asked.seconds:.0f} s")
    await asyncio.gather(
        *(_wake(pair, says, until, held) for pair, says in pairs),
        *(_ask(pair, asked, until, held) for pair in busy if pair),
        _look(server, until, held),
    )
    for writer in [pair[1] for pair, _ in pairs] + [pair[1] for pair in busy if pair]:
        writer.close()
    return held


_Pair = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _open(
    port: int, says: Sequence[bytes], gate: asyncio.Semaphore, held: Held
) -> _Pair | None:
    """Open a connection and say what begins it; None if that fails."""
    async with gate:
        try:
            pair = await asyncio.open_connection("127.0.0.1", port, limit=_ONE_ANSWER)
            await pair[0].readline()
            for said in says:
                await _exchange(pair, said)
        except (OSError, EOFError) as error:
            held.errors.append(f"opening: {error!r}")
            return None
    return pair


async def _exchange(pair: _Pair, said: bytes) -> None:
    """Say something, and read to the end of the answer: mail's is the line with the tag."""
    reader, writer = pair
    writer.write(said)
    tag = b"a " if said.startswith(b"a ") else b""
    while line := await reader.readline():
        if line.startswith(tag):
            return
    raise EOFError("closed")


async def _wake(pair: _Pair, says: bytes, until: float, held: Held) -> None:
    """Be idle, but say something now and then, and at the end: whether the connection is there still."""
    while (left := until - time.monotonic()) > 0:
        await asyncio.sleep(min(left, _WAKE))
        try:
            await _exchange(pair, says)
        except (OSError, EOFError) as error:
            held.errors.append(f"idle: {error!r}")
            return


async def _ask(pair: _Pair, asked: argparse.Namespace, until: float, held: Held) -> None:
    """Ask for articles, one after the other."""
    reader, writer = pair
    while time.monotonic() < until:
        await asyncio.sleep(asked.pause * 2 * random.random())
        began = time.perf_counter()
        try:
            writer.write(b"ARTICLE %d\r\n" % random.randint(1, asked.size))
            status = await reader.readline()
            if status.startswith(b"220"):
                await reader.readuntil(b"\r\n.\r\n")
            elif not status.startswith(b"423"):  # duplicates have no number
                raise EOFError(status)
        except (OSError, EOFError, asyncio.LimitOverrunError) as error:
            held.errors.append(f"busy: {error!r}")
            return
        held.seconds.append(time.perf_counter() - began)


async def _look(server: Served, until: float, held: Held) -> None:
    """Look at the server's memory when a tenth of the time is over, in the middle, and at the end."""
    whole = until - time.monotonic()
    for name, share in (("after a tenth", 0.1), ("after half", 0.5), ("at the end", 1.0)):
        await asyncio.sleep(max(until - whole * (1 - share) - time.monotonic(), 0))
        held.memory[name] = resident_octets(server.process)


def _fairness(asked: argparse.Namespace, server: Served) -> Mapping[str, list[float]]:
    """Return the median seconds of ARTICLE, alone and beside one who takes all messages again and again, of each round."""
    found: dict[str, list[float]] = {
        name: [] for name in ("alone", "beside", "beside, p99", "memory")
    }
    news = Server("news", "127.0.0.1", server.ports["nntp"], LIST)
    mail = Server("mail", "127.0.0.1", server.ports["imap"], LIST)
    spawn = multiprocessing.get_context("spawn")
    for _ in range(asked.rounds):
        tell("ARTICLE alone, and beside FETCH 1:* BODY[]")
        found["alone"].append(statistics.median(_asked(news, asked.asked)))
        before = resident_octets(server.process)
        began = spawn.Event()
        greedy = spawn.Process(target=_take_all, args=(mail, began), daemon=True)
        greedy.start()
        try:
            if not began.wait(_PATIENCE):
                sys.exit("FETCH 1:* BODY[] has no answer")
            seconds = _asked(news, asked.asked)
            found["beside"].append(statistics.median(seconds))
            found["beside, p99"].append(percentile(seconds, 99))
            found["memory"].append(resident_octets(server.process) - before)
        finally:
            greedy.terminate()
            greedy.join()
    return found


def _asked(server: Server, count: int) -> Sequence[float]:
    """Return how many seconds each of some articles took, asked for one by one."""
    with News(Run(server, count)) as news:
        _, low, high = news.group(server.place)
        seconds = []
        for number in random.Random(7).choices(range(low, high + 1), k=count):
            began = time.perf_counter()
            news.send(b"ARTICLE %d\r\n" % number)
            news.article()
            seconds.append(time.perf_counter() - began)
    return seconds


def _take_all(server: Server, began: multiprocessing.synchronize.Event) -> None:
    """Take all messages, again and again, until somebody ends this process."""
    with suppress(OSError), Mail(Run(server, 1)) as mail:
        while True:
            tag = mail.say(b"FETCH 1:* (UID BODY.PEEK[])")
            mail.peek(1)
            began.set()
            mail.done(tag)


def _of_held(asked: argparse.Namespace, held: Held) -> Table:
    """Return a table of what came of the connections."""
    connections = {"idle": asked.idle, "idle, mail": asked.idle_mail}
    rows = [
        ["connections: idle", str(asked.idle)],
        ["connections: idle, mail", str(asked.idle_mail)],
        ["connections: busy", str(asked.busy)],
        ["seconds", Table.number(asked.seconds)],
        ["errors", str(len(held.errors))],
        ["articles a second", Table.number(len(held.seconds) / asked.seconds)],
        ["ARTICLE, median, ms", Table.number(percentile(held.seconds, 50) * 1000)],
        ["ARTICLE, 99th percentile, ms", Table.number(percentile(held.seconds, 99) * 1000)],
    ]
    last = held.memory["before"]
    for name, octets in held.memory.items():
        rows.append([f"memory {name}, MB", f"{octets / 1e6:.1f}"])
        if count := connections.get(name, 0):
            rows.append(
                [f"memory of a connection, {name}, KiB", f"{(octets - last) / count / _KILO:.1f}"]
            )
        last = octets
    rows += [[f"error: {text}", ""] for text in held.errors[:10]]
    return Table(["connections held", ""], rows)


def _of_fairness(found: Mapping[str, Sequence[float]]) -> Table:
    """Return a table of how much slower ARTICLE was."""
    alone, beside = (statistics.median(found[name]) for name in ("alone", "beside"))
    ratios = [one / other for one, other in zip(found["beside"], found["alone"], strict=True)]
    return Table(
        ["ARTICLE beside FETCH 1:* BODY[]", ""],
        [
            ["alone, median, ms", Table.number(alone * 1000)],
            ["beside it, median, ms", Table.number(beside * 1000)],
            [
                "beside it, 99th percentile, ms",
                Table.number(statistics.median(found["beside, p99"]) * 1000),
            ],
            ["ratio, median of the rounds", Table.number(statistics.median(ratios))],
            ["memory that it costs, at most, MB", f"{max(found['memory']) / 1e6:.1f}"],
        ],
    )
