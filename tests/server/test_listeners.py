from __future__ import annotations

import contextlib
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.listeners import parse_listener, parse_listeners

ANYWHERE = r"tcp6:119:interface=\:\:" if socket.has_dualstack_ipv6() else "tcp:119:interface="


@pytest.mark.parametrize(
    ("text", "endpoint", "host"),
    [
        ("127.0.0.1:1119", "tcp:1119:interface=127.0.0.1", "127.0.0.1"),
        ("localhost:0", "tcp:0:interface=localhost", "localhost"),
        ("news.example.org:119", "tcp:119:interface=news.example.org", "news.example.org"),
        ("[::1]:1119", r"tcp6:1119:interface=\:\:1", "[::1]"),
        ("[2001:DB8::0:1]:119", r"tcp6:119:interface=2001\:db8\:\:1", "[2001:DB8::0:1]"),
        ("1119", "tcp:1119:interface=127.0.0.1", "127.0.0.1"),
        (":119", ANYWHERE, ""),
        ("*:119", ANYWHERE, ""),
        ("tcp:1119:interface=127.0.0.1", "tcp:1119:interface=127.0.0.1", ""),
        ("unix:/run/nntp", "unix:/run/nntp", ""),
        ("systemd:domain=INET:index=0", "systemd:domain=INET:index=0", ""),
    ],
)
def test_where_to_listen(text: str, endpoint: str, host: str) -> None:
    found = parse_listener(text)
    assert (found.endpoint, found.host) == (endpoint, host)


@pytest.mark.parametrize(
    ("text", "address", "path", "mode"),
    [
        ("127.0.0.1:1119", ("127.0.0.1", 1119), "", 0o666),
        ("[::1]:1119", ("::1", 1119), "", 0o666),
        ("unix:/run/nntp", None, "/run/nntp", 0o666),
        ("unix:address=/run/nntp:mode=660", None, "/run/nntp", 0o660),
        ("unix:/run/nntp:lockfile=1", None, "", 0o666),
        ("systemd:domain=INET:index=0", None, "", 0o666),
    ],
)
def test_what_several_processes_can_share(
    text: str, address: tuple[str, int] | None, path: str, mode: int
) -> None:
    found = parse_listener(text)
    assert (found.address, found.path, found.mode) == (address, path, mode)
    assert found.is_shared is (address is not None or bool(path))


def test_ssl_endpoints_bring_tls_along() -> None:
    assert parse_listener("ssl:563").tls
    assert parse_listener("127.0.0.1:563", tls=True).tls


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "expected HOST:PORT with a port"),
        ("localhost", "expected HOST:PORT with a port"),
        ("localhost:", "expected HOST:PORT with a port"),
        ("localhost:nntp", "expected HOST:PORT with a port"),
        ("localhost:65536", "expected HOST:PORT with a port"),
        ("localhost:-1", "expected HOST:PORT with a port"),
        ("localhost:\u0661", "expected HOST:PORT with a port"),
        ("::1:119", r"as \[::1\]:119"),
        ("[::g]:119", "an IPv6 address between the brackets"),
        ("[127.0.0.1]:119", "an IPv6 address between the brackets"),
        ("local host:119", "expected HOST:PORT"),
        ("a=b:119", "expected HOST:PORT"),
        ("ftp:host:119", "brackets"),
        ("none", "expected HOST:PORT"),
    ],
)
def test_what_is_no_place_to_listen(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse_listener(text)


@given(st.text(max_size=30))
def test_no_text_does_worse_than_be_refused(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert parse_listener(text).text == text


def test_several_places_or_none() -> None:
    assert parse_listeners(["none"]) == ()
    assert parse_listeners([]) == ()
    assert [each.text for each in parse_listeners(["1", "2"])] == ["1", "2"]
    with pytest.raises(ValueError, match="alone"):
        parse_listeners(["1", "none"])
