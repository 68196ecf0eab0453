"""THREAD and UID THREAD. RFC 5256; draft-ietf-morg-inthread (REFS)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.imap.finding import begin, find, rows_of
from gateway.imap.registry import THREAD_ALGORITHMS, Algorithm, State, capability, command
from gateway.imap.responses import Bad
from gateway.imap.searching import read_charset
from gateway.imap.threading import Key, ordered_subject, references, refs
from gateway.imap.view import msns
from storage.message.keys import Column, column
from storage.model import Rendition

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from gateway.imap.finding import Search
    from gateway.imap.registry import Request
    from gateway.imap.session import Session
    from storage.model import Link

_KINDS: Final = (Rendition.FACTS, Rendition.KEYS)

for _name in (b"ORDEREDSUBJECT", b"REFERENCES", b"REFS"):
    capability(b"THREAD=" + _name)


THREAD_ALGORITHMS[b"ORDEREDSUBJECT"] = Algorithm(
    lambda numbers, keys, _links, shown: ordered_subject(numbers, keys, shown), with_links=False
)
THREAD_ALGORITHMS[b"REFERENCES"] = Algorithm(references)
THREAD_ALGORITHMS[b"REFS"] = Algorithm(
    lambda numbers, keys, links, shown: refs(
        numbers, {number: keys[number].sent for number in numbers}, links, shown
    )
)


@command(b"THREAD", State.SELECTED, with_uid=True, keeps_msns=True)
async def thread(session: Session, request: Request) -> AsyncIterator[bytes]:
    """Tell which messages match, and how they hang together. RFC 5256 s. 3."""
    parser = request.parser
    parser.space()
    algorithm = THREAD_ALGORITHMS.get(parser.word())
    if algorithm is None:
        raise Bad("unknown algorithm")
    parser.space()
    charset = read_charset(parser)
    parser.space()
    search = begin(session, request, None, charset)
    async for piece in find(search):
        yield piece
    keys: dict[int, Key] = {}
    async for piece in _read_keys(search, keys):
        yield piece
    links: list[Link] = []
    if algorithm.with_links and keys:
        async for batch in session.archive.links(search.results.view.name):
            links += batch
            yield search.progress.pause()
    threads = algorithm.threads([*keys], keys, links, _shown(search, keys))
    yield b"* THREAD %b\r\n" % threads if threads else b"* THREAD\r\n"


async def _read_keys(search: Search, keys: dict[int, Key]) -> AsyncIterator[bytes]:
    async for rows in rows_of(search, search.results.found, _KINDS):
        texts = rows.texts[Rendition.KEYS]
        subjects, marks = column(texts, Column.BASE), column(texts, Column.MARKED)
        values = map(Key, rows.facts.sent, subjects, map(bool, marks))
        keys.update(zip(rows.numbers, values, strict=True))
        yield search.progress.pause()


def _shown(search: Search, keys: dict[int, Key]) -> Callable[[int], int]:
    if search.results.by_uid:
        return int
    numbers = [*keys]
    return dict(zip(numbers, msns(search.results.view.record, numbers), strict=True)).__getitem__
