"""One NNTP client's conversation: lines in, responses out. RFC 3977 s. 3."""

from __future__ import annotations

import logging
import re
import time
from typing import TYPE_CHECKING, Final

from gateway.access import ANONYMOUS, Policy
from gateway.nntp.block import Block
from gateway.nntp.late import Late, Reply
from gateway.nntp.registry import COMMANDS, LINE_OCTETS
from gateway.nntp.responses import NntpError, status
from gateway.wire import CHUNK_OCTETS, EndlessLine, LineBuffer, LineTooLong, Upgrade, chunks
from storage.errors import ArchiveUnavailable, NoSuchList

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator

    from gateway.access import Access, Authenticator, Reader
    from gateway.nntp.registry import Command
    from gateway.nntp.settings import Settings
    from gateway.nntp.sink import Sink
    from gateway.peers import Grant
    from storage.archive import Archive
    from storage.model import MailingList

__all__ = ["SASL_LINE_OCTETS", "Session"]

SASL_LINE_OCTETS: Final = 2048
"""Room for the longest PLAIN message in base64 behind ``AUTHINFO SASL PLAIN``. RFC 4643 s. 2.4.1, RFC 4616 s. 2."""

LEAST_IDLE_SECONDS: Final = 180
"""How long a silent client is kept at least. RFC 3977 s. 3.1."""

_WHOLE_OCTETS: Final = 2 * CHUNK_OCTETS
"""Pieces of fewer octets are not cut into chunks."""

_CONTROL: Final = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")

log = logging.getLogger(__name__)


class Session:
    """An NNTP conversation; see ``gateway.wire.Session``.

    ``group`` is the selected newsgroup's name and ``current`` the current article number, None where there is none
    (RFC 3977 s. 6.1). ``secure`` tells whether TLS is active, ``compressed`` whether DEFLATE is. ``user`` is the name
    given by AUTHINFO USER. ``continuation``, when set, takes the next line in place of a command, and ``block`` what comes
    up to a line with a dot. ``late`` are replies that are not known yet, of commands that overlap. ``sink`` takes articles
    from peers, which are known by their ``address``.
    """

    def __init__(
        self,
        archive: Archive,
        settings: Settings,
        policy: Policy | None = None,
        authenticator: Authenticator | None = None,
        *,
        secure: bool = False,
        clock: Callable[[], float] = time.time,
        sink: Sink | None = None,
        address: str = "",
    ) -> None:
        self.archive = archive
        self.settings = settings
        self.authenticator = authenticator
        self.clock = clock
        self.secure = secure
        self.compressed = False
        self.closing = False
        self.upgrade: Upgrade | None = None
        self.least_idle_seconds = LEAST_IDLE_SECONDS
        self.group: str | None = None
        self.current: int | None = None
        self.user: str | None = None
        self.failed_logins = 0
        self.continuation: Callable[[bytes], AsyncIterator[bytes]] | None = None
        self.block: Block | None = None
        self.late: Late | None = None
        self.sink = sink
        self.address = address
        self._policy = policy or Policy()
        self._lines = LineBuffer(SASL_LINE_OCTETS)
        self.login(ANONYMOUS)

    @property
    def buffered(self) -> int:
        return len(self._lines)

    def greeting(self) -> bytes:
        """Return the initial greeting. RFC 3977 s. 5.1."""
        return b"201 %b listgate ready - post via email\r\n" % self.settings.host

    def feed(self, data: bytes) -> None:
        if not self.closing:
            self._lines.feed(data)

    async def respond(self) -> AsyncGenerator[bytes, None]:
        while not (self.closing or self.upgrade):
            started = False
            try:
                if self.late or self.block:
                    answer = self._peer_answer()
                else:  # here and not elsewhere: readers send one short command after another
                    line = self._lines.line()
                    answer = None if line is None else self._run(line)
                if answer is None:
                    return
                async for piece in answer:
                    started = started or piece != b""  # an empty one is a pause
                    if len(piece) < _WHOLE_OCTETS:
                        yield piece
                        continue
                    for chunk in chunks(piece):
                        yield chunk
            except (LineTooLong, EndlessLine) as error:
                yield self._unreadable(error)
            except Exception as error:  # noqa: BLE001 - whatever goes wrong, the client gets an answer
                refusal = _refusal(error)
                if started:  # inside a block the client would take it for text
                    self.closing = True
                else:
                    yield self.in_order(refusal) if self.late else refusal

    def has_news(self) -> bool:
        """Tell whether a reply that was late is known by now: else a news server speaks when it is asked."""
        return self.late is not None and self.late.is_due

    def in_order(self, reply: bytes) -> bytes:
        """Return what to send of a reply now: nothing if others come before it."""
        if not self.late:
            return reply
        self.late.add(Reply(reply))
        return b""

    def upgraded(self, which: Upgrade) -> None:
        """Go on over a new layer, forgetting what was learnt without TLS. RFC 4642 s. 2.2.2."""
        self.upgrade = None
        self._lines.clear()
        if which is Upgrade.TLS:
            self.secure = True
            self.group = self.current = self.user = None
        else:
            self.compressed = True

    def expire(self, reason: str) -> bytes:
        """End the conversation. RFC 3977 s. 3.2.1, code 400."""
        self.closing = True
        return status(400, reason)

    def login(self, reader: Reader) -> None:
        """Go on as ``reader``."""
        self.reader = reader

    @property
    def grant(self) -> Grant | None:
        """What the client may feed; None where it is no peer."""
        return None if self.sink is None else self.sink.peers.grant(self.address, self.reader.user)

    @property
    def access(self) -> Access:
        """What the reader may read now."""
        return self._policy.access(self.reader)

    def lists(self) -> Iterator[MailingList]:
        """Yield the lists that the reader may read, ordered by name."""
        readable = self.access.readable
        return (record for record in self.archive.lists() if readable(record.name))

    def mailing_list(self, name: str) -> MailingList:
        """Return a list.

        Raises:
            NntpError: there is none that the reader may read.
        """
        try:
            if self.access.readable(name):
                return self.archive.mailing_list(name)
        except NoSuchList:
            pass
        raise NntpError(411, "no such newsgroup")

    def selected(self) -> MailingList:
        """Return the selected newsgroup's list.

        Raises:
            NntpError: none is selected, or it is gone.
        """
        if self.group is None:
            raise NntpError(412, "no newsgroup selected")
        try:
            return self.mailing_list(self.group)
        except NntpError:
            raise NntpError(412, "the newsgroup is gone") from None

    def _peer_answer(self) -> AsyncIterator[bytes] | None:
        """Return the response that comes next while a block comes or replies are late; None where there is none yet.

        Raises:
            LineTooLong, EndlessLine: what has arrived cannot be read.
        """
        if self.late and (self.late.is_due or self.late.is_full or self._is_sink_busy()):
            return self._late_reply(self.late)
        if self.block is not None:
            return self._block_answer(self.block)
        line = self._lines.line()
        if line is None:
            return None
        if self.late and not _row(line, lambda row: row.overlaps):
            self._lines.put_back(line)
            return self._late_reply(self.late)
        return self._run(line)

    def _is_sink_busy(self) -> bool:
        return self.sink is not None and self.sink.is_busy

    def _block_answer(self, block: Block) -> AsyncIterator[bytes] | None:
        if not block.take(self._lines):
            return _pause() if block.grew() else None
        self.block = None
        return block.answer()

    async def _late_reply(self, late: Late) -> AsyncIterator[bytes]:
        """Send the first late reply, when it is known."""
        reply = await late.take()
        assert reply.text is not None  # by then
        self.closing = self.closing or reply.closes
        yield reply.text

    def _unreadable(self, error: LineTooLong | EndlessLine) -> bytes:
        """Return what to say to a line or block that is too long."""
        if isinstance(error, EndlessLine):
            return self.expire("line without end")
        self.continuation = None
        return self._refused(error.start, status(501, "line too long"))

    def _refused(self, line: bytes, refusal: bytes) -> bytes:
        """Return what to send now of a refusal, which comes behind the block where the command line announces one."""
        if not _row(line, lambda row: row.announces):
            return self.in_order(refusal)
        self.block = Block(0, lambda _: _single(self.in_order(refusal)))
        return b""

    def _run(self, line: bytes) -> AsyncIterator[bytes]:
        """Return the response to a line that is a command or continues one."""
        if self.continuation is not None:
            proceed, self.continuation = self.continuation, None
            return proceed(line)
        try:
            words = _words(line)
            if not words:
                return _Silence()
            row = COMMANDS.get(words[0].upper())
            if len(line) + 2 > (row.longest if row else LINE_OCTETS):
                raise NntpError(501, "line too long")
            if row is None:
                raise NntpError(500, "unknown command")
            if len(words) - 1 not in row.arguments:
                raise NntpError(501, f"syntax: {row.usage.decode()}")
            if not row.before_login and self.access.login_needed:
                raise NntpError(480, "log in first")
        except NntpError as error:
            return _single(self._refused(line, error.response))
        return row.run(self, words[1:])


def _refusal(error: Exception) -> bytes:
    """Return the response to a command that failed; what is no refusal is logged."""
    if isinstance(error, NntpError):
        return error.response
    if isinstance(error, ArchiveUnavailable):
        log.error("the archive cannot be read", exc_info=error)
        return status(403, "archive unavailable")
    log.error("internal fault", exc_info=error)
    return status(403, "internal fault")


def _words(line: bytes) -> list[bytes]:
    """Split a command line at blanks. RFC 3977 s. 3.1, s. 9.8.

    Raises:
        NntpError: it holds control characters or is not UTF-8.
    """
    if _CONTROL.search(line):
        raise NntpError(501, "control character in the command")
    if not line.isascii():
        try:
            line.decode()
        except UnicodeDecodeError:
            raise NntpError(501, "the command is not UTF-8") from None
    return line.split()


def _row(line: bytes, has: Callable[[Command], bool]) -> bool:
    """Tell whether a line names a command that has some property."""
    words = line.split(None, 1)
    row = COMMANDS.get(words[0].upper()) if words else None
    return row is not None and has(row)


async def _single(reply: bytes) -> AsyncIterator[bytes]:
    yield reply


async def _pause() -> AsyncIterator[bytes]:
    """Show that there is progress. RFC 3977 s. 3.1: what arrives of a block keeps a connection from being idle."""
    yield b""


class _Silence:
    """Answers an empty line, which is no command and is passed over as other servers do; nor does it keep anyone alive."""

    def __aiter__(self) -> _Silence:
        return self

    async def __anext__(self) -> bytes:
        raise StopAsyncIteration
