"""Ingest: from a source's records to numbered, threaded, rendered messages; resumable at every batch.

Each batch is one transaction that ends with the source's cursor, so a run that is cut off anywhere is continued by the
same command. Without a cursor, or with one that no longer fits, everything is read again and only what is new is
added: a message already there is known by its Message-ID and by what its sender wrote.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from storage.errors import ArchiveUnavailable, IsTwin, NoSuchMessage, SourceError
from storage.material import Material
from storage.message.fields import parse_header
from storage.message.ids import derived_id, synthetic_id
from storage.message.same import alike, identity, same_mail
from storage.message.text import searchable
from storage.prepared import Here, derived_rows, prepare, render, ties_of
from storage.sources.base import Incoming, Rejected, Withdrawn
from storage.threads import Evidence, mended, place, uproot, withdraw
from storage.writer import NewMessage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from storage.message.fields import Header
    from storage.model import Entry, Rendition
    from storage.prepared import Prepared, Preparer, Renderer
    from storage.sources.base import Item, Source
    from storage.writer import ArchiveWriter, Batch, Incumbent

__all__ = [
    "Summary",
    "derive_again",
    "ingest",
    "place_again",
    "rerender",
    "store",
    "versions",
]

log = logging.getLogger(__name__)

BATCH_MESSAGES: Final = 1000
BATCH_OCTETS: Final = 8 << 20
BATCH_SECONDS: Final = 5.0
"""A batch ends at whichever comes first: the most that a crash costs is one batch of work."""

MAX_RENAMINGS: Final = 8
"""How often a mail whose id is taken gets another one: once, unless somebody has taken that on purpose."""


@dataclass(slots=True)
class Summary:
    """What became of a source's records.

    ``renamed`` counts those of the added that came under an id of their own, because another mail had theirs.
    ``improved`` are those that took the place of a poorer copy, ``withdrawn`` those that the source took back, and
    ``withheld`` those an operator removed before. ``rejected`` names what was no message.
    """

    read: int = 0
    added: int = 0
    duplicates: int = 0
    renamed: int = 0
    improved: int = 0
    withdrawn: int = 0
    withheld: int = 0
    octets: int = 0
    seconds: float = 0.0
    rejected: list[tuple[str, str]] = field(default_factory=list)


def versions(renderers: Iterable[Renderer]) -> dict[Rendition, int]:
    """Return the version of each renderer, as writers want them."""
    return {renderer.kind: renderer.version for renderer in renderers}


def ingest(
    writer: ArchiveWriter,
    name: str,
    source: Source,
    renderers: Sequence[Renderer],
    *,
    subject_window: int | None = None,
    clock: Callable[[], float] = time.time,
    progress: Callable[[int, Summary], None] | None = None,
    preparer: Preparer | None = None,
) -> Summary:
    """Add what is new in a source to a list, which is made if there is none and the source can be read.

    ``progress`` is called after each batch with the octets of the source read so far, and the summary. ``preparer`` does
    beforehand what it can; without one, all is done here.

    Raises:
        SourceError: the source cannot be read, or the list is a twin; what came before is kept.
        ArchiveUnavailable: the archive cannot be written; whole batches are kept.
    """
    started = clock()
    summary = Summary()
    preparer = preparer or Here()
    intake = _Intake(name, renderers, subject_window)
    batches = _batches(source.messages(writer.cursor(name, source.name)))
    for records, prepared in preparer.prepared(
        batches, clock, with_subject=subject_window is not None
    ):
        took = Summary()
        with writer.batch(clock) as batch:
            origin = batch.mailing_list(name).origin
            if origin:
                raise SourceError(f"{source.name}: {IsTwin(name, origin)}")
            for item, told in zip(records, prepared, strict=True):
                if isinstance(item, Incoming) and told is not None:
                    intake.store(batch, item, told, took)
                elif isinstance(item, Withdrawn) and told is not None:
                    intake.withdraw(batch, item, told, took)
            batch.set_cursor(name, source.name, records[-1].cursor)
        _add_up(summary, took, records)
        preparer.is_rendering = 2 * took.added >= took.read
        summary.seconds = clock() - started
        if progress is not None:
            progress(records[-1].progress, summary)
    if not writer.has(name):
        with writer.batch(clock) as batch:
            batch.mailing_list(name)
    summary.seconds = clock() - started
    return summary


def store(
    writer: ArchiveWriter,
    mails: Iterable[tuple[str, Incoming]],
    renderers: Sequence[Renderer],
    *,
    subject_window: int | None = None,
    clock: Callable[[], float] = time.time,
) -> list[Summary]:
    """Add mails, each to its list, in one transaction; return what became of each. A twin's are rejected.

    Raises:
        BadListName: a name can name no list; nothing is kept.
        ArchiveUnavailable: the archive cannot be written; nothing is kept.
    """
    now, with_subject = int(clock()), subject_window is not None
    prepared = [
        (name, incoming, prepare(incoming, now, with_subject=with_subject))
        for name, incoming in mails
    ]
    summaries: list[Summary] = []
    with writer.batch(clock) as batch:
        names = dict.fromkeys(name for name, *_ in prepared)
        origins = {name: batch.mailing_list(name).origin for name in names}
        for name, incoming, told in prepared:
            took = Summary(octets=len(incoming.raw))
            summaries.append(took)
            if origins[name]:
                took.rejected.append((incoming.position, str(IsTwin(name, origins[name]))))
                continue
            _Intake(name, renderers, subject_window).store(batch, incoming, told, took)
    return summaries


def rerender(writer: ArchiveWriter, renderers: Sequence[Renderer]) -> Iterator[int]:
    """Make anew the rows that other versions of the renderers made; yield how many, batch by batch.

    Each run of numbers is a transaction, so it can be cut off and continued. A message whose octets are damaged loses
    those rows: that one is for ``check`` to name, and the others go on.
    """
    for name, numbers in writer.outdated():
        with writer.batch() as batch:
            for number in numbers:
                try:
                    derive_again(batch, name, batch.entry(name, number), renderers)
                except NoSuchMessage:  # removed since they were counted
                    continue
                except ArchiveUnavailable as error:
                    log.warning("%s %d: %s", name, number, error)
                    batch.forgo(name, number)
        yield len(numbers)


def derive_again(batch: Batch, name: str, entry: Entry, renderers: Sequence[Renderer]) -> None:
    """Make a stored message's counts and rows anew from its octets.

    Raises:
        NoSuchMessage: the list has no such message.
        ArchiveUnavailable: its octets are damaged or lost.
    """
    material = Material.of(batch.served(name, entry.number), entry.sent, entry.received)
    rows = derived_rows(material, renderers)
    text = searchable(material.served.octets, material.structure)
    batch.rerender(name, entry.number, material.size, material.lines, rows, text=text)


def place_again(batch: Batch, name: str, entry: Entry) -> None:
    """Give a stored message its place in its thread anew; as its References are served, it stays.

    Raises:
        NoSuchMessage: the list has no such message.
    """
    header = parse_header(batch.raw(name, entry.number))
    sent_at = entry.received if entry.sent is None else entry.sent
    ties = ties_of(header, entry.message_id, sent_at, with_subject=False)
    forest = batch.forest(name)
    if ties.parent is not None:
        uproot(forest, entry.message_id)
    place(forest, ties, entry.number)


def named_parent(header: Header, own: bytes) -> bytes | None:
    """Return the parent that a message's References or In-Reply-To names, if they do."""
    return ties_of(header, own, 0, with_subject=False).parent


def _batches(records: Iterable[Item]) -> Iterator[list[Item]]:
    """Yield the records in runs of one transaction each, also those that came before a source failed."""
    run: list[Item] = []
    octets, began = 0, time.monotonic()
    try:
        for record in records:
            run.append(record)
            octets += 0 if isinstance(record, Rejected) else len(record.raw)
            if (
                len(run) >= BATCH_MESSAGES
                or octets >= BATCH_OCTETS
                or time.monotonic() - began >= BATCH_SECONDS
            ):
                yield run
                run, octets, began = [], 0, time.monotonic()
    except SourceError:
        if run:
            yield run
        raise
    if run:
        yield run


@dataclass(frozen=True, slots=True)
class _Intake:
    """How the messages of one run are stored."""

    name: str
    renderers: Sequence[Renderer]
    subject_window: int | None

    def store(self, batch: Batch, incoming: Incoming, told: Prepared, summary: Summary) -> None:
        """Add one message to the list, unless it is there or was removed; a better copy takes its place."""
        summary.read += 1
        own, holder, is_renamed = self._own_id(batch, incoming, told)
        if holder is None:
            number = batch.next_number(self.name)
            batch.add(self.name, self._message(batch, incoming, told, own, number))
            summary.added += 1
            summary.renamed += is_renamed
        elif holder.removed:
            summary.withheld += 1
        elif told.fidelity > holder.fidelity:
            forest = batch.forest(self.name)
            withdraw(forest, own)
            node = forest.node(own)
            if node is not None and node.evidence is not Evidence.MENTION:
                uproot(forest, own)  # what the poorer copy said of its place, not what others say
            message = self._message(batch, incoming, told, own, holder.number)
            batch.replace(self.name, holder.number, message)
            summary.improved += 1
        else:
            summary.duplicates += 1

    def withdraw(self, batch: Batch, gone: Withdrawn, told: Prepared, summary: Summary) -> None:
        """Remove a message that its source took back, if this very mail is there."""
        _, holder, _ = self._own_id(batch, gone, told)
        if holder is not None and not holder.removed:
            batch.remove(self.name, holder.number, withdrawn=told.digest)
            summary.withdrawn += 1

    def _own_id(
        self, batch: Batch, item: Incoming | Withdrawn, told: Prepared
    ) -> tuple[bytes, Incumbent | None, bool]:
        """Return a mail's Message-ID in the list, who holds it, and whether it is another than the mail has.

        The holder is this very mail, or None.
        """
        own = first = told.message_id or synthetic_id(identity(item.raw, told.header))
        holder = batch.incumbent(self.name, own, told.digest)
        vacant: bytes | None = None
        for _ in range(MAX_RENAMINGS):
            if holder is None or _same(batch, self.name, holder, item, told):
                break
            if holder.withdrawn and vacant is None:
                vacant = own  # unless it is there already, by the name that it had beside the other
            own = derived_id(own, identity(item.raw, told.header))
            holder = batch.incumbent(self.name, own, told.digest)
        if holder is None and vacant is not None:
            own = vacant
        return own, holder, own != first

    def _message(
        self, batch: Batch, incoming: Incoming, told: Prepared, own: bytes, number: int
    ) -> NewMessage:
        """Give a message its place in its thread, and make what it is served as."""
        forest = batch.forest(self.name)
        ties = replace(told.ties, message_id=own)
        node = place(forest, ties, number, subject_window=self.subject_window)
        new_references = mended(forest, node, told.visible, has_field=told.has_references)
        rendered = told.rendered
        if rendered is None or new_references is not None or own != told.message_id:
            rendered = render(incoming.raw, own, new_references, told, self.renderers)
        return NewMessage(
            message_id=own,
            raw=incoming.raw,
            digest=told.digest,
            head=rendered.head,
            plain=rendered.plain,
            dotted=rendered.dotted,
            sent=told.sent,
            received=told.received,
            size=rendered.size,
            lines=rendered.lines,
            rows=rendered.rows,
            terms=rendered.terms,
            fidelity=told.fidelity,
        )


def _same(
    batch: Batch, name: str, holder: Incumbent, item: Incoming | Withdrawn, told: Prepared
) -> bool:
    """Tell whether the holder of an id is this very mail, whatever way each of the two copies came."""
    if holder.digest == told.digest:
        return True
    if holder.removed:
        # An id that was removed stays empty: an edited copy must not undo a removal, but by its own source.
        return not holder.withdrawn
    held, raw = batch.raw(name, holder.number), item.raw
    if told.fidelity is holder.fidelity:
        return same_mail(held, raw)
    return alike(raw, held) if told.fidelity < holder.fidelity else alike(held, raw)


def _add_up(summary: Summary, took: Summary, records: Sequence[Item]) -> None:
    """Count a batch in, once it is kept."""
    summary.read += took.read
    summary.added += took.added
    summary.duplicates += took.duplicates
    summary.renamed += took.renamed
    summary.improved += took.improved
    summary.withdrawn += took.withdrawn
    summary.withheld += took.withheld
    summary.octets += sum(len(each.raw) for each in records if isinstance(each, Incoming))
    summary.rejected.extend(
        (each.position, each.why) for each in records if isinstance(each, Rejected)
    )
