"""One LMTP conversation without I/O: octets in, replies out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.lmtp.commands import COMMANDS
from gateway.lmtp.responses import LmtpError, too_large, verdict
from gateway.lmtp.text import EndlessText
from gateway.wire import EndlessLine, LineBuffer, LineTooLong

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from gateway.acceptance import Acceptor
    from gateway.lmtp.recipients import Recipients
    from gateway.lmtp.settings import Settings
    from gateway.lmtp.text import IncomingText
    from gateway.wire import Upgrade

__all__ = ["Session"]

MAX_LINE: Final = 4096
"""Octets of the longest command; RFC 5321 s. 4.5.3.1.4 wants 512, and more for parameters."""

MAX_FAULTS: Final = 20
"""At so many commands that were wrong the connection ends."""

LEAST_IDLE_SECONDS: Final = 300
"""RFC 5321 s. 4.5.3.2.7."""

_LINE_TOO_LONG: Final = b"500 5.5.6 the line is too long"


class Session:
    """One mail server's conversation; see ``gateway.wire.Session``.

    ``names`` has the list of each recipient taken so far, in their order; ``text`` is there while the mail itself comes.
    """

    def __init__(self, acceptor: Acceptor, recipients: Recipients, settings: Settings) -> None:
        self.closing = False
        self.upgrade: Upgrade | None = None
        self.least_idle_seconds = LEAST_IDLE_SECONDS
        self.recipients = recipients
        self.settings = settings
        self.is_greeted = False
        self.has_sender = False
        self.names: list[str] = []
        self.text: IncomingText | None = None
        self._acceptor = acceptor
        self._lines = LineBuffer(MAX_LINE)
        self._faults = 0

    @property
    def buffered(self) -> int:
        return len(self._lines)

    def greeting(self) -> bytes:
        return b"220 %b LMTP listgate ready\r\n" % self.settings.host

    def feed(self, data: bytes) -> None:
        self._lines.feed(data)

    def has_news(self) -> bool:
        return False

    def upgraded(self, which: Upgrade) -> None:
        raise AssertionError(which)  # none is ever asked for

    def expire(self, reason: str) -> bytes:
        self.closing = True
        return b"421 4.3.2 %b %b\r\n" % (self.settings.host, reason.encode())

    def reset(self) -> None:
        """Forget the mail that was begun."""
        self.text = None
        self.has_sender = False
        self.names = []

    async def respond(self) -> AsyncGenerator[bytes, None]:
        while not self.closing:
            answer = self._answer() if self.text is None else await self._take(self.text)
            if answer is None:
                return
            yield answer

    def _answer(self) -> bytes | None:
        """Answer the next command, if it is complete."""
        try:
            line = self._lines.line()
            if line is None:
                return None
            keyword, _, argument = line.partition(b" ")
            command = COMMANDS.get(keyword.upper())
            if command is None:
                raise LmtpError(b"500 5.5.1 this command is not known")
            return command(self, argument.strip(b" ")) + b"\r\n"
        except LmtpError as error:
            return self._refuse(error.reply, int(error.is_fault))
        except LineTooLong:
            return self._refuse(_LINE_TOO_LONG, 1)
        except EndlessLine:
            return self._refuse(_LINE_TOO_LONG, MAX_FAULTS)

    def _refuse(self, reply: bytes, faults: int) -> bytes:
        self._faults += faults
        last = self.expire("too many errors") if self._faults >= MAX_FAULTS else b""
        return reply + b"\r\n" + last

    async def _take(self, text: IncomingText) -> bytes | None:
        """Move what came to the mail's text; once that is complete, hand it over and answer for each recipient.

        RFC 2033 s. 4.2: in the order of the recipients, however often one was named.
        """
        try:
            rest = text.feed(self._lines.take(len(self._lines)))
        except EndlessText:
            return self._refuse(too_large(self.settings.max_message), MAX_FAULTS)
        self._lines.feed(rest)
        if not text.is_complete:
            # An empty piece is a pause: a mail that comes slowly keeps its connection from being idle.
            return b"" if text.grew() else None
        names = self.names
        self.reset()
        if text.is_too_large:
            return (too_large(self.settings.max_message) + b"\r\n") * len(names)
        outcomes = await self._acceptor.accept(list(dict.fromkeys(names)), text.octets())
        return b"".join(verdict(name, outcomes[name]) for name in names)
