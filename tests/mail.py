"""Made-up mail, and sources and archives to put it in."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeVar

from gateway.renderers import RENDERERS
from storage.ingest import Summary, ingest, versions
from storage.memory import MemoryArchive, MemoryWriter
from storage.sources.base import Incoming, Rejected
from storage.sqlite import SqliteArchive, SqliteWriter

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable, Iterator, Sequence
    from pathlib import Path

    from storage.archive import Archive
    from storage.sources.base import Item, Source
    from storage.writer import ArchiveWriter

T = TypeVar("T")

NOW = 1_700_000_000


def mail(
    own: str | None,
    *fields: str,
    answers: str | None = None,
    body: str = "Text.\n",
    subject: str = "Topic",
    date: str = "Thu, 1 Jan 2004 12:00:00 +0000",
) -> bytes:
    """Return a message: ``own`` and ``answers`` are left parts of Message-IDs at ``x.example``."""
    lines = ["From: A <a@x.example>", f"Subject: {subject}", f"Date: {date}"]
    if own is not None:
        lines.append(f"Message-ID: <{own}@x.example>")
    if answers is not None:
        lines.append(f"References: <{answers}@x.example>")
    return "\n".join([*lines, *fields, "", body]).encode()


@dataclass(slots=True)
class Given:
    """A source that has what it is given; its cursor counts."""

    mails: list[bytes] = field(default_factory=list)
    name: str = "given"
    received: int | None = None

    @property
    def size(self) -> int:
        return len(self.mails)

    def messages(self, after: bytes) -> Iterator[Incoming | Rejected]:
        start = int(after or b"0")
        for at, raw in enumerate(self.mails[start:], start + 1):
            cursor = b"%d" % at
            if raw:
                yield Incoming(raw, self.received, f"given, {at}", cursor, at)
            else:
                yield Rejected(f"given, {at}", "empty", cursor, at)

    def changed(self, after: bytes) -> bool:
        return int(after or b"0") < len(self.mails)

    def suggested_name(self) -> str | None:
        return None


@dataclass(slots=True)
class Items:
    """A source that yields what it is given."""

    items: Sequence[Item]
    name: str
    size: int | None = None

    def messages(self, after: bytes) -> Iterator[Item]:
        assert after == b""
        yield from self.items

    def changed(self, after: bytes) -> bool:
        return not after

    def suggested_name(self) -> str | None:
        return None


class Engine(Protocol):
    """One kind of archive, empty at first."""

    def writer(self) -> ArchiveWriter: ...

    def archive(self) -> Archive: ...


class MemoryEngine:
    """The archive in memory."""

    def __init__(self) -> None:
        self._archive = MemoryArchive()

    def writer(self) -> ArchiveWriter:
        return MemoryWriter(self._archive, versions(RENDERERS))

    def archive(self) -> Archive:
        self._archive.refresh()
        return self._archive


class SqliteEngine:
    """The archive in a directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._opened: list[ArchiveWriter | Archive] = []

    def writer(self) -> ArchiveWriter:
        writer = SqliteWriter(self.directory, versions(RENDERERS))
        self._opened.append(writer)
        return writer

    def archive(self) -> Archive:
        archive = SqliteArchive(self.directory)
        self._opened.append(archive)
        return archive

    def close(self) -> None:
        for each in self._opened:
            each.close()


def fill(writer: ArchiveWriter, name: str, mails: Iterable[bytes], *, now: int = NOW) -> Summary:
    """Ingest mails into a list."""
    return take(writer, name, Given(list(mails), name=f"given {now}"), now=now)


def take(writer: ArchiveWriter, name: str, source: Source, *, now: int = NOW) -> Summary:
    """Ingest a source into a list."""
    return ingest(writer, name, source, RENDERERS, clock=lambda: now)


def done(coroutine: Coroutine[object, object, T]) -> T:
    """Return what a coroutine of an embedded engine returns; it must not suspend."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    raise AssertionError("an embedded archive suspended")


def gathered(iterator: object) -> list[object]:
    """Return all that an asynchronous iterator yields."""

    async def gather() -> list[object]:
        return [each async for each in iterator]  # type: ignore[attr-defined]  # any of them

    return asyncio.run(gather())
