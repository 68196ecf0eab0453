from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.access import Policy, Reader
from gateway.imap import Session, Settings
from gateway.imap.commands.list import MAX_PATTERNS
from gateway.imap.extensions.metadata import MAX_ENTRIES
from storage import marks as limits
from storage.memory_marks import MemoryMarks
from tests.imap.lists import empty_lists
from tests.imap.world import Stage
from tests.mail import MemoryEngine
from tests.nntp.world import Client

if TYPE_CHECKING:
    from storage.archive import Archive


def client(kept: Archive, user: str | None = None, marks: MemoryMarks | None = None) -> Client:
    made = Session(kept, marks=marks)
    made.login(Reader(user))
    return Client(made)


@pytest.fixture
def stage() -> Stage:
    """Ann's session over the archive of all tests."""
    made = Stage(MemoryEngine())
    made.open(["as=ann"])
    return made


def test_a_subscribed_name_need_be_no_mailbox(stage: Stage) -> None:
    """RFC 9051 s. 6.3.9.8, examples 2, 6, 7.A2, 9."""
    for name in ("lists.beta", "lists.beta.peach", "fruit.peach"):
        stage.marks.subscribe("ann", name, [])
    ask = stage.client.ask
    assert ask(b'a LIST (SUBSCRIBED) "" "*"') == (
        b'* LIST (\\NonExistent \\HasNoChildren \\Subscribed) "." fruit.peach\r\n'
        b'* LIST (\\HasNoChildren \\Subscribed) "." lists.beta\r\n'
        b'* LIST (\\NonExistent \\HasNoChildren \\Subscribed) "." lists.beta.peach\r\n'
        b"a OK LIST completed\r\n"
    )
    assert ask(b'a LIST (SUBSCRIBED RECURSIVEMATCH) "" (fruit lists.beta)') == (
        b'* LIST (\\NonExistent \\HasNoChildren) "." fruit ("CHILDINFO" ("SUBSCRIBED"))\r\n'
        b'* LIST (\\HasNoChildren \\Subscribed) "." lists.beta ("CHILDINFO" ("SUBSCRIBED"))\r\n'
        b"a OK LIST completed\r\n"
    )
    assert b"peach" not in ask(b'a LIST "" "*" RETURN (SUBSCRIBED)')
    assert ask(b'a LIST (SUBSCRIBED) "" *.peach RETURN (STATUS (MESSAGES) MYRIGHTS)') == (
        b'* LIST (\\NonExistent \\HasNoChildren \\Subscribed) "." fruit.peach\r\n'
        b'* LIST (\\NonExistent \\HasNoChildren \\Subscribed) "." lists.beta.peach\r\n'
        b"a OK LIST completed\r\n"
    )
    assert ask(b'a LSUB "" %') == (
        b'* LSUB (\\Noselect) "." fruit\r\n* LSUB (\\Noselect) "." lists\r\na OK LSUB completed\r\n'
    )
    assert ask(b"a UNSUBSCRIBE fruit.peach") == b"a OK UNSUBSCRIBE completed\r\n"
    assert ask(b'a LSUB "" f*') == b"a OK LSUB completed\r\n"


def test_a_parent_that_satisfies_the_options_is_told_with_its_children(stage: Stage) -> None:
    """RFC 9051 s. 6.3.9.8, examples 7.A1, 7.B, 7.C and 8: the hierarchy of example 8."""
    for name in ("foo2.bar1", "foo2.bar2", "baz2.bar2", "baz2.bar22", "eps2", "eps2.mamba"):
        stage.arrive(name, f"in-{name}")
        stage.marks.subscribe("ann", name, [])
    stage.arrive("foo2", "in-foo2")
    ask = stage.client.ask
    assert ask(b'D03 LIST (RECURSIVEMATCH SUBSCRIBED) "" "*2"') == (
        b'* LIST (\\HasNoChildren \\Subscribed) "." baz2.bar2\r\n'
        b'* LIST (\\HasNoChildren \\Subscribed) "." baz2.bar22\r\n'
        b'* LIST (\\HasChildren \\Subscribed) "." eps2 ("CHILDINFO" ("SUBSCRIBED"))\r\n'
        b'* LIST (\\HasChildren) "." foo2 ("CHILDINFO" ("SUBSCRIBED"))\r\n'
        b'* LIST (\\HasNoChildren \\Subscribed) "." foo2.bar2\r\n'
        b"D03 OK LIST completed\r\n"
    )
    stage.marks.unsubscribe("ann", "eps2.mamba", [])
    assert ask(b'C04 LIST (SUBSCRIBED RECURSIVEMATCH) "" "e%" RETURN (CHILDREN)') == (
        b'* LIST (\\HasChildren \\Subscribed) "." eps2\r\nC04 OK LIST completed\r\n'
    )
    stage.marks.unsubscribe("ann", "eps2", [])
    assert ask(b'C04 LIST (SUBSCRIBED RECURSIVEMATCH) "" "e%"') == b"C04 OK LIST completed\r\n"


def test_a_name_goes_as_the_client_reads_it(stage: Stage) -> None:
    """RFC 3501 s. 5.1.3, RFC 6855 s. 3; NIL is a name where it is in quotes."""
    stage.marks.subscribe("ann", "b\xe4r & \xe4", [])
    stage.arrive("NIL", "n")
    ask = stage.client.ask
    name = b'"b&AOQ-r &- &AOQ-"'
    assert ask(b'a LSUB "" b*') == b'* LSUB () "." %b\r\na OK LSUB completed\r\n' % name
    assert ask(b'a LSUB "" ' + name) == b'* LSUB () "." %b\r\na OK LSUB completed\r\n' % name
    assert ask(b'a LIST "" N*') == (
        b'* LIST (\\HasNoChildren) "." "NIL"\r\na OK LIST completed\r\n'
    )
    ask(b"a ENABLE UTF8=ACCEPT")
    assert ask(b'a LSUB "" "b\xc3\xa4%"') == (
        b'* LSUB () "." {9}\r\nb\xc3\xa4r & \xc3\xa4\r\na OK LSUB completed\r\n'
    )


def test_what_ceases_to_be_readable_meanwhile_has_no_status() -> None:
    """RFC 5819 s. 2: the LIST response says so."""
    policy = Policy()
    session = Session(empty_lists(*[f"l{number:03}" for number in range(600)]), policy=policy)
    session.login(Reader())
    session.feed(b'a LIST "" l* RETURN (STATUS (MESSAGES))\r\n')
    pieces: list[bytes] = []

    async def read() -> None:
        async for piece in session.respond():
            pieces.append(piece)
            policy.replace({"l599": ["ann"]}, login_needed=False)

    step = read()
    with pytest.raises(StopIteration):
        step.send(None)
    answer = b"".join(pieces)
    assert b'* LIST (\\HasNoChildren) "." l598\r\n* STATUS l598 (MESSAGES 0)\r\n' in answer
    assert b'* LIST (\\NonExistent \\HasNoChildren) "." l599\r\na OK' in answer


def test_many_lists_come_in_pieces() -> None:
    talking = client(empty_lists(*[f"some.l{number}" for number in range(2000)]))
    answer = talking.ask(b'a LIST "" *')
    assert answer.count(b"* LIST ") == 2001
    assert len(talking.chunks) > 5
    assert max(map(len, talking.chunks)) <= 64 * 1024
    answer = talking.ask(b'a LIST "" %')
    assert len(talking.chunks) == 2
    assert answer.count(b"* LIST ") == 2


def test_there_is_a_limit_to_patterns_and_entries() -> None:
    talking = client(empty_lists())
    most = b" ".join([b"a"] * MAX_PATTERNS)
    assert talking.ask(b'a LIST "" (%b)' % most) == b"a OK LIST completed\r\n"
    assert talking.ask(b'a LIST "" (%b a)' % most) == b"a NO [LIMIT] too many patterns\r\n"
    most = b" ".join([b"/shared/x"] * MAX_ENTRIES)
    answer = b'* METADATA "" (/shared/x NIL)\r\na OK GETMETADATA completed\r\n'
    assert talking.ask(b'a GETMETADATA "" (%b)' % most) == answer
    assert talking.ask(b'a GETMETADATA "" (%b /shared)' % most).startswith(b"a NO [LIMIT] ")


def test_there_is_a_limit_to_subscriptions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_SUBSCRIPTIONS", 2)
    marks = MemoryMarks()
    talking = client(empty_lists("one", "two", "three"), "ann", marks)
    assert talking.ask(b"a SUBSCRIBE one") == b"a OK SUBSCRIBE completed\r\n"
    assert marks.subscriptions("ann") is None
    assert talking.ask(b"a UNSUBSCRIBE one").startswith(b"a NO [LIMIT] ")
    for name in ("one", "two"):
        marks.subscribe("ann", name, [])
    assert talking.ask(b"a SUBSCRIBE three").startswith(b"a NO [LIMIT] ")
    assert talking.ask(b"a UNSUBSCRIBE one") == b"a OK UNSUBSCRIBE completed\r\n"
    assert talking.ask(b"a SUBSCRIBE three") == b"a OK SUBSCRIBE completed\r\n"
    assert marks.subscriptions("ann") == frozenset({"two", "three"})


def test_a_first_choice_begins_with_everything() -> None:
    marks = MemoryMarks()
    talking = client(empty_lists("one", "two"), "ann", marks)
    assert talking.ask(b"a UNSUBSCRIBE one") == b"a OK UNSUBSCRIBE completed\r\n"
    assert marks.subscriptions("ann") == frozenset({"INBOX", "two"})


def test_status_counts_what_the_user_has_not_seen(stage: Stage) -> None:
    """RFC 9051 s. 6.3.11: also in the selected mailbox; RFC 7162 s. 3.1: asking for HIGHESTMODSEQ has a meaning."""
    ask = stage.client.ask
    ask(b"a SELECT lists.alpha")
    ask(b"a UID STORE 1:4 +FLAGS.SILENT (\\Seen)")
    assert ask(b"a STATUS lists.alpha (UNSEEN MESSAGES)").startswith(
        b"* STATUS lists.alpha (UNSEEN 1 MESSAGES 4)\r\n"
    )
    assert b"CONDSTORE" not in stage.session.enabled
    assert b"* STATUS lists.alpha (UNSEEN 1)\r\n" in ask(
        b'a LIST "" lists.a% RETURN (STATUS (UNSEEN))'
    )
    before = ask(b"a STATUS lists.alpha (HIGHESTMODSEQ)").split(b"\r\n")[0]
    assert b"CONDSTORE" in stage.session.enabled
    ask(b"a UID STORE 6 +FLAGS.SILENT (\\Seen)")
    after = ask(b"a STATUS lists.alpha (HIGHESTMODSEQ)").split(b"\r\n")[0]
    assert int(after.split()[-1][:-1]) == int(before.split()[-1][:-1]) + 1
    assert b"(UNSEEN 0)" in ask(b"a STATUS lists.alpha (UNSEEN)")
    stage.arrive("lists.alpha", "new")
    assert ask(b"a STATUS lists.alpha (MESSAGES UIDNEXT UNSEEN)") == (
        b"* STATUS lists.alpha (MESSAGES 5 UIDNEXT 8 UNSEEN 1)\r\n"
        b"* 5 EXISTS\r\na OK STATUS completed\r\n"
    )


def test_size_is_the_sum_of_the_sizes_of_messages(stage: Stage) -> None:
    """RFC 8438 s. 3."""
    ask = stage.client.ask
    ask(b"a EXAMINE lists.alpha")
    lines = ask(b"a FETCH 1:* (RFC822.SIZE)").split(b"\r\n")[:-2]
    sizes = [int(line.split()[-1][:-1]) for line in lines]
    assert len(sizes) == 4
    assert ask(b"a STATUS lists.alpha (SIZE)").startswith(
        b"* STATUS lists.alpha (SIZE %d)\r\n" % sum(sizes)
    )


def test_metadata_of_the_server_is_what_the_operator_says() -> None:
    """RFC 5464 s. 3.2.1.1, s. 3.2: lines end in CRLF."""
    session = Session(empty_lists(), Settings(comment="Welcome.\nAll lists.\n"))
    session.login(Reader())
    talking = Client(session)
    assert talking.ask(b'a GETMETADATA (DEPTH infinity) "" (/shared /private)') == (
        b'* METADATA "" (/shared/comment {20}\r\nWelcome.\r\nAll lists. /private NIL)\r\n'
        b"a OK GETMETADATA completed\r\n"
    )


def test_nothing_is_kept_of_what_a_client_says_it_is(caplog: pytest.LogCaptureFixture) -> None:
    """RFC 2971 s. 7."""
    caplog.set_level("DEBUG")
    talking = Client(Session(empty_lists()))
    many = b" ".join([b'"f%d" "secret"' % number for number in range(30)])
    assert talking.ask(b"a ID (%b)" % many).endswith(b"a OK ID completed\r\n")
    assert talking.ask(b'a ID (%b "x" NIL)' % many) == b"a BAD too many fields\r\n"
    assert not caplog.records


COMMANDS = st.sampled_from(
    b"LIST LSUB SUBSCRIBE UNSUBSCRIBE STATUS NAMESPACE ID MYRIGHTS GETACL SETACL LISTRIGHTS GETMETADATA SETMETADATA".split()
)
WORDS = st.sampled_from(
    [
        *b'( ) "" "a" * % . & {1+}\r\nx ~{0+}\r\n NIL INBOX lists.alpha lists.% l* "*" RETURN STATUS (MESSAGES)'.split(
            b" "
        ),
        *b"SUBSCRIBED (SUBSCRIBED REMOTE) RECURSIVEMATCH CHILDREN MYRIGHTS SPECIAL-USE lr 7 \\ &AOQ- \xe4".split(),
        *b"DEPTH infinity (DEPTH 1) MAXSIZE (MAXSIZE 5) /shared /shared/comment (/private/x".split(),
    ]
)


@given(COMMANDS, st.lists(st.tuples(st.sampled_from([b" ", b" ", b" ", b""]), WORDS), max_size=9))
def test_whatever_comes_is_answered_once(
    whole: Stage, command: bytes, words: list[tuple[bytes, bytes]]
) -> None:
    octets = b"tag " + command + b"".join(space + word for space, word in words)
    answer = whole.client.ask(octets)
    lines = [line for line in answer.split(b"\r\n") if not line.startswith(b"* ")]
    assert lines[-1] == b""
    assert lines[-2].startswith((b"tag OK ", b"tag NO ", b"tag BAD "))
    assert sum(line.startswith(b"tag ") for line in lines) == 1
    assert b"SERVERBUG" not in answer
    whole.session.closing = False


@pytest.fixture(scope="module")
def whole() -> Stage:
    """A session that survives whatever is sent."""
    made = Stage(MemoryEngine())
    made.open(["as=ann"])
    return made
