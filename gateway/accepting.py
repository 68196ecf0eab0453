"""Storing what is handed in: any number of mails in one transaction, and the acceptor that does so at once, for tests and tools."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from gateway.acceptance import Outcome
from storage.errors import ArchiveUnavailable, BadListName
from storage.ingest import store
from storage.model import check_list_name
from storage.sources.base import Incoming
from storage.sources.content import refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from storage.ingest import Summary
    from storage.prepared import Renderer
    from storage.writer import ArchiveWriter

__all__ = ["Handed", "WriterAcceptor", "store_group"]

MAX_FAILURES: Final = 2
"""After so many failures in succession no more mails of a group are tried."""

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
        (outcomes,) = store_group(
            self._writer, [Handed(names, raw)], self._renderers, self._subject_window, self._clock
        )
        return outcomes

    def pending(self) -> int:
        return 0


def store_group(
    writer: ArchiveWriter,
    group: Sequence[Handed],
    renderers: Sequence[Renderer],
    subject_window: int | None = None,
    clock: Callable[[], float] = time.time,
) -> Sequence[Mapping[str, Outcome]]:
    """Store mails in one transaction; return what became of each in each of its lists.

    Where that fails they are tried one by one, so that a mail that cannot be stored keeps no other from it; but when two
    in succession fail, it is the archive that cannot be written, and the rest is not tried.
    """

    def attempt(some: Sequence[Handed]) -> list[dict[str, Outcome]] | None:
        try:
            return _stored(writer, some, renderers, subject_window, clock)
        except ArchiveUnavailable as error:
            log.warning("%s; what was handed in is not stored", error)
        except Exception:  # whatever a mail does must not end the taking of others
            log.exception("mail that was handed in cannot be stored")
        return None

    outcomes = attempt(group)
    if outcomes is not None:
        return outcomes
    each_alone: list[dict[str, Outcome]] = []
    failures = 0
    for one in group:
        alone = attempt([one]) if len(group) > 1 and failures < MAX_FAILURES else None
        failures = failures + 1 if alone is None else 0
        each_alone += alone or [dict.fromkeys(one.names, Outcome.UNAVAILABLE)]
    return each_alone


def _stored(
    writer: ArchiveWriter,
    group: Sequence[Handed],
    renderers: Sequence[Renderer],
    subject_window: int | None,
    clock: Callable[[], float],
) -> list[dict[str, Outcome]]:
    """Store mails in one transaction.

    Raises:
        ArchiveUnavailable: it cannot be written; nothing is stored.
    """
    outcomes = [dict.fromkeys(each.names, Outcome.REFUSED) for each in group]
    places: list[tuple[dict[str, Outcome], str]] = []
    mails: list[tuple[str, Incoming]] = []
    for each, of in zip(group, outcomes, strict=True):
        if not refusal(each.raw):
            incoming = Incoming(each.raw, None, "handed in", b"", 0)
            names = [name for name in of if _is_list_name(name)]
            places += [(of, name) for name in names]
            mails += [(name, incoming) for name in names]
    if mails:
        summaries = store(writer, mails, renderers, subject_window=subject_window, clock=clock)
        for (of, name), summary in zip(places, summaries, strict=True):
            of[name] = _outcome(summary)
    return outcomes


def _is_list_name(name: str) -> bool:
    try:
        check_list_name(name)
    except BadListName:
        return False
    return True


def _outcome(summary: Summary) -> Outcome:
    if summary.added:
        return Outcome.ADDED
    if summary.rejected:
        return Outcome.REFUSED
    return Outcome.WITHHELD if summary.withheld else Outcome.KNOWN
