from __future__ import annotations

import base64
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.mirror import imap, imap_connection
from gateway.mirror.imap import ImapSource
from storage.errors import SourceError
from storage.sources.base import Incoming, Rejected
from storage.sources.content import too_large
from tests.mail import mail
from tests.mirror.mail_server import Mail

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable

    from storage.sources.base import Item
    from tests.mirror.servers import Channel

NOON = 1_072_958_400
"""1 January 2004, 12:00 UTC."""


def original(number: int) -> bytes:
    return mail(f"m{number}", subject=f"No {number}", body=f"{number}\n")


def mailbox(uids: Iterable[int], **options: object) -> Mail:
    messages = {uid: original(uid).replace(b"\n", b"\r\n") for uid in uids}
    return Mail(messages, **options)  # type: ignore[arg-type]


def pull(
    server: Mail, after: bytes = b"", name: str = "made", login: str = ""
) -> tuple[list[int], bytes]:
    """Return the UIDs of what lies behind a cursor, and the cursor behind them."""
    items = [*ImapSource(server.url(login=login), name).messages(after)]
    uids = []
    for item in items:
        assert isinstance(item, Incoming)
        uid = int(item.position.rpartition(" ")[2])
        assert item.raw == original(uid)
        assert item.received == NOON + uid % 60
        uids.append(uid)
    return uids, items[-1].cursor if items else after


def refused(server: Mail, *, login: str = "", host: str = "127.0.0.1") -> str:
    """Return what goes wrong when a mailbox is pulled."""
    with server, pytest.raises(SourceError) as raised:
        [*ImapSource(server.url(login=login, host=host), "made").messages(b"")]
    text = str(raised.value)
    assert text.startswith("imap://")
    assert "secret" not in text
    assert text.isprintable()
    return text


def test_what_is_given() -> None:
    with mailbox([3, 4]) as server:
        source = ImapSource(server.url(), "made")
        assert (source.size, source.lag) == (None, None)
        first, second = source.messages(b"")
    assert source.name == server.url()
    assert source.suggested_name() == "made"
    assert source.changed(second.cursor)
    assert first.position == f"{server.url()}, UID 3"
    assert source.size == second.progress == 2 * first.progress
    assert source.lag == 0
    assert len(second.cursor) < 400


@pytest.mark.parametrize("name", ["", "a\r\nb", "a\0b"])
def test_what_is_no_mailbox(name: str) -> None:
    with pytest.raises(SourceError, match="no mailbox"):
        ImapSource("imap://u:secret@h/", name)


def test_only_what_is_new_is_asked_for() -> None:
    with mailbox([1, 2, 4]) as server:
        uids, cursor = pull(server)
        assert uids == [1, 2, 4]
        assert server.asked() == [
            b"UID FETCH 1:4 (UID RFC822.SIZE)",
            b"UID FETCH 1:4 (UID INTERNALDATE BODY.PEEK[])",
        ]
        assert pull(server, cursor) == ([], cursor)
        assert server.asked() == []
        server.messages[9] = original(9).replace(b"\n", b"\r\n")
        assert pull(server, cursor)[0] == [9]
        assert server.asked()[0] == b"UID FETCH 5:9 (UID RFC822.SIZE)"


def test_another_validity_makes_everything_be_read_again() -> None:
    with mailbox([1, 2]) as server:
        _, cursor = pull(server)
        server.validity = 8
        assert pull(server, cursor)[0] == [1, 2]


def test_a_cursor_of_something_else_is_none() -> None:
    with mailbox([1]) as server:
        assert pull(server, b'[1,"nntp",1,"",0,""]')[0] == [1]


def test_an_empty_mailbox() -> None:
    with mailbox([]) as server:
        assert pull(server) == ([], b"")
        assert server.asked() == []


def test_a_server_that_does_not_tell_the_next_uid() -> None:
    with mailbox([5, 70_000], following=None) as server:
        uids, cursor = pull(server)
        assert uids == [5, 70_000]
        assert pull(server, cursor)[0] == []


def test_the_newest_message_may_have_gone() -> None:
    with mailbox([1], following=10) as server:
        _, cursor = pull(server)
        assert pull(server, cursor) == ([], cursor)


def test_sizes_are_asked_for_in_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imap, "_AT_ONCE", 2)
    with mailbox([1, 2, 3, 40, 41]) as server:
        assert pull(server)[0] == [1, 2, 3, 40, 41]
        assert [line for line in server.asked() if b"SIZE" in line] == [
            b"UID FETCH 1:16 (UID RFC822.SIZE)",
            b"UID FETCH 17:32 (UID RFC822.SIZE)",
            b"UID FETCH 33:41 (UID RFC822.SIZE)",
        ]


def test_answers_are_bounded_by_octets_and_by_the_window(monkeypatch: pytest.MonkeyPatch) -> None:
    with mailbox(range(1, 8)) as server:
        [*ImapSource(server.url(), "made", window=3).messages(b"")]
        assert [line.split()[2] for line in server.asked()[1:]] == [b"1:3", b"4:6", b"7:7"]
        monkeypatch.setattr(imap, "BATCH_OCTETS", 2 * len(server.messages[1]))
        assert pull(server)[0] == [*range(1, 8)]
        assert [line.split()[2] for line in server.asked()[1:]] == [b"1:2", b"3:4", b"5:6", b"7:7"]


def test_what_is_no_message_and_what_is_too_large_are_named() -> None:
    with mailbox([1, 2, 3]) as server:
        server.messages |= {1: b"nothing\r\n", 2: b"A: 1\r\n\r\n" + b"x" * 4000}
        source = ImapSource(server.url(), "made", max_message=3000)
        first, second, third = source.messages(b"")
        assert isinstance(first, Rejected)
        assert isinstance(second, Rejected)
        assert second.why == too_large(3000)
        assert isinstance(third, Incoming)
        assert [line.split()[2] for line in server.asked()[1:]] == [b"1:1", b"3:3"]
        assert pull(server, second.cursor)[0] == [3]


def test_what_went_away_on_the_way_is_left_out_and_a_short_one_may_be_quoted() -> None:
    answer = b"".join(
        [
            b'* 3 FETCH (UID 3 BODY[] "X: \\"1\\\\")\r\n',
            b"* 4 FETCH (UID 4 BODY[] NIL)\r\n",
            b"* 5 FETCH (OTHER {2}\r\nhi UID 5 BODY[] {6}\r\nX: 2\r\n)\r\n",
            b"{tag} OK x\r\n",
        ]
    )
    with mailbox([3, 4, 5], instead={rb"UID FETCH .*BODY": answer}) as server:
        items = [*ImapSource(server.url(), "made").messages(b"")]
    assert [item.raw for item in items if isinstance(item, Incoming)] == [b'X: "1\\', b"X: 2\n"]


def test_a_pull_that_is_cut_off_goes_on_where_it_was() -> None:
    items: list[Item] = []
    with mailbox(range(1, 21), dies_after=13) as server:
        with pytest.raises(SourceError, match="the connection broke"):
            items.extend(ImapSource(server.url(), "made", window=5).messages(b""))
        assert len(items) == 10
        server.dies_after = None
        assert pull(server, items[-1].cursor)[0] == [*range(11, 21)]


@pytest.mark.parametrize(
    ("name", "sent", "delimiter"),
    [
        ("Archive/x", b"Archive/x", b"/"),
        ("Archive/x", b"Archive.x", b"."),
        ("Archive/x", b"Archive\\\\x", b"\\\\"),
        ("a.b", b"a.b", b"/"),
        ("Grüße & Küsse", b"Gr&APwA3w-e &- K&APw-sse", b"/"),
        ('q"uo\\te', b'q\\"uo\\\\te', b"/"),
    ],
)
def test_names_are_written_as_the_server_does(name: str, sent: bytes, delimiter: bytes) -> None:
    with mailbox([1], mailbox=sent, delimiter=delimiter) as server:
        assert pull(server, name=name)[0] == [1]


def test_a_server_that_does_not_tell_its_delimiter() -> None:
    server = mailbox([1], instead={rb"LIST": b'* LIST () NIL ""\r\n{tag} OK x\r\n'})
    with server, pytest.raises(SourceError, match="no such mailbox: check the mailbox"):
        [*ImapSource(server.url(), "a/b").messages(b"")]


PLAIN = b"AUTHENTICATE PLAIN " + base64.b64encode("\0ann\0se cret\N{SNOWMAN}".encode())


@pytest.mark.parametrize(
    ("capabilities", "login", "said"),
    [
        (b"IMAP4rev1", "", b'LOGIN "anonymous" "listgate"'),
        (b"IMAP4rev1 AUTH=ANONYMOUS", "", b"AUTHENTICATE ANONYMOUS " + base64.b64encode(b"listgate")),
        (b"IMAP4rev1 AUTH=PLAIN", "ann:se%20cret%E2%98%83@", PLAIN),
        (b"IMAP4rev1", 'a%20"n:se%20%22cret@', b'LOGIN "a \\"n" "se \\"cret"'),
    ],
)  # fmt: skip
def test_logging_in(capabilities: bytes, login: str, said: bytes) -> None:
    with mailbox([1], capabilities=capabilities, login=said) as server:
        assert pull(server, login=login)[0] == [1]


def test_who_is_let_in_already_does_not_log_in() -> None:
    with mailbox([1], greeting=b"* PREAUTH ann", login=b"") as server:
        assert pull(server, login="ann:secret@")[0] == [1]


@pytest.mark.usefixtures("trusted")
def test_a_password_goes_over_tls_where_the_server_can(server_tls: ssl.SSLContext) -> None:
    said = b"AUTHENTICATE PLAIN " + base64.b64encode(b"\0ann\0secret")
    options = {"capabilities": b"IMAP4rev1 STARTTLS AUTH=PLAIN", "login": said}
    with mailbox([1], context=server_tls, **options) as server:
        source = ImapSource(server.url(login="ann:secret@", host="localhost"), "made")
        assert len([*source.messages(b"")]) == 1
    why = refused(mailbox([1], context=server_tls, **options), login="ann:secret@")
    assert "its certificate does not hold" in why


@pytest.mark.parametrize(
    ("options", "login", "why"),
    [
        ({"greeting": b"* BYE full"}, "", "no mail server, or not let in"),
        ({"greeting": b"220 smtp"}, "", "no mail server, or not let in"),
        ({"capabilities": b"IMAP4rev1 LOGINDISABLED"}, "ann:secret@", "no login with a password offered: try imaps://"),
        ({}, "ann:secret@", 'refused ([AUTHENTICATIONFAILED] not LOGIN "ann" "..."): check user and password'),
        ({"validity": 0}, "", "no UIDVALIDITY"),
        ({"mailbox": b"other"}, "", "no such mailbox: check the mailbox's name"),
        ({"instead": {rb"UID FETCH .*SIZE": b"{tag} NO not\x1b[2J now\r\n"}}, "", "not [2J now: run it again later"),
        ({"instead": {rb"UID FETCH .*SIZE": b"* BYE shutting down\r\n{tag} OK x\r\n"}}, "", "run it again later"),
        ({"instead": {rb"UID FETCH .*SIZE": b"{tag} BAD what\r\n"}}, "", "refused"),
        ({"instead": {rb"CAPABILITY": b"* CAPABILITY IMAP4rev1 \xff\r\n{tag} OK x\r\n"}}, "", "no mail server"),
    ],
)  # fmt: skip
def test_what_goes_wrong_is_named(options: dict[str, object], login: str, why: str) -> None:
    assert why in refused(mailbox([1], **options), login=login)


def test_a_silent_server(monkeypatch: pytest.MonkeyPatch) -> None:
    with mailbox([1], instead={rb"EXAMINE": b""}) as server:
        connection = imap_connection.ImapConnection(server.url(), timeout=0.05)
        with pytest.raises(SourceError, match="the connection broke"), connection:
            connection.examine("made")


def test_nobody_there_and_no_tls() -> None:
    with pytest.raises(SourceError, match=r"cannot connect .*no\.such|no\.such.* cannot connect"):
        [*ImapSource("imap://no.such.host.invalid/", "x").messages(b"")]
    with mailbox([1]) as server, pytest.raises(SourceError, match="no TLS"):
        [*ImapSource(server.url().replace("imap:", "imaps:"), "x").messages(b"")]


@pytest.mark.parametrize(
    "endless",
    [
        b"* 1 FETCH (UID 1 BODY[] {99999999999}\r\n",
        b"* 1 FETCH (UID 1)\r\n" * 1000,
        b"* 1 FETCH (UID 1 BODY[] {" + b"9" * 5000 + b"}\r\n",
        b"x" * 2_000_000,
    ],
)
def test_more_than_was_asked_for_is_not_kept(
    endless: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imap, "BUDGET", 10_000)
    why = refused(mailbox([1], instead={rb"UID FETCH .*BODY": endless}))
    assert "the connection broke" in why or "refused" in why


@pytest.mark.parametrize("where", ["greeting", "EXAMINE"])
def test_an_answer_that_trickles_is_given_up(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imap_connection, "ANSWER_SECONDS", 0.05)
    server = Trickling("* OK hello " if where == "greeting" else "", where)
    source = ImapSource(server.url(), "made")
    with server, pytest.raises(SourceError, match=r"no whole answer in 0 s"):
        [*source.messages(b"")]


class Trickling(Mail):
    """Sends what has no end, slowly, instead of one answer."""

    def __init__(self, greeting: str, where: str) -> None:
        super().__init__({}, instead={})
        self._begins_with = greeting
        self._where = where.encode()

    def speak(self, channel: Channel) -> None:
        if not self._begins_with:
            channel.send(b"* OK hello\r\n")
            while not (line := channel.line()).partition(b" ")[2].startswith(self._where):
                tag, _, command = line.partition(b" ")
                self._answer(channel, tag, command)
        channel.send(b"* ")
        while not self.over.wait(0.002):
            channel.send(b"x")


def test_what_nobody_asked_for_is_forgotten_with_the_next_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(imap, "BATCH_MESSAGES", 1)
    kept: list[int] = []
    expect = imap_connection._Bounded.expect

    def counting(client: imap_connection._Bounded, budget: int) -> None:
        expect(client, budget)
        kept.append(len(client.untagged_responses))

    monkeypatch.setattr(imap_connection._Bounded, "expect", counting)
    junk = b"* JUNK " + b"x" * 1000 + b"\r\n* 1 FETCH (UID 1)\r\n{tag} OK done\r\n"
    with mailbox(range(1, 6), instead={rb"UID FETCH .*BODY": junk}) as server:
        assert [*ImapSource(server.url(), "made", 1).messages(b"")]
    assert set(kept) == {0}


def test_a_message_that_the_server_has_and_does_not_give_is_named() -> None:
    without = b"* 1 FETCH (UID 1 BODY[] NIL)\r\n{tag} OK done\r\n"
    with mailbox([1, 2], instead={rb"UID FETCH .*BODY": without}) as server:
        items = [*ImapSource(server.url(), "made").messages(b"")]
    assert [type(item) for item in items] == [Rejected]
    assert getattr(items[0], "why", "") == "the server does not give it"


def test_a_message_larger_than_the_server_said_is_refused() -> None:
    size = b"* 1 FETCH (UID 1 RFC822.SIZE 3)\r\n{tag} OK done\r\n"
    with mailbox([1], instead={rb"UID FETCH .*SIZE": size}) as server:
        (item,) = ImapSource(server.url(), "made", max_message=20).messages(b"")
    assert isinstance(item, Rejected)
    assert item.why == too_large(20)


def test_many_literals_take_no_time_to_speak_of() -> None:
    many = b"* 1 FETCH (UID 1 " + b"x {0}\r\n" * 200_000 + b")\r\n{tag} OK done\r\n"
    with mailbox([1], instead={rb"UID FETCH .*BODY": many}) as server:
        began = time.process_time()
        (item,) = ImapSource(server.url(), "made").messages(b"")
    assert isinstance(item, Rejected)
    assert time.process_time() - began < 10


@pytest.mark.usefixtures("trusted")
def test_what_comes_between_starttls_and_tls_is_not_believed(
    server_tls: ssl.SSLContext,
) -> None:
    server = mailbox(
        [1],
        capabilities=b"IMAP4rev1 STARTTLS",
        context=server_tls,
        injected=b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n",
    )
    why = refused(server, login="ann:secret@", host="localhost")
    assert "something came in between" in why
    assert not any(b"LOGIN" in line for line in server.heard)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(["CAPABILITY", "LOGIN", "EXAMINE", "SIZE", "BODY"]), st.binary(max_size=60))
def test_nonsense_raises_nothing_else(where: str, nonsense: bytes) -> None:
    answer = nonsense.replace(b"{tag}", b"") + b"\r\n* BYE\r\n{tag} OK x\r\n"
    with mailbox([1], instead={f".*{where}".encode(): answer}) as server:
        source = ImapSource(server.url(), "made")
        with suppress(SourceError):
            [*source.messages(b"")]
