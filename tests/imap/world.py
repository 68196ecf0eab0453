"""The archive of ``tests.nntp.world`` as an IMAP client sees it, with users who keep flags, and things that happen to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.access import Policy, Reader
from gateway.imap import Session, Settings
from storage.memory_marks import MemoryMarks
from tests.mail import NOW, fill, mail
from tests.nntp.world import CLOCK, POLICY, USER, Client, Users, build

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.mail import Engine


class Stage:
    """An archive and one or more conversations over it; ``client`` talks in the current one."""

    session: Session
    client: Client

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.archive = build(engine)
        self.marks = MemoryMarks()
        self._options: dict[str, str] = {}
        self._clients: dict[str, Client] = {}

    def open(self, options: Sequence[str] = ()) -> bytes:
        """Begin the first conversation; return the greeting."""
        self._options = {key: value for key, _, value in (each.partition("=") for each in options)}
        self._clients.clear()
        self.go_on_with("first")
        return self.session.greeting()

    def go_on_with(self, name: str) -> None:
        """Go on in the conversation called ``name``, begun if there is none."""
        if name not in self._clients:
            self._clients[name] = Client(self._begun())
        self.client = self._clients[name]
        session = self.client.session
        assert isinstance(session, Session)
        self.session = session

    def remove(self, name: str, number: int) -> None:
        """Remove a message."""
        with self.engine.writer().batch() as batch:
            batch.remove(name, number)
        self.archive.refresh()

    def arrive(self, name: str, own: str) -> None:
        """Add a message."""
        fill(self.engine.writer(), name, [mail(own)], now=NOW + 90_000)
        self.archive.refresh()

    def describe(self, name: str, description: str) -> None:
        """Describe a list."""
        with self.engine.writer().batch() as batch:
            batch.describe(name, description=description)
        self.archive.refresh()

    def _begun(self) -> Session:
        options = self._options
        login_needed = "login-needed" in options
        session = Session(
            self.archive,
            Settings(tls_available="tls" in options, plaintext_login="plaintext-login" in options),
            Policy({"lists.secret": [USER]}, login_needed=True) if login_needed else POLICY,
            Users() if "users" in options or options.get("as") == USER else None,
            marks=self.marks,
            secure="secure" in options,
            clock=lambda: CLOCK,
        )
        if "as" in options:
            session.login(Reader(None if options["as"] == "anonymous" else options["as"]))
        return session
