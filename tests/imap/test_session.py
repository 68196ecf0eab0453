"""What a conversation is beyond its commands: states, news, faults, and what happens behind its back."""

from __future__ import annotations

import logging
from base64 import b64decode, b64encode
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from gateway.access import ANONYMOUS, Policy, Reader
from gateway.imap import Session, Settings
from gateway.imap.framing import SKIPPED_OCTETS
from gateway.imap.session import LEAST_IDLE_SECONDS
from gateway.wire import CHUNK_OCTETS, Upgrade
from storage.bitmap import Bitmap
from storage.errors import ArchiveUnavailable, NoSuchMessage
from storage.marks import MAX_KEYWORDS, REVISION_BITS, Mode, TooMany, Wish
from storage.memory_marks import MemoryMarks
from storage.message.structure import Part, structure
from storage.model import MailingList, Page, Rendition
from storage.sqlite.marks import SqliteMarks
from tests.imap.world import Stage
from tests.mail import MemoryEngine, SqliteEngine, fill, mail
from tests.nntp.world import PASSWORD, USER, Client, Users
from tests.server.scram_client import ScramClient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from storage.archive import Archive
    from storage.marks import Changed, Marks
    from storage.model import Served


class Altered:
    """An archive in which things are not as they were: what is set on it wins over the archive's own."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    def __getattr__(self, name: str) -> object:
        return getattr(self._archive, name)


class Talk:
    """A conversation over an archive, and what it is made of."""

    def __init__(self, reader: Reader | None = None, marks: Marks | None = None) -> None:
        self.stage = Stage(MemoryEngine())
        self.archive = Altered(self.stage.archive)
        self.policy = Policy({"lists.secret": [USER]})
        self.marks = marks or MemoryMarks()
        self.session = Session(
            self.archive,  # type: ignore[arg-type]  # near enough
            Settings(tls_available=True, plaintext_login=True),
            self.policy,
            Users(),
            marks=self.marks,
        )
        if reader is not None:
            self.session.login(reader)
        self.client = Client(self.session)
        self.ask = self.client.ask

    def remember(self, name: str) -> MailingList:
        return self.stage.archive.mailing_list(name)


def ann() -> Talk:
    talk = Talk(Reader(USER))
    assert b"a OK [READ-WRITE]" in talk.ask(b"a SELECT lists.alpha")
    return talk


def offered(**options: object) -> set[bytes]:
    settings = Settings(
        tls_available=bool(options.get("tls")), plaintext_login=bool(options.get("plaintext"))
    )
    session = Session(
        Stage(MemoryEngine()).archive,
        settings,
        authenticator=Users() if options.get("users") else None,
        secure=bool(options.get("secure")),
    )
    if options.get("in"):
        session.login(ANONYMOUS)
    return set(session.capabilities().split())


def test_what_is_offered_is_true_then() -> None:
    assert {b"IMAP4rev1", b"IMAP4rev2", b"LITERAL+", b"SASL-IR", b"AUTH=ANONYMOUS"} <= offered()
    plain = offered(tls=True, users=True)
    assert {b"STARTTLS", b"LOGINDISABLED", b"AUTH=SCRAM-SHA-256"} <= plain
    assert b"AUTH=PLAIN" not in plain
    secure = offered(tls=True, users=True, secure=True)
    assert b"AUTH=PLAIN" in secure
    assert not {b"STARTTLS", b"LOGINDISABLED"} & secure
    assert b"LOGINDISABLED" not in offered(plaintext=True)
    inside = offered(tls=True, users=True, **{"in": True})
    assert not {b"STARTTLS", b"LOGINDISABLED"} & inside
    assert not [name for name in inside if name.startswith(b"AUTH=")]
    assert {
        b"CONDSTORE",
        b"QRESYNC",
        b"ENABLE",
        b"IDLE",
        b"UNSELECT",
        b"COMPRESS=DEFLATE",
    } <= inside
    assert {b"BINARY", b"PREVIEW", b"SAVEDATE", b"UTF8=ACCEPT", b"APPENDLIMIT=0"} <= inside


def test_no_mechanism_is_offered_where_there_is_none() -> None:
    session = Session(
        Stage(MemoryEngine()).archive, policy=Policy({}, login_needed=True), secure=True
    )
    assert b"AUTH=" not in session.capabilities()


def test_layers_change_what_is_offered_and_forget_what_came() -> None:
    talk = Talk()
    talk.ask(b"a STARTTLS")
    talk.session.feed(b"b LOGIN ann {11+}\r\nopen")
    assert talk.session.upgrade is Upgrade.TLS
    assert talk.session.buffered > 0
    talk.session.upgraded(Upgrade.TLS)
    assert (talk.session.secure, talk.session.buffered) == (True, 0)
    assert talk.client.send(b" sesame\r\n") == b"* BAD expected a tag\r\n"


def test_a_stranger_is_kept_no_longer_than_the_operator_wants() -> None:
    talk = Talk()
    assert talk.session.least_idle_seconds == 0
    talk.ask(b"a LOGIN anonymous x")
    assert talk.session.least_idle_seconds == LEAST_IDLE_SECONDS == 1800


def test_news_is_for_those_who_wait_for_it() -> None:
    talk = ann()
    session = talk.session
    assert not session.has_news()
    talk.stage.arrive("lists.alpha", "new")
    assert not session.has_news()
    talk.ask(b"b IDLE")
    assert not session.has_news()  # told as IDLE began
    talk.stage.arrive("lists.alpha", "newer")
    talk.stage.arrive("lists.beta", "elsewhere")
    assert session.has_news()
    assert talk.client.receive() == b"* 6 EXISTS\r\n"
    assert not session.has_news()
    talk.ask(b"DONE")
    talk.ask(b"c UNSELECT")
    talk.ask(b"d IDLE")
    talk.stage.arrive("lists.alpha", "newest")
    assert not session.has_news()


def test_a_million_changes_are_told_in_pieces() -> None:
    talk = Talk(Reader(USER))
    fill(talk.stage.engine.writer(), "lists.long", [mail(f"m{n}") for n in range(6000)])
    talk.stage.archive.refresh()
    talk.ask(b"a SELECT lists.long")
    with talk.stage.engine.writer().batch() as batch:
        for number in range(1, 6000, 2):
            batch.remove("lists.long", number)
    talk.stage.archive.refresh()
    keywords = [b"a-very-long-keyword-%d" % n for n in range(9)]
    wish = Wish(Bitmap.of([range(1, 6001)]), Mode.ADD, keywords, 1)
    talk.marks.change(USER, "lists.long", talk.remember("lists.long").validity, wish)
    answer = talk.ask(b"b NOOP")
    assert answer.count(b" FETCH ") == 6000
    assert answer.count(b" EXPUNGE\r\n") == 3000
    assert len(talk.client.chunks) > 5
    assert max(map(len, talk.client.chunks)) < 2 * CHUNK_OCTETS


def test_a_mailbox_that_is_withdrawn_ends_the_conversation() -> None:
    talk = Talk(Reader(USER))
    talk.ask(b"a SELECT lists.secret")
    talk.policy.replace({"lists.secret": ["bob"]}, login_needed=False)
    gone = b"NO [NONEXISTENT] no such mailbox\r\n"
    assert talk.ask(b"b FETCH 1 BODY[]") == b"b " + gone
    assert talk.ask(b"c STORE 1 +FLAGS (\\Seen)") == b"c " + gone
    assert talk.ask(b"d NOOP") == b"* BYE the mailbox is gone\r\nd OK NOOP completed\r\n"
    assert talk.session.closing
    assert talk.ask(b"e NOOP") == b""


def test_a_mailbox_that_is_withdrawn_ends_waiting_too() -> None:
    talk = Talk(Reader(USER))
    talk.ask(b"a SELECT lists.secret")
    talk.ask(b"b IDLE")
    talk.policy.replace({"lists.secret": ["bob"]}, login_needed=False)
    assert talk.session.has_news()
    assert talk.ask(b"DONE") == b"* BYE the mailbox is gone\r\n"
    assert talk.session.closing


def test_who_is_anonymous_reads_no_more_once_login_is_needed() -> None:
    talk = Talk(ANONYMOUS)
    talk.ask(b"a EXAMINE lists.alpha")
    assert [record.name for record in talk.session.lists()]
    talk.policy.replace({}, login_needed=True)
    assert [*talk.session.lists()] == []
    assert talk.ask(b"b FETCH 1 FLAGS") == b"b NO [AUTHORIZATIONFAILED] log in first\r\n"
    assert talk.ask(b"c EXAMINE INBOX").endswith(b"c NO [AUTHORIZATIONFAILED] log in first\r\n")


def test_uids_that_mean_other_messages_are_not_served() -> None:
    talk = ann()
    record = replace(talk.remember("lists.alpha"), validity=1_700_000_001)
    talk.archive.mailing_list = lambda _: record  # type: ignore[attr-defined]
    gone = b"NO [NONEXISTENT] the mailbox is gone\r\n"
    assert talk.ask(b"b UID FETCH 1 BODY.PEEK[]") == b"b " + gone
    assert talk.ask(b"c STORE 1 +FLAGS (\\Seen)") == b"c " + gone
    assert talk.ask(b"d CHECK") == b"* BYE the mailbox is gone\r\nd OK CHECK completed\r\n"


def test_an_archive_that_cannot_be_read_is_unavailable(caplog: pytest.LogCaptureFixture) -> None:
    talk = ann()

    async def fail(name: str, number: int) -> Served:
        raise ArchiveUnavailable("/secret/path is damaged")

    talk.archive.served = fail  # type: ignore[attr-defined]
    answer = talk.ask(b"b FETCH 1 BODY.PEEK[]")
    assert answer == b"b NO [UNAVAILABLE] the archive is unavailable now\r\n"
    assert "/secret/path" in caplog.text
    assert talk.ask(b"c NOOP") == b"c OK NOOP completed\r\n"


def test_a_fault_tells_nothing_of_itself(caplog: pytest.LogCaptureFixture) -> None:
    talk = ann()

    async def fail(name: str, number: int) -> Served:
        raise RuntimeError("a secret")

    talk.archive.served = fail  # type: ignore[attr-defined]
    assert talk.ask(b"b FETCH 1 BODY.PEEK[]") == b"b NO [SERVERBUG] internal fault\r\n"
    assert "a secret" in caplog.text


def test_a_fault_while_logging_in_is_answered(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Users):
        async def password(self, *_: str) -> Reader | None:
            raise RuntimeError("a secret")

    talk = Talk()
    talk.session.authenticator = Broken()
    assert talk.ask(b"a LOGIN ann x") == b"a NO [SERVERBUG] internal fault\r\n"
    assert talk.ask(b"b AUTHENTICATE PLAIN") == b"+ \r\n"
    assert talk.ask(b"AGFubgB4") == b"b NO [SERVERBUG] internal fault\r\n"
    assert talk.ask(b"c NOOP") == b"c OK NOOP completed\r\n"
    assert "a secret" in caplog.text


def test_who_proves_itself_and_answers_the_servers_proof_with_words_is_refused() -> None:
    for answer, outcome in ((b"", b"a OK ["), (b64encode(b"thanks"), b"a BAD not a message")):
        talk = Talk()
        scram = ScramClient(USER, PASSWORD)
        talk.ask(b"a AUTHENTICATE SCRAM-SHA-256")
        challenge = talk.ask(b64encode(scram.first()))
        proof = talk.ask(b64encode(scram.final(b64decode(challenge[2:]))))
        assert proof.startswith(b"+ ")
        assert talk.ask(answer).startswith(outcome)
        assert (talk.session.reader is not None) is outcome.endswith(b"[")


def test_endless_input_ends_the_conversation() -> None:
    talk = Talk()
    talk.session.feed(b"a LOGIN {%d+}\r\n" % (2 * SKIPPED_OCTETS))
    chunk = b"x" * 2**20
    for _ in range(SKIPPED_OCTETS // len(chunk)):
        assert talk.client.send(chunk) == b""
    assert talk.client.send(chunk) == b"* BYE too much without end\r\n"
    assert talk.session.closing
    talk.session.feed(b"b NOOP\r\n")
    assert talk.session.buffered == 0


def test_what_is_not_rendered_yet_is_left_out_and_said() -> None:
    talk = ann()
    pages = talk.stage.archive.pages

    async def some(kind: Rendition, name: str, first: int, last: int) -> AsyncIterator[Page]:
        async for page in pages(kind, name, first, last):
            yield Page(page.numbers[1:], page.rows[1:])

    talk.archive.pages = some  # type: ignore[attr-defined]
    answer = talk.ask(b"b FETCH 1:2 RFC822.SIZE")
    assert answer.startswith(b"* 2 FETCH ")
    assert answer.endswith(b"b NO [UNAVAILABLE] some messages are not ready yet, try again\r\n")
    assert talk.ask(b"c FETCH 1 RFC822.SIZE").startswith(b"c NO [UNAVAILABLE]")
    assert talk.ask(b"d FETCH 1 FLAGS").endswith(b"d OK FETCH completed\r\n")


def test_what_is_removed_while_it_is_fetched_is_left_out() -> None:
    talk = ann()
    served = talk.stage.archive.served

    async def lost(name: str, number: int) -> Served:
        if number == 2:
            raise NoSuchMessage
        return await served(name, number)

    talk.archive.served = lost  # type: ignore[attr-defined]
    answer = talk.ask(b"b FETCH 1:3 (UID BODY.PEEK[TEXT]<0.1>)")
    assert answer == (
        b"* 1 FETCH (UID 1 BODY[TEXT]<0> {1}\r\nH)\r\n"
        b"* 3 FETCH (UID 4 BODY[TEXT]<0> {1}\r\nY)\r\nb OK FETCH completed\r\n"
    )


def test_large_messages_come_in_pieces() -> None:
    talk = Talk(ANONYMOUS)
    body = "All work and no play.\n" * 20_000
    fill(talk.stage.engine.writer(), "lists.large", [mail(f"m{n}", body=body) for n in range(3)])
    talk.stage.archive.refresh()
    talk.ask(b"a EXAMINE lists.large")
    answer = talk.ask(b"b FETCH 1:3 BODY[TEXT]")
    assert answer.count(b"All work") == 60_000
    assert max(map(len, talk.client.chunks)) < 2 * CHUNK_OCTETS


def test_a_message_is_not_sent_many_times_at_once() -> None:
    talk = Talk(ANONYMOUS)
    body = "All work and no play.\n" * 40_000
    fill(talk.stage.engine.writer(), "lists.large", [mail("m", body=body)])
    talk.stage.archive.refresh()
    talk.ask(b"a EXAMINE lists.large")
    for count, outcome in ((4, b"b OK"), (6, b"b NO [LIMIT] too much of one message at once")):
        items = b" ".join([b"BODY.PEEK[]<%d.9999999>" % n for n in range(count)])
        answer = talk.ask(b"b FETCH 1 (" + items + b")")
        assert answer.splitlines()[-1].startswith(outcome)


def test_a_message_is_walked_once_for_all_its_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    walked: list[bytes] = []

    def counted(octets: bytes) -> Part:
        walked.append(octets)
        return structure(octets)

    monkeypatch.setattr("gateway.imap.opened.structure", counted)
    talk = ann()
    talk.ask(b"b FETCH 1:2 (BODY.PEEK[1] BODY.PEEK[1.MIME] BINARY.PEEK[1] BINARY.SIZE[1] BODY)")
    assert len(walked) == 2
    talk.ask(b"c FETCH 1:2 (BODY.PEEK[] BODY.PEEK[HEADER] BODY.PEEK[TEXT])")
    assert len(walked) == 2


def test_limits_are_told() -> None:
    talk = ann()
    items = b" ".join([b"BODY.PEEK[%d]" % n for n in range(1, 102)])
    assert talk.ask(b"b FETCH 1 (" + items + b")") == b"b BAD too many items\r\n"
    flags = b" ".join([b"k%d" % n for n in range(101)])
    assert talk.ask(b"c STORE 1 +FLAGS (" + flags + b")") == b"c BAD too many flags\r\n"
    wish = Wish(Bitmap.of([range(1, 2)]), Mode.ADD, [b"k%d" % n for n in range(MAX_KEYWORDS)], 1)
    talk.marks.change(USER, "lists.alpha", talk.remember("lists.alpha").validity, wish)
    answer = talk.ask(b"d STORE 1 +FLAGS.SILENT (one-more)")
    assert answer.endswith(b"d NO [LIMIT] a list has 256 keywords at most\r\n")


def test_who_has_too_many_marks_reads_by_peeking() -> None:
    class Full(MemoryMarks):
        def change(self, *_: object) -> Changed:
            raise TooMany("a user has marks in 1 list at most")

    talk = Talk(Reader(USER), Full())
    talk.ask(b"a SELECT lists.alpha")
    refusal = b"NO [LIMIT] a user has marks in 1 list at most\r\n"
    assert talk.ask(b"b FETCH 1 BODY[]") == b"b " + refusal
    assert talk.ask(b"c FETCH 1 BODY.PEEK[]").endswith(b"c OK FETCH completed\r\n")


class Shared:
    """A user's session over an archive that another process shares, and what that one marks."""

    def __init__(self, directory: Path) -> None:
        self._engine = SqliteEngine(directory)
        self._ours, self._theirs = SqliteMarks(directory), SqliteMarks(directory)
        self.archive = Stage(self._engine).archive
        self.record = self.archive.mailing_list("lists.alpha")
        session = Session(self.archive, marks=self._ours)
        session.login(Reader(USER))
        self.client = Client(session)

    def mark(self, flag: bytes, *, later: int = 0) -> None:
        """Have the other process mark the second message, in a revision so much later than the session knows."""
        revision = self.record.revision + later
        wish = Wish(Bitmap.of([range(2, 3)]), Mode.ADD, [flag], revision)
        self._theirs.change(USER, self.record.name, self.record.validity, wish)

    def close(self) -> None:
        for each in (self._ours, self._theirs, self._engine):
            each.close()


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[Shared]:
    made = Shared(tmp_path)
    yield made
    made.close()


def test_what_another_process_marks_in_between_is_told(shared: Shared) -> None:
    client = shared.client
    client.ask(b"a SELECT lists.alpha")
    shared.mark(b"\\Flagged")
    answer = client.ask(b"b STORE 1 +FLAGS.SILENT (\\Seen)")
    assert b"* 2 FETCH (UID 2 FLAGS (\\Flagged))\r\n" in answer
    assert client.ask(b"c NOOP") == b"c OK NOOP completed\r\n"


def test_the_next_command_sees_what_another_process_marked(shared: Shared) -> None:
    client = shared.client
    client.ask(b"a SELECT lists.alpha")
    shared.mark(b"\\Flagged")
    assert b"* SEARCH 2\r\n" in client.ask(b"b SEARCH FLAGGED")
    shared.mark(b"\\Seen")
    assert b"* 2 FETCH (FLAGS (\\Seen \\Flagged))\r\n" in client.ask(b"c FETCH 2 FLAGS")
    shared.mark(b"\\Answered")
    assert b"* 2 FETCH (UID 2 FLAGS (\\Seen \\Flagged \\Answered))\r\n" in client.ask(b"d NOOP")
    assert client.ask(b"e NOOP") == b"e OK NOOP completed\r\n"


def test_marks_of_a_revision_that_is_not_known_yet_bring_it_along(
    shared: Shared, tmp_path: Path
) -> None:
    client, record = shared.client, shared.record
    client.ask(b"a SELECT lists.alpha (CONDSTORE)")
    writing = SqliteEngine(tmp_path)
    with writing.writer().batch() as batch:
        batch.remove("lists.alpha", record.high)
    shared.mark(b"\\Seen", later=1)
    assert shared.archive.mailing_list("lists.alpha").revision == record.revision
    modseq = ((record.revision + 1) << REVISION_BITS) + 1
    answer = client.ask(b"b NOOP")
    assert b"* 2 FETCH (UID 2 FLAGS (\\Seen) MODSEQ (%d))\r\n" % modseq in answer
    assert b" EXPUNGE\r\n" in answer, "who knows that mod-sequence would never be told of it"
    assert b"[HIGHESTMODSEQ %d]" % modseq in answer
    writing.close()


def test_marks_that_cannot_be_read_keep_nobody_from_leaving(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    talk = ann()

    def unreadable(*_: object) -> None:
        raise ArchiveUnavailable("no such disk")

    monkeypatch.setattr(talk.marks, "of", unreadable)
    assert talk.ask(b"b FETCH 1 UID") == b"* 1 FETCH (UID 1)\r\nb OK FETCH completed\r\n"
    assert talk.ask(b"c LOGOUT").endswith(b"c OK LOGOUT completed\r\n")


def test_a_mailbox_needs_no_marks() -> None:
    stage = Stage(MemoryEngine())
    session = Session(stage.archive)
    session.login(Reader("bob"))
    client = Client(session)
    assert b"a OK [READ-ONLY]" in client.ask(b"a SELECT lists.alpha")
    assert (
        client.ask(b"b STORE 1 +FLAGS (x)") == b"b OK nothing is stored in a read-only mailbox\r\n"
    )


def test_refusals_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    talk = ann()
    with caplog.at_level(logging.DEBUG):
        talk.ask(b"b FOO")
        talk.ask(b"c EXAMINE lists.nosuch")
    assert caplog.text == ""
    assert talk.session.expire("so it is") == b"* BYE so it is\r\n"


def test_what_was_removed_a_moment_ago_is_left_out(tmp_path: Path) -> None:
    engine = SqliteEngine(tmp_path)
    stage = Stage(engine)
    stage.open(["as=anonymous"])
    stage.client.ask(b"a EXAMINE lists.alpha")
    with engine.writer().batch() as batch:
        batch.remove("lists.alpha", 2)  # the catalogue has not been refreshed yet
    for asked in (
        b"FETCH 1:* ENVELOPE",
        b"UID FETCH 1:* (FLAGS RFC822.SIZE)",
        b"SORT (DATE) UTF-8 ALL",
    ):
        answer = stage.client.ask(b"a " + asked)
        assert b"\r\na OK " in answer
        assert b"* 2 FETCH" not in answer
    assert b"* SORT 1 3 4\r\n" in stage.client.ask(b"a SORT (ARRIVAL) UTF-8 ALL")
    engine.close()
