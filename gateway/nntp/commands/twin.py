"""XTWIN: what another listgate asks to keep a list with the same numbers. Our own (RFC 3977 s. 3.3.3).

Every answer is a block of records (``storage.replica``, ``gateway.nntp.records``). The first tells what the list is now, the
last is a mark: where the next question goes on, because an answer ends when it is long.

``XTWIN group``
    What the list is.
``XTWIN group MESSAGES first last``
    Each number of a range: a message or a tombstone. The mark's key is the number behind the last one told.
``XTWIN group CHANGES until revision number last``
    Which numbers up to ``last`` changed, behind a revision and number and up to a revision. All was told if the mark's
    revision is greater than that.
``XTWIN group PLACES first``
    The days and places of the numbers from one on. The mark's key is the number behind the last one told.
``XTWIN group NODES until revision key since``
    Which nodes of the forest changed, likewise; up to the revision ``since`` only those that are no messages.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from gateway.nntp.records import RecordWriter
from gateway.nntp.registry import command
from gateway.nntp.responses import END, NntpError, status
from storage.replica import FORMAT, ListState, Mark, Replica

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from gateway.nntp.session import Session
    from storage.model import MailingList
    from storage.replica import Record

MOST_OCTETS: Final = 8 << 20
"""Octets of records after which an answer ends, as far as they are what it is about."""

MOST_RECORDS: Final = 20_000

_AT_ONCE: Final = 1024
"""Rows looked at between two pauses."""

_FOLLOWS: Final = 280
_INTEGER: Final = re.compile(rb"-?[0-9]{1,18}")
_USAGE: Final = b"XTWIN newsgroup [MESSAGES|CHANGES|PLACES|NODES number...]"


@command(_USAGE, range(1, 7), label=b"XTWIN %d" % FORMAT)
async def twin(session: Session, arguments: Sequence[bytes]) -> AsyncIterator[bytes]:
    """Tell a twin of a list what it is to be."""
    keyword = arguments[1].upper() if len(arguments) > 1 else b""
    if keyword not in _ANSWERS or not all(map(_INTEGER.fullmatch, arguments[2:])):
        raise NntpError(501, f"syntax: {_USAGE.decode()}")
    numbers = [int(argument) for argument in arguments[2:]]
    count, answer = _ANSWERS[keyword]
    if len(numbers) != count:
        raise NntpError(501, f"{keyword.decode()} takes {count} numbers")
    found = session.mailing_list(arguments[0].decode())
    writer = RecordWriter()
    yield status(_FOLLOWS, "records follow")
    for piece in writer.write(_state(found)):
        yield piece
    async for record in answer(session, found, numbers):
        if record is None:
            yield b""
            continue
        for piece in writer.write(record):
            yield piece
    yield writer.end() + END


async def _nothing(
    session: Session, found: MailingList, numbers: Sequence[int]
) -> AsyncIterator[Record | None]:
    yield Mark(0, 0)


async def _messages(
    session: Session, found: MailingList, numbers: Sequence[int]
) -> AsyncIterator[Record | None]:
    first, last = numbers
    number = first - 1
    octets = 0
    async for record in session.archive.replicas(found.name, first, last):
        yield record
        number = record.number
        octets += len(record.raw) if isinstance(record, Replica) else 0
        if octets > MOST_OCTETS or number >= first + MOST_RECORDS:
            break
    yield Mark(0, max(number + 1, 0))


async def _changes(
    session: Session, found: MailingList, numbers: Sequence[int]
) -> AsyncIterator[Record | None]:
    until, revision, key, last = numbers
    mark, told = Mark(revision, key), 0
    while told < MOST_RECORDS:
        records = await session.archive.changes(found.name, mark, until, _AT_ONCE)
        for record in records:
            mark = Mark(record.revision, record.number)
            if record.number <= last:
                told += 1
                yield record
        if len(records) < _AT_ONCE:
            mark = Mark(max(until, 0) + 1, 0)
            break
        yield None
    yield mark


async def _places(
    session: Session, found: MailingList, numbers: Sequence[int]
) -> AsyncIterator[Record | None]:
    (first,) = numbers
    last = first + MOST_RECORDS
    while first < last:
        records = await session.archive.places(found.name, first, _AT_ONCE)
        for record in records:
            yield record
            first = record.number + 1
        if len(records) < _AT_ONCE:
            first = max(first, found.high + 1)
            break
        yield None
    yield Mark(0, max(first, 0))


async def _nodes(
    session: Session, found: MailingList, numbers: Sequence[int]
) -> AsyncIterator[Record | None]:
    until, revision, key, since = numbers
    mark, told = Mark(revision, key), 0
    while told < MOST_RECORDS:
        records = await session.archive.rooted(found.name, mark, until, _AT_ONCE)
        for record in records:
            mark = Mark(record.revision, record.key)
            if record.revision > since or record.node.number is None:
                told += 1
                yield record
        if len(records) < _AT_ONCE:
            mark = Mark(max(until, 0) + 1, 0)
            break
        yield None
    yield mark


class _Answer(NamedTuple):
    """How many numbers a question has, and what tells the records to answer it with, None for a pause."""

    numbers: int
    records: Callable[[Session, MailingList, Sequence[int]], AsyncIterator[Record | None]]


_ANSWERS: Final = {
    b"": _Answer(0, _nothing),
    b"MESSAGES": _Answer(2, _messages),
    b"CHANGES": _Answer(4, _changes),
    b"PLACES": _Answer(1, _places),
    b"NODES": _Answer(4, _nodes),
}


def _state(record: MailingList) -> ListState:
    return ListState(
        record.name,
        record.description,
        record.address,
        record.validity,
        record.created,
        record.high,
        record.revision,
    )
