"""The configuration file: TOML in, frozen records out.

Every error names the file, the key and what was expected, in one line. A key that is not known is an error.
Relative paths are relative to the file's folder.

    archive = "/var/lib/listgate"
    require_login = false
    [server]      host = "news.example.org", motd = "Welcome."
    [nntp]        listen = [":119", {address = ":563", tls = "implicit"}]      likewise [imap], [web] and [metrics]
    [web]         besides as gateway.web.config says
    [tls]         certificate = "cert.pem", key = "key.pem", mode = "login"
    [users]       alice = "SCRAM-SHA-256$..."
    [limits]      idle_seconds = 600
    [lists."oss.security"]  description = "...", address = "...", readers = ["alice"]
    [peers.example]  hosts = ["192.0.2.1"], lists = "lists.*"                  as in gateway.peers
    [threads]     subject = "auto"
    [lmtp]        as gateway.lmtp.config says
"""

from __future__ import annotations

import re
import socket
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

from gateway.access import EVERY_LIST
from gateway.listeners import Listener, parse_listener, parse_listeners
from gateway.lmtp.config import LmtpConfig, parse_lmtp
from gateway.passwords import BadHash, PasswordHash
from gateway.peers import Grant, parse_peers
from gateway.sasl import MalformedMessage, prepare
from gateway.toml_table import ConfigError, TomlTable
from gateway.web.config import WebConfig, parse_web
from storage.errors import BadListName
from storage.model import check_list_name

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "DEFAULT_LISTENERS",
    "HOST_NAME",
    "Config",
    "Limits",
    "ListConfig",
    "ServerConfig",
    "TlsConfig",
    "load",
]

HOST_NAME: Final = re.compile(
    r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,253}[A-Za-z0-9])?"
)  # RFC 5536 s. 3.1.5

DEFAULT_LISTENERS: Final[Mapping[str, tuple[Listener, ...]]] = MappingProxyType(
    {
        "nntp": (parse_listener("127.0.0.1:1119"),),
        "imap": (parse_listener("127.0.0.1:1143"),),
        "web": (parse_listener("127.0.0.1:8080"),),
        "metrics": (),
    }
)
"""Where each face waits when nobody says otherwise."""


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """How the server presents itself: ``host`` in Path and Xref (empty: the machine's name), ``motd`` to readers."""

    host: str = ""
    motd: str = ""


@dataclass(frozen=True, slots=True)
class TlsConfig:
    """The certificate chain and key (PEM files), and whether a password may be sent without TLS.

    ``mode`` is ``login`` when it may not, and ``optional`` when it may.
    """

    certificate: Path
    key: Path
    mode: Literal["login", "optional"] = "login"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one client, and all together, may take.

    ``connections_per_address`` does not hold for the machine's own addresses: a proxy's clients come from there.
    """

    connections: int = 10_000
    connections_per_address: int = 100
    idle_seconds: int = 600
    first_command_seconds: int = 60
    stalled_seconds: int = 300
    drain_seconds: int = 10
    failed_logins: int = 3
    input_octets: int = 65_536


_LEAST: Final[Mapping[str, int]] = {
    "idle_seconds": 180,
    "input_octets": 4096,
}  # RFC 3977 s. 3.1: three minutes


@dataclass(frozen=True, slots=True)
class ListConfig:
    """What the operator says of one list; ``readers`` is None when anyone may read it."""

    description: str = ""
    address: str = ""
    readers: frozenset[str] | None = None
    obfuscate: bool | None = None
    """Whether the web archive shortens addresses in it; None for as in ``[web]``."""


@dataclass(frozen=True, slots=True)
class Config:
    """The whole configuration. ``archive`` is None when the file does not name one."""

    archive: Path | None = None
    require_login: bool = False
    server: ServerConfig = ServerConfig()
    listeners: Mapping[str, tuple[Listener, ...]] = field(default_factory=lambda: DEFAULT_LISTENERS)
    tls: TlsConfig | None = None
    users: Mapping[str, PasswordHash] = field(default_factory=dict)
    limits: Limits = Limits()
    lists: Mapping[str, ListConfig] = field(default_factory=dict)
    peers: tuple[Grant, ...] = ()
    lmtp: LmtpConfig = field(default_factory=LmtpConfig)
    web: WebConfig = field(default_factory=WebConfig)
    threads_by_subject: bool | None = None
    """True or False for every list; None for where the source lost its ids ("auto")."""

    @property
    def host(self) -> bytes:
        """The server's name in Path and Xref: the one configured, or the machine's, if that can name a news server."""
        name = self.server.host or socket.gethostname()
        return name.encode() if HOST_NAME.fullmatch(name) else b"localhost"

    @property
    def readers(self) -> Mapping[str, frozenset[str]]:
        """The users who may read each list that not everybody may read."""
        return {name: each.readers for name, each in self.lists.items() if each.readers is not None}

    @property
    def restricted(self) -> frozenset[str]:
        """The lists that not everybody may read; ``EVERY_LIST`` where all want a login."""
        if self.require_login:
            return frozenset({EVERY_LIST})
        return frozenset(self.readers)

    @property
    def login_needs_tls(self) -> bool:
        """Whether a password is taken over TLS only; without a certificate it cannot be."""
        return self.tls is not None and self.tls.mode == "login"


def load(path: Path | None) -> Config:
    """Read a configuration file; without one, return the defaults.

    Raises:
        ConfigError: the file cannot be read, or something in it is not understood.
    """
    if path is None:
        return Config()
    try:
        with path.open("rb") as file:
            values = tomllib.load(file)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not TOML: {error}") from None
    return _config(TomlTable(path, "", values))


def _config(top: TomlTable) -> Config:
    archive = top.path("archive")
    users = _users(top.table("users"))
    require_login = top.boolean("require_login", default=False)
    faces = {face: top.table(face) for face in DEFAULT_LISTENERS}
    config = Config(
        archive=archive,
        require_login=require_login,
        server=_server(top.table("server")),
        listeners={
            face: _listeners(faces[face], usual) for face, usual in DEFAULT_LISTENERS.items()
        },
        tls=_tls(top.table("tls")),
        users=users,
        limits=_limits(top.table("limits")),
        lists=_lists(top.table("lists"), users),
        peers=parse_peers(top.table("peers"), users),
        lmtp=parse_lmtp(top.table("lmtp")),
        web=parse_web(faces["web"]),
        threads_by_subject=_by_subject(top.table("threads")),
    )
    for table in (*faces.values(), top):
        table.end()
    if config.require_login and not users:
        raise top.error("require_login", "at least one user in [users]", "none")
    for face, listeners in config.listeners.items():
        if config.tls is None and any(each.needs_certificate for each in listeners):
            raise ConfigError(
                f"{top.file}: {face}.listen: implicit TLS needs a certificate in [tls]"
            )
    return config


def _server(table: TomlTable) -> ServerConfig:
    server = ServerConfig(host=table.text("host"), motd=table.text("motd", multiline=True))
    if server.host and not HOST_NAME.fullmatch(server.host):
        raise table.error("host", "a name of letters, digits, '.', '-' and '_'", server.host)
    table.end()
    return server


def _listeners(table: TomlTable, usual: tuple[Listener, ...]) -> tuple[Listener, ...]:
    value = table.take("listen")
    if value is None:
        return usual
    items: list[object] = value if isinstance(value, list) else [value]
    texts = [item for item in items if isinstance(item, str)]
    try:
        if len(texts) == len(items):
            return parse_listeners(texts)
        return tuple(_listener(table, item) for item in items)
    except ValueError as error:
        raise ConfigError(f"{table.file}: {table.key('listen')}: {error}") from None


def _listener(table: TomlTable, item: object) -> Listener:
    if isinstance(item, str):
        return parse_listener(item)
    if not isinstance(item, dict):
        raise table.error(
            "listen", 'text, or a table as {address = ":563", tls = "implicit"}', item
        )
    inner = TomlTable(table.file, table.key("listen"), item)
    address, tls = inner.text("address"), inner.choice("tls", ("implicit", "none"), "none")
    inner.end()
    return parse_listener(address, tls=tls == "implicit")


def _tls(table: TomlTable) -> TlsConfig | None:
    certificate, key = table.path("certificate"), table.path("key")
    mode: Literal["login", "optional"] = (
        "optional"
        if table.choice("mode", ("login", "optional"), "login") == "optional"
        else "login"
    )
    table.end()
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise table.error(
            "key" if key is None else "certificate", "the path of a PEM file", "nothing"
        )
    return TlsConfig(certificate, key, mode)


def _users(table: TomlTable) -> Mapping[str, PasswordHash]:
    users = {}
    for name in table.names():
        text = table.text(name)
        try:
            users[prepare(name)] = PasswordHash.parse(text)
        except (BadHash, MalformedMessage) as error:
            raise ConfigError(f"{table.file}: {table.key(name)}: {error}") from None
    return users


def _limits(table: TomlTable) -> Limits:
    usual = Limits()
    values = {
        each.name: table.integer(each.name, getattr(usual, each.name), _LEAST.get(each.name, 1))
        for each in fields(Limits)
    }
    table.end()
    return Limits(**values)


def _lists(table: TomlTable, users: Mapping[str, PasswordHash]) -> Mapping[str, ListConfig]:
    return {name: _list(table, name, users) for name in table.names()}


def _list(lists: TomlTable, name: str, users: Mapping[str, PasswordHash]) -> ListConfig:
    try:
        check_list_name(name)
    except BadListName as error:
        raise ConfigError(f"{lists.file}: {lists.key(name)}: {error}") from None
    table = lists.table(name)
    readers = table.readers("readers", users)
    shortens = table.boolean("obfuscate", default=True) if "obfuscate" in table.names() else None
    one = ListConfig(table.text("description"), table.text("address"), readers, shortens)
    table.end()
    return one


def _by_subject(table: TomlTable) -> bool | None:
    value = table.take("subject")
    table.end()
    if value in (None, "auto"):
        return None
    if isinstance(value, bool):
        return value
    raise table.error("subject", '"auto", true or false', value)
