"""OBJECTID: what the names are made of, that they can be read back, and that equal ones mean equal things. RFC 8474."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.imap.extensions.objectid import (
    email_id,
    email_parts,
    email_query,
    mailbox_id,
    thread_id,
)
from storage.memory import MemoryArchive
from storage.message.fields import parse_header
from storage.model import Entry, MailingList
from storage.query import And, Digest, Larger, Numbers, Received, Smaller
from storage.search import search
from tests.contract.test_archive import entries
from tests.imap.world import Stage
from tests.mail import Given, MemoryEngine, done, fill, gathered, mail, take
from tests.nntp.world import build

if TYPE_CHECKING:
    from storage.archive import Archive
    from tests.mail import Engine

OBJECT_ID = re.compile(rb"[A-Za-z][A-Za-z0-9_-]{0,254}")
"""RFC 8474 s. 7, with the letter of s. 8.1 before it."""

ENTRIES = st.builds(
    Entry,
    number=st.just(1),
    message_id=st.just(b"<a@x>"),
    digest=st.binary(min_size=16, max_size=16),
    sent=st.none(),
    received=st.integers(1, 2**40),
    arrived=st.just(0),
    size=st.integers(1, 2**40),
    lines=st.just(1),
    revision=st.just(1),
    thread=st.binary(min_size=8, max_size=8),
)


def every_entry(archive: Archive) -> list[tuple[str, Entry]]:
    return [
        (record.name, entry)
        for record in archive.lists()
        for entry in entries(archive, record.name, 1, 2**31)
    ]


def found(archive: Archive, name: str, object_id: bytes) -> list[int]:
    """Return what a search for an EMAILID finds in a list."""
    query = done(email_query(archive, name, object_id))
    batches = gathered(search(archive, name, query, 1, archive.mailing_list(name).high))
    return [number for batch in batches for number in batch]  # type: ignore[attr-defined]  # numbers


@given(ENTRIES)
def test_ids_can_be_sent_and_an_emailid_can_be_read_back(entry: Entry) -> None:
    own, thread = email_id(entry), thread_id(entry)
    assert OBJECT_ID.fullmatch(own)
    assert OBJECT_ID.fullmatch(thread)
    assert own == own.lower().replace(b"m", b"M")
    assert email_parts(own) == (
        And(
            (
                Digest(entry.digest),
                Larger(entry.size - 1),
                Smaller(entry.size + 1),
                Received(entry.received, entry.received + 1),
            )
        ),
        entry.thread,
    )


@given(ENTRIES, ENTRIES)
def test_what_differs_has_other_ids(one: Entry, other: Entry) -> None:
    same = all(
        getattr(one, each) == getattr(other, each)
        for each in ("digest", "size", "received", "thread")
    )
    assert (email_id(one) == email_id(other)) == same
    assert (thread_id(one) == thread_id(other)) == (one.thread == other.thread)
    assert email_id(one) != thread_id(other)


GOOD = b"M00112233445566778899aabbccddeeff-8c-3ff40bc0-0011223344556677"


@pytest.mark.parametrize(
    "near",
    [
        b"m" + GOOD[1:],
        GOOD.upper(),
        GOOD[1:],
        GOOD + b"0",
        GOOD[:-1],
        GOOD[:-17],
        GOOD.replace(b"-8c", b"-08c"),
        GOOD.replace(b"-3f", b"-03f"),
        GOOD.replace(b"-8c", b"-0"),
        GOOD.replace(b"M0", b"M"),
        GOOD.replace(b"-8c", b""),
        GOOD + b"\n",
        b"M",
        b"T0011223344556677",
    ],
)
def test_an_id_that_is_not_quite_one_is_no_messages(near: bytes) -> None:
    assert email_parts(GOOD) is not None
    assert email_parts(near) is None
    assert done(email_query(MemoryArchive(), "none", near)) == Numbers()


def test_a_mailbox_is_its_name_and_uidvalidity() -> None:
    names = "lists.twin", "lists.TWIN", "lists.twin-1", "INBOX", "a" * 200
    made = {mailbox_id(MailingList(name, validity=at)) for name in names for at in (1, 2, 17)}
    assert len(made) == 15
    assert all(OBJECT_ID.fullmatch(each) and each[:1] == b"F" for each in made)
    one = MailingList("l", validity=5, high=9, revision=7, description="About it")
    assert mailbox_id(one) == mailbox_id(MailingList("l", validity=5))


def test_copies_with_one_emailid_are_served_alike_at_one_time_in_one_thread(engine: Engine) -> None:
    build(engine)
    writer = engine.writer()
    loose = mail("loose", "In-Reply-To: <base@x.example>")
    above = mail("base", answers="root")
    # Mended by what each list knows of the thread; without that, alike.
    fill(writer, "m.one", [above, loose])
    fill(writer, "m.two", [loose])
    fill(writer, "m.three", [above, loose])
    # Taken at another time.
    undated = mail("undated", date="nonsense")
    for name, received in (("t.one", 1_100_000_000), ("t.two", 1_100_000_001)):
        take(writer, name, Given([undated], received=received))
    take(writer, "t.three", Given([undated], received=1_100_000_000))
    archive = engine.archive()
    known = every_entry(archive)
    seen: dict[bytes, tuple[bytes, int, bytes]] = {}
    for name, entry in known:
        octets = done(archive.served(name, entry.number)).octets
        own = octets, entry.received, thread_id(entry)
        assert seen.setdefault(email_id(entry), own) == own
    assert len(set(seen.values())) == len(seen) < len(known)

    def ids(mails: str) -> dict[str, bytes]:
        return {
            name: email_id(entry)
            for name, entry in known
            if entry.message_id == b"<%b@x.example>" % mails.encode()
        }

    mended = ids("loose")
    assert mended["m.one"] == mended["m.three"] != mended["m.two"]
    header = parse_header(done(archive.served("m.one", 2)).head)
    assert header.first(b"references") == b"<root@x.example> <base@x.example>"
    undated_ids = ids("undated")
    assert undated_ids["t.one"] == undated_ids["t.three"] != undated_ids["t.two"]

    for name, entry in known:
        for other in ("lists.alpha", "lists.beta", "lists.odd", "m.one", "m.two", "t.two"):
            assert found(archive, other, email_id(entry)) == [
                each.number
                for where, each in known
                if where == other and email_id(each) == email_id(entry)
            ], name


@pytest.mark.parametrize("key", [b"EMAILID", b"THREADID"])
def test_what_is_no_object_id_is_refused(key: bytes) -> None:
    stage = Stage(MemoryEngine())
    stage.open(["as=anonymous"])
    stage.client.ask(b"a EXAMINE lists.alpha")
    longest = b"x" * 255
    assert stage.client.ask(b"a UID SEARCH " + key + b" " + longest).startswith(b"* SEARCH\r\na OK")
    for wrong in (b'""', b"a.b", b"a/b", b'"a b"', longest + b"x"):
        answer = stage.client.ask(b"a SEARCH " + key + b" " + wrong)
        assert answer == b"a BAD not an object id\r\n"


def test_a_mailbox_tells_its_id_and_a_thread_is_found_as_it_grows(engine: Engine) -> None:
    stage = Stage(engine)
    stage.open(["as=anonymous"])
    told = stage.client.ask(b"a EXAMINE lists.alpha")
    own = mailbox_id(stage.archive.mailing_list("lists.alpha"))
    assert told.count(b"* OK [MAILBOXID (%b)] " % own) == 1
    told = stage.client.ask(b"a STATUS lists.alpha (MAILBOXID)")
    assert told.startswith(b"* STATUS lists.alpha (MAILBOXID (%b))\r\n" % own)
    told = stage.client.ask(b"a UID FETCH 1 THREADID")
    thread = told[told.index(b"(T") + 1 : told.index(b"))")]
    assert stage.client.ask(b"a UID SEARCH THREADID " + thread).startswith(b"* SEARCH 1 4\r\n")
    stage.remove("lists.alpha", 1)
    fill(engine.writer(), "lists.alpha", [mail("nine", answers="one")], now=1_700_200_000)
    stage.archive.refresh()
    assert b"4 EXISTS" in stage.client.ask(b"a NOOP")
    assert stage.client.ask(b"a UID SEARCH THREADID " + thread).startswith(b"* SEARCH 4 7\r\n")
    assert b"THREADID (%b)" % thread in stage.client.ask(b"a UID FETCH 7 THREADID")
