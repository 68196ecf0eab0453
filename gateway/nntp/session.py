"""One NNTP client's conversation: lines in, responses out. RFC 3977 s. 3."""

from __future__ import annotations

import logging
import re
import time
from typing import TYPE_CHECKING, Final

from gateway.access import ANONYMOUS, Policy
from gateway.nntp.registry import COMMANDS, LINE_OCTETS
from gateway.nntp.responses import NntpError, status
from gateway.wire import CHUNK_OCTETS, EndlessLine, LineBuffer, LineTooLong, Upgrade, chunks
from storage.errors import ArchiveUnavailable, NoSuchList

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator

    from gateway.access import Access, Authenticator, Reader
    from gateway.nntp.settings import Settings
    from storage.archive import Archive
    from storage.model import MailingList

__all__ = ["SASL_LINE_OCTETS", "Session"]

SASL_LINE_OCTETS: Final = 2048
"""Room for the longest PLAIN message in base64 behind ``AUTHINFO SASL PLAIN``. RFC 4643 s. 2.4.1, RFC 4616 s. 2."""

LEAST_IDLE_SECONDS: Final = 180
"""How long a silent client is kept at least. RFC 3977 s. 3.1."""

_CONTROL: Final = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")

log = logging.getLogger(__name__)


class Session:
    """An NNTP conversation; see ``gateway.wire.Session``.

    ``group`` is the selected newsgroup's name and ``current`` the current article number, None where there is none
    (RFC 3977 s. 6.1). ``secure`` tells whether TLS is active, ``compressed`` whether DEFLATE is. ``user`` is the name
    given by AUTHINFO USER. ``continuation``, when set, takes the next line in place of a command.
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
            try:
                line = self._lines.line()
            except LineTooLong:
                self.continuation = None
                yield status(501, "line too long")
                continue
            except EndlessLine:
                yield self.expire("line without end")
                return
            if line is None:
                return
            started = False
            try:
                async for piece in self._run(line):
                    started = started or piece != b""  # an empty one is a pause
                    if len(piece) < 2 * CHUNK_OCTETS:
                        yield piece
                        continue
                    for chunk in chunks(piece):
                        yield chunk
            except Exception as error:  # noqa: BLE001 - whatever goes wrong, the client gets an answer
                refusal = _refusal(error)
                if started:  # inside a block the client would take it for text
                    self.closing = True
                else:
                    yield refusal

    def has_news(self) -> bool:
        """Tell that there are none: a news server speaks when it is asked."""
        return False

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

    def _run(self, line: bytes) -> AsyncIterator[bytes]:
        """Return the response to a line that is a command or continues one.

        Raises:
            NntpError: it is refused.
        """
        if self.continuation is not None:
            proceed, self.continuation = self.continuation, None
            return proceed(line)
        words = _words(line)
        if not words:
            return _silence()
        row = COMMANDS.get(words[0].upper())
        if len(line) + 2 > (row.longest if row else LINE_OCTETS):
            raise NntpError(501, "line too long")
        if row is None:
            raise NntpError(500, "unknown command")
        if len(words) - 1 not in row.arguments:
            raise NntpError(501, f"syntax: {row.usage.decode()}")
        if self.access.login_needed and not row.before_login:
            raise NntpError(480, "log in first")
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


async def _silence() -> AsyncIterator[bytes]:
    """Yield nothing: an empty line is no command, and is passed over as other servers do."""
    yield b""
