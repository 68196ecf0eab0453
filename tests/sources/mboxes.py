"""Small mboxes to split, and a short way to split them."""

from __future__ import annotations

import io
import os
import re
import time
from typing import TYPE_CHECKING

from storage.sources.base import MAX_MESSAGE, Incoming
from storage.sources.mbox import MboxSplitter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from storage.sources.base import Item, Record, Source

FROM = b"From ann@example.org Tue Jan  2 10:00:00 2024\n"
RECEIVED = 1704189600


def message(number: int, body: bytes = b"x\n", extra: bytes = b"") -> bytes:
    """Return a message told from others by its number."""
    return b"Message-ID: <%d@x.example>\nFrom: ann@example.org\n%b\n%b" % (number, extra, body)


def quoted(raw: bytes) -> bytes:
    """Return a message as mboxrd holds it."""
    return re.sub(rb"(?m)^(>*From )", rb">\1", raw)


def mbox(*raws: bytes, line: bytes = FROM) -> bytes:
    """Return a well-formed mboxrd."""
    return b"".join(line + quoted(raw) + b"\n" for raw in raws)


def split(
    octets: bytes, cuts: Iterable[int] = (), *, offset: int = 0, max_message: int = MAX_MESSAGE
) -> list[Record]:
    """Split an mbox that comes in chunks of the given sizes, at last as a whole."""
    read = chunked(octets, cuts)
    return list(MboxSplitter(read, "x.mbox", offset=offset, max_message=max_message).records())


def raws(octets: bytes) -> list[bytes]:
    """Return the messages of an mbox, none of whose records may be refused."""
    records = split(octets)
    assert [record.why for record in records if record.why] == []
    return [record.raw for record in records]


class chunked:  # noqa: N801 - used as a function that keeps its place
    """Reads octets in chunks of at most the given sizes."""

    def __init__(self, octets: bytes, cuts: Iterable[int]) -> None:
        self._file = io.BytesIO(octets)
        self._cuts = iter(cuts)

    def __call__(self, size: int) -> bytes:
        return self._file.read(min(size, next(self._cuts, size)))


def taken(source: Source, after: bytes = b"") -> list[Item]:
    """Return all that a source gives behind a cursor."""
    return list(source.messages(after))


def taken_raws(source: Source, after: bytes = b"") -> list[bytes]:
    """Return the messages that a source gives behind a cursor; it may refuse nothing."""
    return [*_only_messages(taken(source, after))]


def settle(path: Path) -> None:
    """Make a file one that was last written to a minute ago."""
    minute_ago = time.time() - 60
    os.utime(path, (minute_ago, minute_ago))


def _only_messages(found: Iterable[Item]) -> Iterator[bytes]:
    for each in found:
        assert isinstance(each, Incoming), each
        yield each.raw
