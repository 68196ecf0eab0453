"""A newsgroup on another server as a source: only what is new is asked for, many articles at a time.

The cursor is the number of the last article given, with marks of it and of one further back. Numbers are the server's
own and hold as long as its group lives, so a mark that is another article's now, or a group that ends before the
number, tells that the group was made anew: everything is read again then, and what is known is dropped by who stores
it. Articles that went away in the meantime prove nothing.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from gateway.mirror.article import message_of
from gateway.mirror.connection import Connection
from gateway.mirror.failures import failed
from gateway.mirror.url import parse_url
from storage.errors import SourceError
from storage.sources.base import MAX_MESSAGE, Incoming, Rejected
from storage.sources.content import refusal, too_large
from storage.sources.cursor import digest, pack, unpack
from storage.sources.names import name_from_path

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from gateway.mirror.nntp_client import Response
    from storage.sources.base import Item

__all__ = ["MAX_WINDOW", "MIN_WINDOW", "NntpSource", "window_for"]

MIN_WINDOW: Final = 100
MAX_WINDOW: Final = 1000
"""Articles asked for before the first of them has come: a server answers them one after the other all the same."""

_RATE: Final = 5000
"""Articles a second that the window shall not hold up: what a fast server on this machine sends."""

_DIRECT: Final = 500
"""A range of so few numbers is asked for without finding out first which of them are there."""

_AT_ONCE: Final = 20_000
"""Numbers that are listed at a time."""

_MAX_NUMBER: Final = 2**31 - 1
"""RFC 3977 s. 6."""

_EXTRA: Final = 1024 * 1024
"""Octets that an article may have beyond the message it holds: CRLFs, dots, the server's own fields."""

_MARK_EVERY: Final = 256
"""Articles after which the mark further back moves on."""

MAX_LISTING: Final = 64 * 1024 * 1024
MAX_LISTED: Final = 1_000_000
"""Octets and lines of a list of articles; what is longer tells nothing."""

_LISTINGS: Final = (b"LISTGROUP", b"HDR Message-ID", b"XHDR Message-ID", b"XOVER")
"""Commands that tell which numbers are there, the shortest answer first. public-inbox 1.9 answers LISTGROUP with a
range by what is no number, leafnode has no HDR."""

_KIND: Final = "nntp"
_COUNTS: Final = re.compile(rb"([0-9]{1,16}) +([0-9]{1,16}) +([0-9]{1,16})(?: .*)?", re.DOTALL)
_NUMBER: Final = re.compile(rb"^([0-9]{1,10})(?=[\r \t])", re.MULTILINE)

_SELECTED: Final = 211
_ARTICLE: Final = 220
_EXISTS: Final = 223
_NO_GROUP: Final = 411
_GONE: Final = frozenset({420, 423, 430})
"""No such article: public-inbox says 420 where RFC 3977 has 423."""


class _Cursor(NamedTuple):
    last: int = 0
    mark: str = ""  # of that article: a digest of its Message-ID
    earlier: int = 0
    earlier_mark: str = ""

    def moved(self, number: int, mark: str) -> _Cursor:
        """Return the cursor behind another article."""
        if number - self.earlier < _MARK_EVERY:
            return self._replace(last=number, mark=mark)
        return _Cursor(number, mark, self.last, self.mark)


class _Group(NamedTuple):
    estimate: int  # of how many articles it has
    low: int
    high: int


class NntpSource:
    """A newsgroup; ``window`` is how many articles are asked for at once, 0 as many as the distance wants."""

    def __init__(
        self, url: str, group: str, window: int = 0, *, max_message: int = MAX_MESSAGE
    ) -> None:
        """Take the server's URL, whose path does not matter, and the newsgroup there.

        Raises:
            SourceError: the URL is none, or the group's name cannot be one.
        """
        self._url = replace(parse_url(url), path=group)
        if not group.isprintable() or group.split() != [group]:
            raise SourceError(f"{self._url.shown}: no newsgroup: write nntp://host/group")
        self._group = group
        self._window = window
        self._max_message = max_message
        self._expected: int | None = None
        self._given = 0
        self._octets = 0

    @property
    def name(self) -> str:
        """The URL without its password."""
        return self._url.shown

    @property
    def size(self) -> int | None:
        """The octets that are expected, by those that came; None before something came."""
        if not self._given or self._expected is None:
            return None
        return self._octets * max(self._expected, self._given) // self._given

    @property
    def lag(self) -> int | None:
        """The articles that are there and did not come yet; None before the server was asked."""
        return None if self._expected is None else max(self._expected - self._given, 0)

    def messages(self, after: bytes) -> Iterator[Item]:
        """Yield the articles behind a cursor, as ``Source.messages`` says.

        Raises:
            SourceError: the server cannot be reached, or refuses the group or an article.
        """
        cursor = unpack(_KIND, after, _Cursor())
        self._expected, self._given, self._octets = None, 0, 0
        with Connection(self._url, max_block=self._max_message + _EXTRA) as connection:
            group = self._select(connection)
            if not self._still(connection, group, cursor):
                cursor = _Cursor()
            first = max(cursor.last + 1, group.low)
            self._expected = min(group.estimate, max(group.high - first + 1, 0))
            window = self._window or window_for(connection.latency)
            for numbers in self._runs(connection, first, group):
                cursor = yield from self._articles(connection, numbers, window, cursor)
        self._expected = self._given

    def changed(self, after: bytes) -> bool:  # noqa: ARG002 - only the server knows
        """Return True: only the server knows."""
        return True

    def suggested_name(self) -> str | None:
        """Return the newsgroup's name, as a list's."""
        return name_from_path(self._group)

    def _select(self, connection: Connection) -> _Group:
        """Select the newsgroup. RFC 3977 s. 6.1.1."""
        response = connection.ask(b"GROUP " + self._group.encode())
        counts = _COUNTS.fullmatch(response.text)
        if response.code == _NO_GROUP:
            raise self._refused(response, "check the newsgroup's name")
        if response.code != _SELECTED or counts is None:
            raise self._refused(response, "put a login into the URL, or ask who runs it")
        group = _Group(*map(int, counts.groups()))
        if group.high > _MAX_NUMBER:
            raise self._refused(response, f"numbers end at {_MAX_NUMBER}")
        return group

    def _still(self, connection: Connection, group: _Group, cursor: _Cursor) -> bool:
        """Tell whether the numbers are those of a cursor."""
        if cursor.last > group.high:
            return False
        marks = {cursor.last: cursor.mark, cursor.earlier: cursor.earlier_mark}
        asked = [number for number, mark in marks.items() if mark]
        responses = connection.run((b"STAT %d" % number for number in asked), len(asked))
        return all(
            response.code != _EXISTS or _mark(response) == marks[number]
            for number, response in zip(asked, responses, strict=True)
        )

    def _runs(self, connection: Connection, first: int, group: _Group) -> Iterator[Sequence[int]]:
        """Yield the numbers that are there from ``first`` on, in runs of some ``_AT_ONCE``."""
        span = group.high - first + 1
        if span <= _DIRECT:
            yield range(first, group.high + 1)
            return
        ways = [*_LISTINGS]
        step = max(_AT_ONCE, span * _AT_ONCE // max(group.estimate, 1))
        for low in range(first, group.high + 1, step):
            yield self._listed(connection, low, min(low + step - 1, group.high), ways)

    def _listed(
        self, connection: Connection, low: int, high: int, ways: list[bytes]
    ) -> Sequence[int]:
        """Return the numbers from ``low`` to ``high`` that are there, by the first of ``ways`` that works.

        Those that do not are taken out of ``ways``; where none is left, any number may be there.
        """
        while ways:
            where = b"%d-%d" % (low, high)
            if ways[0] == b"LISTGROUP":
                where = b"%b %b" % (self._group.encode(), where)
            response = connection.ask(b"%b %b" % (ways[0], where))
            if response.code in _GONE:
                return ()
            numbers = _numbers(response.body)
            if numbers is not None:
                return sorted({number for number in numbers if low <= number <= high})
            del ways[0]
        return range(low, high + 1)

    def _articles(
        self, connection: Connection, numbers: Sequence[int], window: int, cursor: _Cursor
    ) -> Generator[Incoming | Rejected, None, _Cursor]:
        """Ask for articles and yield those that are still there; return the cursor behind them."""
        requests = (b"ARTICLE %d" % number for number in numbers)
        for number, response in zip(numbers, connection.run(requests, window), strict=True):
            if response.code in _GONE:
                self._expected = (self._expected or 1) - 1
                continue
            if response.code != _ARTICLE:
                raise self._refused(response, f"article {number} cannot be had: run it again later")
            cursor = cursor.moved(number, _mark(response))
            yield self._item(number, response, pack(_KIND, cursor))
        return cursor

    def _item(self, number: int, response: Response, cursor: bytes) -> Incoming | Rejected:
        self._given += 1
        self._octets += len(response.body or b"")
        position = f"{self.name}, article {number}"
        raw = message_of(response.body or b"", self._group)
        why = refusal(raw) if not response.too_large else too_large(self._max_message)
        if why:
            return Rejected(position, why, cursor, self._octets)
        return Incoming(raw, None, position, cursor, self._octets)

    def _refused(self, response: Response, remedy: str) -> SourceError:
        return failed(self._url, response.shown, remedy)


def window_for(latency: float) -> int:
    """Return how many articles to ask for at once where a short answer takes ``latency`` seconds."""
    return min(max(int(latency * _RATE), MIN_WINDOW), MAX_WINDOW)


def _mark(response: Response) -> str:
    """Return the mark of the article that a response is about; empty where it does not name it."""
    words = response.text.split(None, 2)
    return digest(words[1]) if len(words) > 1 else ""


def _numbers(block: bytes | None) -> list[int] | None:
    """Return the numbers that the lines of a block begin with; None where a line has none: it is no listing."""
    if block is None or len(block) > MAX_LISTING:
        return None
    lines = block.count(b"\r\n")
    if lines > MAX_LISTED:
        return None
    numbers = _NUMBER.findall(block)
    return [*map(int, numbers)] if len(numbers) == lines else None
