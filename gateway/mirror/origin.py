"""The origin of a twin, asked over the network: what its list is, message by message and change by change.

An answer may end early; what is missing then is asked for again. Nothing of an answer is trusted.
"""

from __future__ import annotations

from array import array
from collections import deque
from typing import TYPE_CHECKING, Final

from gateway.mirror.failures import failed
from gateway.mirror.nntp_client import Request
from gateway.nntp.records import read_records
from storage.model import MAX_NUMBER
from storage.replica import (
    BadReplica,
    Change,
    DayPlace,
    ListState,
    Mark,
    Replica,
    Rooted,
    Tombstone,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from gateway.mirror.connection import Connection
    from gateway.mirror.nntp_client import Response
    from storage.replica import Record

__all__ = ["Origin"]

WINDOW: Final = 4
"""Questions on their way at a time."""

COPIES_WINDOW: Final = 32
"""Likewise where each is about few messages, better copies that lie far from each other."""

STEP: Final = 256
"""Numbers asked for at a time, as long as their messages are not large."""

_LAST_KEY: Final = 10**18 - 1
_FOLLOWS: Final = 280
_NO_GROUP: Final = 411
_LOGIN: Final = 480


class Origin:
    """A list of another listgate, named by the URL of a connection.

    Every method raises ``SourceError`` where the server cannot be reached or refuses, and ``BadReplica`` where it says
    what is no answer, or is of another list than before.
    """

    def __init__(self, connection: Connection) -> None:
        self.url = connection.url
        self._connection = connection
        self._validity: int | None = None

    @property
    def received(self) -> int:
        """How many octets came so far."""
        return self._connection.received

    def state(self) -> ListState:
        """Return what the list is now."""
        ((state, *_),) = self._answers([b""])
        assert isinstance(state, ListState)
        self._validity = state.validity
        return state

    def numbers(self, number: int, high: int) -> Iterator[Replica | Tombstone]:
        """Yield what there is of each number up to ``high``; an answer that ends early makes the next ones shorter."""
        step = STEP
        while number <= high:
            asked: deque[int] = deque()
            before = number
            for records in self._answers(_ranges(number, high, step, asked)):
                last = asked.popleft()
                for record in records[1:-1]:
                    if not isinstance(record, Replica | Tombstone) or record.number != number:
                        raise BadReplica(f"not number {number}")
                    yield record
                    number += 1
                if number <= last:
                    break
            for _ in self._answers(()):  # what is on its way still
                pass
            if number == before:
                raise BadReplica("an answer that leads nowhere")
            step = max(step // 2, 1)

    def copies(self, numbers: Sequence[int]) -> Iterator[Replica]:
        """Yield the messages with these numbers, but for those that were removed since: the next run is told of them."""
        while numbers:
            runs, left = list(_runs(numbers)), array("I")
            questions = (b"MESSAGES %d %d" % (run[0], run[-1]) for run in runs)
            for run, records in zip(runs, self._answers(questions, COPIES_WINDOW), strict=True):
                told = records[1:-1]
                if not told or len(told) > len(run):
                    raise BadReplica("an answer that leads nowhere")
                for number, record in zip(run, told, strict=False):
                    if not isinstance(record, Replica | Tombstone) or record.number != number:
                        raise BadReplica(f"not number {number}")
                    if isinstance(record, Replica):
                        yield record
                left.extend(run[len(told) :])  # of an answer that ended early
            numbers = left

    def changes(self, since: int, until: int, last: int) -> Iterator[Sequence[Change | Tombstone]]:
        """Yield which of the numbers up to ``last`` changed, after one revision and up to another."""
        question = b"CHANGES %d %%d %%d %d" % (until, last)
        for records in self._behind(question, Mark(since, MAX_NUMBER), until):
            found = [each for each in records if isinstance(each, Change | Tombstone)]
            if len(found) < len(records) or any(each.number > last for each in found):
                raise BadReplica("not a change that was asked for")
            yield found

    def places(self, high: int) -> Iterator[Sequence[DayPlace]]:
        """Yield the days and places of the numbers up to ``high``, ascending."""
        number = 1
        while number <= high:
            ((_, *records, mark),) = self._answers([b"PLACES %d" % number])
            assert isinstance(mark, Mark)
            found = [each for each in records if isinstance(each, DayPlace)]
            if len(found) < len(records) or mark.key <= number:
                raise BadReplica("an answer that leads nowhere")
            for each in found:
                if not number <= each.number < mark.key:
                    raise BadReplica(f"not the place of {number} or a later one")
                number = each.number + 1
            yield found
            number = mark.key

    def nodes(self, ghosts: int, since: int, until: int) -> Iterator[Sequence[Rooted]]:
        """Yield the nodes that changed after a revision, and those without a message that did after ``ghosts``."""
        question = b"NODES %d %%d %%d %d" % (until, since)
        for records in self._behind(question, Mark(ghosts, _LAST_KEY), until):
            found = [each for each in records if isinstance(each, Rooted)]
            if len(found) < len(records):
                raise BadReplica("not a node")
            yield found

    def _behind(self, question: bytes, mark: Mark, until: int) -> Iterator[Sequence[Record]]:
        """Ask behind a mark, and behind the one that the answer ends with, until all is told; yield what is.

        Raises:
            BadReplica: the marks do not ascend.
        """
        while mark.revision <= until:
            ((_, *records, reached),) = self._answers([question % (mark.revision, mark.key)])
            assert isinstance(reached, Mark)
            if (reached.revision, reached.key) <= (mark.revision, mark.key):
                raise BadReplica("an answer that leads nowhere")
            mark = reached
            yield records

    def _answers(
        self, questions: Iterable[bytes], window: int = WINDOW
    ) -> Iterator[Sequence[Record]]:
        """Yield the records that answer each question: a state first, a mark last."""
        group = self.url.path.encode()
        requests = (
            Request(
                b"XTWIN %b %b" % (group, question) if question else b"XTWIN " + group,
                multiline=frozenset({_FOLLOWS}),
            )
            for question in questions
        )
        for response in self._connection.run(requests, window):
            yield self._checked(response)

    def _checked(self, response: Response) -> Sequence[Record]:
        url = self.url
        if response.code == _NO_GROUP:
            raise failed(url, "it has no such list", "check the list's name in the URL")
        if response.code == _LOGIN:
            raise failed(url, "it wants a login", "put user:password@ in front of the host")
        if response.too_large:
            raise failed(
                url, "a message is too large to be sent", "look for it in the origin's log"
            )
        if response.code != _FOLLOWS or response.body is None:
            raise failed(url, f"it refuses: {response.shown}", "run it again later")
        records = list(read_records(response.body))
        if len(records) < 2 or not isinstance(records[-1], Mark):
            raise BadReplica("an answer without an end")
        state = records[0]
        if not isinstance(state, ListState):
            raise BadReplica("an answer without a beginning")
        if self._validity not in {None, state.validity}:
            raise BadReplica("an answer of another list")
        return records


def _ranges(first: int, last: int, step: int, asked: deque[int]) -> Iterator[bytes]:
    """Yield questions for a range of numbers, and note where each ends."""
    for start in range(first, last + 1, step):
        end = min(start + step - 1, last)
        asked.append(end)
        yield b"MESSAGES %d %d" % (start, end)


def _runs(numbers: Sequence[int]) -> Iterator[range]:
    """Yield ascending numbers as runs, none of them long."""
    start = stop = numbers[0]
    for number in numbers:
        if number != stop or stop - start >= STEP:
            yield range(start, stop)
            start = number
        stop = number + 1
    yield range(start, stop)
