"""Runs searches in mailboxes: as little of them as will do, with pauses, and word from time to time. RFC 9051 s. 6.4.4."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gateway.imap.modseq import modseqs
from gateway.imap.numset import runs
from gateway.imap.responses import Bad
from gateway.imap.results import BATCH, Results, bitmaps, esearch, gathered, number_list
from gateway.imap.rows import lacks_rows, not_ready, page_runs, read_rows
from gateway.imap.searching import read_criteria
from storage.bitmap import EMPTY
from storage.relevancy import relevancy
from storage.search import RUN_NUMBERS
from storage.search import search as matching

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator, Sequence

    from gateway.imap.registry import Request
    from gateway.imap.results import Returns
    from gateway.imap.rows import Rows
    from gateway.imap.searching import Criteria
    from gateway.imap.session import Session
    from storage.model import MailingList, Rendition
    from storage.query import Query

__all__ = ["Progress", "Search", "answer", "begin", "find", "rows_of", "saving"]

WINDOW_RUNS: Final = 16
"""Runs that are searched in one go, so that progress can be told in between."""

WORD_SECONDS: Final = 10
"""How long a client waits at most without a word. RFC 9585 s. 3."""


class Progress:
    """How far a command has come: ``done`` of ``goal`` messages, more or less."""

    def __init__(self, session: Session, request: Request, goal: int) -> None:
        self.done = 0
        self._goal = goal
        self._tag = request.tag
        self._clock = session.clock
        self._since = session.clock()

    def pause(self) -> bytes:
        """Return what to yield where others may have their turn: nothing, or now and then how far it has come."""
        now = self._clock()
        if now - self._since < WORD_SECONDS or not self._goal:
            return b""
        self._since = now
        far = b' ("%b" %d %d)' % (self._tag, min(self.done, self._goal), self._goal)
        if b"]" in self._tag:  # there the response code would seem to end
            far = b""
        return b"* OK [INPROGRESS%b] still at it\r\n" % far


@dataclass(slots=True)
class Search:
    """A search in one mailbox, under way: what is asked for, and what is known so far.

    ``returns`` are its result options, None where the command is not answered by an ESEARCH response. With ``scores``
    the relevancy of what is found is told or sorted by.
    """

    session: Session
    criteria: Criteria
    returns: Returns | None
    results: Results
    progress: Progress
    scores: bool = False

    def score(self) -> None:
        """Have relevancies told.

        Raises:
            Bad: nothing is searched for loosely.
        """
        if b"FUZZY" not in self.criteria.names:
            raise Bad("RELEVANCY needs FUZZY")
        self.scores = True


def begin(session: Session, request: Request, returns: Returns | None, charset: str) -> Search:
    """Read what is searched for, and begin the search of the selected mailbox.

    Raises:
        Bad: it cannot be read, or does not go together with the result options.
    """
    criteria = read_criteria(request.parser, charset)
    if returns is not None:
        returns.check(criteria)
    view = session.selected()
    progress = Progress(session, request, view.record.count)
    scores = returns is not None and returns.scores
    return Search(session, criteria, returns, Results(view, request.by_uid), progress, scores)


async def find(search: Search, parts: Sequence[slice | None] = (None,)) -> AsyncIterator[bytes]:
    """Find the messages that match, or as many as some parts of them need; yield pauses.

    Raises:
        No: the mailbox is gone.
    """
    results = search.results
    record = results.view.record
    if not record.count:  # INBOX may be no list
        return
    query = await search.criteria.bound(search.session, results.view)
    whole = None in parts
    most = max((each.stop for each in parts if each and each.start >= 0), default=0)
    found = array("I")
    if whole or most:
        async for batch in _batches(search, query, _windows(record)):
            found.extend(batch)
            yield search.progress.pause()
            if len(found) >= most and not whole:
                break
    results.head = results.tail = results.found = found
    most = max((-each.start for each in parts if each and each.start < 0), default=0)
    if most and not whole:
        async for piece in _find_last(search, query, most):
            yield piece
    if search.scores:
        name = results.view.name
        async for scores in relevancy(search.session.archive, name, query, results.found):
            results.scores.extend(scores)
            yield search.progress.pause()


async def _find_last(search: Search, query: Query, most: int) -> AsyncIterator[bytes]:
    """Find the last messages that match, ``most`` of them or more if there are as many; yield pauses."""
    tail: array[int] = array("I")
    for window in _windows_backwards(search.results.view.record):
        found = array("I")
        async for batch in _batches(search, query, [window]):
            found.extend(batch)
            yield search.progress.pause()
        tail = found + tail
        if len(tail) >= most:
            break
    search.results.tail = tail


async def _batches(
    search: Search, query: Query, windows: Iterable[range]
) -> AsyncIterator[Sequence[int]]:
    """Yield the numbers in some windows that match, in batches; an empty one is a pause."""
    session, name = search.session, search.results.view.name
    for window in windows:
        session.current(search.results.view)
        async for batch in matching(session.archive, name, query, window[0], window[-1]):
            yield batch
        search.progress.done += len(window)
        yield ()


def _windows(record: MailingList) -> Iterator[range]:
    """Yield the numbers of a list, ascending, in windows of whole runs but for the ends."""
    start = record.low
    while start <= record.high:
        run = start // RUN_NUMBERS + WINDOW_RUNS
        stop = min(run * RUN_NUMBERS, record.high + 1)
        yield range(start, stop)
        start = stop


def _windows_backwards(record: MailingList) -> Iterator[range]:
    """Yield the numbers of a list from the last on, in windows that grow, as what is wanted may be near."""
    stop, runs_ = record.high + 1, 1
    while stop > record.low:
        run = (stop - 1) // RUN_NUMBERS + 1 - runs_
        start = max(run * RUN_NUMBERS, record.low)
        yield range(start, stop)
        stop, runs_ = start, min(2 * runs_, WINDOW_RUNS)


async def rows_of(
    search: Search,
    numbers: Sequence[int],
    kinds: Sequence[Rendition] = (),
    *,
    with_entries: bool = False,
) -> AsyncIterator[Rows]:
    """Yield the rows of messages, ascending, a page's at a time; of those that are gone there are none.

    Raises:
        No: some have not been rendered yet, or the mailbox is gone.
    """
    session, view = search.session, search.results.view
    for held in page_runs(_runs(numbers)):
        current = session.current(view)
        rows = await read_rows(
            session.archive, view, current, held, kinds, with_entries=with_entries
        )
        if await lacks_rows(session.archive, rows, current, held):
            raise not_ready()
        if rows.numbers:
            yield rows


async def _note_modseq(search: Search, numbers: Sequence[int]) -> AsyncIterator[bytes]:
    """Note the highest mod-sequence of some messages in the results; yield pauses. RFC 7162 s. 3.1.5."""
    async for rows in rows_of(search, numbers, with_entries=True):
        search.results.modseq = max(search.results.modseq, *modseqs(rows))
        yield search.progress.pause()


def _runs(numbers: Sequence[int]) -> Iterator[range]:
    for start in range(0, len(numbers), BATCH):
        yield from runs(numbers[start : start + BATCH])


async def answer(
    search: Search, request: Request, mailbox: bytes | None = None
) -> AsyncIterator[bytes]:
    """Yield the response that tells the results, and save what is to be saved.

    Of a mailbox that is told by name nothing is told where nothing was found (RFC 7377 s. 2.1).
    """
    returns, results = search.returns, search.results
    asked = results.found if returns is None else returns.asked(results)
    if b"MODSEQ" in search.criteria.names:
        search.session.enabled.add(b"CONDSTORE")
        async for piece in _note_modseq(search, asked):
            yield piece
    if returns is not None and returns.saves:
        kept = EMPTY
        for kept in bitmaps(asked):  # noqa: B007 - the last counts
            yield search.progress.pause()
        results.view.saved = kept
    if returns is None:
        told = number_list(request.name, results)
    elif not returns.tells or (mailbox is not None and not (results.head or results.tail)):
        return
    else:
        results.listed = returns.listed(results)
        told = esearch(request.tag, returns, results, mailbox or b"")
    for piece in gathered(told):
        yield piece


async def saving(
    session: Session, returns: Returns | None, response: AsyncIterator[bytes]
) -> AsyncIterator[bytes]:
    """Yield the response to a search; one that fails leaves nothing as its result. RFC 5182 s. 2.1."""
    try:
        async for piece in response:
            yield piece
    except Bad:
        raise
    except Exception:
        if returns is not None and returns.saves:
            session.selected().saved = EMPTY
        raise
