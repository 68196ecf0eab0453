"""OBJECTID: names of messages, threads and mailboxes that stay the same wherever these are met. RFC 8474.

A THREADID never changes once it was told (s. 5.2), as threads themselves do: it is what the thread was called when the
message came into it. What a list knows names its threads, and nothing else does, so that none tells of another list.

Messages with one EMAILID are equal in all that is immutable of a message (s. 5.1), and have one THREADID (s. 5.2). That is
what it is served as, when its list got it, and its thread: so the id is made of the digest of the octets that came in, of
the size of what these are served as, which tells copies apart that were mended in different ways, of the INTERNALDATE
and of the thread's name. It can be read back for a search. All ids are in lower case behind a letter that tells their
kind (s. 8.1).
"""

from __future__ import annotations

import re
from binascii import hexlify, unhexlify
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from gateway.imap.registry import (
    SEARCH_KEYS,
    SELECT_RESPONSES,
    STATUS_ITEMS,
    Item,
    Later,
    capability,
    entry,
    fetch_item,
)
from gateway.imap.responses import Bad
from storage.query import And, Digest, Larger, Numbers, Received, Smaller

if TYPE_CHECKING:
    from gateway.imap.registry import Criterion
    from gateway.imap.searching import Keys
    from gateway.imap.session import Session
    from storage.archive import Archive
    from storage.model import Entry, MailingList
    from storage.query import Query

__all__ = ["email_id", "email_parts", "email_query", "mailbox_id", "thread_id", "thread_query"]

capability(b"OBJECTID")

_NAME_OCTETS: Final = 10

_OBJECT_ID: Final = re.compile(rb"[A-Za-z0-9_-]{1,255}")
_EMAIL_ID: Final = re.compile(
    rb"M([0-9a-f]{32})-([1-9a-f][0-9a-f]{0,14})-([1-9a-f][0-9a-f]{0,14})-([0-9a-f]{16})"
)
_THREAD_ID: Final = re.compile(rb"T([0-9a-f]{16})")


def email_id(entry: Entry) -> bytes:
    """Return a message's EMAILID. RFC 8474 s. 5.1."""
    digest, thread = hexlify(entry.digest), hexlify(entry.thread)
    return b"M%b-%x-%x-%b" % (digest, entry.size, entry.received, thread)


def thread_id(entry: Entry) -> bytes:
    """Return a message's THREADID. RFC 8474 s. 5.2."""
    return b"T" + hexlify(entry.thread)


def mailbox_id(record: MailingList) -> bytes:
    """Return a mailbox's MAILBOXID: its name, as a digest, and its UIDVALIDITY. RFC 8474 s. 4."""
    name = blake2b(record.name.encode(), digest_size=_NAME_OCTETS).hexdigest()
    return b"F%b-%x" % (name.encode(), record.validity)


def email_parts(object_id: bytes) -> tuple[Query, bytes] | None:
    """Return what an EMAILID says of the message itself, and the name of its thread; None of what is none of ours."""
    found = _EMAIL_ID.fullmatch(object_id)
    if found is None:
        return None
    digest, size, received = unhexlify(found[1]), int(found[2], 16), int(found[3], 16)
    same_size = Larger(size - 1), Smaller(size + 1)
    own = And((Digest(digest), *same_size, Received(received, received + 1)))
    return own, unhexlify(found[4])


async def email_query(archive: Archive, name: str, object_id: bytes) -> Query:
    """Return the condition to have this EMAILID in a list; none of ours is no message's."""
    parts = email_parts(object_id)
    if parts is None:
        return Numbers()
    own, thread = parts
    return And((Numbers.of(await archive.in_thread(name, thread)), own))


async def thread_query(archive: Archive, name: str, object_id: bytes) -> Query:
    """Return the condition to have this THREADID in a list; none of ours is no message's."""
    found = _THREAD_ID.fullmatch(object_id)
    if found is None:
        return Numbers()
    return Numbers.of(await archive.in_thread(name, unhexlify(found[1])))


fetch_item(
    b"EMAILID",
    Item(b"EMAILID (%b)", lambda rows: map(email_id, rows.entries), with_entries=True),
)
fetch_item(
    b"THREADID",
    Item(b"THREADID (%b)", lambda rows: map(thread_id, rows.entries), with_entries=True),
)


@entry(SEARCH_KEYS, b"EMAILID")
def emailid(keys: Keys) -> Criterion:
    """Match the messages with an EMAILID. RFC 8474 s. 6."""
    object_id = _object_id(keys)
    return Later(lambda session, view: email_query(session.archive, view.name, object_id))


@entry(SEARCH_KEYS, b"THREADID")
def threadid(keys: Keys) -> Criterion:
    """Match the messages with a THREADID. RFC 8474 s. 6."""
    object_id = _object_id(keys)
    return Later(lambda session, view: thread_query(session.archive, view.name, object_id))


@entry(STATUS_ITEMS, b"MAILBOXID")
async def status_mailbox_id(session: Session, record: MailingList) -> bytes:
    """Return the MAILBOXID in parentheses. RFC 8474 s. 4.3."""
    return b"(%b)" % mailbox_id(record)


def _object_id(keys: Keys) -> bytes:
    object_id = keys.octets()
    if not _OBJECT_ID.fullmatch(object_id):
        raise Bad("not an object id")
    return object_id


def _describe(record: MailingList) -> bytes:
    return b"* OK [MAILBOXID (%b)] the mailbox's own id\r\n" % mailbox_id(record)


SELECT_RESPONSES.append(_describe)
