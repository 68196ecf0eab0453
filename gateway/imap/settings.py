"""What an operator decides about the IMAP face."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Settings"]


@dataclass(frozen=True, slots=True)
class Settings:
    """What the IMAP face allows.

    With ``plaintext_login`` passwords are taken on connections without TLS as well. ``failed_logins`` is how many a
    connection survives, ``bad_commands`` how many in a row that make no sense. ``comment`` is what METADATA tells of the
    server.
    """

    tls_available: bool = False
    plaintext_login: bool = False
    failed_logins: int = 3
    bad_commands: int = 20
    comment: str = ""
