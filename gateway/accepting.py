"""Storing what is handed in: any number of mails in one transaction, and the acceptor that does so at once, for tests and tools."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, NamedTuple

from gateway.acceptance import Outcome
from storage.errors import ArchiveUnavailable, BadListName
from storage.ingest import ingest
from storage.model import check_list_name
from storage.sources.base import Incoming
from storage.sources.content import refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from storage.ingest import Renderer
    from storage.writer import ArchiveWriter

__all__ = ["Handed", "WriterAcceptor", "store"]

log = logging.getLogger(__name__)


class Handed(NamedTuple):
    """A mail, and the lists that it is for."""

    names: Sequence[str]
    raw: bytes


class WriterAcceptor:
    """Stores each mail at once, in the caller's thread; see ``gateway.acceptance.Acceptor``."""

    def __init__(
        self,
        writer: ArchiveWriter,
        renderers: Sequence[Renderer],
        *,
        subject_window: int | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._writer = writer
        self._renderers = renderers
        self._subject_window = subject_window
        self._clock = clock

    async def accept(self, names: Sequence[str], raw: bytes) -> Mapping[str, Outcome]:
        return store(
            self._writer, Handed(names, raw), self._renderers, self._subject_window, self._clock
        )

    def pending(self) -> int:
        return 0


def store(
    writer: ArchiveWriter,
    handed: Handed,
    renderers: Sequence[Renderer],
    subject_window: int | None,
    clock: Callable[[], float],
) -> Mapping[str, Outcome]:
    """Store a mail in its lists; return what became of it in each."""
    outcomes: dict[str, Outcome] = {}
    for name in dict.fromkeys(handed.names):
        try:
            check_list_name(name)
            if refusal(handed.raw):
                outcomes[name] = Outcome.REFUSED
                continue
            summary = ingest(
                writer,
                name,
                _One(handed.raw),
                renderers,
                subject_window=subject_window,
                clock=clock,
            )
        except BadListName:
            outcomes[name] = Outcome.REFUSED
        except ArchiveUnavailable as error:
            log.warning("%s", error)
            outcomes[name] = Outcome.UNAVAILABLE
        else:
            outcomes[name] = (
                Outcome.ADDED
                if summary.added
                else Outcome.WITHHELD
                if summary.withheld
                else Outcome.KNOWN
            )
    return outcomes


class _One(NamedTuple):
    """A source of one mail, always new."""

    raw: bytes
    name: str = "handed in"
    size: int | None = None

    def messages(self, after: bytes) -> Iterator[Incoming]:  # noqa: ARG002 - there is no cursor
        yield Incoming(self.raw, None, self.name, b"", 0)

    def changed(self, after: bytes) -> bool:  # noqa: ARG002 - there is no cursor
        return True

    def suggested_name(self) -> str | None:
        return None
