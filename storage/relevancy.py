"""Relevancy: what fits loosely, and how well (SEARCH=FUZZY, RFC 6203).

Loosely, a needle is its words, in any order and anywhere. A message fits the better the more of them it has as whole
words and not as parts of others, the rarer these are in the list, and the more prominent: in the subject, in another
field, in the body.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from itertools import compress
from math import log
from typing import TYPE_CHECKING, Final

from storage.bitmap import lowest
from storage.errors import NoSuchMessage
from storage.message.keys import Column, column
from storage.message.terms import MAX_PIECE, Clue, Piece, terms
from storage.message.text import NO_TEXT, folded, searchable
from storage.model import Rendition
from storage.query import And, Body, Field, Or, Text, Words
from storage.runs import RUN_NUMBERS, Pace, bits_of, numbers_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from storage.archive import Archive
    from storage.query import Query

__all__ = ["MAX_WORDS", "loosely", "relevancy"]

MAX_WORDS: Final = 16
"""Words by which relevancy is told: the longest."""

_BEST: Final = 100  # RFC 6203 s. 4: a score is from 1 to 100

# What a word is worth, by where it is: nowhere as a whole word, in the body, in the header, in the subject.
_WORTH: Final = (1, 4, 6, 10)


def loosely(query: Query) -> Query:
    """Return a condition on text as one on its words: all of them, in any order; others as they are."""
    match query:
        case Text(needle) | Body(needle) if words := _words(needle):
            return And(tuple(type(query)(word.decode()) for word in words))
        case Field(name, needle) if words := _words(needle):
            return And(tuple(Field(name, word.decode()) for word in words))
    return query


def relevancy(
    archive: Archive, name: str, query: Query, numbers: Sequence[int]
) -> AsyncIterator[Sequence[int]]:
    """Yield how relevant each message of the ascending numbers is, from 1 to 100, in their order and in batches.

    An empty batch is a pause, as of ``storage.search.search``. Of messages that are not present nothing is known: 1.

    Raises:
        NoSuchList: no list is called ``name`` (raised by the call, not by the iteration).
    """
    archive.mailing_list(name)
    return _relevancy(archive, name, _sought(query), numbers)


async def _relevancy(
    archive: Archive, name: str, words: Sequence[bytes], numbers: Sequence[int]
) -> AsyncIterator[Sequence[int]]:
    pace = Pace()
    runs: list[_Run] = []
    at = 0
    while at < len(numbers):
        start = numbers[at] - numbers[at] % RUN_NUMBERS
        end = bisect_left(numbers, start + RUN_NUMBERS, at)
        run = _Run(archive, name, start, bits_of(numbers[at:end], start))
        runs.append(run)
        at = end
        async for _ in run.look(words):
            if pace.is_due():
                yield ()
                pace.rest()
    total = RUN_NUMBERS * len(runs)
    rarity = [
        log(2 + total / (1 + sum(run.having(at).bit_count() for run in runs)))
        for at in range(len(words))
    ]
    for run in runs:
        yield run.scores(rarity)


@dataclass(slots=True)
class _Run:
    """A run of numbers: the messages asked for, and for each word which have it in the body, header and subject."""

    archive: Archive
    name: str
    start: int
    hits: int
    words: list[tuple[int, int, int]] = field(default_factory=list)

    async def look(self, words: Sequence[bytes]) -> AsyncIterator[None]:
        """Find out who has the words; yield between the steps."""
        subjects: list[tuple[int, set[bytes]]] = []
        last = self.start + RUN_NUMBERS - 1
        first_hit, last_hit = (
            self.start + lowest(self.hits),
            self.start + self.hits.bit_length() - 1,
        )
        async for page in self.archive.pages(Rendition.KEYS, self.name, first_hit, last_hit):
            hits = [self.hits >> number - self.start & 1 for number in page.numbers]
            texts = column(list(compress(page.rows, hits)), Column.SUBJECT)
            subjects += zip(compress(page.numbers, hits), map(terms, texts), strict=True)
            yield
        unindexed: dict[int, tuple[set[bytes], set[bytes]]] = {}
        for word in words:
            of_subject = [number for number, of_text in subjects if word in of_text]
            found = []
            for in_head in (False, True):
                clue = Clue((Piece(word, True, True),), in_head, not in_head, exact=True)
                places = possible = 0
                async for narrowed in self.archive.narrow(self.name, self.start, last, clue):
                    places |= narrowed.certain
                    possible |= narrowed.possible
                    yield
                for at in numbers_of(possible & self.hits, 0):
                    if at not in unindexed:
                        unindexed[at] = await self._terms(self.start + at)
                        yield
                    places |= (word in unindexed[at][in_head]) << at
                found.append(places)
            self.words.append((found[0], found[1], bits_of(of_subject, self.start)))
            yield

    def having(self, at: int) -> int:
        """Return who has a word, anywhere."""
        body, head, subject = self.words[at]
        return body | head | subject

    def scores(self, rarity: Sequence[float]) -> Sequence[int]:
        """Return how relevant each message asked for is; ``rarity`` is that of the words."""
        best = sum(rarity) * _WORTH[-1]
        scores = []
        for at in numbers_of(self.hits, 0):
            worth = 0.0
            for rare, (body, head, subject) in zip(rarity, self.words, strict=True):
                place = 3 if subject >> at & 1 else 2 if head >> at & 1 else body >> at & 1
                worth += rare * _WORTH[place]
            scores.append(max(1, round(_BEST * worth / best)) if best else _BEST)
        return scores

    async def _terms(self, number: int) -> tuple[set[bytes], set[bytes]]:
        """Return the terms of a message's body and header."""
        try:
            text = searchable((await self.archive.served(self.name, number)).octets)
        except NoSuchMessage:
            text = NO_TEXT
        return terms(text.body), terms(text.head)


def _sought(query: Query) -> Sequence[bytes]:
    """Return the words that a query asks for, wherever."""
    words: dict[bytes, None] = {}
    todo = [query]
    while todo:
        match todo.pop():
            case And(parts) | Or(parts):
                todo += parts
            case Text(needle) | Body(needle) | Field(_, needle) | Words(needle):
                words.update(dict.fromkeys(_words(needle)))
    return sorted(words, key=lambda word: (-len(word), word))[:MAX_WORDS]


def _words(needle: str) -> Sequence[bytes]:
    """Return the words of a needle, folded."""
    found = [word for word in terms(folded(needle)) if len(word) <= MAX_PIECE]
    return sorted(found, key=lambda word: (-len(word), word))[:MAX_WORDS]
