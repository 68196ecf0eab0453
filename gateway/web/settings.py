"""What the web archive is told about itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Settings"]


@dataclass(frozen=True, slots=True)
class Settings:
    """How the web archive presents itself.

    ``origin`` is scheme and authority of its addresses, empty where those are taken that readers ask for; ``root`` is the
    path below which it lies, without a slash at the end. ``obfuscate`` tells whether addresses are shortened, and ``obfuscated`` the same of
    single lists that differ. ``news_url`` and ``mail_url`` are where the other faces are reached
    (``nntp://host:port``, ``imap://host:port``); empty where they are not.
    """

    origin: str = ""
    root: str = ""
    title: str = "Mailing list archives"
    obfuscate: bool = True
    obfuscated: Mapping[str, bool] = field(default_factory=dict)
    news_url: str = ""
    mail_url: str = ""

    def is_obfuscated(self, name: str) -> bool:
        """Tell whether the addresses in a list are shortened."""
        return self.obfuscated.get(name, self.obfuscate)
