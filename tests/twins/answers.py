"""Everything that can be asked of an archive, and what it answers: the same questions to an origin and its twin."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from gateway import imap, nntp
from gateway.access import Reader
from gateway.imap.extensions.objectid import email_id, thread_id
from gateway.imap.registry import (
    FETCH_ITEMS,
    SEARCH_KEYS,
    SORT_KEYS,
    STATUS_ITEMS,
    THREAD_ALGORITHMS,
)
from gateway.nntp.registry import COMMANDS, LIST_VARIANTS
from storage.marks import REVISION_BITS
from tests.mail import done
from tests.nntp.world import CLOCK, Client

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from storage.archive import Archive
    from storage.model import MailingList

HOST: Final = b"news.example"

FIELDS: Final = (
    b"Subject From Date Message-ID References :bytes :lines Xref Newsgroups Path To Cc Sender List-Id In-Reply-To "
    b"X-Original-Message-ID X-Original-References Content-Type Received Thread-Index Lines"
).split()

NOT_ASKED: Final = set(
    b"AUTHINFO CHECK COMPRESS HELP IHAVE POST QUIT STARTTLS TAKETHIS XTWIN".split()
)
"""What changes the conversation or the archive, tells of neither, or is for twins."""


def news(archive: Archive) -> Iterator[tuple[bytes, bytes]]:
    """Yield each question to a newsgroup server, and its answer."""
    session = nntp.Session(archive, nntp.Settings(HOST), clock=lambda: CLOCK)
    client = Client(session)
    asked = set()
    for question in news_questions(archive):
        asked.add(question.split()[0])
        yield question, client.ask(question)
    assert not archive.lists() or asked == set(COMMANDS) - NOT_ASKED


def mail(archive: Archive) -> Iterator[tuple[bytes, bytes]]:
    """Yield each question to a mail server, and its answer."""
    session = imap.Session(archive, clock=lambda: CLOCK)
    session.login(Reader(None))
    client = Client(session)
    for at, question in enumerate(mail_questions(archive)):
        answer = client.send(b"a%d %b\r\n" % (at, question))
        assert b"\r\na%d " % at in b"\r\n" + answer[-500:], question
        assert b"\r\na%d BAD" % at not in b"\r\n" + answer[-500:], question
        yield question, answer


def news_questions(archive: Archive) -> Iterator[bytes]:
    yield b"CAPABILITIES"
    yield b"MODE READER"
    yield b"DATE"
    for variant in sorted(LIST_VARIANTS):
        yield b"LIST " + variant
    yield b"XGTITLE *"
    for record in archive.lists():
        yield from _group_questions(record)
    for since in range(1_699_900_000, 1_720_000_000, 1_000_000):
        yield b"NEWNEWS * %b GMT" % _stamp(since)
        yield b"NEWGROUPS %b GMT" % _stamp(since)


def _group_questions(record: MailingList) -> Iterator[bytes]:
    name = record.name.encode()
    yield b"GROUP " + name
    yield b"LISTGROUP " + name
    yield b"LIST COUNTS " + name
    for command in (b"OVER 1-", b"XOVER 1-", b"XPAT Subject 1- *e*", b"XPAT Xref 1- *beta*"):
        yield command
    for field in FIELDS:
        yield b"HDR %b 1-" % field
        yield b"XHDR %b 1-" % field
    for number in range(record.high + 3):
        for command in (b"ARTICLE", b"HEAD", b"BODY", b"STAT", b"OVER"):
            yield b"%b %d" % (command, number)
        yield b"NEXT"
        yield b"LAST"


def _stamp(moment: int) -> bytes:
    return time.strftime("%Y%m%d %H%M%S", time.gmtime(moment)).encode()


def by_message_id(archive: Archive, ids: Sequence[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Yield what a newsgroup server answers about Message-IDs."""
    client = Client(nntp.Session(archive, nntp.Settings(HOST), clock=lambda: CLOCK))
    for own in ids:
        for command in (b"ARTICLE", b"STAT", b"OVER", b"HDR Xref"):
            yield b"%b %b" % (command, own), client.ask(b"%b %b" % (command, own))


def mail_questions(archive: Archive) -> Iterator[bytes]:
    items = b" ".join(sorted(STATUS_ITEMS))
    yield b"CAPABILITY"
    yield b'ID ("name" "x")'
    yield b"NAMESPACE"
    yield b'LIST "" "*"'
    yield b'LIST "" "*" RETURN (CHILDREN MYRIGHTS SPECIAL-USE STATUS (%b))' % items
    yield b'LSUB "" "*"'
    yield b'GETMETADATA "" (/shared/comment /shared/admin)'
    for record in archive.lists():
        yield from _mailbox_questions(archive, record, items)
    yield b'ESEARCH IN (subtree "lists") RETURN (ALL COUNT MIN MAX) SUBJECT e'


def _mailbox_questions(archive: Archive, record: MailingList, items: bytes) -> Iterator[bytes]:
    name = record.name.encode()
    yield b'STATUS "%b" (%b)' % (name, items)
    yield b'GETMETADATA "%b" (/shared/comment /private/comment /shared/vendor/x)' % name
    yield b'MYRIGHTS "%b"' % name
    yield b'EXAMINE "%b" (CONDSTORE)' % name
    for what in WHOLE:
        yield b"UID FETCH 1:* (UID %b)" % what
    yield b"FETCH 1:* (UID %b)" % WHOLE[0]
    for keys in (*SEARCHES, *_ids(archive, record)):
        yield b"UID SEARCH RETURN (ALL COUNT) %b" % keys
        yield b"SEARCH " + keys
    for key in sorted(SORT_KEYS):
        yield b"UID SORT (%b) UTF-8 FUZZY TEXT e" % key
        yield b"SORT RETURN (ALL) (REVERSE %b DATE) UTF-8 FUZZY SUBJECT e" % key
    yield b"UID SORT (SUBJECT REVERSE DATE) UTF-8 ALL"
    for algorithm in sorted(THREAD_ALGORITHMS):
        yield b"UID THREAD %b UTF-8 ALL" % algorithm
        yield b"THREAD %b UTF-8 SUBJECT e" % algorithm
    yield b"ENABLE QRESYNC"
    for revision in range(0, record.revision + 2, max(record.revision // 40, 1)):
        modseq = max(revision << REVISION_BITS, 1)
        yield b"UID FETCH 1:* (FLAGS) (CHANGEDSINCE %d VANISHED)" % modseq
        yield b"UID SEARCH MODSEQ %d" % modseq
        known = record.validity, modseq, max(record.high, 1)
        yield b'EXAMINE "%b" (QRESYNC (%d %d 1:%d))' % (name, *known)
        yield b'EXAMINE "%b" (QRESYNC (%d %d))' % (name, *known[:2])
    yield b'EXAMINE "%b" (QRESYNC (%d 1))' % (name, record.validity + 1)
    yield b"CLOSE"


def _ids(archive: Archive, record: MailingList) -> Iterator[bytes]:
    """Yield searches for the ids of some messages."""
    for run in record.present(1, record.high):
        entry = done(archive.entry(record.name, run[0]))
        yield b"EMAILID %b" % email_id(entry)
        yield b"THREADID %b" % thread_id(entry)


WHOLE: Final = (
    b"FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE BODY MODSEQ EMAILID THREADID SAVEDATE PREVIEW UID",
    b"BODY.PEEK[] BODY.PEEK[HEADER] BODY.PEEK[TEXT] BODY.PEEK[1] BODY.PEEK[1.MIME] BODY.PEEK[2]",
    b"BODY.PEEK[HEADER.FIELDS (From Subject References In-Reply-To)] BODY.PEEK[]<3.50>",
    b"BINARY.SIZE[1] BINARY.PEEK[1]",
    b"BINARY[1] BODY[TEXT] RFC822 RFC822.TEXT RFC822.HEADER",
)

SEARCHES: Final = (
    b"ALL",
    b"ANSWERED",
    b"OR BCC a CC a",
    b"BEFORE 1-Feb-2019",
    b"BODY e",
    b"DELETED",
    b"NOT DRAFT",
    b"NOT FLAGGED",
    b"FROM a",
    b"TO list",
    b"HEADER References x",
    b"KEYWORD x",
    b"LARGER 2000",
    b"OR NEW OLD",
    b"OLDER 100000000",
    b"ON 2-Jan-2019",
    b"RECENT",
    b"SAVEDATESUPPORTED",
    b"SAVEDBEFORE 20-Nov-2023",
    b"SAVEDON 15-Nov-2023",
    b"SAVEDSINCE 20-Nov-2023",
    b"SEEN",
    b"SENTBEFORE 1-Feb-2019",
    b"SENTON 2-Jan-2019",
    b"SENTSINCE 1-Feb-2019",
    b"SINCE 1-Feb-2019",
    b"SMALLER 2000",
    b"SUBJECT re",
    b"NOT SUBJECT re",
    b"OR FROM a SUBJECT b",
    b"TEXT the",
    b"UID 3:40",
    b"UNANSWERED UNDELETED UNDRAFT UNFLAGGED UNKEYWORD x UNSEEN",
    b"FUZZY TEXT patch",
    b"YOUNGER 100000000",
)

_BY_ID: Final = {b"EMAILID", b"THREADID", b"MODSEQ"}
"""Search keys that are asked with what an answer told."""


def missing() -> set[bytes]:
    """Return what can be asked and is not."""
    fetched = set(b" ".join(WHOLE).replace(b"[", b" ").split())
    searched = set(b" ".join(SEARCHES).split()) | _BY_ID
    return (set(FETCH_ITEMS) - fetched) | (set(SEARCH_KEYS) - searched)
