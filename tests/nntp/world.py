"""A small archive with everything that newsgroups can be, and a client that talks to a session over it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.acceptance import Outcome
from gateway.accepting import WriterAcceptor
from gateway.access import Policy, Reader
from gateway.nntp import Session, Settings
from gateway.nntp.responses import dot_stuffed
from gateway.nntp.sink import BUSY_OCTETS, Sink
from gateway.passwords import hash_password
from gateway.peers import Peers, parse_peers
from gateway.renderers import RENDERERS
from gateway.scram import ScramCredentials
from gateway.toml_table import TomlTable
from gateway.wire import Beside
from tests.mail import NOW, done, fill, mail

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator, Mapping, Sequence

    from gateway import wire
    from gateway.acceptance import Acceptor
    from storage.archive import Archive
    from tests.mail import Engine

HOST = b"news.example"
USER, PASSWORD = "ann", "open sesame"
HASH = hash_password(PASSWORD, iterations=2, salt=b"salt")
CLOCK = 1_795_329_326
"""2026-11-22 06:35:26 UTC."""

POLICY = Policy({"lists.secret": [USER]})


ODD = [
    mail(None, "Message-ID: <has space@x.example>"),
    mail(None, "Message-ID: bare@x.example"),
    mail("first", "Message-ID: <second@x.example>"),
    mail("dirty", body="a\0b\rc\n.\rd"),
    b"From: J\xf6rg <j@x.example>\nSubject: =?iso-8859-1?q?=F6?=\nDate: yesterday\nMessage-ID: <raw@x.example>\n\nx\n",
    mail("reply", "In-Reply-To: <dirty@x.example>"),
]


def build(engine: Engine) -> Archive:
    """Fill an engine.

    ``lists.alpha`` has 1, 2, 4, 6 and lost 3 and 5; ``lists.beta`` has a day later what is 2 in alpha and secret, and a
    message with dots; ``lists.empty`` never had any, ``lists.gone`` lost all it had; ``lists.secret`` is for ann only.
    ``Lists.Mixed`` and ``lists.twin``/``lists.TWIN`` differ by case. ``lists.odd`` has what mail should not be.
    """
    writer = engine.writer()
    shared = mail("shared", "X-Where: everywhere", subject="To all", body="Once.\n")
    fill(
        writer,
        "lists.alpha",
        [
            mail("one", "To: lists@x.example", subject="First", body="Hello.\n"),
            shared,
            mail("three"),
            mail("four", answers="one", subject="Re: First", body="You.\n\n.dot\n..\n"),
            mail("five"),
            mail(
                "six",
                "X-Folded: a\n\tb\n c",
                ".Dotted: yes",
                subject="A\tB =?utf-8?q?=C3=A9?=\n and",
                body="",
            ),
        ],
    )
    fill(writer, "lists.beta", [shared, mail("two", body=".\nx\n")], now=NOW + 86_400)
    fill(writer, "lists.gone", [mail("g1"), mail("g2")])
    fill(writer, "lists.secret", [shared, mail("hush", body="Hush.\n")])
    fill(writer, "lists.odd", ODD)
    for name in ("Lists.Mixed", "lists.twin", "lists.TWIN"):
        fill(writer, name, [mail(f"in-{name}")])
    with writer.batch(lambda: NOW) as batch:
        batch.mailing_list("lists.empty")
        batch.describe("lists.alpha", description="All about alpha \u2013 and omega")
        batch.describe("lists.beta", address="beta@x.example")
        for name, number in [("lists.alpha", n) for n in (3, 5)] + [
            ("lists.gone", n) for n in (1, 2)
        ]:
            batch.remove(name, number)
    return engine.archive()


class Users:
    """Knows one user."""

    async def password(self, user: str, password: str) -> Reader | None:
        return Reader(user) if (user, password) == (USER, PASSWORD) else None

    async def scram(self, user: str) -> ScramCredentials:
        if user != USER:
            return ScramCredentials(None, 2, b"none", b"", b"")
        return ScramCredentials(
            Reader(user), HASH.iterations, HASH.salt, HASH.stored_key, HASH.server_key
        )


PEER_ADDRESS = "192.0.2.7"
"""Where the peer called near connects from."""

PEERS = parse_peers(
    TomlTable(
        Path("listgate.toml"),
        "peers",
        {
            "near": {
                "hosts": ["192.0.2.0/24", "2001:db8::/32"],
                "lists": "lists.*,!lists.secret",
                "groups": {"comp.alpha": "lists.alpha", "comp.made": "made"},
                "path": "near.example",
                "max_article": 2000,
            },
            "far": {"user": USER, "lists": "lists.*,far.*", "create": True},
        },
    ),
    [USER],
)


class Intake:
    """Stores what is handed in at once, in an engine's archive, unless it is told otherwise."""

    def __init__(self, engine: Engine, archive: Archive) -> None:
        self._archive = archive
        self._inner = WriterAcceptor(engine.writer(), RENDERERS, clock=lambda: CLOCK)
        self.is_busy = False
        self.is_available = True

    async def accept(self, names: Sequence[str], raw: bytes) -> Mapping[str, Outcome]:
        if not self.is_available:
            return dict.fromkeys(names, Outcome.UNAVAILABLE)
        outcomes = await self._inner.accept(names, raw)
        self._archive.refresh()
        return outcomes

    def pending(self) -> int:
        return BUSY_OCTETS if self.is_busy else 0


def sink_of(archive: Archive, acceptor: Acceptor) -> Sink:
    """Return what takes articles from ``PEERS``."""
    return Sink(archive, Peers(PEERS), acceptor, HOST, clock=lambda: CLOCK)


def session(
    archive: Archive,
    settings: Settings | None = None,
    *,
    policy: Policy = POLICY,
    users: Users | None = None,
    secure: bool = False,
    sink: Sink | None = None,
    address: str = "",
) -> Session:
    """Return a session whose clock stands still."""
    return Session(
        archive,
        settings or Settings(HOST),
        policy,
        users,
        secure=secure,
        clock=lambda: CLOCK,
        sink=sink,
        address=address,
    )


def article(
    own: str,
    *fields: str,
    groups: str = "lists.alpha",
    path: str = "near.example!not-for-mail",
    body: bytes = b"Text.\r\n",
) -> bytes:
    """Return an article as a peer sends it, but for the dots; ``own`` is the left part of its Message-ID."""
    head = (
        f"Path: {path}",
        "From: A <a@x.example>",
        f"Newsgroups: {groups}",
        "Subject: Topic",
        "Date: Thu, 1 Jan 2004 12:00:00 +0000",
        f"Message-ID: <{own}@x.example>",
        *fields,
    )
    return "".join(f"{field}\r\n" for field in head).encode() + b"\r\n" + body


def takethis(own: str, text: bytes) -> bytes:
    """Return the command that sends an article, and the article."""
    return b"TAKETHIS <%b@x.example>\r\n%b.\r\n" % (own.encode(), dot_stuffed(text))


@dataclass(slots=True)
class Client:
    """Talks to a session of any face without a transport; ``chunks`` are those of the last answer."""

    session: wire.Session
    chunks: list[bytes] = field(default_factory=list)

    def send(self, data: bytes) -> bytes:
        """Send octets; return what is answered."""
        self.session.feed(data)
        return self.receive()

    def ask(self, command: bytes) -> bytes:
        """Send a command; return the answer."""
        return self.send(command + b"\r\n")

    def receive(self) -> bytes:
        """Return what is answered to what was fed."""

        async def gather() -> list[bytes]:
            return [chunk async for chunk in self.session.respond()]

        self.chunks = _done_beside(gather())
        return b"".join(self.chunks)


def _done_beside(coroutine: Coroutine[object, None, list[bytes]]) -> list[bytes]:
    """Return what a coroutine returns; what it has done beside it ends at once."""

    while True:
        try:
            beside = coroutine.send(None)
        except StopIteration as stop:
            result: list[bytes] = stop.value
            return result
        assert isinstance(beside, Beside), "an embedded archive suspended"
        done(beside.work)
        beside.end = _Ended()


class _Ended:
    """What has ended: to wait for it takes no time."""

    def __await__(self) -> Generator[None, None, None]:
        yield from ()
