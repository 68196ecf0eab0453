"""A distance between a client and a server: octets arrive so many milliseconds late, and none of them is held up.

python -m tests.bench latency PORT HOST:PORT MILLISECONDS
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import argparse
    from collections.abc import AsyncIterator

__all__ = ["ask", "distance", "run"]

_AT_ONCE: Final = 256 * 1024
_ON_THE_WAY: Final = 1000
"""Pieces that may be on their way in one direction: a far longer and wider line than any that is measured."""


async def _carried(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float
) -> None:
    """Give to one side what the other says, late, and its end."""
    clock = asyncio.get_running_loop().time
    line: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_ON_THE_WAY)

    async def arrive() -> None:
        while True:
            due, data = await line.get()
            await asyncio.sleep(max(due - clock(), 0))
            if not data:
                writer.close()
                return
            writer.write(data)
            await writer.drain()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(arrive())
        data = b"."
        while data:
            data = await reader.read(_AT_ONCE)
            await line.put((clock() + seconds, data))


@contextlib.asynccontextmanager
async def distance(port: int, host: str, to: int, seconds: float) -> AsyncIterator[int]:
    """Listen on a port of this machine, 0 for any, and lead to a server; yield the port."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            their_reader, their_writer = await asyncio.open_connection(host, to)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_carried(reader, their_writer, seconds))
                tasks.create_task(_carried(their_reader, writer, seconds))
        except* (OSError, asyncio.CancelledError):  # one of them has gone, or all is over
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", port)
    async with server:
        yield server.sockets[0].getsockname()[1]


def ask(parser: argparse.ArgumentParser) -> None:
    """Say what it takes."""
    parser.add_argument("port", type=int)
    parser.add_argument("server", metavar="HOST:PORT")
    parser.add_argument("milliseconds", type=float)


def run(asked: argparse.Namespace) -> int:
    """Keep them apart until somebody ends this."""
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_keep(asked))
    return 0


async def _keep(asked: argparse.Namespace) -> None:
    host, _, to = asked.server.rpartition(":")
    async with distance(asked.port, host, int(to), asked.milliseconds / 1000):
        await asyncio.Event().wait()
