"""The lines of news: what newsreaders and mirrors ask most."""

from __future__ import annotations

import random
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final, NamedTuple

from tests.bench.lines import Line, NotOffered, Refused
from tests.bench.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.bench.lines import Run

__all__ = ["News", "lines", "values"]

_SEED: Final = 7
_NEWEST: Final = 100
_WINDOW: Final = 50
_IDS: Final = 2000
"""Articles of which some are asked for by Message-ID."""
_READERS: Final = 40
_STEPS: Final = 20
_DEFLATE: Final = ", DEFLATE"


class Marks(NamedTuple):
    """What GROUP tells."""

    articles: int
    low: int
    high: int


class News(Wire):
    """A newsreader's connection, that has said who it is."""

    def __init__(self, run: Run, *, deflate: bool = False) -> None:
        super().__init__(run)
        self.expect(b"20")
        if run.server.user:
            self._log_in(run.server.user.encode(), run.server.password.encode())
        self.send(b"MODE READER\r\n")
        self.line()
        if deflate:
            self.send(b"COMPRESS DEFLATE\r\n")
            if not self.line().startswith(b"206"):
                raise NotOffered("COMPRESS")
            self.deflate()

    def _log_in(self, user: bytes, password: bytes) -> None:
        self.send(b"AUTHINFO USER %b\r\n" % user)
        if self.line().startswith(b"381"):
            self.send(b"AUTHINFO PASS %b\r\n" % password)
            self.expect(b"281")

    def expect(self, code: bytes) -> bytes:
        """Return the status line, which begins with a code."""
        status = self.line()
        if not status.startswith(code):
            raise Refused(status.decode("utf-8", "replace"))
        return status

    def group(self, name: str) -> Marks:
        """Enter a newsgroup."""
        self.send(b"GROUP %b\r\n" % name.encode())
        count, low, high = self.expect(b"211").split()[1:4]
        return Marks(int(count), int(low), int(high))

    def block(self) -> None:
        """Throw away the block behind a status line."""
        self.pretend(b"\r\n")  # it may be empty
        self.past(b"\r\n.\r\n")

    def ask(self, command: bytes, code: bytes) -> None:
        """Ask, and throw away the block."""
        self.send(command + b"\r\n")
        self.expect(code)
        self.block()

    def article(self) -> int:
        """Throw away an answer to ARTICLE; return whether there was one."""
        if not self.line().startswith(b"220"):
            return 0
        self.block()
        return 1


def lines() -> list[Line]:
    """Return the lines of news: each without compression, and where that makes a difference with it."""
    plain: list[tuple[str, Callable[[Run, bool], int], int, str]] = [
        ("OVER 1-, the whole group", _whole(b"OVER 1-", b"224"), 1, "message"),
        ("HDR Subject 1-", _whole(b"HDR Subject 1-", b"225"), 1, "message"),
        ("OVER, the newest 100", _newest, 200, "command"),
        ("ARTICLE at random, one by one", _at_random, 1000, "command"),
        ("ARTICLE in order, pipelined by 50", _pipelined, 5000, "command"),
        ("ARTICLE by Message-ID, one by one", _by_id, 1000, "command"),
    ]
    return [
        *(Line(name, _without(work), count, unit) for name, work, count, unit in plain),
        Line("connect, GROUP, QUIT", _connections, 100, "connection"),
        Line("40 readers at once", _readers, 1, "command"),
        *(Line(name + _DEFLATE, _with(work), count, unit) for name, work, count, unit in plain),
    ]


def _without(work: Callable[[Run, bool], int]) -> Callable[[Run], int]:
    return lambda run: work(run, False)


def _with(work: Callable[[Run, bool], int]) -> Callable[[Run], int]:
    return lambda run: work(run, True)


def values(run: Run, field: bytes, count: int) -> Sequence[bytes]:
    """Return a field of articles from all over the newsgroup, at least so many if it has them, in no order."""
    with News(run) as news:
        _, low, high = news.group(run.server.place)
        step = max((high - low + 1) // count, 1)
        found = []
        for first in range(low, high + 1, step * _WINDOW):
            news.send(b"HDR %b %d-%d\r\n" % (field, first, min(first + _WINDOW - 1, high)))
            found += _values(news) if news.line().startswith(b"225") else []
        random.Random(_SEED).shuffle(found)
        return found


def _values(news: News) -> list[bytes]:
    """Return what an answer to HDR tells."""
    found = []
    while (line := news.line()) != b".":
        found.append(line.partition(b" ")[2])
    return found


def _whole(command: bytes, code: bytes) -> Callable[[Run, bool], int]:
    def work(run: Run, deflate: bool) -> int:
        with News(run, deflate=deflate) as news:
            marks = news.group(run.server.place)
            run.start()
            news.ask(command, code)
            run.stop()
            return marks.articles

    return work


def _newest(run: Run, deflate: bool) -> int:
    with News(run, deflate=deflate) as news:
        _, low, high = news.group(run.server.place)
        run.start()
        for _ in range(run.count):
            news.ask(b"OVER %d-%d" % (max(low, high - _NEWEST + 1), high), b"224")
        run.stop()
    return run.count


def _at_random(run: Run, deflate: bool) -> int:
    with News(run, deflate=deflate) as news:
        _, low, high = news.group(run.server.place)
        run.start()
        for number in random.Random(_SEED).choices(range(low, high + 1), k=run.count):
            news.send(b"ARTICLE %d\r\n" % number)
            news.article()
        run.stop()
    return run.count


def _pipelined(run: Run, deflate: bool) -> int:
    with News(run, deflate=deflate) as news:
        _, low, high = news.group(run.server.place)
        numbers = range(low, min(high, low + run.count - 1) + 1)
        run.start()
        for at in range(0, len(numbers), _WINDOW):
            window = numbers[at : at + _WINDOW]
            news.send(b"".join(b"ARTICLE %d\r\n" % number for number in window))
            for _ in window:
                news.article()
        run.stop()
    return len(numbers)


def _by_id(run: Run, deflate: bool) -> int:
    with News(run, deflate=deflate) as news:
        _, low, high = news.group(run.server.place)
        news.send(b"HDR Message-ID %d-%d\r\n" % (low, min(high, low + _IDS - 1)))
        news.expect(b"225")
        ids = _values(news)
        run.start()
        for message_id in random.Random(_SEED).choices(ids, k=run.count):
            news.send(b"ARTICLE %b\r\n" % message_id)
            news.article()
        run.stop()
    return run.count


def _connections(run: Run) -> int:
    for _ in range(run.count):
        with News(run) as news:
            news.group(run.server.place)
            news.send(b"QUIT\r\n")
            news.line()
    run.stop()
    return run.count


def _readers(run: Run) -> int:
    """Have each reader ask for the newest overviews and then for articles, all of them at the same time."""
    with ExitStack() as stack:
        readers = [stack.enter_context(News(run)) for _ in range(_READERS)]
        marks = [reader.group(run.server.place) for reader in readers]
        run.start()
        for reader, (_, low, high) in zip(readers, marks, strict=True):
            reader.send(b"OVER %d-%d\r\n" % (max(low, high - _NEWEST + 1), high))
        for reader in readers:
            reader.expect(b"224")
            reader.block()
        for step in range(_STEPS):
            for at, (reader, (_, low, high)) in enumerate(zip(readers, marks, strict=True)):
                reader.send(b"ARTICLE %d\r\n" % (high - (step * 7 + at) % (high - low + 1)))
            for reader in readers:
                reader.article()
        run.stop()
    return _READERS * (_STEPS + 1)
