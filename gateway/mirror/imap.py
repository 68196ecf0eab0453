"""A mailbox on another server as a source: only what is new is asked for, many messages in one answer.

The cursor is UIDVALIDITY and the last UID given (RFC 9051 s. 2.3.1.1). Another UIDVALIDITY makes everything be read
again; what is known is dropped by who stores it.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from gateway.mirror.imap_connection import BUDGET, ImapConnection
from gateway.mirror.url import parse_url
from storage.errors import SourceError
from storage.message.dates import parse_date
from storage.sources.base import MAX_MESSAGE, Incoming, Rejected
from storage.sources.content import refusal, too_large
from storage.sources.cursor import pack, unpack
from storage.sources.names import name_from_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.mirror.imap_connection import Mailbox
    from storage.sources.base import Item

__all__ = ["ImapSource"]

BATCH_OCTETS: Final = 4 * 1024 * 1024
BATCH_MESSAGES: Final = 1000
"""What one answer brings, at most, unless a message is larger: it is in memory as a whole."""

_AT_ONCE: Final = 20_000
"""UIDs whose sizes are asked for at a time."""

_MAX_UID: Final = 2**32 - 1

_KIND: Final = "imap"
_UID: Final = re.compile(rb"\bUID ([0-9]{1,10})\b", re.IGNORECASE)
_SIZE: Final = re.compile(rb"\bRFC822\.SIZE ([0-9]{1,18})\b", re.IGNORECASE)
_DATE: Final = re.compile(rb'\bINTERNALDATE "([^"]{1,40})"', re.IGNORECASE)


class _Cursor(NamedTuple):
    validity: int = 0
    last: int = 0


class _Message(NamedTuple):
    uid: int
    size: int


class ImapSource:
    """A mailbox; ``window`` is how many messages are asked for at once, 0 as many as make a good answer."""

    def __init__(
        self, url: str, mailbox: str, window: int = 0, *, max_message: int = MAX_MESSAGE
    ) -> None:
        """Take the server's URL, whose path does not matter, and the mailbox there.

        Raises:
            SourceError: the URL is none, or the mailbox has no name.
        """
        self._url = replace(parse_url(url), path=mailbox)
        if not mailbox or not mailbox.isprintable():
            raise SourceError(f"{self._url.shown}: no mailbox: write imap://host/mailbox")
        self._mailbox = mailbox
        self._window = window or BATCH_MESSAGES
        self._max_message = max_message
        self._expected = 0
        self._octets = 0
        self._to_come: int | None = None

    @property
    def name(self) -> str:
        """The URL without its password."""
        return self._url.shown

    @property
    def size(self) -> int | None:
        """The octets of what is known to be there; None before that was asked."""
        return self._expected or None

    @property
    def lag(self) -> int | None:
        """The messages that are there and did not come yet; None before the server was asked."""
        return self._to_come

    def messages(self, after: bytes) -> Iterator[Item]:
        """Yield the messages behind a cursor, as ``Source.messages`` says.

        Raises:
            SourceError: the server cannot be reached, or refuses the mailbox.
        """
        self._expected = self._octets = 0
        with ImapConnection(self._url) as connection:
            opened = connection.examine(self._mailbox)
            cursor = unpack(_KIND, after, _Cursor())
            first = cursor.last + 1 if cursor.validity == opened.validity else 1
            self._to_come = 0
            for messages in self._listed(connection, opened, first):
                self._expected += sum(message.size for message in messages)
                self._to_come = len(messages)
                for batch in self._batches(messages):
                    yield from self._fetched(connection, opened.validity, batch)
                    self._to_come -= len(batch)

    def changed(self, after: bytes) -> bool:  # noqa: ARG002 - only the server knows
        """Return True: only the server knows."""
        return True

    def suggested_name(self) -> str | None:
        """Return the mailbox's name, as a list's."""
        return name_from_path(self._mailbox)

    def _listed(
        self, connection: ImapConnection, opened: Mailbox, first: int
    ) -> Iterator[list[_Message]]:
        """Yield what is there from a UID on, with sizes, in runs of some ``_AT_ONCE``."""
        if not opened.messages:
            return
        last = opened.following - 1
        if last < 0:
            newest = [_uid(text) for text, _ in connection.fetch("*", "(UID)")]
            last = max(newest, default=0)
        last = min(last, _MAX_UID)
        step = max(_AT_ONCE, (last - first + 1) * _AT_ONCE // opened.messages)
        for low in range(first, last + 1, step):
            high = min(low + step - 1, last)
            found = {
                _uid(text): _number(_SIZE, text)
                for text, _ in connection.fetch(f"{low}:{high}", "(UID RFC822.SIZE)")
            }
            yield [_Message(uid, found[uid]) for uid in sorted(found) if low <= uid <= high]

    def _batches(self, messages: list[_Message]) -> Iterator[list[_Message]]:
        """Yield messages in runs that are fetched in one answer."""
        batch: list[_Message] = []
        octets, limit = 0, min(BATCH_OCTETS, self._max_message)
        for message in messages:
            if batch and (octets + message.size > limit or len(batch) >= self._window):
                yield batch
                batch, octets = [], 0
            batch.append(message)
            octets += message.size
        if batch:
            yield batch

    def _fetched(
        self, connection: ImapConnection, validity: int, batch: list[_Message]
    ) -> Iterator[Incoming | Rejected]:
        """Yield a batch's messages, those that are still there."""
        octets = sum(message.size for message in batch)
        if octets > self._max_message and len(batch) == 1:
            self._octets += octets
            position, cursor = self._place(validity, batch[-1].uid)
            yield Rejected(position, too_large(self._max_message), cursor, self._octets)
            return
        uids = f"{batch[0].uid}:{batch[-1].uid}"
        responses = connection.fetch(uids, "(UID INTERNALDATE BODY.PEEK[])", 2 * octets + BUDGET)
        found = {_uid(text): (text, body) for text, body in responses}
        for uid, size in batch:
            self._octets += size
            position, cursor = self._place(validity, uid)
            if uid not in found:  # expunged since it was listed (RFC 2180 s. 4.1)
                continue
            text, body = found[uid]
            raw = (body or b"").replace(b"\r\n", b"\n")
            why = "the server does not give it" if body is None else refusal(raw)
            if len(raw) > self._max_message:
                why = too_large(self._max_message)
            if why:
                yield Rejected(position, why, cursor, self._octets)
            else:
                date = _DATE.search(text)
                received = parse_date(date[1]) if date else None
                yield Incoming(raw, received, position, cursor, self._octets)

    def _place(self, validity: int, uid: int) -> tuple[str, bytes]:
        return f"{self.name}, UID {uid}", pack(_KIND, _Cursor(validity, uid))


def _uid(text: bytes) -> int:
    return _number(_UID, text)


def _number(pattern: re.Pattern[bytes], text: bytes) -> int:
    """Return the number that a pattern finds, or 0."""
    match = pattern.search(text)
    return int(match[1]) if match else 0
