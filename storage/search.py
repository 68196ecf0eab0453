"""Search: which messages of a list match a query, in ascending order, exactly; the index only narrows.

A list is searched by runs of ``RUN_NUMBERS`` numbers. Within a run a set of messages is a bitmap: bit 0 stands for the
run's first number. The query becomes a program for a stack of such sets, whose top are the messages still in question:
a condition takes from it those that do not match, so that what is cheap to tell is told first, and what is costly only
of what is left. Any nesting of AND, OR and NOT comes down to copying the top and to taking one set from another.
"""

from __future__ import annotations

import enum
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from storage.conditions import COLUMN, Condition, condition
from storage.query import And, Arrived, Not, Numbers, Or
from storage.runs import RUN_NUMBERS, Pace, Run, numbers_of, shown
from storage.verdicts import Remembering

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from storage.archive import Archive
    from storage.model import MailingList
    from storage.query import Query

__all__ = ["RUN_NUMBERS", "Looked", "newest", "search"]

FIRST_NUMBERS: Final = 1 << 6
"""How many numbers are looked at as one where the newest are wanted first; then what takes about ``AT_ONCE_SECONDS``."""

AT_ONCE_SECONDS: Final = 0.02


class _Move(enum.Enum):
    """A step that only moves sets on the stack."""

    COPY = enum.auto()
    TAKE_AWAY = enum.auto()


_Program = list[Condition | _Move]


class Looked(NamedTuple):
    """The numbers that match, descending, of all that are present from ``down_to`` up to those that were told before."""

    numbers: Sequence[int]
    down_to: int


def search(
    archive: Archive, name: str, query: Query, first: int, last: int
) -> AsyncIterator[Sequence[int]]:
    """Yield the numbers of the messages present in ``first <= number <= last`` that match, ascending, in batches.

    An empty batch is a pause: whoever iterates may let others have their turn. A message that is removed meanwhile may
    be told of or not.

    Raises:
        NoSuchList: no list is called ``name`` (raised by the call, not by the iteration).
    """
    record = archive.mailing_list(name)
    return _search(archive, record, query, max(first, record.low), min(last, record.high))


def newest(
    archive: Archive, name: str, query: Query, first: int, last: int
) -> AsyncIterator[Looked]:
    """Yield what matches like ``search``, but the highest numbers first, and no more than a few at a time.

    So whoever wants some of the newest is answered soon, and may stop. Each is told how far was looked.

    Raises:
        NoSuchList: no list is called ``name`` (raised by the call, not by the iteration).
    """
    record = archive.mailing_list(name)
    return _newest(archive, record, query, max(first, record.low), min(last, record.high))


async def _search(
    archive: Archive, record: MailingList, query: Query, first: int, last: int
) -> AsyncIterator[Sequence[int]]:
    program, _ = await _compiled(archive, record, query)
    pace = Pace()
    for start in range(first - first % RUN_NUMBERS, last + 1, RUN_NUMBERS):
        run = Run(archive, record.name, start, pace)
        end = min(last, start + RUN_NUMBERS - 1)
        run.bits = shown(record.present(max(first, start), end), start)
        async for _ in _narrowed(run, program):
            yield ()
        found = numbers_of(run.bits, start)
        if found or pace.is_due():
            yield found
            pace.rest()


async def _newest(
    archive: Archive, record: MailingList, query: Query, first: int, last: int
) -> AsyncIterator[Looked]:
    program, _ = await _compiled(archive, record, query)
    pace = Pace()
    some = FIRST_NUMBERS
    while last >= first:
        run = Run(archive, record.name, last - last % RUN_NUMBERS, pace)
        low = max(first, run.start)
        while last >= low:
            began = time.monotonic()
            start = max(low, last - some + 1)
            run.bits = shown(record.present(start, last), run.start)
            async for _ in _narrowed(run, program):
                yield Looked((), last + 1)
            yield Looked(numbers_of(run.bits, run.start)[::-1], start)
            pace.rest()
            is_quick = time.monotonic() - began < AT_ONCE_SECONDS
            some = min(2 * some, RUN_NUMBERS) if is_quick else max(some // 2, 1)
            last = start - 1


async def _narrowed(run: Run, program: _Program) -> AsyncIterator[None]:
    """Take from the run's bits those of messages that do not match; yield where a pause is due."""
    stack = [run.bits]
    for step in program:
        if step is _Move.COPY:
            stack.append(stack[-1])
        elif step is _Move.TAKE_AWAY:
            taken = stack.pop()
            stack[-1] &= ~taken
        elif stack[-1]:
            run.bits = stack[-1]
            async for _ in step.test(run):
                yield
            stack[-1] = run.bits
    run.bits = stack[0]


async def _compiled(archive: Archive, record: MailingList, query: Query) -> tuple[_Program, int]:
    """Return a query as a program, and what its costliest condition costs."""
    todo: list[tuple[Query, bool]] = [(query, False)]
    done: list[tuple[_Program, int]] = []
    while todo:
        node, is_ready = todo.pop()
        parts = _parts(node)
        if parts is None:
            if isinstance(node, Arrived):
                node = await _arrived(archive, record, node)
            single = _condition(node)
            done.append(([single], single.cost))
        elif is_ready:
            below = done[len(done) - len(parts) :]
            del done[len(done) - len(parts) :]
            done.append(_joined(node, below))
        else:
            todo.append((node, True))
            todo += [(part, False) for part in parts]
    return done[0]


def _condition(node: Query) -> Condition:
    """Return what tests a query that joins no others."""
    single = condition(node)
    return Remembering(single, node) if single.cost >= COLUMN else single


def _parts(node: Query) -> Sequence[Query] | None:
    """Return what a node joins, or None for a condition."""
    if isinstance(node, Not):
        return (node.part,)
    return node.parts if isinstance(node, And | Or) else None


def _joined(node: Query, parts: list[tuple[_Program, int]]) -> tuple[_Program, int]:
    """Return the program of a node from those of its parts, of which the cheap ones come first."""
    parts.sort(key=lambda part: part[1])
    cost = max((part[1] for part in parts), default=0)
    if isinstance(node, And):
        return [step for program, _ in parts for step in program], cost
    program: _Program = [_Move.COPY]
    for part, _ in parts:  # what is left when all parts have taken theirs matches none
        program += [_Move.COPY, *part, _Move.TAKE_AWAY] if isinstance(node, Or) else part
    return [*program, _Move.TAKE_AWAY], cost


async def _arrived(archive: Archive, record: MailingList, node: Arrived) -> Numbers:
    """Return the messages that arrived in a range of time: a run of numbers, as both rise together."""
    low, above = record.low, record.high + 1
    if node.since is not None:
        low = await archive.first_arrived(record.name, node.since)
    if node.before is not None:
        above = await archive.first_arrived(record.name, node.before)
    return Numbers(((low, above - 1),) if low < above else ())
