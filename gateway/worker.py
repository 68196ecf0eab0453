"""What one worker puts together: the archive, its faces, and how they are reloaded."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from twisted.internet.interfaces import IReadDescriptor
from zope.interface import implementer

from gateway import imap, lmtp, nntp
from gateway.accept_process import ProcessAcceptor
from gateway.access import Policy
from gateway.commits import Commits
from gateway.errors import Refused
from gateway.metrics_face import METRICS_MANNERS, Measured, MetricsFace
from gateway.nntp.sink import Sink
from gateway.passwords import Users
from gateway.peers import Peers
from gateway.server import Face, Server, run
from gateway.tls import ServerCertificate
from gateway.transport import Manners
from gateway.web_face import WebFace
from storage.sqlite import SqliteArchive
from storage.sqlite.marks import SqliteMarks

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping, Sequence
    from multiprocessing.connection import Connection
    from pathlib import Path

    from twisted.internet.base import ReactorBase
    from twisted.python.failure import Failure

    from gateway.acceptance import Acceptor
    from gateway.config import Config
    from gateway.connections import Peer
    from gateway.listeners import Listener
    from gateway.slots import Slots
    from gateway.takeover import Place
    from gateway.wire import Session
    from gateway.workers import Share
    from storage.marks import Marks

__all__ = ["LMTP_SETTING", "Work", "serve_share"]

LMTP_SETTING: Final = "lmtp.listen in the configuration"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Work:
    """What a worker serves, and where."""

    directory: Path
    listeners: Mapping[str, Sequence[Listener]]
    sockets: Mapping[Place, Sequence[socket.socket]]
    subject_window: int | None
    slots: Slots


def serve_share(share: Share, work: Work, config: Config, load_again: Callable[[], Config]) -> None:
    """Serve an archive as one of several workers, until SIGTERM, or until who watches over them is gone.

    On SIGHUP users, who may read and feed what, the certificate, and what lists' addresses are, are taken from
    ``load_again``.

    Raises:
        ArchiveUnavailable: the archive cannot be read.
        BadCertificate: the certificate cannot be used.
        CannotListen: a face cannot wait where it was told to.
    """
    from twisted.internet import reactor  # noqa: PLC0415 - installs the reactor, which only serving needs

    directory, listeners = work.directory, work.listeners
    certificate = ServerCertificate(config.tls.certificate, config.tls.key) if config.tls else None
    archive = SqliteArchive(directory)
    policy, users = Policy(), Users({})
    marks = SqliteMarks(directory)
    acceptor = ProcessAcceptor(
        directory,
        reactor,  # type: ignore[arg-type]  # a module's
        subject_window=work.subject_window,
        stored=lambda: server.refresh_soon(),  # noqa: PLW0108 - the server is made later
    )
    feeding, recipients = Peers(), lmtp.Recipients(archive)
    faces = _Faces(
        archive,
        config,
        policy,
        users,
        marks,
        acceptor=acceptor,
        feeding=feeding,
        recipients=recipients,
        is_tls_available=certificate is not None,
    )
    web = WebFace(archive, config, listeners, policy, users, reactor=reactor)  # type: ignore[arg-type]  # a module's

    def apply(current: Config) -> None:
        web.replace(current)  # first: it may refuse
        policy.replace(current.readers, login_needed=current.require_login)
        users.replace(current.users)
        feeding.replace(current.peers)
        recipients.replace(_addresses(current))

    def reload() -> None:
        try:
            current = load_again()
            if certificate is not None:
                certificate.reload()
            apply(current)
        except Refused as error:
            share.has_reloaded(str(error))
        else:
            share.has_reloaded()

    def ready(urls: Sequence[str]) -> None:
        if config.lmtp.listeners or config.peers:
            acceptor.start()
        commits.start()
        life.start()
        web.prepare()
        share.is_ready(_named(every_face, urls))
        metrics.publish_always()

    apply(config)
    metrics = MetricsFace(
        Measured(directory, archive, web.counts, web.site, lambda: server),
        work.slots,
        share.index,
        reactor,
    )
    every_face = [
        Face("--nntp HOST:PORT", "nntp", listeners["nntp"], faces.nntp, Manners("nntp")),
        Face("--imap HOST:PORT", "imap", listeners["imap"], faces.imap, Manners("imap")),
        Face("--web HOST:PORT", "http", listeners["web"], web.session, web.manners),
        Face(LMTP_SETTING, "lmtp", config.lmtp.listeners, faces.lmtp, Manners("lmtp")),
        Face(
            "--metrics HOST:PORT",
            "http",
            listeners["metrics"],
            metrics.session,
            METRICS_MANNERS,
        ),
    ]
    server = Server(
        archive,
        every_face,
        config.limits,
        reactor,  # type: ignore[arg-type]  # a module's
        certificate=certificate,
        marks=marks,
        sockets=work.sockets,
    )
    commits = Commits(directory, server.refresh_soon, reactor)  # type: ignore[arg-type]  # a module's
    life = _Life(share.life, reactor)  # type: ignore[arg-type]  # a module's
    try:
        run(server, reactor, ready=ready, reload=reload)  # type: ignore[arg-type]  # a module's
    finally:
        commits.end()
        acceptor.end()
        web.close()
        archive.close()
        marks.close()


def _addresses(config: Config) -> Mapping[str, str]:
    """Return which list each address of live mail is of."""
    of_lists = {each.address: name for name, each in config.lists.items() if each.address}
    return {**of_lists, **config.lmtp.addresses}


def _named(faces: Sequence[Face], urls: Sequence[str]) -> list[tuple[str, str]]:
    """Return each URL with the name of its face."""
    names = [each.manners.face for each in faces for _ in each.listeners]
    return list(zip(names, urls, strict=True))


@implementer(IReadDescriptor)
class _Life:
    """Ends the worker when the process that watches over it is gone: its end of the pipe closes then."""

    def __init__(self, life: Connection, reactor: ReactorBase) -> None:
        self._life = life
        self._reactor = reactor

    def start(self) -> None:
        """Begin to notice."""
        self._reactor.addReader(self)

    def fileno(self) -> int:
        """Return what the reactor waits for."""
        return self._life.fileno()

    def doRead(self) -> None:  # noqa: N802 - Twisted's name
        """End: nothing is ever sent through it, so that it can be read at its end only."""
        self._reactor.removeReader(self)
        log.warning("the process that watches over this one is gone")
        self._reactor.stop()

    def connectionLost(self, reason: Failure) -> None:
        """Do nothing: the reactor ends."""

    def logPrefix(self) -> str:  # noqa: N802 - Twisted's name
        """Return what Twisted calls it in its log."""
        return "life"


class _Faces:
    """Makes the sessions of the faces."""

    def __init__(
        self,
        archive: SqliteArchive,
        config: Config,
        policy: Policy,
        users: Users,
        marks: Marks,
        *,
        acceptor: Acceptor,
        feeding: Peers,
        recipients: lmtp.Recipients,
        is_tls_available: bool,
    ) -> None:
        self._archive = archive
        self._policy = policy
        self._authenticator = users if config.users else None
        self._marks = marks
        self._acceptor = acceptor
        self._recipients = recipients
        self._nntp = nntp.Settings(
            host=config.host,
            tls_available=is_tls_available,
            plaintext_login=not config.login_needs_tls,
            failed_logins=config.limits.failed_logins,
            motd=config.server.motd or None,
        )
        self._sink = Sink(archive, feeding, acceptor, self._nntp.host)
        self._lmtp = lmtp.Settings(self._nntp.host, config.lmtp.max_message)
        self._imap = imap.Settings(
            tls_available=is_tls_available,
            plaintext_login=not config.login_needs_tls,
            failed_logins=config.limits.failed_logins,
            comment=config.server.motd,
        )

    def nntp(self, peer: Peer) -> Session:
        """Return the session of an NNTP connection."""
        return nntp.Session(
            self._archive,
            self._nntp,
            self._policy,
            self._authenticator,
            secure=peer.secure,
            sink=self._sink,
            address=peer.address,
        )

    def lmtp(self, _: Peer) -> Session:
        """Return the session of an LMTP connection."""
        return lmtp.Session(self._acceptor, self._recipients, self._lmtp)

    def imap(self, peer: Peer) -> Session:
        """Return the session of an IMAP connection."""
        return imap.Session(
            self._archive,
            self._imap,
            self._policy,
            self._authenticator,
            marks=self._marks,
            secure=peer.secure,
        )
