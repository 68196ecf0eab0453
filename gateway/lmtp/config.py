"""The ``[lmtp]`` table of the configuration: where the face listens, and which addresses are lists'.

[lmtp]
listen = ["127.0.0.1:2424", "unix:/run/listgate/lmtp"]
max_message = 67108864
addresses = {"talk@lists.example.org" = "lists.talk"}
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from gateway.listeners import parse_listeners
from gateway.lmtp.settings import MAX_MESSAGE
from gateway.toml_table import ConfigError
from storage.errors import BadListName
from storage.model import check_list_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gateway.listeners import Listener
    from gateway.toml_table import TomlTable

__all__ = ["LmtpConfig", "parse_lmtp"]

LEAST_MESSAGE: Final = 65_536
"""RFC 5321 s. 4.5.3.1.7."""


@dataclass(frozen=True, slots=True)
class LmtpConfig:
    """The face is off where ``listeners`` is empty; ``addresses`` maps recipients to lists."""

    listeners: Sequence[Listener] = ()
    addresses: Mapping[str, str] = field(default_factory=dict)
    max_message: int = MAX_MESSAGE


def parse_lmtp(table: TomlTable) -> LmtpConfig:
    """Read the table.

    Raises:
        ConfigError: something in it is not understood.
    """
    config = LmtpConfig(
        _listeners(table),
        _addresses(table.table("addresses")),
        table.integer("max_message", MAX_MESSAGE, LEAST_MESSAGE),
    )
    table.end()
    return config


def _listeners(table: TomlTable) -> Sequence[Listener]:
    value = table.take("listen")
    items: list[object] = value if isinstance(value, list) else [] if value is None else [value]
    texts = [text for text in items if isinstance(text, str)]
    if len(texts) < len(items):
        raise table.error("listen", "text, or several in brackets", value)
    try:
        return parse_listeners(texts)
    except ValueError as error:
        raise ConfigError(f"{table.file}: {table.key('listen')}: {error}") from None


def _addresses(table: TomlTable) -> Mapping[str, str]:
    addresses = {}
    for address in table.names():
        local, at, domain = address.rpartition("@")
        if not (local and at and domain):
            raise ConfigError(f"{table.file}: {table.key(address)}: expected an address with '@'")
        try:
            addresses[address] = check_list_name(table.text(address))
        except BadListName as error:
            raise ConfigError(f"{table.file}: {table.key(address)}: {error}") from None
    return addresses
