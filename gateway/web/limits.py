"""How much each network may ask for: token buckets, without a clock."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from gateway.networks import network_of

__all__ = ["Buckets", "network"]

MOST_BUCKETS: Final = 65_536
"""Networks remembered at once; of more, those are forgotten that have asked for nothing for longest."""


class Buckets:
    """A bucket of ``burst`` requests a network, which ``rate`` requests a second fill again.

    More may be taken than is there: then it is in debt, by another bucket at most, and gets nothing before that is paid.
    """

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def wait(self, network: str, now: float) -> float:
        """Take one request out; return 0, or the seconds after which there is one if there is none now."""
        left = self._left(network, now)
        if left >= 1:
            self._put(network, left - 1, now)
            return 0.0
        return (1 - left) / self._rate

    def charge(self, network: str, cost: float, now: float) -> None:
        """Take out what an answer has cost besides, which may be more than is there."""
        self._put(network, max(self._left(network, now) - cost, -self._burst), now)

    def _left(self, network: str, now: float) -> float:
        left, then = self._buckets.get(network, (self._burst, now))
        return min(self._burst, left + (now - then) * self._rate)

    def _put(self, network: str, left: float, now: float) -> None:
        self._buckets[network] = (left, now)
        self._buckets.move_to_end(network)
        if len(self._buckets) > MOST_BUCKETS:
            self._buckets.popitem(last=False)


def network(address: str) -> str:
    """Return the network that an address counts to: 24 bits of IPv4, 48 of IPv6; empty for this machine's own."""
    return network_of(address, 24, 48)
