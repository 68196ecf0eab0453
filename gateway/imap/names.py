"""Mailbox names: a list's name is its mailbox's, and the dots in it make the hierarchy. RFC 9051 s. 5.1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.imap.mutf7 import encode
from gateway.imap.strings import astring

if TYPE_CHECKING:
    from gateway.imap.session import Session

__all__ = ["mailbox_name"]


def mailbox_name(session: Session, name: str) -> bytes:
    """Return a mailbox's name as it is sent to the client: UTF-8 where that was enabled, else modified UTF-7."""
    return astring(name.encode() if session.utf8 else encode(name))
