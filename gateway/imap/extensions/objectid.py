"""OBJECTID: names of messages, threads and mailboxes that stay the same wherever these are met. RFC 8474."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from gateway.imap.registry import SELECT_RESPONSES, STATUS_ITEMS, capability, entry

if TYPE_CHECKING:
    from gateway.imap.session import Session
    from storage.model import MailingList

__all__ = ["mailbox_id"]

capability(b"OBJECTID")

_NAME_OCTETS: Final = 10


def mailbox_id(record: MailingList) -> bytes:
    """Return a mailbox's MAILBOXID: its name, as a digest, and its UIDVALIDITY. RFC 8474 s. 4."""
    name = blake2b(record.name.encode(), digest_size=_NAME_OCTETS).hexdigest()
    return b"F%b-%x" % (name.encode(), record.validity)


def _describe(record: MailingList) -> bytes:
    return b"* OK [MAILBOXID (%b)] the mailbox's own id\r\n" % mailbox_id(record)


SELECT_RESPONSES.append(_describe)


@entry(STATUS_ITEMS, b"MAILBOXID")
async def status_mailbox_id(session: Session, record: MailingList) -> bytes:
    """Return the MAILBOXID in parentheses. RFC 8474 s. 4.3."""
    return b"(%b)" % mailbox_id(record)
