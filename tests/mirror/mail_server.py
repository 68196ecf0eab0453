"""A mail server in a thread, with one mailbox and faults."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tests.mirror.servers import Server

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

    from tests.mirror.servers import Channel

__all__ = ["Mail"]

_DATE: Final = b'"01-Jan-2004 12:00:%02d +0000"'


@dataclass
class Mail(Server):
    """``messages`` are by UID, with CRLF line ends; each came so many seconds into 2004 as its UID says.

    ``mailbox`` is the name as it is sent, ``following`` the UIDNEXT, None to tell none. ``instead`` are whole answers by command,
    ``{tag}`` standing for its tag; ``login`` is what a login must say.
    """

    messages: dict[int, bytes]
    mailbox: bytes = b"made"
    capabilities: bytes = b"IMAP4rev1"
    greeting: bytes = b"* OK hello"
    validity: int = 7
    following: int | None = 0  # 0: right behind the last one
    delimiter: bytes = b"/"
    login: bytes = b'LOGIN "anonymous" "listgate"'
    instead: Mapping[bytes, bytes] = field(default_factory=dict)
    context: ssl.SSLContext | None = None
    injected: bytes = b""  # behind the answer to STARTTLS
    dies_after: int | None = None
    heard: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def url(self, name: str = "made", login: str = "", host: str = "127.0.0.1") -> str:
        return f"imap://{login}{host}:{self.port}/{name}"

    def asked(self) -> list[bytes]:
        """Return what was fetched, and forget it."""
        found = [line for line in self.heard if line.startswith(b"UID FETCH")]
        self.heard.clear()
        return found

    def speak(self, channel: Channel) -> None:
        channel.send(self.greeting + b"\r\n")
        while line := channel.line():
            tag, _, command = line.partition(b" ")
            self.heard.append(command)
            for pattern, answer in self.instead.items():
                if re.match(pattern, command):
                    channel.send(answer.replace(b"{tag}", tag))
                    break
            else:
                self._answer(channel, tag, command)
                if self.dies_after is not None and self.dies_after < 0:
                    return

    def _answer(self, channel: Channel, tag: bytes, command: bytes) -> None:
        word = command.split()[0]
        if word == b"AUTHENTICATE":
            channel.send(b"+ \r\n")
            command += b" " + channel.line()
        if word == b"STARTTLS":
            assert self.context is not None
            channel.send(tag + b" OK go\r\n" + self.injected)
            channel.tls(self.context)
            return
        refusal = self._refusal(word, command)
        if refusal:
            channel.send(tag + b" NO " + refusal + b"\r\n")
            return
        if word == b"UID":
            for uid, message in self._chosen(command):
                if b"BODY" in command and self._dies():
                    return
                channel.send(self._fetched(command, uid, message))
        channel.send(self._said(word) + tag + b" OK done\r\n")

    def _refusal(self, word: bytes, command: bytes) -> bytes:
        if word in {b"LOGIN", b"AUTHENTICATE"} and command != self.login:
            return b"[AUTHENTICATIONFAILED] not " + command
        if word == b"EXAMINE" and command != b'EXAMINE "' + self.mailbox + b'"':
            return b"no such mailbox"
        return b""

    def _said(self, word: bytes) -> bytes:
        if word == b"CAPABILITY":
            return b"* CAPABILITY " + self.capabilities + b"\r\n"
        if word == b"LIST":
            return b'* LIST (\\Noselect) "' + self.delimiter + b'" ""\r\n'
        return self._examined() if word == b"EXAMINE" else b""

    def _dies(self) -> bool:
        if self.dies_after is None:
            return False
        self.dies_after -= 1
        return self.dies_after < 0

    def _examined(self) -> bytes:
        following = max(self.messages, default=0) + 1 if self.following == 0 else self.following
        uidnext = b"" if following is None else b"* OK [UIDNEXT %d] next\r\n" % following
        return b"* %d EXISTS\r\n* OK [UIDVALIDITY %d] valid\r\n%b" % (
            len(self.messages),
            self.validity,
            uidnext,
        )

    def _chosen(self, command: bytes) -> list[tuple[int, bytes]]:
        numbers = command.split()[2]
        if numbers == b"*":
            return sorted(self.messages.items())[-1:]
        low, high = map(int, numbers.split(b":"))
        return [item for item in sorted(self.messages.items()) if low <= item[0] <= high]

    def _fetched(self, command: bytes, uid: int, message: bytes) -> bytes:
        if b"BODY" not in command:
            return b"* 1 FETCH (RFC822.SIZE %d UID %d)\r\n" % (len(message), uid)
        date = b"INTERNALDATE " + _DATE % (uid % 60)
        body = b"BODY[] {%d}\r\n%b" % (len(message), message)
        if uid % 2:  # the order is the server's own
            return b"* 1 FETCH (UID %d %b %b)\r\n" % (uid, date, body)
        return b"* 1 FETCH (%b UID %d %b)\r\n" % (body, uid, date)
