"""Whatever a client sends, and whatever happens meanwhile: answers are well formed, and the client is never misled."""

from __future__ import annotations

import re
from itertools import count
from typing import TYPE_CHECKING, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.access import Policy, Reader
from gateway.imap import Session, Settings
from gateway.imap.registry import COMMANDS, FETCH_ITEMS, SEARCH_KEYS
from storage.memory_marks import MemoryMarks
from tests.mail import NOW, MemoryEngine, fill, mail
from tests.nntp.world import CLOCK, POLICY, Client, Users, build

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from storage.archive import Archive
    from storage.marks import Marks

ARCHIVE: Final = build(MemoryEngine())
SERIALS: Final = count()

WORDS = st.one_of(
    st.sampled_from(
        rb"""1 2 1:* 1,3:4 *:2 * $ 0 5000 4294967296 lists.alpha lists.* INBOX "" "a b" \Seen (\Seen) (\Seen Work) +FLAGS
        FLAGS.SILENT -FLAGS BODY[] BODY[TEXT]<0.9> BODY.PEEK[HEADER.FIELDS (To)] BINARY[1] (FLAGS UID) (CHANGEDSINCE 1)
        (UNCHANGEDSINCE 5) (CONDSTORE) (QRESYNC (1700000000 1)) NIL ( ) RETURN (ALL) UTF-8 SUBJECT NOT OR REFERENCES PLAIN
        ANONYMOUS = AGFubgBvcGVuIHNlc2FtZQ== DEFLATE CONDSTORE QRESYNC UTF8=ACCEPT ann "open sesame" & % ~ [ ] { }""".split()
    ),
    st.sampled_from([b"{3+}\r\nabc", b"{0+}\r\n", b"~{2+}\r\na\0", b"{11+}\r\nopen sesame"]),
    st.sampled_from(sorted([*FETCH_ITEMS, *SEARCH_KEYS])),
    st.binary(max_size=8),
)
COMMAND = st.one_of(
    st.tuples(
        st.sampled_from([b"", b"UID "]),
        st.sampled_from(sorted(COMMANDS)),
        st.lists(WORDS, max_size=5),
    ).map(lambda parts: parts[0] + b" ".join([parts[1], *parts[2]])),
    st.sampled_from(
        [
            b"SELECT lists.alpha",
            b"LOGIN ann {11+}\r\nopen sesame",
            b"FETCH 1:* (FLAGS UID ENVELOPE)",
            b"UID STORE 1:4 +FLAGS (\\Seen)",
            b"SEARCH OR SEEN SUBJECT first",
            b"IDLE",
        ]
    ),
)
ANNOUNCED: Final = re.compile(rb"\{[0-9]+\+?\}\Z")
ENDS: Final = re.compile(rb"\{([0-9]+)\}\Z")


def client(
    *,
    logged_in: bool = False,
    marks: Marks | None = None,
    user: str = "ann",
    archive: Archive = ARCHIVE,
) -> Client:
    session = Session(
        archive,
        Settings(tls_available=True, plaintext_login=True, bad_commands=5),
        POLICY,
        Users(),
        marks=marks or MemoryMarks(),
        clock=lambda: CLOCK,
    )
    if logged_in:
        session.login(Reader(user))
    return Client(session)


def lines_of(answer: bytes) -> Iterator[bytes]:
    """Yield the lines of responses, with the literals in them left out."""
    position, line = 0, b""
    while position < len(answer):
        end = answer.index(b"\r\n", position)
        line += answer[position:end]
        position = end + 2
        literal = ENDS.search(line)
        if literal is None:
            yield line
            line = b""
        else:
            position += int(literal[1])
            assert position < len(answer)
    assert not line


def check(answer: bytes) -> list[bytes]:
    """Make sure that every response is one, and none an internal fault; return the tags of those that have one."""
    tags = []
    for line in lines_of(answer):
        assert re.fullmatch(rb"[ -~\t]*", line), line
        assert not line.startswith(b"* BYE too much"), line
        found = re.match(rb"([^ ]+) (OK|NO|BAD) (\[[^\]]+\] )?.", line)
        if found is not None and found[1] != b"*":
            assert found[3] != b"[SERVERBUG] ", line
            tags.append(found[1])
        else:
            assert line.startswith((b"* ", b"+ ")), line
    return tags


@settings(deadline=None)  # a machine that is busy makes no property false
@given(st.lists(COMMAND, max_size=10), st.lists(st.integers(1, 40), max_size=60), st.booleans())
def test_answers_do_not_depend_on_packet_boundaries(
    commands: list[bytes], cuts: list[int], logged_in: bool
) -> None:
    sent = b"".join(b"%d %b\r\n" % numbered for numbered in enumerate(commands))
    sent = sent.replace(b"SCRAM", b"scram-")  # whose nonces are new each time
    whole, pieces = client(logged_in=logged_in).send(sent), client(logged_in=logged_in)
    answers = []
    for cut in cuts:
        answers.append(pieces.send(sent[:cut]))
        sent = sent[cut:]
    answers.append(pieces.send(sent))
    assert b"".join(answers) == whole


@settings(deadline=None)  # a machine that is busy makes no property false
@given(st.lists(st.binary(max_size=60), max_size=8), st.booleans())
def test_any_octets_are_answered(pieces: list[bytes], logged_in: bool) -> None:
    talking = client(logged_in=logged_in)
    for piece in pieces:
        check(talking.send(piece))
    check(talking.send(b"\r\n" * 3))


@settings(deadline=None)  # a machine that is busy makes no property false
@given(st.lists(COMMAND, max_size=12), st.booleans())
def test_every_command_gets_one_tagged_response(commands: list[bytes], logged_in: bool) -> None:
    talking = client(logged_in=logged_in)
    for at, command in enumerate(commands):
        if ANNOUNCED.search(command) or b"\r" in command.replace(b"+}\r\n", b""):
            continue
        tag = b"t%d" % at
        answer = talking.send(tag + b" " + command + b"\r\n")
        if answer.endswith(b"\r\n") and answer.splitlines()[-1].startswith(b"+ "):
            answer += talking.send(b"*\r\n")
        assert check(answer) == [tag]
        if talking.session.upgrade is not None:
            talking.session.upgraded(talking.session.upgrade)
        if talking.session.closing:
            assert b"* BYE " in answer
            break


class Mirror:
    """A client that knows what it was told: UIDs by sequence number (None where not yet), and the flags of some."""

    def __init__(self, talking: Client, name: str, *, qresync: bool = False) -> None:
        self.talking = talking
        self.uids: list[int | None] = []
        self.flags: dict[int, frozenset[bytes]] = {}
        if qresync:
            talking.ask(b"q ENABLE QRESYNC")
        self.ask(b"SELECT " + name.encode())
        self.ask(b"UID FETCH 1:* (FLAGS)")

    def ask(self, command: bytes) -> bytes:
        """Send a command, and take in what is told; sequence numbers never shift while they are in use."""
        uses_msns = command.split()[0] in {b"FETCH", b"STORE", b"SEARCH"}
        answer = self.talking.ask(b"m " + command)
        lines = [*lines_of(answer)]
        assert lines[-1].startswith(b"m OK"), lines[-1]
        for line in lines[:-1]:
            assert not (uses_msns and re.match(rb"\* (\d+ EXPUNGE|VANISHED)", line))
            self.take(line)
        return answer

    def take(self, line: bytes) -> None:
        if found := re.fullmatch(rb"\* (\d+) EXPUNGE", line):
            del self.uids[int(found[1]) - 1]
        elif found := re.fullmatch(rb"\* VANISHED ([0-9:,]+)", line):
            ranges = [part.partition(b":") for part in found[1].split(b",")]
            gone = {n for a, _, b in ranges for n in range(int(a), int(b or a) + 1)}
            for lost in sorted(gone):
                del self.uids[self.place(lost)]
        elif found := re.fullmatch(rb"\* (\d+) EXISTS", line):
            assert int(found[1]) >= len(self.uids)
            self.uids += [None] * (int(found[1]) - len(self.uids))
        elif found := re.match(rb"\* (\d+) FETCH \((?:UID (\d+) ?)?(?:FLAGS \(([^)]*)\))?", line):
            at = int(found[1]) - 1
            if found[2] is not None:
                assert self.uids[at] in {None, int(found[2])}
                self.uids[at] = int(found[2])
            uid = self.uids[at]
            if found[3] is not None and uid is not None:
                self.flags[uid] = frozenset(found[3].split())

    def place(self, uid: int) -> int:
        """Return where a UID stands, or where one may that is not known yet: they ascend."""
        if uid in self.uids:
            return self.uids.index(uid)
        below = [at for at, known in enumerate(self.uids, 1) if known is not None and known < uid]
        return self.uids.index(None, max(below, default=0))

    def check(self, present: Sequence[int]) -> None:
        """Make sure that it knows everything."""
        self.ask(b"NOOP")
        if None in self.uids:
            self.ask(b"FETCH 1:* (UID FLAGS)")
        assert self.uids == list(present)


HAPPENING = st.one_of(
    st.tuples(st.just("remove"), st.integers(0, 9)),
    st.tuples(st.just("arrive"), st.integers(1, 3)),
    st.tuples(
        st.just("ask"),
        st.sampled_from(
            [
                b"NOOP",
                b"CHECK",
                b"FETCH 1:* (UID)",
                b"UID FETCH 1:* (UID)",
                b"SEARCH ALL",
                b"UID SEARCH ALL",
                b"STORE 1:* +FLAGS.SILENT (x)",
                b"UID STORE 1:* FLAGS (\\Seen)",
            ]
        ),
    ),
)


@settings(deadline=None)  # a machine that is busy makes no property false
@given(st.lists(HAPPENING, max_size=14), st.booleans())
def test_what_is_told_keeps_a_client_in_step(
    happenings: list[tuple[str, int | bytes]], qresync: bool
) -> None:
    engine = MemoryEngine()
    present = arrive(engine, 4)
    archive = engine.archive()
    mirror = Mirror(client(logged_in=True, archive=archive), "lists.l", qresync=qresync)
    assert mirror.uids == present
    for what, detail in happenings:
        if isinstance(detail, bytes):
            mirror.ask(detail)
        elif what == "arrive":
            present = arrive(engine, detail)
        elif present:
            with engine.writer().batch() as batch:
                batch.remove("lists.l", present[detail % len(present)])
            del present[detail % len(present)]
            archive.refresh()
    mirror.check(present)


def arrive(engine: MemoryEngine, number: int) -> list[int]:
    """Let messages arrive; return the numbers that are there."""
    serial = next(SERIALS)
    own = [mail(f"p{serial}-{n}") for n in range(number)]
    fill(engine.writer(), "lists.l", own, now=NOW + serial)
    record = engine.archive().mailing_list("lists.l")
    return [n for run in record.present(1, record.high) for n in run]


FLAGS: Final = (b"\\Seen", b"\\Flagged", b"work", b"$Junk")
CHANGE = st.tuples(
    st.integers(0, 2),
    st.sampled_from([b"+FLAGS", b"-FLAGS", b"FLAGS"]),
    st.booleans(),
    st.sets(st.sampled_from([1, 2, 4, 6]), min_size=1),
    st.sets(st.sampled_from(FLAGS)),
    st.booleans(),
)


@settings(deadline=None)  # a machine that is busy makes no property false
@given(st.lists(CHANGE, max_size=12))
def test_flags_are_a_users_own_and_all_sessions_of_the_user_know_them(
    changes: list[tuple[int, bytes, bool, set[int], set[bytes], bool]],
) -> None:
    marks = MemoryMarks()
    users = ["ann", "ann", "bob"]
    mirrors = [
        Mirror(client(logged_in=True, marks=marks, user=user), "lists.alpha") for user in users
    ]
    model: dict[str, dict[int, frozenset[bytes]]] = {
        user: dict.fromkeys((1, 2, 4, 6), frozenset()) for user in users
    }
    for who, mode, silent, numbers, flags, reads in changes:
        own = model[users[who]]
        told = b" ".join(sorted(flags))
        uids = b",".join(b"%d" % number for number in sorted(numbers))
        mirrors[who].ask(
            b"UID STORE %b %b%b (%b)" % (uids, mode, b".SILENT" if silent else b"", told)
        )
        for number in numbers:
            own[number] = changed(own[number], mode, flags)
            if silent:
                mirrors[who].flags[number] = changed(mirrors[who].flags[number], mode, flags)
        if reads:
            mirrors[who].ask(b"UID FETCH %b BODY[TEXT]<0.1>" % uids)
            for number in numbers:
                own[number] |= {b"\\Seen"}
                mirrors[who].flags[number] |= {b"\\Seen"}
    for mirror, user in zip(mirrors, users, strict=True):
        mirror.ask(b"NOOP")
        assert mirror.flags == model[user]
        mirror.ask(b"UID FETCH 1:* (FLAGS)")
        assert mirror.flags == model[user]
        seen = {number for number, flags in model[user].items() if b"\\Seen" in flags}
        found = re.match(rb"\* SEARCH([0-9 ]*)\r\n", mirror.ask(b"UID SEARCH SEEN"))
        assert found is not None
        assert set(map(int, found[1].split())) == seen


def changed(flags: frozenset[bytes], mode: bytes, named: set[bytes]) -> frozenset[bytes]:
    if mode == b"FLAGS":
        return frozenset(named)
    return flags | named if mode == b"+FLAGS" else flags - named


def test_a_reader_that_may_not_read_a_list_learns_nothing_of_it() -> None:
    """Whatever is asked of it, the answer is that of a list that is not there."""
    commands = [
        b"EXAMINE %b",
        b"SELECT %b (CONDSTORE)",
        b"STATUS %b (MESSAGES)",
        b"SUBSCRIBE %b",
        b'LIST "" %b',
        b'LSUB "" %b',
        b"MYRIGHTS %b",
        b"GETACL %b",
        b"GETMETADATA %b /shared/comment",
    ]
    stranger = Client(Session(ARCHIVE, policy=Policy({"lists.secret": ["ann"]})))
    assert isinstance(stranger.session, Session)
    stranger.session.login(Reader())
    for command in commands:
        hidden = stranger.ask(b"a " + command % b"lists.secret")
        absent = stranger.ask(b"a " + command % b"lists.nosuch")
        assert hidden.replace(b"secret", b"nosuch") == absent
