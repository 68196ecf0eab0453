"""Peers: the servers that may feed us, by the configuration's ``[peers.NAME]`` tables, and what each may feed.

[peers.example]
hosts = ["192.0.2.1", "2001:db8::/32"]      who connects from there ...
user = "example"                            ... and, or, has logged in as this user of [users]
lists = "lists.*,!lists.secret"             the lists it may feed: a newsgroup is the list of its name,
groups = {"comp.foo" = "lists.foo"}         but for those that are named here; such a list is made when it is fed
create = false                              whether a newsgroup that is none yet, and fits ``lists``, makes a list
path = "news.example.org"                   what the peer calls itself in Path: told in the log where it does not
max_article = 10485760                      octets of the longest article taken
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from gateway.toml_table import ConfigError, TomlTable
from storage.errors import BadListName
from storage.model import check_list_name

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

__all__ = ["MAX_ARTICLE", "Grant", "Peers", "parse_peers"]

Network: TypeAlias = "ipaddress.IPv4Network | ipaddress.IPv6Network"

MAX_ARTICLE: Final = 10 << 20
"""Octets of the longest article that a peer may feed if nothing else is configured."""

_LEAST_ARTICLE: Final = 1024
_REMEMBERED: Final = 1024
"""For how many clients it is remembered which peer they are."""

_GROUP: Final = re.compile(r"[^\s,]+")  # RFC 5536 s. 3.1.4, and more
_HOST: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,253}[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True)
class Grant:
    """Who a peer is, and what it may feed.

    It connects from one of ``networks``, where there are any, and has logged in as ``user``, where that is not empty.
    ``fits`` tells which lists it may feed under their own names; ``groups`` maps newsgroups to lists. With ``create``
    a newsgroup that is no list yet becomes one. ``path`` is its name in Path, or empty. An article has at most
    ``max_article`` octets.
    """

    name: str
    networks: tuple[Network, ...]
    user: str
    fits: Callable[[str], bool]
    groups: Mapping[str, str]
    create: bool
    path: str
    max_article: int

    def may_feed(self, name: str) -> bool:
        """Tell whether the list called ``name`` is one that this peer may feed, if there is one."""
        return self.fits(name) or name in self.groups.values()

    def comes_from(self, address: str) -> bool:
        """Tell whether the peer may connect from there; an empty address is a local socket's."""
        if not self.networks:
            return True
        parsed = _address(address)
        return parsed is not None and any(parsed in network for network in self.networks)


class Peers:
    """Knows which peer a client is."""

    def __init__(self, grants: Sequence[Grant] = ()) -> None:
        self.replace(grants)

    def replace(self, grants: Sequence[Grant]) -> None:
        """Go by these from now on, also for those who are connected."""
        self._grants = tuple(grants)
        self._known: dict[tuple[str, str | None], Grant | None] = {}

    def grant(self, address: str, user: str | None) -> Grant | None:
        """Return what a client may feed, the first grant that is for it; None where there is none."""
        key = address, user
        if key not in self._known:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[key] = next(
                (
                    grant
                    for grant in self._grants
                    if grant.user in ("", user) and grant.comes_from(address)
                ),
                None,
            )
        return self._known[key]

    def login_helps(self, address: str, user: str | None) -> bool:
        """Tell whether a client that is no peer would be one as some user."""
        return user is None and any(grant.comes_from(address) for grant in self._grants)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    if not text:
        return None
    parsed = ipaddress.ip_address(text.partition("%")[0])
    plain = parsed.ipv4_mapped if parsed.version == 6 else None
    return plain or parsed


def parse_peers(table: TomlTable, users: Collection[str]) -> tuple[Grant, ...]:
    """Return what the ``[peers]`` tables grant, in their order; ``users`` are those who can log in.

    Raises:
        ConfigError: something in it is not understood.
    """
    return tuple(_grant(table.table(name), name, users) for name in table.names())


def _grant(table: TomlTable, name: str, users: Collection[str]) -> Grant:
    networks, user = _networks(table), table.text("user")
    if user and user not in users:
        raise table.error("user", "a user of [users]", user)
    if not (networks or user):
        raise table.error("hosts", "hosts, or a user, that the peer is known by", "nothing")
    groups = _groups(table.table("groups"))
    path = table.text("path")
    if path and not _HOST.fullmatch(path):
        raise table.error("path", "a name of letters, digits, '.', '-' and '_'", path)
    grant = Grant(
        name,
        networks,
        user,
        _fits(table, may_be_absent=bool(groups)),
        groups,
        table.boolean("create", default=False),
        path,
        table.integer("max_article", MAX_ARTICLE, _LEAST_ARTICLE),
    )
    table.end()
    return grant


def _networks(table: TomlTable) -> tuple[Network, ...]:
    value = table.take("hosts")
    if value is None:
        return ()
    expected = 'a list of addresses and networks, as ["192.0.2.1", "2001:db8::/32"]'
    if not isinstance(value, list) or not value:
        raise table.error("hosts", expected, value)
    networks = []
    for each in value:
        try:
            networks.append(ipaddress.ip_network(each if isinstance(each, str) else ""))
        except ValueError:
            raise table.error("hosts", expected, each) from None
    return tuple(networks)


def _groups(table: TomlTable) -> Mapping[str, str]:
    groups = {}
    for group in table.names():
        name = table.text(group)
        if not _GROUP.fullmatch(group):
            raise table.error(group, "a newsgroup's name as the key", group)
        try:
            groups[group] = check_list_name(name)
        except BadListName as error:
            raise ConfigError(f"{table.file}: {table.key(group)}: {error}") from None
    return groups


def _fits(table: TomlTable, *, may_be_absent: bool) -> Callable[[str], bool]:
    text = table.text("lists")
    expected = 'the lists that the peer may feed, as "lists.*,!lists.secret"'
    if not text:
        if may_be_absent:
            return _none
        raise table.error("lists", expected, "nothing")
    # Loads the NNTP face, which only a configuration with peers needs.
    from gateway.nntp.responses import NntpError  # noqa: PLC0415
    from gateway.nntp.wildmat import newsgroup_wildmat  # noqa: PLC0415

    try:
        return newsgroup_wildmat(text.encode())
    except NntpError:
        raise table.error("lists", expected, text) from None


def _none(_: str) -> bool:
    return False
