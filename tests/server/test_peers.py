"""Who may feed what: the configuration's ``[peers]``, and which peer a client is."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from gateway.config import load
from gateway.errors import Refused
from gateway.peers import MAX_ARTICLE, Grant, Peers, parse_peers
from gateway.toml_table import TomlTable

USERS = ("ann", "bob")


def grants(text: str) -> tuple[Grant, ...]:
    top = TomlTable(Path("c.toml"), "", tomllib.loads(text))
    return parse_peers(top.table("peers"), USERS)


def test_no_peers() -> None:
    assert grants("") == ()


def test_a_peer_with_everything() -> None:
    (grant,) = grants(
        """
        [peers."news.far"]
        hosts = ["192.0.2.1", "2001:db8::/32", "198.51.100.0/24"]
        user = "ann"
        lists = "lists.*,!lists.secret"
        groups = {"comp.foo" = "foo", "de.ü" = "foo"}
        create = true
        path = "news.far.example"
        max_article = 5000
        """
    )
    assert grant.name == "news.far"
    assert [str(network) for network in grant.networks] == [
        "192.0.2.1/32",
        "2001:db8::/32",
        "198.51.100.0/24",
    ]
    assert (grant.user, grant.create, grant.path) == ("ann", True, "news.far.example")
    assert grant.max_article == 5000
    assert grant.groups == {"comp.foo": "foo", "de.ü": "foo"}
    names = ("lists.a", "lists.secret", "foo", "comp.foo", "bar")
    assert [grant.may_feed(name) for name in names] == [True, False, True, False, False]


def test_what_is_not_said() -> None:
    (grant,) = grants('peers.p = {user = "bob", groups = {"a.b" = "l"}}')
    assert (grant.networks, grant.create, grant.path) == ((), False, "")
    assert grant.max_article == MAX_ARTICLE
    assert grant.may_feed("l")
    assert not grant.fits("l")
    assert not grant.may_feed("a.b")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("peers = 1", "peers: expected a table, not 1"),
        ("peers.p = 1", "peers.p: expected a table, not 1"),
        (
            'peers.p = {lists = "*"}',
            "peers.p.hosts: expected hosts, or a user, that the peer is known by, not nothing",
        ),
        (
            'peers.p = {hosts = "192.0.2.1", lists = "*"}',
            'peers.p.hosts: expected a list of addresses and networks, as ["192.0.2.1", "2001:db8::/32"], not',
        ),
        ('peers.p = {hosts = [], lists = "*"}', "peers.p.hosts: expected a list of addresses"),
        ('peers.p = {hosts = ["news.example"], lists = "*"}', "not 'news.example'"),
        ('peers.p = {hosts = ["192.0.2.1/24"], lists = "*"}', "not '192.0.2.1/24'"),
        ('peers.p = {hosts = [1], lists = "*"}', "not 1"),
        ('peers.p = {user = "eve", lists = "*"}', "peers.p.user: expected a user of [users], not"),
        (
            'peers.p = {user = "ann"}',
            "peers.p.lists: expected the lists that the peer may feed, as",
        ),
        ('peers.p = {user = "ann", lists = "["}', "peers.p.lists: expected the lists that"),
        ('peers.p = {user = "ann", lists = 1}', "peers.p.lists: expected text in quotes, not 1"),
        (
            'peers.p = {user = "ann", groups = {"a b" = "l"}}',
            'peers.p.groups."a b": expected a newsgroup\'s name as the key',
        ),
        (
            'peers.p = {user = "ann", groups = {"a.b" = "l..m"}}',
            "peers.p.groups.\"a.b\": 'l..m' cannot name a list",
        ),
        ('peers.p = {user = "ann", lists = "*", create = 1}', "peers.p.create: expected true"),
        (
            'peers.p = {user = "ann", lists = "*", path = "a!b"}',
            "peers.p.path: expected a name of letters, digits, '.', '-' and '_', not 'a!b'",
        ),
        (
            'peers.p = {user = "ann", lists = "*", max_article = 1}',
            "peers.p.max_article: expected a whole number, 1024 or more, not 1",
        ),
        ('peers.p = {user = "ann", lists = "*", list = 1}', "peers.p.list: not known; did you"),
    ],
)
def test_errors_name_the_file_the_key_and_what_was_expected(text: str, error: str) -> None:
    with pytest.raises(Refused) as refused:
        grants(text)
    assert str(refused.value).startswith("c.toml: ")
    assert error in str(refused.value)


def test_the_configuration_has_peers(tmp_path: Path) -> None:
    path = tmp_path / "listgate.toml"
    path.write_text('[peers.near]\nhosts = ["192.0.2.1"]\nlists = "lists.*"\n')
    assert [grant.name for grant in load(path).peers] == ["near"]


PEERS = grants(
    """
    [peers.near]
    hosts = ["192.0.2.1", "2001:db8::/32"]
    lists = "a.*"
    [peers.both]
    hosts = ["198.51.100.0/24"]
    user = "ann"
    lists = "b.*"
    [peers.roaming]
    user = "bob"
    lists = "c.*"
    """
)


@pytest.mark.parametrize(
    ("address", "user", "name"),
    [
        ("192.0.2.1", None, "near"),
        ("192.0.2.1", "bob", "near"),
        ("192.0.2.2", None, None),
        ("::ffff:192.0.2.1", None, "near"),
        ("2001:db8::1%eth0", None, "near"),
        ("2001:db9::1", None, None),
        ("198.51.100.7", None, None),
        ("198.51.100.7", "ann", "both"),
        ("203.0.113.1", "ann", None),
        ("203.0.113.1", "bob", "roaming"),
        ("", None, None),
        ("", "ann", None),
        ("", "bob", "roaming"),
    ],
)
def test_which_peer_a_client_is(address: str, user: str | None, name: str | None) -> None:
    peers = Peers(PEERS)
    for _ in range(2):  # the second time it is remembered
        grant = peers.grant(address, user)
        assert (grant and grant.name) == name


def test_where_a_login_helps() -> None:
    near, both, roaming = PEERS
    assert Peers([both]).login_helps("198.51.100.7", None)
    assert not Peers([both]).login_helps("203.0.113.1", None)
    assert not Peers([both]).login_helps("198.51.100.7", "eve")
    assert Peers([near, roaming]).login_helps("203.0.113.1", None)
    assert not Peers([near]).login_helps("203.0.113.1", None)
    assert not Peers().login_helps("", None)


def test_what_is_replaced_is_not_remembered() -> None:
    peers = Peers(PEERS)
    assert peers.grant("192.0.2.1", None) is PEERS[0]
    peers.replace(PEERS[1:])
    assert peers.grant("192.0.2.1", None) is None


def test_what_is_remembered_is_bounded() -> None:
    peers = Peers(PEERS)
    for at in range(3000):
        assert peers.grant(f"198.51.{at >> 8}.{at & 255}", None) is None
    assert len(peers._known) <= 1024
