"""An archive with lists that have addresses, and sessions that store in it."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from gateway.accepting import WriterAcceptor
from gateway.lmtp import Recipients, Session, Settings
from gateway.renderers import RENDERERS
from storage.errors import ArchiveUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from storage.writer import ArchiveWriter, Batch
    from tests.mail import Engine

HOST: Final = b"mail.x.example"
ADDRESSES: Final = {"Talk@Lists.example": "lists.alpha", "new@lists.example": "lists.new"}


class Wary:
    """A writer whose disk may be full."""

    def __init__(self, writer: ArchiveWriter) -> None:
        self.is_full = False
        self.writer = writer
        self.batches = 0

    @contextmanager
    def batch(self, clock: Callable[[], float] = time.time) -> Iterator[Batch]:
        self.batches += 1
        with self.writer.batch(clock) as batch:
            yield batch
            if self.is_full:
                raise ArchiveUnavailable("the disk is full")


class World:
    """Lists ``lists.alpha``, ``lists.Beta`` and ``lists.c++``, the first two with posting addresses; ``lists.twin`` is one."""

    def __init__(self, engine: Engine) -> None:
        self.writer = Wary(engine.writer())
        with self.writer.writer.batch() as batch:
            for name in ("lists.alpha", "lists.Beta", "lists.c++"):
                batch.mailing_list(name)
            batch.describe("lists.alpha", address="alpha@x.example")
            batch.describe("lists.Beta", address="Beta+list@x.example")
            batch.twin("lists.twin", "nntp://origin.x.example/lists.twin")
        self.archive = engine.archive()
        self.recipients = Recipients(self.archive, ADDRESSES)

    def session(self, settings: Settings | None = None) -> Session:
        """Return a session."""
        acceptor = WriterAcceptor(self.writer, RENDERERS)  # type: ignore[arg-type]  # as much of one as is asked for
        return Session(acceptor, self.recipients, settings or Settings(HOST))

    def remove(self, name: str, number: int) -> None:
        """Remove a message."""
        with self.writer.writer.batch() as batch:
            batch.remove(name, number)
