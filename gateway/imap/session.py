"""One IMAP client's conversation: commands in, responses out. RFC 9051 s. 2, s. 3."""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from gateway.access import ANONYMOUS, Policy
from gateway.imap.framing import LITERAL_OCTETS, CommandBuffer, CommandTooLong, GoAhead, TooMuchData
from gateway.imap.grammar import Parser
from gateway.imap.modseq import highest_line, last_modseq
from gateway.imap.registry import CAPABILITIES, COMMANDS, Request, State
from gateway.imap.responses import Bad, Ended, ImapError, No, code
from gateway.imap.settings import Settings
from gateway.imap.updates import updates
from gateway.wire import CHUNK_OCTETS, EndlessLine, LineTooLong, Upgrade, chunks
from storage.errors import ArchiveUnavailable, NoSuchList
from storage.model import MailingList

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator

    from gateway.access import Access, Authenticator, Reader
    from gateway.imap.registry import Command
    from gateway.imap.view import View
    from storage.archive import Archive
    from storage.marks import ListMarks, Marks

__all__ = ["Session"]

LEAST_IDLE_SECONDS: Final = 1800
"""How long a silent client that has logged in is kept at least. RFC 9051 s. 5.4."""

STRANGERS_OCTETS: Final = 4096
"""The longest literal taken from somebody who has not logged in."""

INBOX: Final = MailingList("INBOX")
"""The mailbox that clients expect everywhere (RFC 9051 s. 5.1): here it is always empty."""

_NO_LITERALS: Final = frozenset((b"APPEND", b"REPLACE"))
"""Commands whose literals are whole messages: they are refused before those are sent. RFC 7889 s. 4."""

log = logging.getLogger(__name__)


class Session:
    """An IMAP conversation; see ``gateway.wire.Session``.

    ``reader`` is None until somebody has logged in, ``view`` while no mailbox is selected. ``marks`` keep the users'
    own flags, None where there are no users. ``enabled`` are the extensions that the client switched on (RFC 5161), or
    that its commands did (RFC 7162 s. 3.1). ``continuation``, when set, takes the next line in place of a command;
    ``idling`` tells that the client waits for news (RFC 2177). ``condstore_told`` tells that it got HIGHESTMODSEQ when it
    began to care for mod-sequences (RFC 7162 s. 3.1).
    """

    def __init__(
        self,
        archive: Archive,
        settings: Settings | None = None,
        policy: Policy | None = None,
        authenticator: Authenticator | None = None,
        *,
        marks: Marks | None = None,
        secure: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.archive = archive
        self.settings = settings or Settings()
        self.authenticator = authenticator
        self.marks = marks
        self.secure = secure
        self.clock = clock
        self.compressed = False
        self.closing = False
        self.upgrade: Upgrade | None = None
        self.least_idle_seconds = 0
        self.reader: Reader | None = None
        self.view: View | None = None
        self.enabled: set[bytes] = set()
        self.failed_logins = 0
        self.continuation: Callable[[bytes], AsyncIterator[bytes]] | None = None
        self.idling = False
        self.condstore_told = False
        self._bad_commands = 0
        self._policy = policy or Policy()
        self._commands = CommandBuffer(_NO_LITERALS)
        self._commands.literal_octets = STRANGERS_OCTETS

    @property
    def buffered(self) -> int:
        return len(self._commands)

    def greeting(self) -> bytes:
        """Return the greeting. RFC 9051 s. 7.1.5."""
        return b"* OK [CAPABILITY %b] listgate ready\r\n" % self.capabilities()

    def feed(self, data: bytes) -> None:
        if not self.closing:
            self._commands.feed(data)

    async def respond(self) -> AsyncGenerator[bytes, None]:
        while not (self.closing or self.upgrade):
            try:
                response = self._news() if self.has_news() else self._next()
            except (EndlessLine, TooMuchData):
                yield self.expire("too much without end")
                return
            if response is None:
                return
            async for piece in response:
                if len(piece) < 2 * CHUNK_OCTETS:
                    yield piece
                    continue
                for chunk in chunks(piece):
                    yield chunk

    def has_news(self) -> bool:
        return self.idling and not self._is_told()

    def upgraded(self, which: Upgrade) -> None:
        """Go on over a new layer; what came before TLS is forgotten. RFC 9051 s. 6.2.1."""
        self.upgrade = None
        self._commands.clear()
        if which is Upgrade.TLS:
            self.secure = True
        else:
            self.compressed = True

    def expire(self, reason: str) -> bytes:
        """End the conversation. RFC 9051 s. 7.1.5."""
        self.closing = True
        return b"* BYE %b\r\n" % reason.encode("ascii")

    @property
    def state(self) -> State:
        """How far the conversation has come."""
        if self.reader is None:
            return State.NOT_AUTHENTICATED
        return State.AUTHENTICATED if self.view is None else State.SELECTED

    @property
    def utf8(self) -> bool:
        """Whether strings may hold UTF-8, both ways. RFC 6855 s. 3, RFC 9051 s. 5.1."""
        return b"UTF8=ACCEPT" in self.enabled or b"IMAP4REV2" in self.enabled

    @property
    def user(self) -> str | None:
        """The name of the user who has logged in, None for anybody else."""
        return None if self.reader is None else self.reader.user

    @property
    def access(self) -> Access:
        """What the reader may read now."""
        return self._policy.access(self.reader or ANONYMOUS)

    def login(self, reader: Reader) -> None:
        """Go on as ``reader``."""
        self.reader = reader
        self.least_idle_seconds = LEAST_IDLE_SECONDS
        self._commands.literal_octets = LITERAL_OCTETS

    def capabilities(self) -> bytes:
        """Return what is offered now, separated by spaces. RFC 9051 s. 6.1.1."""
        offered = (offer(self) for offer in CAPABILITIES)
        return b" ".join([each for each in offered if each is not None])

    def lists(self) -> Iterator[MailingList]:
        """Yield the lists that the reader may read, ordered by name."""
        access = self.access
        readable = access.readable
        lists = () if access.login_needed else self.archive.lists()
        return (record for record in lists if readable(record.name))

    def mailing_list(self, name: str) -> MailingList:
        """Return the list that is a mailbox; INBOX, where no list is called so, is an empty one.

        Raises:
            No: there is none that the reader may read.
        """
        access = self.access
        if access.login_needed:  # and was not when the reader began
            raise No("log in first", b"AUTHORIZATIONFAILED")
        try:
            if access.readable(name):
                return self.archive.mailing_list(name)
        except NoSuchList:
            pass
        if name == "INBOX":
            return INBOX
        raise No("no such mailbox", b"NONEXISTENT")

    def own_marks(self, record: MailingList) -> ListMarks | None:
        """Return the user's marks in a list; None for anybody else."""
        if self.marks is None or self.user is None:
            return None
        return self.marks.of(self.user, record.name, record.validity)

    def _see_marks(self) -> None:
        """Bring the marks in the selected mailbox up to date with what other processes changed.

        Those of a revision that is not known yet bring it along: a client that is told their mod-sequence would take it
        that it knows that revision. Where they cannot be read now, what was read before is served, as by the server,
        which logs it.
        """
        if self.view is None or self.view.marks is None:
            return
        with suppress(ArchiveUnavailable):
            self.own_marks(self.view.record)
            if self.view.marks.stamp > last_modseq(self.view.record.revision):
                self.archive.refresh()

    def selected(self) -> View:
        """Return what is selected, in a command that needs it."""
        assert self.view is not None
        return self.view

    def current(self, view: View | None = None) -> MailingList:
        """Return the list of the selected mailbox, or of another view, as it is now.

        Raises:
            No: the reader may not read it any more, or its UIDs mean other messages.
        """
        record = (view or self.selected()).record
        current = self.mailing_list(record.name)
        if current.validity != record.validity:
            raise No("the mailbox is gone", b"NONEXISTENT")
        return current

    def tell_updates(self, *, expunges: bool) -> Iterator[bytes]:
        """Tell what changed in the selected mailbox. RFC 9051 s. 5.2."""
        try:
            current = self.current()
        except No:
            yield self.expire("the mailbox is gone")
            return
        yield from updates(self.selected(), current, self.enabled, expunges=expunges)

    async def _news(self) -> AsyncIterator[bytes]:
        """Tell what changed to a client that waits for it."""
        for piece in self.tell_updates(expunges=True):
            yield piece

    def _is_told(self) -> bool:
        """Tell whether the client knows the selected mailbox, if there is one, as it is."""
        view = self.view
        if view is None:
            return True
        try:
            current = self.current()
        except No:
            return False
        return current is view.record and (view.marks is None or view.marks.stamp <= view.told)

    def _next(self) -> AsyncIterator[bytes] | None:
        """Return the response to what came next, or None where nothing complete has come.

        Raises:
            EndlessLine, TooMuchData: the client goes on and on.
        """
        try:
            if self.continuation is not None:
                return self._continued(self.continuation)
            command = self._commands.command()
        except CommandTooLong as error:
            return _whole(_too_long(error))
        if isinstance(command, GoAhead):
            return _whole(b"+ go ahead\r\n")
        return None if command is None else self._answer(command)

    def _continued(
        self, proceed: Callable[[bytes], AsyncIterator[bytes]]
    ) -> AsyncIterator[bytes] | None:
        """Return the response to a line that continues a command, or None where none has come."""
        try:
            line = self._commands.line()
        except LineTooLong:
            line = b"*"  # no answer to anything: RFC 9051 s. 6.2.2 cancels by it
        if line is None:
            return None
        self.continuation = None
        return proceed(line)

    async def _answer(self, octets: bytes) -> AsyncIterator[bytes]:
        """Answer a command."""
        tag = b"*"
        try:
            parser = Parser(octets, utf8=self.utf8)
            tag = parser.tag()
            request, row = self._request(tag, parser)
            self._see_marks()
            async for piece in row.run(self, request):
                yield piece
            if self.continuation is None:
                for piece in self._complete(request, row):
                    yield piece
        except Exception as error:  # noqa: BLE001 - whatever goes wrong, the client gets an answer
            yield self.refusal(tag, error)

    def complete(self, request: Request) -> Iterator[bytes]:
        """Yield what ends a command that took another line. RFC 9051 s. 5.2."""
        return self._complete(request, COMMANDS[request.name])

    def refusal(self, tag: bytes, error: Exception) -> bytes:
        """Return the response to a command that failed; what is no refusal is logged. RFC 5530."""
        if isinstance(error, Bad):
            self._bad_commands += 1
            if self._bad_commands > self.settings.bad_commands:
                return error.response(tag) + self.expire("too many bad commands")
        if isinstance(error, Ended):
            return error.response(tag) + self.expire(str(error))
        if isinstance(error, ImapError):
            return error.response(tag)
        if isinstance(error, ArchiveUnavailable):
            log.error("the archive cannot be read", exc_info=error)
            return No("the archive is unavailable now", b"UNAVAILABLE").response(tag)
        log.error("internal fault", exc_info=error)
        return No("internal fault", b"SERVERBUG").response(tag)

    def _request(self, tag: bytes, parser: Parser) -> tuple[Request, Command]:
        """Read a command's name, and find what runs it.

        Raises:
            Bad: there is none that could now.
        """
        parser.space()
        name = parser.word()
        by_uid = name == b"UID"
        if by_uid:
            parser.space()
            name = parser.word()
        row = COMMANDS.get(name)
        if row is None or (by_uid and not row.with_uid):
            raise Bad("unknown command")
        if not row.states & self.state:
            raise Bad(_wrong_state(row.states, self.state))
        return Request(tag, name, by_uid, parser), row

    def _complete(self, request: Request, row: Command) -> Iterator[bytes]:
        """Yield what ends a command: what changed meanwhile, and its tagged OK."""
        self._bad_commands = 0
        news = self._condstore_begins() if self.view is not None else b""
        if not self._is_told():
            yield news
            yield from self.tell_updates(expunges=request.by_uid or not row.keeps_msns)
            news = b""
        text = request.text.encode("ascii") or request.name + b" completed"
        yield b"%b%b OK %b%b\r\n" % (news, request.tag, code(request.code), text)

    def _condstore_begins(self) -> bytes:
        """Return HIGHESTMODSEQ once, where the client begins to care with a mailbox selected. RFC 7162 s. 3.1."""
        if self.condstore_told or b"CONDSTORE" not in self.enabled:
            return b""
        self.condstore_told = True
        return highest_line(self.selected())


def _wrong_state(wanted: int, state: State) -> str:
    """Return what to say of a command that does not work now."""
    if state is State.NOT_AUTHENTICATED:
        return "log in first"
    return "select a mailbox first" if wanted & State.SELECTED else "already logged in"


def _too_long(error: CommandTooLong) -> bytes:
    """Return the response to a command that was not read whole."""
    if error.name in _NO_LITERALS:
        return No("this archive is read-only", b"NOPERM").response(error.tag)
    return Bad("the command is too long", b"TOOBIG").response(error.tag)


async def _whole(response: bytes) -> AsyncIterator[bytes]:
    """Yield a response."""
    yield response
