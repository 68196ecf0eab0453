"""A made archive behind a real server, and a bare client that tells what it serves."""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from storage.export import Exported, as_mboxrd
from tests.mail import mail

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = [
    "GROUP",
    "OTHER",
    "REMOVED",
    "Bare",
    "News",
    "listgate",
    "running",
    "serving",
    "write_archive",
]

GROUP: Final = "interop.talk"
OTHER: Final = "interop.other"
REMOVED: Final = 5
"""The number that nothing has any more."""

_ROOT: Final = Path(__file__).resolve().parents[2]
_RECEIVED: Final = 1_700_000_000
_PATIENCE: Final = 30
"""Seconds to wait for a program that has something to do."""


@dataclass(frozen=True, slots=True)
class News:
    """A server, and what it serves: the articles of ``GROUP`` by number, as ARTICLE sends them, dots undone."""

    port: int
    tls_port: int | None
    articles: Mapping[int, bytes]

    host = "127.0.0.1"

    @property
    def lf_articles(self) -> list[bytes]:
        """What a client has that keeps line ends as its system does."""
        return [article.replace(b"\r\n", b"\n") for article in self.articles.values()]


class Bare:
    """A connection that sends a line and returns the response as it comes."""

    def __init__(self, connected: socket.socket) -> None:
        self._connected = connected
        self._file = connected.makefile("rb")
        self.greeting = self._file.readline()

    @classmethod
    def to(cls, port: int) -> Self:
        """Connect to a server on this machine."""
        return cls(socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._connected.close()

    def say(self, command: str) -> bytes:
        """Return the status line that answers ``command``."""
        self._connected.sendall(command.encode() + b"\r\n")
        return self._file.readline()

    def ask(self, command: str) -> bytes:
        """Return the block that answers ``command``, dots undone."""
        assert self.say(command).startswith(b"2"), command
        lines = iter(self._file.readline, b".\r\n")
        return b"".join(line.removeprefix(b".") for line in lines)


def listgate(archive: Path, *arguments: str | Path) -> None:
    """Run a command of listgate on an archive."""
    _run = subprocess.run(
        _command(archive, *arguments),
        cwd=_ROOT,
        capture_output=True,
        check=False,
        timeout=_PATIENCE,
    )
    assert _run.returncode == 0, _run.stderr.decode()


def write_archive(folder: Path) -> Path:
    """Make an archive of mail that clients may stumble over; return its folder.

    ``GROUP`` has lost a message from its midst, and shares one with ``OTHER``.
    """
    archive = folder / "archive"
    for name, mails in ((OTHER, [_SHARED]), (GROUP, _MAILS)):
        path = folder / f"{name}.mbox"
        path.write_bytes(
            b"".join(
                as_mboxrd(Exported(number, _RECEIVED + 60 * number, raw))
                for number, raw in enumerate(mails, 1)
            )
        )
        listgate(archive, "import", name, path)
    listgate(archive, "remove", GROUP, "removed@x.example")
    return archive


@contextlib.contextmanager
def serving(archive: Path, config: Path | None = None) -> Iterator[News]:
    """Serve an archive as long as this lasts, with a configuration or on any port."""
    listen = ["--nntp", "127.0.0.1:0"] if config is None else ["--config", config]
    faces = ("--imap", "none", "--web", "none")
    with running(archive, *listen, *faces, ports=1 if config is None else 2) as ports:
        yield News(ports["nntp"], ports.get("nntps"), _articles(ports["nntp"]))


@contextlib.contextmanager
def running(archive: Path, *options: str | Path, ports: int) -> Iterator[Mapping[str, int]]:
    """Run a server with so many ports as long as this lasts; yield them, by scheme."""
    command = _command(archive, "serve", *options)
    with subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield _ports(server, ports)
        finally:
            server.terminate()
            assert server.wait(_PATIENCE) == 0


def _command(archive: Path, *arguments: str | Path) -> Sequence[str | Path]:
    return (sys.executable, "-m", "gateway.cli", "--archive", archive, *arguments)


def _ports(server: subprocess.Popen[str], count: int) -> Mapping[str, int]:
    """Return the ports that the first lines of a server tell, by scheme."""
    assert server.stdout is not None
    lines = [server.stdout.readline() for _ in range(count)]
    urls = [re.search(r"(\w+)://127\.0\.0\.1:(\d+)/", line) for line in lines]
    return {url[1]: int(url[2]) for url in urls if url}


def _articles(port: int) -> Mapping[int, bytes]:
    with Bare.to(port) as client:
        numbers = client.ask(f"LISTGROUP {GROUP}").split()
        return {int(number): client.ask(f"ARTICLE {int(number)}") for number in numbers}


_SHARED: Final = mail("shared", subject="To both", body="Once in each.\n")

_MAILS: Final = [
    mail("first", subject="First", body="Hello.\n"),
    *(mail(f"re{n}", answers="first", subject="Re: First", body=f"{n}\n") for n in range(3)),
    mail("removed"),
    mail("nested", answers="re1", subject="Re: First", body="> 1\n\nIndeed.\n"),
    _SHARED,
    mail("dots", body=".\n..\n.dot\n...\n\n.\n"),
    mail(
        "from",
        body="From me to you.\n>From here\n\nFrom ann@x.example Thu Jan  1 12:00:00 2004\nx\n",
    ),
    mail("empty", body=""),
    mail("blank", body="\n\n \nText \t\n\n\n"),
    mail("unended", body="No line end"),
    mail("long", body="x" * 3000 + "\n" + "y" * 999 + "\n"),
    mail(
        "folded",
        "X-Folded: a\n\tb\n  c",
        "To: " + ",\n ".join(f"a{n}@x.example" for n in range(90)),
    ),
    mail("encoded", subject="=?utf-8?q?Gr=C3=BC=C3=9Fe?= =?iso-8859-1?q?_=E9?="),
    mail(
        "octets",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
        body="Grüße, Žluťoučký kůň, 日本語\n",
    ),
    mail(
        "parts",
        "MIME-Version: 1.0",
        'Content-Type: multipart/mixed; boundary="=="',
        body="--==\n\nOne.\n--==\nContent-Type: text/html\n\n<p>Two.</p>\n--==--\n",
    ),
    mail("replying", "In-Reply-To: <octets@x.example>", subject="Re: Topic"),
    mail(None, subject="No id", body="It gets one.\n"),
    b"From: B <b@x.example>\nMessage-ID: <bald@x.example>\n\nNeither Subject nor Date.\n",
    mail("control", "Control: cancel <first@x.example>", "Approved: me", "Lines: 99"),
    *(
        mail(f"last{n}", answers=f"last{n - 1}" if n else None, body=f"{n}\n" * n)
        for n in range(20)
    ),
]
