"""What an operator decides about the NNTP face."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Settings"]

# RFC 5536 s. 3.1.5, path-identity; a colon would end the server's name in Xref.
_HOST: Final = re.compile(rb"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,253}[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True)
class Settings:
    """How the NNTP face presents itself, and what it allows.

    ``host`` names the server in the greeting, Path and Xref; it should stay the same, because newsreaders recognise
    cross-posts by it. ``subscriptions`` are the lists recommended to newcomers, most important first. ``motd`` and
    ``subscriptions`` may be None: then the server says that it keeps none (RFC 6048 s. 2.1). With ``plaintext_login``
    passwords are taken on connections without TLS as well. ``failed_logins`` is how many a connection survives.
    """

    host: bytes = b"localhost"
    tls_available: bool = False
    plaintext_login: bool = False
    failed_logins: int = 3
    motd: str | None = None
    subscriptions: Sequence[str] | None = None

    def __post_init__(self) -> None:
        if not _HOST.fullmatch(self.host):
            raise ValueError(
                f"{self.host!r} cannot name a news server: letters, digits, '.', '-', '_'"
            )
