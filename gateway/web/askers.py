"""Who asks: the peer of the connection, or whom a trusted proxy names. RFC 7239, and the fields older than it."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Asker", "Askers"]

MOST_PROXIES: Final = 20
"""How many proxies between a client and us are looked at."""

_NODE: Final = re.compile(
    r"\[([0-9A-Fa-f:.]{2,45})\](?::[0-9]{1,5})?|([0-9.]{7,15})(?::[0-9]{1,5})?|([0-9A-Fa-f:.]{2,45})"
)
_PAIR: Final = re.compile(r'[ \t]*+([A-Za-z]++)=(?:"([^"\\]*+)"|([^ \t"]*+))[ \t]*+')

_LOOPBACK: Final = "127.0.0.1"

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Asker(NamedTuple):
    """The address of who asks, empty for a local socket, and whether the way there is encrypted."""

    address: str
    secure: bool


class Askers:
    """Tells who asks. What proxies in the ``trusted`` networks say is believed, in the one ``field`` that they write.

    With X-Forwarded-For comes X-Forwarded-Proto. In any other field a client may say what it likes.
    """

    def __init__(self, trusted: Sequence[Network] = (), field: str = "X-Forwarded-For") -> None:
        self._trusted = tuple(trusted)
        self._is_standard = field == "Forwarded"
        self._is_trusted = lru_cache(1024)(self._lies_in_trusted)

    def of(self, address: str, fields: Mapping[bytes, bytes], *, secure: bool) -> Asker:
        """Return who asks over a connection from ``address``."""
        if not self._trusted or not self._is_trusted(address or _LOOPBACK):
            return Asker(address, secure)
        if self._is_standard:
            nodes, scheme = _forwarded(fields.get(b"forwarded", b""))
        else:
            nodes = fields.get(b"x-forwarded-for", b"").decode("latin-1").split(",")[-MOST_PROXIES:]
            scheme = (
                fields.get(b"x-forwarded-proto", b"").decode("latin-1").rpartition(",")[2].strip()
            )
        for node in reversed(nodes):
            named = _address(node.strip())
            if not named:
                break
            address = named
            if not self._is_trusted(named):
                break
        return Asker(address, scheme.lower() == "https" if scheme else secure)

    def _lies_in_trusted(self, address: str) -> bool:
        parsed = ipaddress.ip_address(address.partition("%")[0])
        plain = (
            (parsed.ipv4_mapped or parsed) if isinstance(parsed, ipaddress.IPv6Address) else parsed
        )
        return any(plain in network for network in self._trusted)


def _address(node: str) -> str:
    found = _NODE.fullmatch(node)
    try:
        return str(ipaddress.ip_address(next(filter(None, found.groups())))) if found else ""
    except ValueError:
        return ""


def _forwarded(value: bytes) -> tuple[list[str], str]:
    """Return the nodes that Forwarded names, the nearest last, and the protocol by which the nearest was reached."""
    elements = [_pairs(each) for each in value.decode("latin-1").split(",")[-MOST_PROXIES:]]
    return [each.get("for", "") for each in elements], elements[-1].get("proto", "")


def _pairs(element: str) -> Mapping[str, str]:
    """Return the parameters of one element; none of one that is malformed."""
    pairs = {}
    for each in element.split(";"):
        found = _PAIR.fullmatch(each)
        if found is None:
            return {}
        pairs[found[1].lower()] = found[2] or found[3] or ""
    return pairs
