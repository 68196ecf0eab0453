"""What ``serve`` puts together: the archive, its faces, what follows the sources, and how all that is reloaded."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Final

from twisted.internet.task import LoopingCall

from gateway import imap, lmtp, nntp, shown
from gateway.accept_process import ProcessAcceptor
from gateway.access import Policy
from gateway.commits import Commits
from gateway.follower import Following
from gateway.listeners import parse_listeners
from gateway.metrics_face import METRICS_MANNERS, Measured, MetricsFace
from gateway.mirror.jobs import Place
from gateway.mirror.process import PeersProcess
from gateway.nntp.sink import Sink
from gateway.passwords import Users
from gateway.peers import Peers
from gateway.server import Face, Server, run
from gateway.tls import ServerCertificate
from gateway.toml_table import ConfigError
from gateway.transport import Manners
from gateway.web_face import WebFace
from storage.sqlite import SqliteArchive
from storage.sqlite.marks import SqliteMarks

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from gateway.acceptance import Acceptor
    from gateway.config import Config
    from gateway.connections import Peer
    from gateway.intake import Plan
    from gateway.listeners import Listener
    from gateway.wire import Session
    from storage.marks import Marks

__all__ = ["choose_listeners", "serve"]

_SHOWN: Final = {"nntp": "news", "imap": "mail", "lmtp": "delivery"}
"""What a face's address is shown as, where that is not its name."""

_LMTP_SETTING: Final = "lmtp.listen in the configuration"

TEND_SECONDS: Final = 5
"""How often it is made sure that sources are still followed."""

log = logging.getLogger(__name__)


def choose_listeners(
    parsed: argparse.Namespace, config: Config
) -> Mapping[str, Sequence[Listener]]:
    """Return where each face listens; the command line wins over the configuration.

    Raises:
        ConfigError: a place on the command line is none.
    """
    listeners: dict[str, Sequence[Listener]] = {}
    for face, configured in config.listeners.items():
        given = getattr(parsed, face)
        try:
            listeners[face] = configured if given is None else parse_listeners(given)
        except ValueError as error:
            raise ConfigError(f"--{face}: {error}") from None
    return listeners


def serve(
    directory: Path,
    listeners: Mapping[str, Sequence[Listener]],
    plan: Plan,
    config: Config,
    load_again: Callable[[], Config],
) -> None:
    """Serve an archive, and follow the plan's sources, until SIGINT or SIGTERM.

    On SIGHUP users, who may read and feed what, the certificate, and what lists' addresses are, are taken from
    ``load_again``.

    Raises:
        ArchiveUnavailable: the archive cannot be read.
        BadCertificate: the certificate cannot be used.
        CannotListen: a face cannot wait where it was told to.
    """
    from twisted.internet import reactor  # noqa: PLC0415 - installs the reactor, which only serving needs

    certificate = ServerCertificate(config.tls.certificate, config.tls.key) if config.tls else None
    archive = SqliteArchive(directory)
    policy, users = Policy(), Users({})
    marks = SqliteMarks(directory)
    following = Following(directory, plan)
    acceptor = ProcessAcceptor(
        directory,
        reactor,  # type: ignore[arg-type]  # a module's
        subject_window=plan.subject_window,
        stored=lambda: server.refresh_soon(),  # noqa: PLW0108 - the server is made later
    )
    feeding = Peers()
    recipients = lmtp.Recipients(archive)
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

    def place(current: Config) -> Place:
        return Place(directory, config.host, plan.subject_window, current.restricted)

    peers = PeersProcess(place(config))
    web = WebFace(archive, config, listeners, policy, users, reactor=reactor)  # type: ignore[arg-type]  # a module's

    def apply(current: Config) -> None:
        web.replace(current)  # first: it may refuse
        _warn_of_strangers(current.readers, archive)
        policy.replace(current.readers, login_needed=current.require_login)
        users.replace(current.users)
        feeding.replace(current.peers)
        of_lists = {each.address: name for name, each in current.lists.items() if each.address}
        recipients.replace({**of_lists, **current.lmtp.addresses})
        peers.move_to(place(current))

    def reload() -> None:
        current = load_again()
        if certificate is not None:
            certificate.reload()
        apply(current)

    def ready(urls: Sequence[str]) -> None:
        for each in (following, peers):
            LoopingCall(each.tend).start(TEND_SECONDS)
        if config.lmtp.listeners or config.peers:
            acceptor.start()
        commits.start()
        web.prepare()
        _show(every_face, urls)

    apply(config)
    every_face = [
        Face("--nntp HOST:PORT", "nntp", listeners["nntp"], faces.nntp, Manners("nntp")),
        Face("--imap HOST:PORT", "imap", listeners["imap"], faces.imap, Manners("imap")),
        Face("--web HOST:PORT", "http", listeners["web"], web.session, web.manners),
        Face(_LMTP_SETTING, "lmtp", config.lmtp.listeners, faces.lmtp, Manners("lmtp")),
        Face(
            "--metrics HOST:PORT",
            "http",
            listeners["metrics"],
            MetricsFace(Measured(directory, archive, web.counts, web.site, lambda: server)).session,
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
    )
    commits = Commits(directory, server.refresh_soon, reactor)  # type: ignore[arg-type]  # a module's
    try:
        run(server, reactor, ready=ready, reload=reload)  # type: ignore[arg-type]  # a module's
    finally:
        commits.end()
        acceptor.end()
        following.end()
        peers.end()
        web.close()
        archive.close()
        marks.close()


def _show(faces: Sequence[Face], urls: Sequence[str]) -> None:
    """Say where the faces are reached."""
    out = shown.console()
    names = [each.manners.face for each in faces for _ in each.listeners]
    for name, url in zip(names, urls, strict=True):
        kind = _SHOWN.get(name, name) if "://" in url else "local"
        out.print(f"{kind}: {url}", markup=False)
    sys.stdout.flush()


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


def _warn_of_strangers(names: Mapping[str, object], archive: SqliteArchive) -> None:
    """Name the restricted lists that there are not: perhaps another name was meant, and that list is open to all."""
    known = {record.name.casefold() for record in archive.lists()}
    for name in names:
        if name.casefold() not in known:
            log.warning("the configuration restricts %s, but no list is called so", name)
