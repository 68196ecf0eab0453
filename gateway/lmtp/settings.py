"""What an operator decides about the LMTP face."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["MAX_MESSAGE", "Settings"]

MAX_MESSAGE: Final = 64 << 20
"""Octets of the largest mail taken unless the operator says otherwise."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How the server is called, and the octets of the largest mail that it takes, its lines ended by CRLF."""

    host: bytes = b"localhost"
    max_message: int = MAX_MESSAGE
