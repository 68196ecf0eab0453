"""Twins: a list pulled from another listgate with its numbers, revisions and threads, so that readers may use either.

Theory of operation. The origin tells what its list is now; that state is what the twin shows when the run is done, and
nothing before: whoever reads meanwhile sees it as it was. First come the new numbers, ascending and without a gap, in
batches that lie above what is shown; then the better copies of messages that are shown; at last, in one transaction,
what else changed, and the state. So a run may be cut off anywhere: the next one goes on behind the last batch. What
changes at the origin while a run lasts is of a later revision, and is left to the next run.

Nothing of what the origin sends is trusted: records are checked as they are read (``storage.replica``), and what would
not be served here is made anew (``storage.adopt``).
"""

from __future__ import annotations

import time
from array import array
from dataclasses import dataclass, field, replace
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING, Final

from gateway.mirror.connection import Connection
from gateway.mirror.failures import failed
from gateway.mirror.origin import Origin
from gateway.mirror.url import parse_url
from storage.adopt import adopt
from storage.ingest import BATCH_MESSAGES, BATCH_OCTETS, Summary
from storage.replica import (
    FORMAT,
    READABLE,
    BadReplica,
    Change,
    DayPlace,
    ListState,
    RecordBuffer,
    Replica,
    Rooted,
    Tombstone,
    render,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from gateway.mirror.url import PeerUrl
    from storage.errors import SourceError
    from storage.model import MailingList
    from storage.prepared import Renderer
    from storage.replica import Record
    from storage.writer import ArchiveWriter, Batch, Twin

__all__ = ["is_listgate", "replicate"]

SPOOL_OCTETS: Final = 16 << 20
"""How much of what is changed last is kept in memory."""

MAX_SPOOL: Final = 8 << 30
"""How much may be changed last: enough for the threads of fifty million messages."""

_CURSOR: Final = "twin"
"""Under which name the revision is kept that the origin had when a first run began."""

_PLACES: Final = "twin places"
"""Under which name it is kept that all places are the origin's, and none the twin's own."""

_OF_ORIGIN: Final = b"origin"


def is_listgate(capabilities: Mapping[bytes, tuple[bytes, ...]]) -> bool:
    """Tell whether a news server with these capabilities is a listgate that tells twins what they are to be."""
    return b"XTWIN" in capabilities


def replicate(
    writer: ArchiveWriter,
    name: str,
    url: str,
    renderers: Sequence[Renderer],
    *,
    subject_window: int | None = None,
    progress: Callable[[int, Summary], None] | None = None,
    connect: Callable[[PeerUrl], Connection] = lambda url: Connection(url, compress=False),
) -> Summary | None:
    """Bring a list to where its origin is; return None where it is not a twin's matter.

    That is so where the server is no listgate, or where the list has messages and is no twin: then a newsgroup is a
    source like others. ``progress`` is called after each batch with the octets that came, and the summary.

    Raises:
        SourceError: the origin cannot be reached, is another list than it was, or sends what is none.
        ArchiveUnavailable: the archive cannot be written; whole batches are kept.
    """
    origin = parse_url(url)
    record = _record(writer, name)
    if record is not None and record.high and not record.origin:
        return None
    with connect(origin) as connection:
        if is_listgate(connection.capabilities):
            formats = connection.capabilities[b"XTWIN"]
            if not any(b"%d" % each in formats for each in READABLE):
                raise failed(
                    origin, "a listgate of another version", "use the same version on both hosts"
                )
            has_places = b"%d" % FORMAT in formats
            run = _Run(
                writer, name, Origin(connection), has_places, renderers, subject_window, progress
            )
            try:
                return run.run(record)
            except BadReplica as error:
                remedy = "use the same version of listgate on both hosts, or check the origin"
                raise failed(origin, f"it sent what is no list ({error})", remedy) from error
    if record is not None and record.origin:
        remedy = f"wait, or make it a list of its own: listgate mirror remove {name} {origin.shown}"
        raise failed(origin, "no listgate any more, or one that tells no twins", remedy)
    return None


def _record(writer: ArchiveWriter, name: str) -> MailingList | None:
    """Return the list, if there is one."""
    if not writer.has(name):
        return None
    with writer.batch() as batch:
        return batch.mailing_list(name)


@dataclass(slots=True)
class _Run:
    """One run: from what the twin has to what the origin was when the run began."""

    writer: ArchiveWriter
    name: str
    origin: Origin
    has_places: bool
    renderers: Sequence[Renderer]
    subject_window: int | None
    progress: Callable[[int, Summary], None] | None
    summary: Summary = field(default_factory=Summary)
    began: float = field(default_factory=time.monotonic)

    def run(self, record: MailingList | None) -> Summary:
        """Do all of it."""
        state = self.origin.state()
        cursor = self.writer.cursor(self.name, _CURSOR)
        if record is not None and record.origin:
            is_behind = self._compare(record, state)
            is_settled = not cursor and _is_same(record, state) and not self._wants_places()
            if is_behind or is_settled:
                return self._done()
        record, following = self._begin(state)
        is_first = record.revision == 0
        since = int(cursor or b"%d" % state.revision) if is_first else record.revision
        if is_first and not cursor:
            with self.writer.batch() as batch:
                batch.set_cursor(self.name, _CURSOR, b"%d" % since)
        self._take_numbers(following, state)
        with SpooledTemporaryFile(SPOOL_OCTETS) as spool:
            self._take_changes(state, since, following - 1, spool)
            for nodes in self.origin.nodes(-1 if is_first else since, since, state.revision):
                _spool(nodes, spool)
            for places in self.origin.places(state.high) if self._wants_places() else ():
                _spool(places, spool)
            self._settle(state, spool)
        return self._done()

    def _wants_places(self) -> bool:
        """Tell whether the origin tells places, and the list has some that it gave by itself."""
        return self.has_places and self.writer.cursor(self.name, _PLACES) != _OF_ORIGIN

    def _done(self) -> Summary:
        self.summary.seconds = time.monotonic() - self.began
        return self.summary

    def _compare(self, record: MailingList, state: ListState) -> bool:
        """Make sure that the origin is the list that it was; tell whether it is behind its twin.

        That may be where this is not what the list was pulled from last, but a twin of that.

        Raises:
            SourceError: it is another list, or has less than before.
        """
        url = self.origin.url
        remedy = (
            f"see what happened there; to begin anew, mirror it under another name than {self.name}"
        )
        if (record.validity, record.created) != (state.validity, state.created):
            why = f"its numbers are others than they were (UIDVALIDITY {state.validity}, not {record.validity})"
            raise failed(url, why, remedy)
        is_behind = state.revision < record.revision or state.high < record.high
        if is_behind and record.origin == url.shown:
            raise failed(url, "it has less than its twin, as if restored from a backup", remedy)
        return is_behind

    def _begin(self, state: ListState) -> tuple[MailingList, int]:
        """Make the list a twin; return it, and the number that it goes on with.

        Raises:
            NotEmpty: it got messages of its own meanwhile.
        """
        with self.writer.batch() as batch:
            is_new = not batch.mailing_list(self.name).origin
            twin = self._twin(batch)
            if is_new:
                twin.settle(replace(state, high=0, revision=0))
                batch.set_cursor(self.name, _PLACES, _OF_ORIGIN if self.has_places else b"")
            return batch.mailing_list(self.name), twin.next_number

    # What is new

    def _take_numbers(self, number: int, state: ListState) -> None:
        """Store the messages and tombstones from a number to the state's last."""
        pending: list[Replica | Tombstone] = []
        octets = 0
        for record in self.origin.numbers(number, state.high):
            pending.append(replace(record, revision=min(record.revision, state.revision)))
            octets += len(record.raw) if isinstance(record, Replica) else 0
            if len(pending) >= BATCH_MESSAGES or octets >= BATCH_OCTETS:
                self._store(pending)
                pending, octets = [], 0
        self._store(pending)

    def _store(self, records: Sequence[Replica | Tombstone]) -> None:
        """Store messages and tombstones under the next numbers."""
        if not records:
            return
        took = Summary()
        with self.writer.batch() as batch:
            twin = self._twin(batch)
            if twin.next_number != records[0].number:
                raise self._overtaken()
            for record in records:
                took.read += 1
                if isinstance(record, Tombstone):
                    twin.bury(record)
                    continue
                self._adopt(batch, twin, record)
                took.added += 1
                took.octets += len(record.raw)
        self._report(took)

    def _overtaken(self) -> SourceError:
        """Return the error that says so: another run, from another host, brought the list further."""
        why = f"{self.name} was pulled from elsewhere at the same time"
        return failed(self.origin.url, why, "nothing is lost; run it again")

    def _twin(self, batch: Batch) -> Twin:
        return batch.twin(self.name, self.origin.url.shown)

    def _adopt(self, batch: Batch, twin: Twin, replica: Replica) -> None:
        adopt(batch, twin, self.name, replica, self.renderers, subject_window=self.subject_window)

    def _report(self, took: Summary) -> None:
        """Count a batch in, once it is kept."""
        self.summary.read += took.read
        self.summary.added += took.added
        self.summary.improved += took.improved
        self.summary.withdrawn += took.withdrawn
        self.summary.octets += took.octets
        self.summary.seconds = time.monotonic() - self.began
        if self.progress is not None:
            self.progress(self.origin.received, self.summary)

    # What changed

    def _take_changes(self, state: ListState, since: int, last: int, spool: IO[bytes]) -> None:
        """Take over better copies of what was stored before this run; spool what else became of it."""
        if last < 1 or since >= state.revision:
            return
        wanted = array("I")
        for changes in self.origin.changes(since, state.revision, last):
            _spool([each for each in changes if isinstance(each, Tombstone)], spool)
            with self.writer.batch() as batch:
                twin = self._twin(batch)
                for change in changes:
                    kept = twin.kept(change.number)
                    if isinstance(change, Tombstone) or kept is None:
                        continue
                    if (kept.digest, kept.fidelity) != (change.digest, change.fidelity):
                        wanted.append(change.number)
                    if kept.revision != change.revision:
                        _spool([change], spool)
        self._improve(sorted(wanted))

    def _improve(self, numbers: Sequence[int]) -> None:
        """Put the origin's copies in the place of those that are there."""
        pending: list[Replica] = []
        octets = 0
        for replica in self.origin.copies(numbers):
            pending.append(replica)
            octets += len(replica.raw)
            if len(pending) >= BATCH_MESSAGES or octets >= BATCH_OCTETS:
                self._put_in_place(pending)
                pending, octets = [], 0
        self._put_in_place(pending)

    def _put_in_place(self, replicas: Sequence[Replica]) -> None:
        if not replicas:
            return
        with self.writer.batch() as batch:
            twin = self._twin(batch)
            for replica in replicas:
                self._adopt(batch, twin, replica)
        octets = sum(len(replica.raw) for replica in replicas)
        self._report(Summary(read=len(replicas), improved=len(replicas), octets=octets))

    def _settle(self, state: ListState, spool: IO[bytes]) -> None:
        """Bring the twin to where the origin was, at once."""
        took, wants_places = Summary(), self._wants_places()
        with self.writer.batch() as batch:
            twin = self._twin(batch)
            if batch.mailing_list(self.name).revision > state.revision:
                raise self._overtaken()
            for record in _unspooled(spool):
                if isinstance(record, Tombstone):
                    took.withdrawn += twin.kept(record.number) is not None
                    twin.bury(record)
                elif isinstance(record, Change):
                    twin.restamp(record.number, record.revision)
                elif isinstance(record, Rooted):
                    twin.plant(record)
            if wants_places:
                twin.put_places(each for each in _unspooled(spool) if isinstance(each, DayPlace))
            twin.settle(state)
            batch.set_cursor(self.name, _CURSOR, b"")
            batch.set_cursor(self.name, _PLACES, _OF_ORIGIN if self.has_places else b"")
        self._report(took)


def _is_same(record: MailingList, state: ListState) -> bool:
    """Tell whether a list is what its origin is already."""
    mine = record.description, record.address, record.high, record.revision
    return mine == (state.description, state.address, state.high, state.revision)


def _spool(records: Sequence[Record], spool: IO[bytes]) -> None:
    """Keep records for later."""
    spool.write(b"".join(map(render, records)))
    if spool.tell() > MAX_SPOOL:
        raise BadReplica(f"more than {MAX_SPOOL} octets of changes")


def _unspooled(spool: IO[bytes]) -> Iterator[Record]:
    spool.seek(0)
    buffer = RecordBuffer()
    while data := spool.read(1 << 20):
        yield from buffer.feed(data)
    buffer.close()
