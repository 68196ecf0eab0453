"""The ``[web]`` table of the configuration, but for where the face listens.

[web]
base_url = "https://lists.example.org/archive"
title = "Mailing lists of Example"
obfuscate = true
trusted_proxies = ["127.0.0.1", "10.0.0.0/8"]
proxy_field = "X-Forwarded-For"                      or "Forwarded"
requests_per_second = 10                             of one network; 0 for as many as it likes
burst = 200                                          before that holds
kept_octets = 67108864                               of answers in memory
keep_alive_seconds = 60
access_log = "access.log"
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gateway.toml_table import TomlTable

__all__ = ["WebConfig", "parse_web"]

_BASE_URL: Final = re.compile(
    r"(?P<origin>https?://(?:[A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?)"
    r"(?P<root>(?:/[A-Za-z0-9._~-]{1,100}){0,10})/?"
)

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class WebConfig:
    """How the web archive presents itself.

    ``origin`` is scheme and authority of its addresses, empty for those that a reader asks for; ``root`` is the path
    below which it lies, without a slash at its end. What ``trusted_proxies`` say of who asks is believed, in the field
    that they write. A network gets ``requests_per_second``, 0 for as many as it likes, after the first ``burst``.
    ``kept_octets`` are those of answers kept in memory. A connection may be silent for ``keep_alive_seconds``.
    """

    origin: str = ""
    root: str = ""
    title: str = "Mailing list archives"
    obfuscate: bool = True
    trusted_proxies: Sequence[Network] = ()
    proxy_field: str = "X-Forwarded-For"
    requests_per_second: int = 10
    burst: int = 200
    kept_octets: int = 64 * 1024 * 1024
    keep_alive_seconds: int = 60
    access_log: Path | None = None


def parse_web(table: TomlTable) -> WebConfig:
    """Read the table; its end is the caller's, who takes ``listen`` as well.

    Raises:
        ConfigError: something in it is not understood.
    """
    origin, root = _base_url(table)
    usual = WebConfig()
    return WebConfig(
        origin,
        root,
        table.text("title") or usual.title,
        table.boolean("obfuscate", default=usual.obfuscate),
        _networks(table),
        table.choice("proxy_field", ("X-Forwarded-For", "Forwarded"), usual.proxy_field),
        table.integer("requests_per_second", usual.requests_per_second, 0),
        table.integer("burst", usual.burst, 1),
        table.integer("kept_octets", usual.kept_octets, 0),
        table.integer("keep_alive_seconds", usual.keep_alive_seconds, 1),
        table.path("access_log"),
    )


def _base_url(table: TomlTable) -> tuple[str, str]:
    text = table.text("base_url")
    if not text:
        return "", ""
    found = _BASE_URL.fullmatch(text)
    if not found:
        raise table.error("base_url", "an address as https://lists.example.org/archive", text)
    return found["origin"], found["root"]


def _networks(table: TomlTable) -> Sequence[Network]:
    value = table.take("trusted_proxies")
    items: list[object] = value if isinstance(value, list) else [] if value is None else [value]
    try:
        return tuple(ipaddress.ip_network(str(item), strict=False) for item in items)
    except ValueError:
        raise table.error("trusted_proxies", "addresses or networks in brackets", value) from None
