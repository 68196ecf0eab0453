"""Where a face waits for connections, as an operator writes it.

``HOST:PORT``, ``[IPv6]:PORT``, ``:PORT`` (every address of the machine), ``PORT`` (this machine only), or any endpoint
description that Twisted knows (``tcp:1119:interface=127.0.0.1``, ``unix:/run/nntp``, ``systemd:domain=INET:index=0``).
"""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Listener", "parse_listener", "parse_listeners"]

_OFF: Final = "none"
_LOOPBACK: Final = "127.0.0.1"
_ENDPOINTS: Final = ("tcp:", "tcp6:", "ssl:", "unix:", "systemd:", "haproxy:")
_HOST_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63}){0,10}\.?")
_LOCAL: Final = re.compile(r"unix:(?:address=)?(?P<path>[^:\\]+)(?::mode=(?P<mode>[0-7]{3,4}))?")
_PORT: Final = re.compile(r"[0-9]{1,5}")


@dataclass(frozen=True, slots=True)
class Listener:
    """One place to wait for connections.

    ``text`` is what the operator wrote, ``endpoint`` the same as a Twisted endpoint description. ``host`` is the name
    or address to show in a URL, empty where the operator named none. With ``tls`` a connection begins with the TLS
    handshake (RFC 8143). ``address`` is a TCP host and port, ``path`` that of a local socket, with its ``mode``: where
    neither is told, only Twisted can open it.
    """

    text: str
    endpoint: str
    host: str = ""
    tls: bool = False
    address: tuple[str, int] | None = None
    path: str = ""
    mode: int = 0o666

    @property
    def is_shared(self) -> bool:
        """Whether several processes can wait there."""
        return self.address is not None or bool(self.path)

    @property
    def needs_certificate(self) -> bool:
        """Whether the certificate is ours to give; an ``ssl:`` endpoint brings its own."""
        return self.tls and not self.endpoint.startswith("ssl:")


def parse_listener(text: str, *, tls: bool = False) -> Listener:
    """Read one place to listen on.

    Raises:
        ValueError: the text is none; the message says what was expected.
    """
    local = _LOCAL.fullmatch(text)
    if local:
        mode = int(local["mode"] or "666", 8)
        return Listener(text, text, "", tls, path=local["path"], mode=mode)
    if text.startswith(_ENDPOINTS):
        return Listener(text, text, "", tls or text.startswith("ssl:"))
    host, colon, port = text.rpartition(":")
    if not _PORT.fullmatch(port) or int(port) > 65535:
        raise ValueError(f"expected HOST:PORT with a port of 0 to 65535, or {_OFF!r}, not {text!r}")
    if not colon:
        host = _LOOPBACK
    elif host.startswith("[") and host.endswith("]"):
        address = str(_ipv6(host[1:-1], text))
        return Listener(text, _tcp(port, address), host, tls, (address, int(port)))
    elif host in {"", "*"}:
        anywhere = "::" if socket.has_dualstack_ipv6() else ""
        return Listener(text, _tcp(port, anywhere), "", tls, (anywhere, int(port)))
    if ":" in host:
        raise ValueError(f"expected an IPv6 address in brackets, as [{host}]:{port}, not {text!r}")
    if not _HOST_NAME.fullmatch(host):
        raise ValueError(f"expected HOST:PORT, not {text!r}")
    return Listener(text, _tcp(port, host), host, tls, (host, int(port)))


def parse_listeners(texts: Iterable[str]) -> tuple[Listener, ...]:
    """Read all the places of a face; ``none``, alone, switches the face off.

    Raises:
        ValueError: one is none, or ``none`` is not alone.
    """
    texts = list(texts)
    if texts == [_OFF]:
        return ()
    if _OFF in texts:
        raise ValueError(f"expected {_OFF!r} alone, or places to listen on")
    return tuple(map(parse_listener, texts))


def _tcp(port: str, host: str) -> str:
    scheme = "tcp6" if ":" in host else "tcp"
    escaped = host.replace(":", r"\:")
    return f"{scheme}:{port}:interface={escaped}"


def _ipv6(host: str, text: str) -> ipaddress.IPv6Address:
    try:
        return ipaddress.IPv6Address(host)
    except ValueError:
        raise ValueError(f"expected an IPv6 address between the brackets, not {text!r}") from None
