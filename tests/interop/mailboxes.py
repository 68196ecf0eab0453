"""A made archive behind a real IMAP server with users, and a bare client that tells what it serves."""

from __future__ import annotations

import contextlib
import itertools
import re
import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self

from gateway.passwords import hash_password
from tests.interop.news import GROUP, listgate, running, write_archive
from tests.mail import mail

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["GROWING", "MAILBOX", "PASSWORD", "BareMail", "Mailboxes", "add", "serving_mail"]

MAILBOX: Final = GROUP
GROWING: Final = "interop.growing"
"""The mailbox that tests add to."""

PASSWORD: Final = "open sesame"

_USERS: Final = 40
_PATIENCE: Final = 20
"""Seconds to wait for an answer."""


@dataclass(frozen=True, slots=True)
class Mailboxes:
    """A server, and what it serves: the messages of ``MAILBOX`` by UID, as BODY[] is sent."""

    archive: Path
    port: int
    tls_port: int
    messages: Mapping[int, bytes]
    _names: Iterator[str] = field(repr=False)

    host = "127.0.0.1"

    @property
    def lf_messages(self) -> list[bytes]:
        """What a client has that keeps line ends as its system does, ordered."""
        return sorted(message.replace(b"\r\n", b"\n") for message in self.messages.values())

    def user(self) -> str:
        """Return the name of a user who has not been here yet, and so has no flags."""
        return next(self._names)


class BareMail:
    """A connection that sends a command and returns the untagged responses as they come, with their literals."""

    def __init__(self, port: int, user: str = "anonymous") -> None:
        self._connected = socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE)
        self._file = self._connected.makefile("rb")
        self._tags = itertools.count()
        assert self.response().startswith(b"* OK ")
        self.ask(f'LOGIN {user} "{PASSWORD}"')

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._connected.close()

    def ask(self, command: str) -> list[bytes]:
        """Return the untagged responses to a command that must be answered OK."""
        tag = self.begin(command)
        responses = []
        while not (response := self.response()).startswith(tag):
            responses.append(response)
        assert response.startswith(tag + b" OK "), (command, response)
        return responses

    def begin(self, command: str) -> bytes:
        """Send a command; return its tag."""
        tag = b"t%d" % next(self._tags)
        self.send(tag + b" " + command.encode())
        return tag

    def send(self, line: bytes) -> None:
        self._connected.sendall(line + b"\r\n")

    def response(self) -> bytes:
        """Return the next response."""
        response = self._file.readline()
        while literal := re.search(rb"\{(\d+)\}\r\n\Z", response):
            response += self._file.read(int(literal[1])) + self._file.readline()
        return response

    def flags(self, uid: int) -> set[bytes]:
        """Return a message's flags."""
        responses = b"".join(self.ask(f"UID FETCH {uid} FLAGS"))
        return set(re.findall(rb"UID %d FLAGS \((.*?)\)" % uid, responses)[-1].split())


def add(archive: Path, folder: Path, own: str) -> None:
    """Add a message to ``GROWING``."""
    path = folder / f"{own}.eml"
    path.write_bytes(mail(own, subject=f"The {own}"))
    listgate(archive, "import", GROWING, path)


@contextlib.contextmanager
def serving_mail(folder: Path, certificate: tuple[Path, Path]) -> Iterator[Mailboxes]:
    """Serve a made archive to its users as long as this lasts: with STARTTLS, and TLS from the start."""
    archive = write_archive(folder)
    add(archive, folder, "oldest")
    names = [f"user{number}" for number in range(_USERS)]
    known = str(hash_password(PASSWORD))
    config = folder / "users.toml"
    config.write_text(
        '[nntp]\nlisten = "none"\n'
        '[imap]\nlisten = ["127.0.0.1:0", {address = "127.0.0.1:0", tls = "implicit"}]\n'
        f'[tls]\ncertificate = "{certificate[0]}"\nkey = "{certificate[1]}"\nmode = "optional"\n'
        "[users]\n" + "".join(f'{name} = "{known}"\n' for name in names)
    )
    with running(archive, "--config", config, "--web", "none", ports=2) as ports:
        messages = _messages(ports["imap"])
        yield Mailboxes(archive, ports["imap"], ports["imaps"], messages, iter(names))


def _messages(port: int) -> Mapping[int, bytes]:
    form = re.compile(rb"\* \d+ FETCH \(UID (\d+) BODY\[\] \{\d+\}\r\n(.*)\)\r\n", re.DOTALL)
    with BareMail(port) as client:
        client.ask(f"EXAMINE {MAILBOX}")
        found = [form.fullmatch(each) for each in client.ask("UID FETCH 1:* BODY.PEEK[]")]
        return {int(each[1]): each[2] for each in found if each}
