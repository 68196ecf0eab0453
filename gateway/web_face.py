"""The web archive as one of the faces that ``serve`` puts together."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from twisted.internet.task import cooperate

from gateway.metrics_face import Counts
from gateway.transport import Manners
from gateway.web.access_log import AccessLog, line
from gateway.web.logins import Logins
from gateway.web.session import Session
from gateway.web.settings import Settings
from gateway.web.site import Site
from gateway.web.templates import prepare

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from twisted.internet.base import ReactorBase

    from gateway.access import Authenticator, Policy
    from gateway.config import Config
    from gateway.connections import Peer
    from gateway.listeners import Listener
    from gateway.web.session import Talk
    from storage.archive import Archive

__all__ = ["WebFace"]

_LINGER_SECONDS: Final = 2
"""How long a client is heard out that still sends when we have said our last."""

_ANYWHERE: Final = frozenset({"", "*", "0.0.0.0", "::", "[::]"})  # noqa: S104 - compared, not bound


class WebFace:
    """Makes the sessions of the web archive, by a configuration that may change; ``replace`` comes before the first."""

    def __init__(
        self,
        archive: Archive,
        config: Config,
        listeners: Mapping[str, Sequence[Listener]],
        policy: Policy,
        users: Authenticator,
        *,
        reactor: ReactorBase,
    ) -> None:
        self._listeners = listeners
        self._users = users
        self._log: AccessLog | None = None
        self.counts = Counts()
        self.site = Site(
            archive, _settings(config, listeners), policy, reactor, config.web, tell=self._note
        )
        self.manners = Manners("web", config.web.keep_alive_seconds, _LINGER_SECONDS)

    def replace(self, config: Config) -> None:
        """Answer by this configuration from now on.

        Raises:
            Refused: the access log cannot be written to.
        """
        self._log_to(config.web.access_log)
        self.site.replace(
            _settings(config, self._listeners),
            config.web,
            Logins(self._users) if config.users else None,
            login_needs_tls=config.login_needs_tls,
        )

    def prepare(self) -> None:
        """Make ready what the first readers would wait for, when there is nothing else to do."""
        if self._listeners["web"]:
            cooperate(prepare())

    def close(self) -> None:
        """Let go of the access log."""
        self._log_to(None)

    def session(self, peer: Peer) -> Session:
        """Return the session of a connection."""
        return Session(self.site, peer)

    def _log_to(self, path: Path | None) -> None:
        opened = None if path is None else AccessLog(path)
        if self._log is not None:
            self._log.close()
        self._log = opened

    def _note(self, talk: Talk) -> None:
        self.counts.ended(talk, time.time())
        if self._log is not None:
            self._log.write(line(talk))


def _settings(config: Config, listeners: Mapping[str, Sequence[Listener]]) -> Settings:
    """Return what the web archive is to know of itself and of the other faces."""
    return Settings(
        origin=config.web.origin,
        root=config.web.root,
        title=config.web.title,
        obfuscate=config.web.obfuscate,
        obfuscated={
            name: each.obfuscate
            for name, each in config.lists.items()
            if each.obfuscate is not None
        },
        news_url=_reached("nntp", config, listeners["nntp"]),
        mail_url=_reached("imap", config, listeners["imap"]),
    )


def _reached(scheme: str, config: Config, listeners: Sequence[Listener]) -> str:
    """Return where readers reach a face, as far as that can be told from where it listens; empty where it cannot."""
    for listener in listeners:
        port = listener.text.rpartition(":")[2]
        if port.isdigit() and int(port):
            host = config.host.decode() if listener.host in _ANYWHERE else listener.host
            return f"{scheme}{'s' if listener.tls else ''}://{host}:{port}"
    return ""
