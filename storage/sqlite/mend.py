"""What is wrong with a list's tables, told to people, and put right as far as it can be made anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

import zstandard

from storage.errors import ArchiveUnavailable
from storage.message.fields import parse_header
from storage.message.ids import message_id as id_in
from storage.message.terms import NO_TERMS, text_terms
from storage.message.text import searchable
from storage.sqlite.fulltext_write import lacking
from storage.sqlite.mend_days import day_faults
from storage.sqlite.packing import unpack_head
from storage.sqlite.recount import tally
from storage.threads import Node

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from storage.model import Served
    from storage.sqlite.shelf import Shelf

__all__ = ["recounted"]

_BURY: Final = (
    "INSERT INTO tombstone (list, number, node, digest, revision) VALUES (?, ?, NULL, x'', ?)"
)
_HEAD: Final = "SELECT head FROM message WHERE list = ? AND number = ?"
_NAME: Final = "UPDATE message SET node = ? WHERE list = ? AND number = ?"
_MAKE_GHOSTS: Final = (
    "UPDATE node SET number = NULL, revision = :revision WHERE list = :list AND number IS NOT NULL "
    "AND number NOT IN (SELECT number FROM message WHERE list = :list)"
)


class Messages(Protocol):
    """What is asked of a batch; see ``storage.writer.Batch``."""

    def raw(self, name: str, number: int) -> bytes: ...

    def served(self, name: str, number: int) -> Served: ...


def recounted(
    connection: sqlite3.Connection, messages: Messages, shelf: Shelf, *, repair: bool
) -> Sequence[str]:
    """Return what is wrong with a list's water marks, holes, counts and index; put it right if ``repair``."""
    shelf.write_messages()
    counted = tally(connection, shelf.key, shelf.high, is_twin=bool(shelf.origin))
    wrong = counted.faults(shelf.low, shelf.high, shelf.octets)
    if repair and wrong:
        gone = [(row,) for row, _ in counted.unreadable]
        connection.executemany("DELETE FROM page WHERE rowid = ?", gone)
        shelf.low, shelf.high, shelf.octets = counted.low, counted.high, counted.octets
        shelf.removed = shelf.revise()
        for number in counted.lost:
            connection.execute(_BURY, (shelf.key, number, shelf.removed))
            shelf.drop(number)
        for number in counted.nameless:
            _name_again(connection, messages, shelf, number)
        shelf.forest.flush(shelf.revision)
        connection.execute(_MAKE_GHOSTS, {"list": shelf.key, "revision": shelf.revision})
        shelf.forest.forget()
    of_days = day_faults(connection, shelf, counted.high, repair=repair)
    if not counted.lost:  # which are counted still
        wrong = [*wrong, *of_days]
    return [*wrong, *_index_faults(connection, messages, shelf, repair=repair)]


def _index_faults(
    connection: sqlite3.Connection, messages: Messages, shelf: Shelf, *, repair: bool
) -> Sequence[str]:
    """Return what is wrong with a list's full-text index; put it right if ``repair``."""
    wrong = list(shelf.index.faults(repair=repair))
    pages = list(lacking(connection, shelf.key))
    if pages:
        count = sum(map(len, pages))
        wrong.append(f"{count} messages are not in the full-text index")
    for page in pages if repair else ():
        for number in page:
            try:
                text = text_terms(searchable(messages.served(shelf.name, number).octets))
            except ArchiveUnavailable:
                text = NO_TERMS
            shelf.index.put(number, text)
        shelf.index.write()
    return wrong


def _name_again(
    connection: sqlite3.Connection, messages: Messages, shelf: Shelf, number: int
) -> None:
    """Give a message its Message-ID back, which its served form has, if its octets can be read."""
    values = shelf.key, number
    (delta,) = connection.execute(_HEAD, values).fetchone()
    try:
        raw = messages.raw(shelf.name, number)
        head = raw if delta is None else unpack_head(delta, raw, plain=False)
    except (zstandard.ZstdError, ArchiveUnavailable):
        return
    own, _ = id_in(parse_header(head))
    if own is not None:
        shelf.forest.put(shelf.forest.node(own) or Node(own))  # its place is found afterwards
        connection.execute(_NAME, (shelf.forest.id_of(own), *values))
