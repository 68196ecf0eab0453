"""Which addresses count as one client: those of one network."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import Final

__all__ = ["network_of"]

_REMEMBERED: Final = 4096


@lru_cache(_REMEMBERED)
def network_of(address: str, bits_of_4: int, bits_of_6: int) -> str:
    """Return the network of so many bits that an IPv4 or IPv6 address lies in; empty for this machine's own.

    An IPv4 address that is written as an IPv6 one counts as what it is.
    """
    if not address:
        return ""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    plain = parsed.ipv4_mapped if parsed.version == 6 else parsed
    if parsed.is_loopback or (plain is not None and plain.is_loopback):
        return ""
    if plain is not None:
        return str(ipaddress.IPv4Network((plain, bits_of_4), strict=False))
    return str(ipaddress.IPv6Network((parsed, bits_of_6), strict=False))
