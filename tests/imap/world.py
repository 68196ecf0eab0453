"""The archive of ``tests.nntp.world`` as an IMAP client sees it, with users who keep flags, and things that happen to it."""

from __future__ import annotations

from itertools import chain, repeat
from typing import TYPE_CHECKING, cast

from gateway.access import Policy, Reader
from gateway.imap import Session, Settings
from storage.marks import REVISION_BITS
from storage.memory_marks import MemoryMarks
from tests.imap import searched
from tests.mail import NOW, fill, gathered, mail
from tests.nntp.world import CLOCK, POLICY, USER, Client, Users, build

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.model import Entry
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
        self.modseqs: dict[bytes, int] = {}
        self._arrivals = 0
        self._has_mail = False

    def open(self, options: Sequence[str] = ()) -> bytes:
        """Begin the first conversation; return the greeting."""
        self._options = {key: value for key, _, value in (each.partition("=") for each in options)}
        self._clients.clear()
        if "mail" in self._options and not self._has_mail:
            searched.add(self.engine)
            self.archive.refresh()
            self._has_mail = True
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

    def arrive(self, name: str, own: str, encoding: str = "") -> None:
        """Add a message; one that is encoded holds a NUL."""
        coded = mail(own, f"Content-Transfer-Encoding: {encoding}", body="AAEC\n")
        self._arrivals += 1
        now = NOW + 90_000 + self._arrivals
        fill(self.engine.writer(), name, [coded if encoding else mail(own)], now=now)
        self.archive.refresh()

    def modseq(self, name: str, number: int | None = None) -> int:
        """Return a list's HIGHESTMODSEQ, or a message's MODSEQ, as far as the archive's own changes go."""
        revision = self.archive.mailing_list(name).revision
        if number is not None:
            batches = gathered(self.archive.entries(name, number, number))
            [[entry]] = cast("list[list[Entry]]", batches)
            revision = entry.revision
        return max(revision << REVISION_BITS, 1)

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
            clock=chain([CLOCK], repeat(CLOCK + 11)).__next__
            if "slow" in options
            else lambda: CLOCK,
        )
        if "as" in options:
            session.login(Reader(None if options["as"] == "anonymous" else options["as"]))
        return session
