"""URLs of other servers: ``nntp://[user[:password]@]host[:port]/group``, and the same for nntps, imap and imaps.

A password is part of what an operator gives and of nothing that is shown: ``PeerUrl.shown`` has none.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from storage.errors import SourceError
from storage.peers import shown_url

__all__ = ["PORTS", "PeerUrl", "parse_url"]

PORTS: Final = {"nntp": 119, "nntps": 563, "imap": 143, "imaps": 993}
"""The schemes, and the port of each (RFC 3977 s. 9, 8143 s. 2, 9051 s. 2.1, 8314 s. 3)."""

MAX_URL: Final = 2048
"""Octets of a URL; what is longer is no address that somebody typed."""


@dataclass(frozen=True, slots=True)
class PeerUrl:
    """Where a server is, who logs in there, and what of it is meant.

    ``path`` is the group or mailbox, decoded; empty where the URL names none. ``user`` and ``password`` are empty
    where nobody logs in. IPv6 addresses have no brackets in ``host``.
    """

    scheme: str
    host: str
    port: int
    path: str
    user: str = ""
    password: str = field(default="", repr=False)

    @property
    def tls(self) -> bool:
        """Whether TLS begins with the connection."""
        return self.scheme.endswith("s")

    @property
    def shown(self) -> str:
        """The URL without its password: what names a source, an error and a log line."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == PORTS[self.scheme] else f":{self.port}"
        user = f"{quote(self.user, safe='')}@" if self.user else ""
        return f"{self.scheme}://{user}{host}{port}/{quote(self.path)}"


def parse_url(url: str) -> PeerUrl:
    """Return the parts of a URL.

    Raises:
        SourceError: it is none, or of another scheme.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
        host = parts.hostname or ""
        host.encode("idna")
    except UnicodeError:
        raise _wrong(url, "its host is no name") from None
    except ValueError as error:
        raise _wrong(url, str(error).partition(" as ")[0]) from None  # a password with / is no port
    if parts.scheme not in PORTS:
        raise _wrong(url, f"it must begin with one of {', '.join(f'{each}://' for each in PORTS)}")
    path, user, password = (
        unquote(part or "")
        for part in (parts.path.removeprefix("/"), parts.username, parts.password)
    )
    if not host or port == 0:
        raise _wrong(url, "it names no host" if not host else "port 0 is none")
    if len(url) > MAX_URL or not f"{host}{path}{user}{password}".isprintable():
        raise _wrong(url, "it is too long or has control characters")
    if parts.query or parts.fragment:
        raise _wrong(url, "it has ? or #: write them %3F and %23")
    return PeerUrl(parts.scheme, host, port or PORTS[parts.scheme], path, user, password)


def _wrong(url: str, why: str) -> SourceError:
    shown = "".join([c if c.isprintable() else " " for c in shown_url(url)])[:MAX_URL]
    return SourceError(
        f"{shown}: not the URL of a server ({why}): write scheme://[user:password@]host[:port]/name"
    )
