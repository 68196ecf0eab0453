"""Searches as they run: what they find is what a plain look at every message finds, in steps, with word in between."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.header import decode_header, make_header
from itertools import chain, repeat
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.imap import Session, finding
from gateway.imap.finding import Progress, _windows, _windows_backwards
from gateway.imap.grammar import Parser
from gateway.imap.kept import kept_threads
from gateway.imap.registry import (
    SEARCH_JOINS,
    SEARCH_KEYS,
    SEARCH_RETURNS,
    SORT_KEYS,
    THREAD_ALGORITHMS,
    Request,
)
from gateway.imap.responses import No
from gateway.imap.threading import Threads
from storage import verdicts
from storage.memory import MemoryArchive
from storage.model import MailingList, Rendition
from storage.search import RUN_NUMBERS
from tests.imap.searched import LIST, MAILS
from tests.imap.world import Stage
from tests.mail import MemoryEngine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from tests.mail import Engine

ALL: Final = (1, 2, 3, 4, 6, 7, 8, 9)


# What a plain look finds


def heads() -> dict[int, dict[str, list[str]]]:
    """Return the decoded fields of each message, by name in lower case."""
    read: dict[int, dict[str, list[str]]] = {}
    for number in ALL:
        fields = read.setdefault(number, {})
        for name, value in message_from_bytes(MAILS[number - 1]).items():
            text = str(make_header(decode_header(value.replace("\n", ""))))
            fields.setdefault(name.lower(), []).append(text)
    return read


HEADS: Final = heads()


def with_field(name: str, needle: str) -> AbstractSet[int]:
    return {
        number
        for number in ALL
        if any(needle.lower() in value.lower() for value in HEADS[number].get(name, []))
    }


def with_body(needle: str) -> AbstractSet[int]:
    bodies = {number: MAILS[number - 1].decode().partition("\n\n")[2].lower() for number in ALL}
    return {number for number, text in bodies.items() if needle.lower() in text}


LEAVES: Final[Sequence[tuple[str, AbstractSet[int]]]] = [
    ("ALL", {*ALL}),
    ("SEEN", {2, 7}),
    ("UNSEEN", {*ALL} - {2, 7}),
    ("KEYWORD $x", {3}),
    ("1:3,8", {1, 2, 3, 9}),
    ("UID 4:7", {4, 6, 7}),
    ("SINCE 3-Feb-1994", {6, 7, 8, 9}),
    ("BEFORE 2-Feb-1994", {1, 2}),
    ("SENTON 1-Feb-1994", {2, 3}),
    *((f"SUBJECT {needle}", with_field("subject", needle)) for needle in ("apple", "BANANA", "re")),
    *((f"FROM {needle}", with_field("from", needle)) for needle in ("smith", "x.example", "NES")),
    *((f"BODY {needle}", with_body(needle)) for needle in ("text", "xx", "gewp")),
    ("HEADER References m", with_field("references", "m")),
    ('HEADER X-Note ""', with_field("x-note", "")),
    ("CC a", with_field("cc", "a")),
]

Asked = tuple[str, frozenset[int]]


def joined(parts: st.SearchStrategy[Asked]) -> st.SearchStrategy[Asked]:
    everyone = frozenset(ALL)
    return st.one_of(
        parts.map(lambda key: (f"NOT {key[0]}", everyone - key[1])),
        st.tuples(parts, parts).map(
            lambda keys: (f"OR {keys[0][0]} {keys[1][0]}", keys[0][1] | keys[1][1])
        ),
        st.lists(parts, min_size=1, max_size=3).map(
            lambda keys: (
                "(" + " ".join(text for text, _ in keys) + ")",
                everyone.intersection(*(found for _, found in keys)),
            )
        ),
    )


QUERIES: Final = st.recursive(
    st.sampled_from([(text, frozenset(found)) for text, found in LEAVES]), joined, max_leaves=12
)


@pytest.fixture
def stage(engine: Engine) -> Stage:
    """A session of a user with marks in the list."""
    made = Stage(engine)
    made.open(["as=ann", "mail"])
    made.client.ask(b"a SELECT " + LIST.encode())
    made.client.ask(rb"b UID STORE 2,7 +FLAGS (\Seen)")
    made.client.ask(b"c UID STORE 3 +FLAGS ($x)")
    return made


def found(answer: bytes) -> list[int]:
    """Return the numbers of a SEARCH or SORT response."""
    line = re.match(rb"\* (?:SEARCH|SORT)((?: [0-9]+)*)\r\n", answer)
    assert line, answer
    return [int(number) for number in line[1].split()]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(asked=QUERIES)
def test_what_is_found_is_what_a_plain_look_finds(stage: Stage, asked: Asked) -> None:
    text, expected = asked
    assert found(stage.client.ask(b"a UID SEARCH " + text.encode())) == sorted(expected)
    assert sorted(found(stage.client.ask(b"a UID SORT (FROM) UTF-8 " + text.encode()))) == sorted(
        expected
    )
    least, most = min(expected, default=0), max(expected, default=0)
    ends = stage.client.ask(b"a UID SEARCH RETURN (MIN MAX) " + text.encode())
    assert (b" MIN %d MAX %d\r\n" % (least, most) in ends) == bool(expected)


# Whatever comes


WORDS: Final = [
    *sorted({*SEARCH_KEYS, *SEARCH_JOINS, *SEARCH_RETURNS, *SORT_KEYS, *THREAD_ALGORITHMS}),
    *(
        b"RETURN",
        b"(",
        b")",
        b"CHARSET",
        b"UTF-8",
        b"IN",
        b"REVERSE",
        b"1:*",
        b"2",
        b"$",
        b'"x"',
        b"-1:-3",
    ),
    *(
        b"SELECTED",
        b"PERSONAL",
        b"SUBTREE",
        b"MAILBOXES",
        b"lists.mail",
        b"1-Feb-1994",
        b"{1+}\r\nx",
    ),
]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    name=st.sampled_from([b"SEARCH", b"UID SEARCH", b"SORT", b"THREAD", b"ESEARCH"]),
    start=st.sampled_from(
        [
            b"",
            b"(DATE) UTF-8 ",
            b"REFS UTF-8 ",
            b"IN (personal) ",
            b"RETURN (PARTIAL 1:2) ",
            b"RETURN (",
        ]
    ),
    words=st.lists(st.sampled_from(WORDS) | st.binary(max_size=4), max_size=8),
    between=st.sampled_from([b" ", b""]),
)
def test_whatever_comes_is_answered(
    stage: Stage, name: bytes, start: bytes, words: list[bytes], between: bytes
) -> None:
    text = (start + between.join(words)).replace(b"\r\n", b"").replace(b"+}x", b"+}\r\nx")
    answer = stage.client.ask(b"a %b %b" % (name, text))
    stage.client.ask(b"b NOOP")
    assert b"SERVERBUG" not in answer
    if not stage.session.closing:
        assert re.search(rb"(?m)^(?:a (?:OK|NO|BAD)|\* BAD|\+) ", answer), answer
    else:  # so much was bad that it was too much
        stage.open(["as=ann", "mail"])
        stage.client.ask(b"a SELECT " + LIST.encode())


# Steps


RECORD: Final = MailingList("lists.a", low=RUN_NUMBERS - 5, high=40 * RUN_NUMBERS + 7)


@pytest.mark.parametrize("windows", [_windows, _windows_backwards])
def test_windows_are_the_numbers_of_a_list(
    windows: Callable[[MailingList], Iterator[range]],
) -> None:
    made = [*windows(RECORD)]
    if windows is _windows_backwards:
        assert len(made[0]) == 8
        made.reverse()
    assert [number for window in made for number in window] == [*range(RECORD.low, RECORD.high + 1)]
    assert all(window.start % RUN_NUMBERS == 0 for window in made[1:])
    assert all(len(window) <= finding.WINDOW_RUNS * RUN_NUMBERS for window in made)


def test_no_more_is_searched_than_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verdicts, "KEPT_OCTETS", 0)
    stage = Stage(MemoryEngine())
    stage.open(["as=ann", "mail"])
    stage.client.ask(b"a SELECT lists.mail")
    monkeypatch.setattr(finding, "_windows", lambda _: [range(1, 4), range(4, 7), range(7, 10)])
    monkeypatch.setattr(
        finding, "_windows_backwards", lambda _: [range(7, 10), range(4, 7), range(1, 4)]
    )
    looked: list[tuple[int, int]] = []
    pages = MemoryArchive.pages

    def spied(self: MemoryArchive, kind: Rendition, name: str, first: int, last: int) -> object:
        looked.append((first, last))
        return pages(self, kind, name, first, last)

    monkeypatch.setattr(MemoryArchive, "pages", spied)

    def ask(options: bytes) -> tuple[bytes, int]:
        looked.clear()
        answer = stage.client.ask(b"a UID SEARCH RETURN (%b) SUBJECT a" % options)
        return answer.partition(b"\r\n")[0], len(looked)

    assert ask(b"MIN") == (b'* ESEARCH (TAG "a") UID MIN 1', 1)
    assert ask(b"MAX") == (b'* ESEARCH (TAG "a") UID MAX 7', 1)
    assert ask(b"MIN MAX") == (b'* ESEARCH (TAG "a") UID MIN 1 MAX 7', 2)
    assert ask(b"PARTIAL 2:4") == (b'* ESEARCH (TAG "a") UID PARTIAL (2:4 2:4)', 2)
    assert ask(b"PARTIAL -2:-4") == (b'* ESEARCH (TAG "a") UID PARTIAL (-2:-4 2:4)', 3)
    assert ask(b"MAX SAVE") == (b'* ESEARCH (TAG "a") UID MAX 7', 1)
    assert ask(b"MAX COUNT") == (b'* ESEARCH (TAG "a") UID MAX 7 COUNT 5', 3)


# Word from time to time


def test_word_is_given_when_it_is_time() -> None:
    now = [100.0]
    session = Session(MemoryArchive(), clock=lambda: now[0])
    progress = Progress(session, Request(b"a1", b"SEARCH", by_uid=False, parser=Parser(b"")), 50)
    now[0] = 109.9
    assert progress.pause() == b""
    now[0], progress.done = 110.0, 20
    assert progress.pause() == b'* OK [INPROGRESS ("a1" 20 50)] still at it\r\n'
    assert progress.pause() == b""
    now[0], progress.done = 120.0, 60
    assert progress.pause() == b'* OK [INPROGRESS ("a1" 50 50)] still at it\r\n'
    progress = Progress(session, Request(b"a]", b"SEARCH", by_uid=False, parser=Parser(b"")), 50)
    now[0] = 130.0
    assert progress.pause() == b"* OK [INPROGRESS] still at it\r\n"


def test_many_mailboxes_are_one_command_to_who_waits(stage: Stage) -> None:
    stage.session.clock = chain([0.0], repeat(11.0)).__next__
    answer = stage.client.ask(b"a ESEARCH IN (personal) RETURN (COUNT) SUBJECT none")
    total = sum(record.count for record in stage.archive.lists())
    assert re.fullmatch(
        rb'\* OK \[INPROGRESS \("a" [0-9]+ %d\)\] still at it\r\na OK ESEARCH completed\r\n'
        % total,
        answer,
    )


def test_nothing_is_said_of_a_mailbox_of_nothing(stage: Stage) -> None:
    stage.client.ask(b"a EXAMINE lists.empty")
    stage.session.clock = chain([0.0], repeat(11.0)).__next__
    assert stage.client.ask(b"a SEARCH RETURN (SAVE) ALL") == b"a OK SEARCH completed\r\n"


# What happens meanwhile


def test_a_mailbox_that_is_gone_is_refused_and_nothing_is_saved(stage: Stage) -> None:
    """The list may be no more to be read while it is searched."""
    stage.client.ask(b"a SEARCH RETURN (SAVE) ALL")
    assert stage.session.view is not None
    assert stage.session.view.saved
    stage.session.view.record = MailingList("lists.nosuch", high=3)
    answer = stage.client.ask(b"a SEARCH RETURN (SAVE) ALL")
    assert b"a NO [NONEXISTENT] no such mailbox\r\n" in answer
    assert not stage.session.view.saved


def test_what_has_no_rows_yet_is_not_sorted(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    async def none(*_: object) -> object:
        return
        yield

    monkeypatch.setattr(type(stage.archive), "pages", none)
    assert stage.client.ask(b"a SORT (DATE) UTF-8 ALL") == (
        b"a NO [UNAVAILABLE] some messages are not ready yet, try again\r\n"
    )


@pytest.fixture
def _removed_when_found(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages 8 and 9 are removed when something was found that has not been read."""
    find = finding.find

    async def found_and_removed(*arguments: object) -> object:
        async for piece in find(*arguments):  # type: ignore[arg-type]  # as they came
            yield piece
        for number in (8, 9):
            if stage.archive.mailing_list(LIST).has(number):
                stage.remove(LIST, number)

    monkeypatch.setattr("gateway.imap.extensions.sort.find", found_and_removed)
    monkeypatch.setattr("gateway.imap.extensions.thread.find", found_and_removed)


@pytest.mark.usefixtures("_removed_when_found")
def test_what_is_removed_meanwhile_is_not_sorted(stage: Stage) -> None:
    assert found(stage.client.ask(b"a SORT (DATE) UTF-8 3:8")) == [4, 3, 6, 5]


@pytest.mark.usefixtures("_removed_when_found")
def test_nothing_is_sorted_of_what_is_all_removed_meanwhile(stage: Stage) -> None:
    assert found(stage.client.ask(b"a SORT (DATE) UTF-8 7:8")) == []


@pytest.mark.usefixtures("_removed_when_found")
def test_what_is_removed_meanwhile_is_not_threaded(stage: Stage) -> None:
    answer = stage.client.ask(b"a UID THREAD REFS UTF-8 ALL")
    assert answer.startswith(b"* THREAD (1 4)(2 3 7)(6)\r\n")
    assert kept_threads(stage.archive).get(stage.archive.mailing_list(LIST), b"REFS") is None


def test_threads_of_a_list_are_made_once_until_it_changes(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def thread() -> bytes:
        return stage.client.ask(b"a UID THREAD REFERENCES UTF-8 ALL").partition(b"\r\n")[0]

    made: list[Threads] = []
    merge = Threads.merge

    def counted(threads: Threads) -> Iterator[bytes]:
        made.append(threads)
        return merge(threads)

    monkeypatch.setattr(Threads, "merge", counted)
    whole = b"* THREAD (1 4)(2 3 7)(6)((8)(9))"
    assert [thread(), thread(), len(made)] == [whole, whole, 1]
    assert stage.client.ask(b"a THREAD REFERENCES UTF-8 ALL").startswith(
        b"* THREAD (1 4)(2 3 6)(5)((7)(8))"
    )
    stage.remove(LIST, 3)
    less = whole.replace(b" 3 7", b" 7")
    # The client does not know yet that there is less, so that this is not of the whole list.
    assert [thread(), len(made)] == [less, 2]
    assert [thread(), thread(), len(made)] == [less, less, 3]


def test_a_mailbox_that_went_is_passed_over(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = type(stage.session).mailing_list

    def gone(session: Session, name: str) -> MailingList:
        if name == "lists.beta":
            raise No("no such mailbox", b"NONEXISTENT")
        return seen(session, name)

    monkeypatch.setattr(type(stage.session), "mailing_list", gone)
    answer = stage.client.ask(b"a ESEARCH IN (mailboxes (lists.beta lists.twin)) ALL")
    assert answer == (
        b'* ESEARCH (TAG "a" MAILBOX lists.twin UIDVALIDITY 1700000000) UID ALL 1\r\n'
        b"a OK ESEARCH completed\r\n"
    )


def test_a_list_is_put_in_order_once_until_it_changes(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sort(what: bytes) -> list[int]:
        return found(stage.client.ask(b"a UID SORT (REVERSE SUBJECT DATE) UTF-8 " + what))

    direct = {what: sort(what) for what in (b"UID 2:7", b"UID 9", b"SUBJECT nosuch")}
    whole = sort(b"ALL")
    made: list[object] = []
    monkeypatch.setattr("gateway.imap.extensions.sort._put_in_order", made.append)
    assert sort(b"ALL") == whole
    assert sort(b"UID 2:7") == direct[b"UID 2:7"] == [each for each in whole if 2 <= each <= 7]
    assert made == []
    monkeypatch.undo()
    assert {what: sort(what) for what in direct} == direct  # few of many are sorted by themselves
    stage.remove(LIST, 3)
    stage.client.ask(b"a NOOP")
    assert sort(b"ALL") == [each for each in whole if each != 3]
