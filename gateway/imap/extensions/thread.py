"""THREAD and UID THREAD. RFC 5256; draft-ietf-morg-inthread (REFS)."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Final

from gateway.imap.finding import begin, find, rows_of
from gateway.imap.forest import Forest
from gateway.imap.kept import kept_threads
from gateway.imap.ordering import Column
from gateway.imap.registry import THREAD_ALGORITHMS, Algorithm, State, capability, command
from gateway.imap.responses import Bad
from gateway.imap.results import gathered
from gateway.imap.searching import read_charset
from gateway.imap.threading import Searched, Threads, ordered_subject, references, refs
from storage.message.keys import Column as Keys
from storage.message.keys import neighbours
from storage.model import Rendition

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from gateway.imap.finding import Search
    from gateway.imap.registry import Request
    from gateway.imap.session import Session

_KINDS: Final = (Rendition.FACTS, Rendition.KEYS)

for _name in (b"ORDEREDSUBJECT", b"REFERENCES", b"REFS"):
    capability(b"THREAD=" + _name)


THREAD_ALGORITHMS[b"ORDEREDSUBJECT"] = Algorithm(ordered_subject, with_forest=False)
THREAD_ALGORITHMS[b"REFERENCES"] = Algorithm(references)
THREAD_ALGORITHMS[b"REFS"] = Algorithm(refs)


@command(b"THREAD", State.SELECTED, with_uid=True, keeps_msns=True)
async def thread(session: Session, request: Request) -> AsyncIterator[bytes]:
    """Tell which messages match, and how they hang together. RFC 5256 s. 3."""
    parser = request.parser
    parser.space()
    name = parser.word()
    algorithm = THREAD_ALGORITHMS.get(name)
    if algorithm is None:
        raise Bad("unknown algorithm")
    parser.space()
    charset = read_charset(parser)
    parser.space()
    search = begin(session, request, None, charset)
    async for piece in find(search):
        yield piece
    record, kept = search.results.view.record, kept_threads(session.archive)
    is_whole = len(search.results.found) == record.count
    threads = kept.get(record, name) if is_whole else None
    if threads is None:
        searched = Searched(array("I"), Column(), array("i"), bytearray())
        async for piece in _read(search, searched):
            yield piece
        threads = Threads(searched)
        async for piece in _make(search, algorithm, threads):
            yield piece
        if is_whole and threads.count == record.count:
            threads.forget()
            kept.put(record, name, threads)
    results = search.results
    for piece in gathered(_line(threads.rendered(results.shown, by_uid=results.by_uid))):
        yield piece


async def _read(search: Search, searched: Searched) -> AsyncIterator[bytes]:
    """Read what messages are threaded by; yield pauses."""
    subjects = {b"": 0}
    async for rows in rows_of(search, search.results.found, _KINDS):
        texts = neighbours(rows.texts[Rendition.KEYS], Keys.MARKED, Keys.BASE)
        searched.numbers.extend(rows.numbers)
        searched.sent.extend(rows.facts.sent)
        searched.subjects.extend([subjects.setdefault(base, len(subjects)) for _, base in texts])
        searched.replies.extend([bool(marked) for marked, _ in texts])
        yield search.progress.pause()


async def _make(search: Search, algorithm: Algorithm, threads: Threads) -> AsyncIterator[bytes]:
    """Make the threads; yield pauses."""
    forest = Forest()
    if algorithm.with_forest and threads.count:
        async for batch in search.session.archive.links(search.results.view.name):
            forest.add(batch)
            yield search.progress.pause()
        for _ in forest.settle():
            yield search.progress.pause()
    for _ in algorithm.make(threads, forest):
        yield search.progress.pause()


def _line(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the response in pieces. RFC 5256 s. 4."""
    yield b"* THREAD"
    space = b" "
    for piece in pieces:
        if piece:
            yield space + piece
            space = b""
        else:
            yield b""
    yield b"\r\n"
