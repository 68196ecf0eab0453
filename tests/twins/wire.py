"""A twin's connection to its origin without a network: a session asked and answered in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from gateway.mirror.nntp_client import NntpClient, Request, Response
from gateway.mirror.twin import replicate
from gateway.nntp import Session, Settings
from gateway.renderers import RENDERERS
from tests.nntp.world import CLOCK, Client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import TracebackType

    from gateway.access import Policy
    from gateway.mirror.url import PeerUrl
    from storage.archive import Archive
    from storage.ingest import Summary
    from storage.writer import ArchiveWriter

HOST = b"news.example"


class Wire:
    """What ``gateway.mirror.connection.Connection`` is to a twin; ``asked`` are the questions."""

    def __init__(
        self,
        url: PeerUrl,
        archive: Archive,
        *,
        cut: int | None = None,
        policy: Policy | None = None,
    ) -> None:
        self.url = url
        self.received = 0
        self.asked: list[bytes] = []
        self._cut = cut
        self._client = NntpClient()
        self._far = Client(Session(archive, Settings(HOST), policy, clock=lambda: CLOCK))
        self._client.feed(self._far.session.greeting())
        list(self._client.responses())
        (capabilities,) = Wire.run(self, [b"CAPABILITIES"], 1)
        words = [line.upper().split() for line in capabilities.lines]
        self.capabilities = {first: tuple(rest) for first, *rest in words}
        self.asked.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass

    def run(self, requests: Iterable[bytes | Request], window: int) -> Iterator[Response]:
        """Answer requests, with a window of them on their way."""
        waiting = iter(requests)
        while True:
            while self._client.outstanding < window:
                request = next(waiting, None)
                if request is None:
                    break
                self._client.add(request if isinstance(request, Request) else Request(request))
                self.asked.append(request if isinstance(request, bytes) else request.command)
                if self._cut is not None and len(self.asked) > self._cut:
                    raise ConnectionError("cut off")
            if not self._client.outstanding:
                return
            answer = self._far.send(self._client.take())
            self.received += len(answer)
            self._client.feed(answer)
            yield from self._client.responses()


def pull(
    writer: ArchiveWriter,
    name: str,
    origin: Archive,
    *,
    cut: int | None = None,
    host: str = "origin.example",
    policy: Policy | None = None,
    notice: Callable[[Wire], None] = lambda _: None,
    progress: Callable[[int, Summary], None] | None = None,
) -> Summary | None:
    """Replicate a list in memory; ``cut`` breaks the connection after so many questions."""

    def connect(url: PeerUrl) -> Wire:
        wire = Wire(url, origin, cut=cut, policy=policy)
        notice(wire)
        return wire

    origin.refresh()
    return pulled(writer, name, connect, host=host, progress=progress)


def pulled(
    writer: ArchiveWriter,
    name: str,
    connect: Callable[[PeerUrl], Wire],
    *,
    host: str = "origin.example",
    progress: Callable[[int, Summary], None] | None = None,
) -> Summary | None:
    """Replicate a list over any connection."""
    url = f"nntp://{host}/{name}"
    return replicate(writer, name, url, RENDERERS, progress=progress, connect=connect)  # type: ignore[arg-type]  # all of it that is used
