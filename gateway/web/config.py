"""The ``[web]`` table of the configuration, but for where the face listens.

[web]
base_url = "https://lists.example.org/archive"
title = "Mailing lists of Example"
obfuscate = true
trusted_proxies = ["127.0.0.1", "10.0.0.0/8"]
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    below which it lies, without a slash at its end. What ``trusted_proxies`` say of who asks is believed.
    """

    origin: str = ""
    root: str = ""
    title: str = "Mailing list archives"
    obfuscate: bool = True
    trusted_proxies: Sequence[Network] = ()


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
