"""What each of several processes tells of itself, in memory that all of them see: one slot each, written by one only."""

from __future__ import annotations

import mmap
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["SLOT_OCTETS", "Slots"]

SLOT_OCTETS: Final = 1 << 17
"""What one process may tell."""

_DIGEST: Final = 8
_LENGTH: Final = 4


class Slots:
    """To be made before the processes are forked."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._memory = mmap.mmap(-1, count * SLOT_OCTETS)

    def write(self, index: int, data: bytes) -> None:
        """Put something in the place of what a process told before; what has no room is left out."""
        if len(data) > SLOT_OCTETS - _LENGTH - _DIGEST:
            data = b""
        start = index * SLOT_OCTETS
        told = len(data).to_bytes(_LENGTH, "little") + _digest(data) + data
        self._memory[start : start + len(told)] = told

    def others(self, index: int) -> Sequence[bytes]:
        """Return what the others told; of one that is just telling, or never did, nothing."""
        found = []
        for other in range(self._count):
            start = other * SLOT_OCTETS
            length = int.from_bytes(self._memory[start : start + _LENGTH], "little")
            head = start + _LENGTH + _DIGEST
            digest, data = self._memory[start + _LENGTH : head], self._memory[head : head + length]
            if other != index and data and digest == _digest(data):
                found.append(data)
        return found


def _digest(data: bytes) -> bytes:
    return blake2b(data, digest_size=_DIGEST).digest()
