"""A connection to a mail server, by the standard library's client, with bounds that this one does not have.

``imaplib`` keeps what a server sends until it is asked for, however much that is, waits for as long as something
trickles, passes over what came between STARTTLS and TLS, and does not quote what it is given; all that is seen to here. One FETCH of many messages is one round
trip, so its want of pipelining costs little.
"""

from __future__ import annotations

import imaplib
import re
import ssl
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final, NamedTuple, Self, TypeAlias

from gateway.imap import mutf7
from gateway.mirror.connection import ANSWER_SECONDS, IDLE_SECONDS
from gateway.mirror.failures import failed, not_connected
from gateway.mirror.url import PORTS, PeerUrl, parse_url

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator, Sequence
    from types import TracebackType

    from storage.errors import SourceError

__all__ = ["BUDGET", "Fetched", "ImapConnection", "Mailbox"]

BUDGET: Final = 64 * 1024 * 1024
"""Octets that an answer may have unless more is asked for."""

_MAX_LINE: Final = 1024 * 1024
"""Octets of a line; messages are no lines, but literals."""

_AT_ONCE: Final = 64 * 1024
_FAREWELL: Final = 64 * 1024
_TOO_MUCH: Final = "more octets than were asked for"

_TRACE: Final = b"listgate"
"""Whom an anonymous login says it is. RFC 4505 s. 2."""

_DELIMITER: Final = re.compile(rb'\([^)]*\) "\\?(.)"')
_NUMBER: Final = re.compile(rb"[0-9]{1,10}")
_BODY: Final = re.compile(rb"BODY\[\] \{[0-9]+\}\Z", re.IGNORECASE)
_QUOTED_BODY: Final = re.compile(rb'BODY\[\] "((?:[^"\\]|\\.)*)"', re.IGNORECASE)
_ESCAPED: Final = re.compile(rb"\\(.)")

Fetched: TypeAlias = tuple[bytes, bytes | None]
"""A FETCH response: what stands outside its literals, and the message, BODY[]."""


class Mailbox(NamedTuple):
    """An open mailbox; ``following`` is its UIDNEXT, or 0 where the server does not tell."""

    validity: int
    following: int
    messages: int


class _Over(imaplib.IMAP4.abort):
    """The server sends what was not asked for, or too slowly."""


class _Bounded(imaplib.IMAP4):
    """A client that stops reading where an answer has no end."""

    def open(self, host: str = "", port: int | None = None, timeout: float | None = None) -> None:
        self._buffer = bytearray()
        self._heard: socket.socket | None = None
        self.expect(BUDGET)
        super().open(host, port or PORTS["imap"], timeout)

    def expect(self, budget: int) -> None:
        """Bound what comes from here on; what was not asked for and came before is forgotten."""
        self._budget = budget
        self._deadline = time.monotonic() + ANSWER_SECONDS
        self.untagged_responses.clear()

    def read(self, size: int) -> bytes:
        self._check_layer()
        if size - len(self._buffer) > self._budget:
            raise _Over(_TOO_MUCH)
        while len(self._buffer) < size and self._more():
            pass
        return self._taken(size)

    def readline(self) -> bytes:
        self._check_layer()
        at = 0
        while (end := self._buffer.find(b"\n", at, _MAX_LINE)) < 0:
            at = len(self._buffer)
            if at >= _MAX_LINE:
                raise _Over(f"a line of more than {_MAX_LINE} octets")
            if not self._more():
                break
        return self._taken(end + 1 or len(self._buffer))

    def _check_layer(self) -> None:
        """Make sure that nothing came between STARTTLS and TLS: it could be anybody's. RFC 9051 s. 6.2.1."""
        if self._buffer and self._heard is not self.sock:
            raise _Over("something came in between")

    def _taken(self, size: int) -> bytes:
        with memoryview(self._buffer) as view:  # slicing the buffer itself would copy twice
            octets = bytes(view[:size])
        del self._buffer[:size]
        return octets

    def _more(self) -> bool:
        """Read what comes next; return whether something did."""
        if time.monotonic() > self._deadline:
            raise _Over(f"no whole answer in {ANSWER_SECONDS:.0f} s")
        self._heard = self.sock
        octets = self.sock.recv(_AT_ONCE)
        self._buffer += octets
        self._budget -= len(octets)
        if self._budget < 0:
            raise _Over(_TOO_MUCH)
        return bool(octets)


class _BoundedTls(_Bounded, imaplib.IMAP4_SSL):
    """The same, over TLS from the start."""


class ImapConnection:
    """A connection that is logged in; a context manager. What goes wrong is a ``SourceError``."""

    def __init__(
        self,
        url: str | PeerUrl,
        *,
        timeout: float = IDLE_SECONDS,
        context: ssl.SSLContext | None = None,
    ) -> None:
        """Connect and log in, anonymously where the URL names no user.

        Raises:
            SourceError: it cannot be reached, is no mail server, or refuses the login.
        """
        self.url = parse_url(url) if isinstance(url, str) else url
        self._context = context
        self._client = self._connected(timeout)
        try:
            self._log_in()
        except BaseException:
            self._shut()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            self._shut()
            return
        with suppress(OSError, imaplib.IMAP4.error):  # all that was wanted has come
            self._client.expect(_FAREWELL)
            self._client.logout()

    def examine(self, mailbox: str) -> Mailbox:
        """Open a mailbox to read; a ``/`` in its name may stand for what the server has between levels.

        Raises:
            SourceError: there is none, or it may not be read.
        """
        with self._errors():
            status, said = self._client.select(_name(mailbox), readonly=True)
            if status != "OK" and "/" in mailbox:
                other = mailbox.replace("/", self._delimiter())
                status, said = self._client.select(_name(other), readonly=True)
            opened = Mailbox(*map(self._number, ("UIDVALIDITY", "UIDNEXT", "EXISTS")))
        if status != "OK":
            raise self._refused(said, "check the mailbox's name and who may read it")
        if not opened.validity:
            raise failed(self.url, "no UIDVALIDITY", "name a mailbox that holds messages")
        return opened

    def fetch(self, numbers: str, items: str, budget: int = BUDGET) -> Sequence[Fetched]:
        """Return the responses to UID FETCH; ``budget`` bounds their octets.

        Raises:
            SourceError: the server refuses, or sends too much.
        """
        with self._errors(budget):
            status, found = self._client.uid("FETCH", numbers, items)
        if status != "OK":
            raise self._refused(found, "run it again later")
        return [*_responses(found)]

    def _connected(self, timeout: float) -> _Bounded:
        url = self.url
        try:
            if url.tls:
                return _BoundedTls(url.host, url.port, ssl_context=self._tls(), timeout=timeout)
            return _Bounded(url.host, url.port, timeout=timeout)
        except OSError as error:
            raise not_connected(url, error) from None
        except (imaplib.IMAP4.error, ValueError) as error:
            raise failed(
                url, f"no mail server, or not let in ({error})", "check the port"
            ) from None

    def _tls(self) -> ssl.SSLContext:
        return self._context or ssl.create_default_context()

    def _log_in(self) -> None:
        """Log in, over TLS where a password is to be sent and the server can. RFC 9051 s. 6.2, 4505, 4616."""
        client, user, password = self._client, self.url.user, self.url.password
        if client.state == "AUTH":  # PREAUTH
            return
        with self._errors(remedy="check user and password"):
            if user and not self.url.tls and "STARTTLS" in client.capabilities:
                client.starttls(self._tls())
            if not user:
                self._log_in_anonymously()
            elif "AUTH=PLAIN" in client.capabilities:
                client.authenticate("PLAIN", lambda _: f"\0{user}\0{password}".encode())
            elif "LOGINDISABLED" in client.capabilities:
                raise failed(self.url, "no login with a password offered", "try imaps://")
            else:
                client.login(_quoted(user), password)

    def _log_in_anonymously(self) -> None:
        client = self._client
        if "AUTH=ANONYMOUS" in client.capabilities:
            client.authenticate("ANONYMOUS", lambda _: _TRACE)
        else:
            client.login(_quoted("anonymous"), _TRACE.decode())

    def _shut(self) -> None:
        with suppress(OSError):  # it may be shut already
            self._client.shutdown()

    def _delimiter(self) -> str:
        """Return what the server has between the levels of a name. RFC 9051 s. 6.3.9."""
        _, found = self._client.list('""', '""')
        for line in found:
            match = _DELIMITER.match(line) if isinstance(line, bytes) else None
            if match:
                return str(match[1], "ascii", "replace")
        return "/"

    def _number(self, code: str) -> int:
        """Return the number that the server said last with a response, or 0."""
        _, found = self._client.response(code)
        last = found[-1] if found else None
        return int(last) if isinstance(last, bytes) and _NUMBER.fullmatch(last) else 0

    def _refused(self, said: Sequence[object], remedy: str) -> SourceError:
        text = said[-1] if said else b""
        return failed(
            self.url,
            text.decode("utf-8", "replace") if isinstance(text, bytes) else "refused",
            remedy,
        )

    @contextmanager
    def _errors(self, budget: int = BUDGET, remedy: str = "run it again later") -> Iterator[None]:
        """Turn what goes wrong into a ``SourceError``; ``budget`` bounds what the server may say."""
        self._client.expect(budget)
        try:
            yield
        except imaplib.IMAP4.abort as error:
            raise failed(
                self.url, f"the connection broke ({error})", "run it again later"
            ) from None
        except ssl.SSLError as error:
            raise not_connected(self.url, error) from None
        except OSError as error:
            raise failed(
                self.url, f"the connection broke ({error.strerror or error})", "run it again later"
            ) from None
        except (imaplib.IMAP4.error, ValueError) as error:
            raise failed(self.url, f"refused ({_text(error)})", remedy) from None


def _text(error: Exception) -> str:
    """Return what the server said where ``imaplib`` raises that as it came."""
    said = error.args[0] if error.args else ""
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(error)


def _responses(found: Sequence[object]) -> Iterator[Fetched]:
    """Yield each response as what stands outside its literals, and the message among those.

    ``imaplib`` gives a pair for each literal, with what stood before it, and then the rest of the line.
    """
    pieces: list[bytes] = []
    message = None
    for part in found:
        if isinstance(part, tuple):
            pieces.append(part[0])
            if part[0].endswith(b"}") and _BODY.search(part[0]):
                message = part[1]
        elif isinstance(part, bytes):
            text = b"".join((*pieces, part))
            quoted = _QUOTED_BODY.search(text) if message is None else None
            yield text, _ESCAPED.sub(rb"\1", quoted[1]) if quoted else message
            pieces, message = [], None


def _name(mailbox: str) -> str:
    """Return a mailbox's name as it is sent."""
    return _quoted(mutf7.encode(mailbox).decode("ascii"))


def _quoted(text: str) -> str:
    """Return a quoted string. RFC 9051 s. 4.3."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
